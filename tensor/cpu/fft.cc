#include "neura/tensor/cpu/fft.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <mutex>
#include <numbers>
#include <utility>
#include <vector>

#include "kissfft.hh"
#include "neura/tensor/core/fork_lock.h"

namespace neura::cpu {
namespace {

using Number = std::complex<double>;

int64_t LargestPrimeFactor(int64_t n) {
  int64_t largest = 1;
  for (int64_t p = 2; p * p <= n; ++p) {
    for (; n % p == 0; n /= p) largest = p;
  }
  return n > 1 ? n : largest;
}

// Beyond this the library needs memory of its own for a prime factor, and keeps it in its object.
constexpr int64_t kLargestRadix = 5;
// What a prime factor costs grows with it.
constexpr int64_t kLargestFactor = 31;

// Factor by factor.
class MixedRadixPlan final : public FftPlan {
 public:
  MixedRadixPlan(int64_t n, bool inverse)
      : n_(n),
        shared_(LargestPrimeFactor(n) <= kLargestRadix),
        whole_(static_cast<size_t>(n), inverse),
        half_(static_cast<size_t>((n + 1) / 2), inverse) {}

  void Run(const Number* in, Number* out) const override {
    With(whole_, [&](const kissfft<double>& plan) { plan.transform(in, out); });
  }

  void RunReal(const double* in, Number* out) const override {
    if (n_ % 2 == 0) {
      With(half_, [&](const kissfft<double>& plan) { plan.transform_real(in, out); });
      // The two that are real came as one number.
      out[n_ / 2] = out[0].imag();
      out[0] = out[0].real();
      return;
    }
    std::vector<Number> numbers(in, in + n_), all(numbers.size());
    Run(numbers.data(), all.data());
    std::copy_n(all.begin(), n_ / 2 + 1, out);
  }

 private:
  template <typename F>
  void With(const kissfft<double>& plan, const F& run) const {
    shared_ ? run(plan) : run(kissfft<double>(plan));
  }

  int64_t n_;
  bool shared_;
  kissfft<double> whole_, half_;
};

// A convolution with exp(i pi k^2 / n), which transforms of a convenient length do (Bluestein,
// 1970).
class ChirpPlan final : public FftPlan {
 public:
  ChirpPlan(int64_t n, bool inverse)
      : n_(n),
        length_(ConvenientLength(2 * n - 1)),
        forward_(PlanFft(length_, false)),
        backward_(PlanFft(length_, true)),
        chirp_(static_cast<size_t>(n)),
        filter_(static_cast<size_t>(length_)) {
    const auto size = static_cast<uint64_t>(n);
    std::vector<Number> filter(filter_.size());
    for (uint64_t k = 0; k < size; ++k) {
      // The angle's multiple is exact: k^2 modulo the 2 n after which it comes again.
      const auto turns = static_cast<double>(static_cast<unsigned __int128>(k) * k % (2 * size));
      const double angle = std::numbers::pi * turns / static_cast<double>(n);
      chirp_[k] = {std::cos(angle), inverse ? std::sin(angle) : -std::sin(angle)};
      filter[k] = std::conj(chirp_[k]) / static_cast<double>(length_);
      if (k > 0) filter[filter.size() - k] = filter[k];
    }
    forward_->Run(filter.data(), filter_.data());
  }

  void Run(const Number* in, Number* out) const override { RunAny(in, out, n_); }
  void RunReal(const double* in, Number* out) const override { RunAny(in, out, n_ / 2 + 1); }

 private:
  static int64_t ConvenientLength(int64_t least) {
    while (LargestPrimeFactor(least) > kLargestRadix) ++least;
    return least;
  }

  template <typename T>
  void RunAny(const T* in, Number* out, int64_t wanted) const {
    std::vector<Number> a(filter_.size()), b(filter_.size());
    for (size_t k = 0; k < chirp_.size(); ++k) a[k] = in[k] * chirp_[k];
    forward_->Run(a.data(), b.data());
    for (size_t k = 0; k < b.size(); ++k) b[k] *= filter_[k];
    backward_->Run(b.data(), a.data());
    for (size_t k = 0; k < static_cast<size_t>(wanted); ++k) out[k] = a[k] * chirp_[k];
  }

  int64_t n_, length_;
  std::shared_ptr<const FftPlan> forward_, backward_;
  std::vector<Number> chirp_, filter_;
};

struct Kept {
  int64_t n;
  bool inverse;
  std::shared_ptr<const FftPlan> plan;
};
// The latest ones first.
struct KeptPlans {
  std::mutex mutex;
  std::deque<Kept> plans;
};
KeptPlans& Plans() {
  static auto* plans = new KeptPlans;
  return *plans;
}
[[maybe_unused]] const bool kForkWaits = internal::HoldAcrossFork(Plans().mutex);

constexpr size_t kMostKept = 16;
constexpr int64_t kLongestKept = 1 << 16;

std::shared_ptr<const FftPlan> NewPlan(int64_t n, bool inverse) {
  if (LargestPrimeFactor(n) > kLargestFactor) return std::make_shared<ChirpPlan>(n, inverse);
  return std::make_shared<MixedRadixPlan>(n, inverse);
}

}  // namespace

std::shared_ptr<const FftPlan> PlanFft(int64_t n, bool inverse) {
  KeptPlans& kept = Plans();
  {
    const std::lock_guard lock(kept.mutex);
    const auto found = std::find_if(kept.plans.begin(), kept.plans.end(), [&](const Kept& one) {
      return one.n == n && one.inverse == inverse;
    });
    if (found != kept.plans.end()) {
      std::rotate(kept.plans.begin(), found, found + 1);
      return kept.plans.front().plan;
    }
  }
  std::shared_ptr<const FftPlan> plan = NewPlan(n, inverse);
  if (n > kLongestKept) return plan;
  const std::lock_guard lock(kept.mutex);
  kept.plans.push_front({n, inverse, plan});
  if (kept.plans.size() > kMostKept) kept.plans.pop_back();
  return plan;
}

}  // namespace neura::cpu
