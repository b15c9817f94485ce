// What the machine can do, measured in every run: figures from different machines compare only as
// shares of these.
#include <algorithm>
#include <chrono>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "benchmarks/machine.cc"
#include "hwy/foreach_target.h"  // must come before highway.h
#include "hwy/highway.h"
#include "neura/benchmarks/cases.h"

HWY_BEFORE_NAMESPACE();
namespace neura::benchmarks::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

constexpr int kFmaChains = 10;

// kFmaChains chains of fused multiply-adds, enough of them to hide their latency. Returns FLOP per
// round. Each chain starts elsewhere: equal ones would be computed once. benchmarks/fma_test.sh
// counts the instructions.
double FmaRounds(int rounds, float* sink) {
  const hn::ScalableTag<float> d;
  const auto scale = hn::Set(d, 0.999f), shift = hn::Set(d, 0.001f);
  auto a0 = hn::Set(d, 0.0f), a1 = hn::Set(d, 0.1f), a2 = hn::Set(d, 0.2f), a3 = hn::Set(d, 0.3f);
  auto a4 = hn::Set(d, 0.4f), a5 = hn::Set(d, 0.5f), a6 = hn::Set(d, 0.6f), a7 = hn::Set(d, 0.7f);
  auto a8 = hn::Set(d, 0.8f), a9 = hn::Set(d, 0.9f);
  for (int i = 0; i < rounds; ++i) {
    a0 = hn::MulAdd(a0, scale, shift);
    a1 = hn::MulAdd(a1, scale, shift);
    a2 = hn::MulAdd(a2, scale, shift);
    a3 = hn::MulAdd(a3, scale, shift);
    a4 = hn::MulAdd(a4, scale, shift);
    a5 = hn::MulAdd(a5, scale, shift);
    a6 = hn::MulAdd(a6, scale, shift);
    a7 = hn::MulAdd(a7, scale, shift);
    a8 = hn::MulAdd(a8, scale, shift);
    a9 = hn::MulAdd(a9, scale, shift);
  }
  const auto sum = hn::Add(hn::Add(hn::Add(a0, a1), hn::Add(a2, a3)),
                           hn::Add(hn::Add(a4, a5), hn::Add(hn::Add(a6, a7), hn::Add(a8, a9))));
  *sink += hn::GetLane(sum);
  return 2.0 * kFmaChains * static_cast<double>(hn::Lanes(d));
}

void Triad(size_t n, const float* b, const float* c, float* a) {
  const hn::ScalableTag<float> d;
  const auto scale = hn::Set(d, 3.0f);
  for (size_t i = 0; i < n; i += hn::Lanes(d)) {
    hn::StoreU(hn::MulAdd(hn::LoadU(d, c + i), scale, hn::LoadU(d, b + i)), d, a + i);
  }
}

}  // namespace
}  // namespace neura::benchmarks::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace neura::benchmarks {
namespace {

HWY_EXPORT(FmaRounds);
HWY_EXPORT(Triad);

// The least time of a few runs, in seconds.
template <typename F>
double BestSeconds(F f) {
  double best = 1e300;
  for (int i = 0; i < 10; ++i) {
    const auto start = std::chrono::steady_clock::now();
    f();
    best = std::min(
        best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

}  // namespace

double MeasureFmaPeak() {
  constexpr int kRounds = 5'000'000;
  float sink = 0;
  double flop = 0;
  const double seconds =
      BestSeconds([&] { flop = HWY_DYNAMIC_DISPATCH(FmaRounds)(kRounds, &sink); });
  return sink == 0 ? 0 : flop * kRounds / seconds;
}

double MeasureTriad() {
  constexpr size_t kElements = size_t{1} << 24;  // three arrays of 64 MiB
  std::vector<float> a(kElements), b(kElements, 1), c(kElements, 2);
  const double seconds = BestSeconds([&] {
    HWY_DYNAMIC_DISPATCH(Triad)
    (kElements, b.data(), c.data(), a.data());
  });
  return 3 * sizeof(float) * kElements / seconds;
}

}  // namespace neura::benchmarks
#endif
