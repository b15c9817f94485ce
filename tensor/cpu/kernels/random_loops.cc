#include "neura/tensor/cpu/kernels/random_loops.h"

#include <algorithm>
#include <cstdint>

#include "neura/tensor/cpu/targets.h"  // IWYU pragma: keep
#include "neura/tensor/random/philox.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/cpu/kernels/random_loops.cc"
#include "hwy/foreach_target.h"  // before any other header of Highway
#include "hwy/highway.h"
#include "neura/tensor/cpu/lanes-inl.h"
#include "neura/tensor/elements/normal.h"

HWY_BEFORE_NAMESPACE();
namespace neura::cpu::HWY_NAMESPACE {

using D = hn::ScalableTag<float>;
using Integers = hn::RebindToUnsigned<D>;

// Where NormalsOf looks for it.
HWY_INLINE elements::HWY_NAMESPACE::Binade<Lanes<D>> BinadeOf(Lanes<D> x) {
  namespace e = elements::HWY_NAMESPACE;
  const Integers d;
  const hn::RebindToSigned<D> integers;
  const auto bits = hn::Add(hn::BitCast(d, x.raw), hn::Set(d, e::kOneBits - e::kSqrtHalfBits));
  const auto exponent =
      hn::Sub(hn::BitCast(integers, hn::ShiftRight<23>(bits)), hn::Set(integers, 127));
  const auto binade = hn::Add(hn::And(bits, hn::Set(d, 0x7fffff)), hn::Set(d, e::kSqrtHalfBits));
  return {Lanes<D>(hn::ConvertTo(D(), exponent)),
          Lanes<D>(hn::BitCast(D(), binade)) - Lanes<D>(1.0f)};
}

namespace {

void Words(uint64_t seed, uint64_t counter, int64_t count, uint32_t* words) {
  const int64_t blocks = (count + 3) / 4;
  int64_t block = 0;
#if HWY_TARGET != HWY_SCALAR
  // A word to each 64 bits, of which products read the lower half alone: the upper ones may hold
  // anything.
  const hn::ScalableTag<uint64_t> d;
  const hn::Repartition<uint32_t, decltype(d)> halves;
  constexpr auto kN = static_cast<int64_t>(hn::MaxLanes(hn::ScalableTag<uint64_t>()));
  const auto factor0 = hn::BitCast(halves, hn::Set(d, uint64_t{0xD2511F53}));
  const auto factor1 = hn::BitCast(halves, hn::Set(d, uint64_t{0xCD9E8D57}));
  const auto low = hn::Set(d, uint64_t{0xffffffff});
  static_assert(kChunkWords % (4 * kN) == 0);
  for (; block < blocks; block += kN) {
    auto x0 = hn::Add(hn::Set(d, counter + static_cast<uint64_t>(block)), hn::Iota(d, 0));
    auto x1 = hn::ShiftRight<32>(x0), x2 = hn::Zero(d), x3 = hn::Zero(d);
    uint32_t key0 = static_cast<uint32_t>(seed), key1 = static_cast<uint32_t>(seed >> 32);
#pragma GCC unroll 10
    for (int round = 0; round < 10; ++round) {
      const auto product0 = hn::MulEven(hn::BitCast(halves, x0), factor0);
      const auto product1 = hn::MulEven(hn::BitCast(halves, x2), factor1);
      x0 = hn::Xor(hn::Xor(hn::ShiftRight<32>(product1), x1), hn::Set(d, uint64_t{key0}));
      x2 = hn::Xor(hn::Xor(hn::ShiftRight<32>(product0), x3), hn::Set(d, uint64_t{key1}));
      x1 = product1;
      x3 = product0;
      key0 += 0x9E3779B9;
      key1 += 0xBB67AE85;
    }
    hn::StoreInterleaved2(hn::Or(hn::And(x0, low), hn::ShiftLeft<32>(x1)),
                          hn::Or(hn::And(x2, low), hn::ShiftLeft<32>(x3)), d,
                          reinterpret_cast<uint64_t*>(words + 4 * block));
  }
#endif
  for (; block < blocks; ++block) {
    const PhiloxWords four = Philox(seed, counter + static_cast<uint64_t>(block));
    std::copy(four.begin(), four.end(), words + 4 * block);
  }
}

constexpr auto kFloats = static_cast<int64_t>(hn::MaxLanes(D()));
static_assert(kChunkWords % (2 * kFloats) == 0);

// Uniform in [0, 1), as UniformFloat has it.
HWY_INLINE Lanes<D> Units(hn::Vec<Integers> words) {
  const hn::RebindToSigned<D> integers;
  return Lanes<D>(hn::ConvertTo(D(), hn::BitCast(integers, hn::ShiftRight<8>(words)))) *
         Lanes<D>(0x1p-24f);
}

void Uniform(const uint32_t* words, int64_t count, const UniformRange<float>& range,
             float* values) {
  const Lanes<D> low(range.low), width(range.width), largest(range.largest);
  for (int64_t i = 0; i < count; i += kFloats) {
    const Lanes<D> value = low + Units(hn::LoadU(Integers(), words + i)) * width;
    hn::StoreU(Select(value < largest, value, largest).raw, D(), values + i);
  }
}

void Normal(const uint32_t* words, int64_t count, float mean, float std, float* values) {
  using V = Lanes<D>;
  for (int64_t i = 0; i < count; i += 2 * kFloats) {
    hn::Vec<Integers> even, odd;
    hn::LoadInterleaved2(Integers(), words + i, even, odd);
    const auto pair = elements::HWY_NAMESPACE::NormalsOf(Units(even), Units(odd));
    hn::StoreInterleaved2((V(mean) + V(std) * pair.first).raw, (V(mean) + V(std) * pair.second).raw,
                          D(), values + i);
  }
}

}  // namespace
}  // namespace neura::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace neura::cpu {
namespace {
HWY_EXPORT(Words);
HWY_EXPORT(Uniform);
HWY_EXPORT(Normal);
}  // namespace

void FillWords(uint64_t seed, uint64_t counter, int64_t count, uint32_t* words) {
  HWY_DYNAMIC_DISPATCH(Words)(seed, counter, count, words);
}
void UniformFromWords(const uint32_t* words, int64_t count, const UniformRange<float>& range,
                      float* values) {
  HWY_DYNAMIC_DISPATCH(Uniform)(words, count, range, values);
}
void NormalFromWords(const uint32_t* words, int64_t count, float mean, float std, float* values) {
  HWY_DYNAMIC_DISPATCH(Normal)(words, count, mean, std, values);
}

}  // namespace neura::cpu
#endif
