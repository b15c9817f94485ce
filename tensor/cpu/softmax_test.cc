#include "neura/tensor/cpu/softmax.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "gtest/gtest.h"
#include "neura/tensor/cpu/testing.h"
#include "neura/tensor/parallel/thread_pool.h"

namespace neura::cpu {
namespace {

struct Shape {
  int64_t outer, size, inner;
  int64_t Count() const { return outer * size * inner; }
};

const Shape kShapes[] = {{1, 1, 1},     {64, 10, 1}, {3, 16, 1},  {2, 17, 1}, {5, 1000, 1},
                         {1, 20000, 1}, {2, 3, 5},   {3, 40, 16}, {2, 7, 33}, {1, 1, 100},
                         {400, 21, 4},  {0, 3, 4},   {3, 0, 4},   {3, 4, 0}};

// Calls body(index of element 0, stride) for every sum.
template <typename Body>
void ForEachSum(const Shape& s, Body body) {
  for (int64_t o = 0; o < s.outer; ++o) {
    for (int64_t i = 0; i < s.inner; ++i) body(o * s.size * s.inner + i, s.inner);
  }
}

// log(softmax) in extended precision.
template <typename T>
std::vector<long double> Reference(const Shape& s, const std::vector<T>& x) {
  std::vector<long double> y(x.size());
  ForEachSum(s, [&](int64_t begin, int64_t stride) {
    long double max = -std::numeric_limits<long double>::infinity(), sum = 0;
    for (int64_t k = 0; k < s.size; ++k) max = std::max<long double>(max, x[begin + k * stride]);
    for (int64_t k = 0; k < s.size; ++k) sum += std::exp(x[begin + k * stride] - max);
    for (int64_t k = 0; k < s.size; ++k)
      y[begin + k * stride] = x[begin + k * stride] - max - std::log(sum);
  });
  return y;
}

template <typename T>
class SoftmaxTest : public ::testing::Test {};
using FloatTypes = ::testing::Types<float, double>;
TYPED_TEST_SUITE(SoftmaxTest, FloatTypes);

TYPED_TEST(SoftmaxTest, MatchesTheDefinition) {
  using T = TypeParam;
  const double epsilon = std::numeric_limits<T>::epsilon();
  for (const Shape& s : kShapes) {
    for (T scale : {T{1}, T{30}, T{1000}}) {
      SCOPED_TRACE(::testing::Message()
                   << s.outer << "x" << s.size << "x" << s.inner << " times " << scale);
      std::vector<T> x = RandomValues<T>(s.Count(), 1);
      for (T& value : x) value *= scale;
      std::vector<T> y(x.size()), log_y(x.size());
      Softmax(s.outer, s.size, s.inner, x.data(), y.data());
      LogSoftmax(s.outer, s.size, s.inner, x.data(), log_y.data());
      const std::vector<long double> expected = Reference(s, x);
      for (size_t i = 0; i < x.size(); ++i) {
        // x - max is rounded once, which exp turns into a relative error; sums are of positive
        // terms.
        const double p = static_cast<double>(std::exp(expected[i]));
        const double distance = 2 * scale;
        ASSERT_NEAR(y[i], p,
                    p * epsilon * (6 + distance + s.size / 8) + std::numeric_limits<T>::min())
            << i;
        ASSERT_NEAR(log_y[i], static_cast<double>(expected[i]),
                    epsilon * (6 + 2 * distance + s.size / 8))
            << i;
      }
    }
  }
}

TYPED_TEST(SoftmaxTest, Gradients) {
  using T = TypeParam;
  const double epsilon = std::numeric_limits<T>::epsilon();
  for (const Shape& s : kShapes) {
    SCOPED_TRACE(::testing::Message() << s.outer << "x" << s.size << "x" << s.inner);
    const std::vector<T> x = RandomValues<T>(s.Count(), 1), grad = RandomValues<T>(s.Count(), 2);
    std::vector<T> y(x.size()), log_y(x.size()), dx(x.size()), log_dx(x.size());
    Softmax(s.outer, s.size, s.inner, x.data(), y.data());
    LogSoftmax(s.outer, s.size, s.inner, x.data(), log_y.data());
    SoftmaxGrad(s.outer, s.size, s.inner, grad.data(), y.data(), dx.data());
    LogSoftmaxGrad(s.outer, s.size, s.inner, grad.data(), log_y.data(), log_dx.data());
    ForEachSum(s, [&](int64_t begin, int64_t stride) {
      long double dot = 0, sum = 0, magnitude = 0;
      for (int64_t k = 0; k < s.size; ++k) {
        const int64_t i = begin + k * stride;
        dot += static_cast<long double>(grad[i]) * y[i];
        sum += grad[i];
        magnitude += std::abs(grad[i]);
      }
      for (int64_t k = 0; k < s.size; ++k) {
        const int64_t i = begin + k * stride;
        const double p = y[i];
        ASSERT_NEAR(dx[i], static_cast<double>(y[i] * (grad[i] - dot)),
                    p * epsilon * (8 + s.size / 8));
        const double power = std::exp(static_cast<double>(log_y[i]));
        ASSERT_NEAR(log_dx[i], static_cast<double>(grad[i] - power * sum),
                    epsilon * (2 + power * static_cast<double>(magnitude) * (8 + s.size / 8)));
      }
    });
  }
}

TYPED_TEST(SoftmaxTest, InfinitiesAndNaN) {
  using T = TypeParam;
  const T inf = std::numeric_limits<T>::infinity();
  const T nan = std::numeric_limits<T>::quiet_NaN();
  // The same four sums along and across vectors.
  const std::vector<std::vector<T>> sums = {
      {-inf, -inf, -inf}, {1, nan, 2}, {0, inf, 1}, {-inf, 3, 3}};
  for (bool along : {true, false}) {
    std::vector<T> x(12), y(12), log_y(12);
    const auto at = [&](int64_t sum, int64_t k) { return along ? sum * 3 + k : k * 4 + sum; };
    for (int64_t sum = 0; sum < 4; ++sum) {
      for (int64_t k = 0; k < 3; ++k) x[at(sum, k)] = sums[sum][k];
    }
    const int64_t outer = along ? 4 : 1, inner = along ? 1 : 4;
    Softmax<T>(outer, 3, inner, x.data(), y.data());
    LogSoftmax<T>(outer, 3, inner, x.data(), log_y.data());
    for (int64_t sum = 0; sum < 3; ++sum) {
      for (int64_t k = 0; k < 3; ++k) {
        EXPECT_TRUE(std::isnan(y[at(sum, k)])) << sum << " " << k;
        EXPECT_TRUE(std::isnan(log_y[at(sum, k)])) << sum << " " << k;
      }
    }
    EXPECT_EQ(y[at(3, 0)], 0);
    EXPECT_NEAR(y[at(3, 1)], 0.5, 1e-6);
    EXPECT_EQ(log_y[at(3, 0)], -inf);
    EXPECT_NEAR(log_y[at(3, 1)], -std::log(2.0), 1e-6);
  }
}

TYPED_TEST(SoftmaxTest, InPlace) {
  using T = TypeParam;
  for (const Shape& s : kShapes) {
    std::vector<T> x = RandomValues<T>(s.Count(), 1), y(x.size());
    Softmax(s.outer, s.size, s.inner, x.data(), y.data());
    Softmax(s.outer, s.size, s.inner, x.data(), x.data());
    EXPECT_TRUE(SameBits(x, y));
  }
}

TYPED_TEST(SoftmaxTest, SameBitsForEveryThreadCount) {
  using T = TypeParam;
  for (const Shape& s : {Shape{1000, 100, 1}, Shape{20, 100, 50}}) {
    const std::vector<T> x = RandomValues<T>(s.Count(), 1), grad = RandomValues<T>(s.Count(), 2);
    ExpectSameForAllThreads([&] {
      std::vector<T> results(2 * x.size());
      Softmax(s.outer, s.size, s.inner, x.data(), results.data());
      SoftmaxGrad(s.outer, s.size, s.inner, grad.data(), results.data(), results.data() + x.size());
      return results;
    });
  }
}

}  // namespace
}  // namespace neura::cpu
