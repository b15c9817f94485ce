// What the tests of the kernels share.
#ifndef NEURA_TENSOR_CPU_TESTING_H_
#define NEURA_TENSOR_CPU_TESTING_H_

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

#include "gtest/gtest.h"
#include "neura/tensor/parallel/thread_pool.h"

namespace neura::cpu {

// Floating-point values in [-1, 1), integers of all sizes.
template <typename T>
std::vector<T> RandomValues(int64_t count, int seed) {
  std::mt19937_64 random(seed);
  std::vector<T> values(count);
  for (T& value : values) {
    if constexpr (std::is_floating_point_v<T>) {
      value = std::uniform_real_distribution<T>(-1, 1)(random);
    } else {
      value = static_cast<T>(random());
    }
  }
  return values;
}

// A sum in extended precision, and a bound on the rounding error of the same sum in T, in any
// order.
struct Sum {
  void Add(long double term) {
    value += term;
    magnitude += std::abs(term);
    ++terms;
  }
  template <typename T>
  double Tolerance() const {
    return std::numeric_limits<T>::epsilon() / 2 * static_cast<double>((terms + 1) * magnitude);
  }

  long double value = 0;
  long double magnitude = 0;
  int64_t terms = 0;
};

template <typename T>
bool SameBits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() &&
         (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

// Whether run(), which returns a vector, gives the same bits with 2 and 3 threads as with 1.
template <typename Run>
void ExpectSameForAllThreads(Run run) {
  const int initial = GetNumThreads();
  SetNumThreads(1);
  const auto expected = run();
  for (int threads : {2, 3}) {
    SetNumThreads(threads);
    EXPECT_TRUE(SameBits(run(), expected)) << threads << " threads";
  }
  SetNumThreads(initial);
}

}  // namespace neura::cpu

#endif  // NEURA_TENSOR_CPU_TESTING_H_
