#include "neura/tensor/cpu/pool.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <ostream>
#include <type_traits>
#include <vector>

#include "gtest/gtest.h"
#include "neura/tensor/cpu/testing.h"
#include "neura/tensor/parallel/thread_pool.h"

namespace neura::cpu {

std::ostream& operator<<(std::ostream& os, const WindowAxis& a) {
  return os << a.in << " -> " << a.out << " by kernel " << a.kernel << ", stride " << a.stride
            << ", padding " << a.padding << ", dilation " << a.dilation;
}

std::ostream& operator<<(std::ostream& os, const PoolGeometry& g) {
  return os << g.channels << " channels, depth " << g.depth << "; height " << g.height << "; width "
            << g.width;
}

namespace {

struct Axis {
  int64_t in, kernel, stride, padding, dilation, out;
};

WindowAxis Windows(Axis a) { return {a.in, a.out, a.kernel, a.stride, a.padding, a.dilation}; }

PoolGeometry Make(int64_t channels, Axis height, Axis width, Axis depth = {1, 1, 1, 0, 1, 1}) {
  return {channels, Windows(depth), Windows(height), Windows(width)};
}

// Without dilation, so that they serve average pooling too.
const std::vector<PoolGeometry>& Undilated() {
  static const std::vector<PoolGeometry> geometries = {
      Make(3, {26, 2, 2, 0, 1, 13}, {26, 2, 2, 0, 1, 13}),
      Make(70, {4, 2, 2, 0, 1, 2}, {4, 2, 2, 0, 1, 2}),
      Make(2, {5, 2, 2, 0, 1, 2}, {67, 2, 2, 0, 1, 33}),
      Make(2, {5, 2, 2, 0, 1, 3}, {7, 2, 2, 0, 1, 4}),  // the last windows hang over the end
      Make(2, {7, 3, 2, 1, 1, 4}, {8, 3, 2, 1, 1, 4}),
      Make(1, {9, 3, 1, 1, 1, 9}, {6, 4, 3, 2, 1, 3}),
      Make(1, {4, 4, 1, 0, 1, 1}, {5, 5, 1, 0, 1, 1}),
      Make(1, {1, 1, 1, 0, 1, 1}, {1, 1, 1, 0, 1, 1}),
      Make(1, {7, 3, 3, 1, 1, 3}, {7, 3, 5, 1, 1, 2}),
      Make(3, {1, 1, 1, 0, 1, 1}, {40, 3, 2, 1, 1, 20}),  // one dimension
      Make(2, {4, 2, 2, 0, 1, 2}, {6, 2, 2, 0, 1, 3}, {5, 2, 2, 0, 1, 2}),
      Make(2, {5, 3, 2, 1, 1, 3}, {6, 4, 3, 2, 1, 3}, {7, 3, 1, 1, 1, 7}),
      Make(0, {4, 2, 2, 0, 1, 2}, {4, 2, 2, 0, 1, 2}),
  };
  return geometries;
}

std::vector<PoolGeometry> Dilated() {
  std::vector<PoolGeometry> geometries = Undilated();
  geometries.push_back(Make(2, {9, 3, 1, 1, 2, 7}, {12, 2, 2, 1, 3, 6}));
  geometries.push_back(Make(1, {20, 3, 2, 1, 4, 7}, {11, 2, 1, 1, 5, 8}));
  geometries.push_back(Make(2, {9, 3, 1, 1, 2, 7}, {5, 2, 2, 0, 1, 2}, {8, 2, 3, 1, 3, 3}));
  return geometries;
}

// Calls body(window, element) for all that meet along one dimension.
template <typename Body>
void ForEachMeeting(const WindowAxis& a, Body body) {
  for (int64_t o = 0; o < a.out; ++o) {
    for (int64_t k = 0; k < a.kernel; ++k) {
      const int64_t i = o * a.stride - a.padding + k * a.dilation;
      if (i >= 0 && i < a.in) body(o, i);
    }
  }
}

// Calls body(window, element) for every element that a window of a channel covers, in order.
template <typename Body>
void ForEachCovered(const PoolGeometry& g, Body body) {
  ForEachMeeting(g.depth, [&](int64_t z, int64_t d) {
    ForEachMeeting(g.height, [&](int64_t y, int64_t h) {
      ForEachMeeting(g.width, [&](int64_t x, int64_t w) {
        body((z * g.height.out + y) * g.width.out + x, (d * g.height.in + h) * g.width.in + w);
      });
    });
  });
}

int64_t InSize(const PoolGeometry& g) { return g.depth.in * g.height.in * g.width.in; }
int64_t OutSize(const PoolGeometry& g) { return g.depth.out * g.height.out * g.width.out; }

template <typename T>
class MaxPoolTest : public ::testing::Test {};
using AllTypes = ::testing::Types<float, double, int32_t, int64_t, uint8_t>;
TYPED_TEST_SUITE(MaxPoolTest, AllTypes);

TYPED_TEST(MaxPoolTest, TakesTheFirstLargest) {
  using T = TypeParam;
  for (const PoolGeometry& g : Dilated()) {
    SCOPED_TRACE(::testing::PrintToString(g));
    std::vector<T> input = RandomValues<T>(g.channels * InSize(g), 1);
    // Few different values, so that ties are common; negative ones too.
    for (T& value : input) {
      if constexpr (std::is_floating_point_v<T>) {
        value = std::floor(value * 3);
      } else {
        value = static_cast<T>(value % 3 - 1);
      }
    }
    std::vector<T> output(g.channels * OutSize(g)), alone(g.channels * OutSize(g));
    std::vector<int64_t> indices(g.channels * OutSize(g), -7);
    MaxPool(g, input.data(), output.data(), indices.data());
    MaxPool<T>(g, input.data(), alone.data(), nullptr);
    EXPECT_EQ(alone, output);
    for (int64_t channel = 0; channel < g.channels; ++channel) {
      const T* from = input.data() + channel * InSize(g);
      std::vector<int64_t> expected(OutSize(g), -1);
      ForEachCovered(g, [&](int64_t window, int64_t element) {
        if (expected[window] < 0 || from[element] > from[expected[window]])
          expected[window] = element;
      });
      for (int64_t i = 0; i < OutSize(g); ++i) {
        ASSERT_EQ(indices[channel * OutSize(g) + i], expected[i])
            << "channel " << channel << " window " << i;
        ASSERT_EQ(output[channel * OutSize(g) + i], from[expected[i]]);
      }
    }
  }
}

template <typename T>
class PoolTest : public ::testing::Test {};
using FloatTypes = ::testing::Types<float, double>;
TYPED_TEST_SUITE(PoolTest, FloatTypes);

TYPED_TEST(PoolTest, MaxOfNaNAndInfinity) {
  using T = TypeParam;
  const T nan = std::numeric_limits<T>::quiet_NaN();
  const T infinity = std::numeric_limits<T>::infinity();
  // As 2x2 tiles, which have code of their own, and as windows that hang over the end.
  for (int64_t in_width : {8, 7}) {
    const PoolGeometry g = Make(1, {2, 2, 2, 0, 1, 1}, {in_width, 2, 2, 0, 1, 4});
    std::vector<T> input(2 * in_width, -infinity);
    input[in_width] = nan;  // window 0: nan after -inf
    input[2] = nan;         // window 1: nan before 5
    input[3] = 5;
    input[5] = infinity;  // window 2
    std::vector<T> output(4);
    std::vector<int64_t> indices(4);
    MaxPool(g, input.data(), output.data(), indices.data());
    EXPECT_TRUE(std::isnan(output[0]));
    EXPECT_TRUE(std::isnan(output[1]));
    EXPECT_EQ(output[2], infinity);
    EXPECT_EQ(output[3], -infinity);
    EXPECT_EQ(indices, (std::vector<int64_t>{in_width, 2, 5, 6}));
  }
}

TYPED_TEST(PoolTest, AWindowOverNothingIsTheLowest) {
  using T = TypeParam;
  const PoolGeometry g = Make(1, {1, 2, 1, 1, 2, 1}, {1, 2, 1, 1, 2, 1});
  const T input = 3;
  T output = 0;
  int64_t index = -1;
  MaxPool(g, &input, &output, &index);
  EXPECT_EQ(output, -std::numeric_limits<T>::infinity());
  EXPECT_EQ(index, 0);
}

TYPED_TEST(PoolTest, ScatterIsTheTransposeOfGather) {
  using T = TypeParam;
  const PoolGeometry g = Make(40, {9, 3, 2, 1, 1, 5}, {9, 3, 2, 1, 1, 5});
  const std::vector<T> input = RandomValues<T>(g.channels * InSize(g), 1);
  std::vector<T> output(g.channels * OutSize(g));
  std::vector<int64_t> indices(output.size());
  MaxPool(g, input.data(), output.data(), indices.data());
  std::vector<T> gathered(output.size());
  ASSERT_TRUE(MaxPoolGather(g.channels, InSize(g), OutSize(g), input.data(), indices.data(),
                            gathered.data()));
  EXPECT_EQ(gathered, output);

  const std::vector<T> grad = RandomValues<T>(g.channels * OutSize(g), 2);
  std::vector<T> scattered(input.size(), 9);
  ASSERT_TRUE(MaxPoolScatter(g.channels, OutSize(g), InSize(g), grad.data(), indices.data(),
                             scattered.data()));
  std::vector<T> expected(input.size(), 0);
  for (size_t i = 0; i < grad.size(); ++i) {
    expected[static_cast<int64_t>(i) / OutSize(g) * InSize(g) + indices[i]] += grad[i];
  }
  EXPECT_EQ(scattered, expected);
}

TYPED_TEST(PoolTest, IndicesOutsideTheChannelAreReported) {
  using T = TypeParam;
  for (int64_t bad : {int64_t{-1}, int64_t{4}, std::numeric_limits<int64_t>::min()}) {
    const std::vector<T> values(8, 1);
    const std::vector<int64_t> indices = {0, 1, 2, bad};
    std::vector<T> output(8);
    EXPECT_FALSE(MaxPoolGather(2, 4, 2, values.data(), indices.data(), output.data()));
    EXPECT_FALSE(MaxPoolScatter(2, 2, 4, values.data(), indices.data(), output.data()));
  }
}

// The number of elements that a window counts in one direction, by walking over it.
int64_t Count(int64_t i, const WindowAxis& axis, bool count_include_pad) {
  int64_t count = 0;
  for (int64_t k = 0; k < axis.kernel; ++k) {
    const int64_t at = i * axis.stride - axis.padding + k;
    count += count_include_pad ? at < axis.in + axis.padding : at >= 0 && at < axis.in;
  }
  return count;
}

TYPED_TEST(PoolTest, AverageAndItsGradient) {
  using T = TypeParam;
  const MeanOptions all_options[] = {
      {.count_include_pad = false}, {.count_include_pad = true}, {.divisor = 5}};
  for (const PoolGeometry& g : Undilated()) {
    for (const MeanOptions& options : all_options) {
      SCOPED_TRACE(::testing::PrintToString(g));
      const std::vector<T> input = RandomValues<T>(g.channels * InSize(g), 1);
      const std::vector<T> grad = RandomValues<T>(g.channels * OutSize(g), 2);
      std::vector<T> output(grad.size(), 9), input_grad(input.size(), 9);
      AvgPool(g, options, input.data(), output.data());
      AvgPoolGrad(g, options, grad.data(), input_grad.data());
      std::vector<Sum> means(grad.size()), grads(input.size());
      for (int64_t channel = 0; channel < g.channels; ++channel) {
        ForEachCovered(g, [&](int64_t window, int64_t element) {
          const bool pad = options.count_include_pad;
          const int64_t share =
              options.divisor.value_or(Count(window / g.width.out / g.height.out, g.depth, pad) *
                                       Count(window / g.width.out % g.height.out, g.height, pad) *
                                       Count(window % g.width.out, g.width, pad));
          const int64_t o = channel * OutSize(g) + window, i = channel * InSize(g) + element;
          means[o].Add(static_cast<long double>(input[i]) / share);
          grads[i].Add(static_cast<long double>(grad[o]) / share);
        });
      }
      for (size_t i = 0; i < means.size(); ++i) {
        ASSERT_NEAR(output[i], static_cast<double>(means[i].value),
                    means[i].template Tolerance<T>() * 2)
            << i;
      }
      for (size_t i = 0; i < grads.size(); ++i) {
        ASSERT_NEAR(input_grad[i], static_cast<double>(grads[i].value),
                    grads[i].template Tolerance<T>() * 2)
            << i;
      }
    }
  }
}

struct AdaptiveCase {
  int64_t channels;
  int64_t in[3], out[3];
};

TYPED_TEST(PoolTest, AdaptiveAverageAndItsGradient) {
  using T = TypeParam;
  const AdaptiveCase cases[] = {
      {3, {1, 7, 7}, {1, 1, 1}}, {2, {1, 8, 6}, {1, 4, 3}}, {2, {1, 7, 10}, {1, 3, 4}},
      {1, {1, 3, 4}, {1, 5, 7}}, {1, {1, 5, 5}, {1, 5, 5}}, {50, {1, 13, 9}, {1, 6, 2}},
      {0, {1, 4, 4}, {1, 2, 2}}, {2, {1, 4, 4}, {1, 0, 2}}, {2, {1, 1, 9}, {1, 1, 4}},
      {2, {5, 3, 4}, {3, 4, 2}}, {1, {6, 4, 2}, {1, 1, 1}}};
  for (const AdaptiveCase& t : cases) {
    PoolGeometry g;
    g.channels = t.channels;
    WindowAxis* const axes[] = {&g.depth, &g.height, &g.width};
    for (int d = 0; d < 3; ++d) *axes[d] = {.in = t.in[d], .out = t.out[d]};
    SCOPED_TRACE(::testing::PrintToString(g));
    const std::vector<T> input = RandomValues<T>(g.channels * InSize(g), 1);
    const std::vector<T> grad = RandomValues<T>(g.channels * OutSize(g), 2);
    std::vector<T> output(grad.size(), 9), input_grad(input.size(), 9);
    AdaptiveAvgPool(g, input.data(), output.data());
    AdaptiveAvgPoolGrad(g, grad.data(), input_grad.data());
    std::vector<Sum> means(grad.size()), grads(input.size());
    // Output i and input j share ground if the intervals [i, i + 1) / out and [j, j + 1) / in do.
    const auto shares = [](int64_t i, int64_t j, const WindowAxis& a) {
      return i * a.in < (j + 1) * a.out && j * a.out < (i + 1) * a.in;
    };
    for (int64_t o = 0; o < static_cast<int64_t>(grad.size()); ++o) {
      const int64_t channel = o / OutSize(g), x = o % g.width.out;
      const int64_t y = o / g.width.out % g.height.out;
      const int64_t z = o / g.width.out / g.height.out % g.depth.out;
      std::vector<int64_t> covered;
      for (int64_t e = 0; e < InSize(g); ++e) {
        if (shares(z, e / g.width.in / g.height.in, g.depth) &&
            shares(y, e / g.width.in % g.height.in, g.height) &&
            shares(x, e % g.width.in, g.width)) {
          covered.push_back(channel * InSize(g) + e);
        }
      }
      for (int64_t i : covered) {
        means[o].Add(static_cast<long double>(input[i]) / covered.size());
        grads[i].Add(static_cast<long double>(grad[o]) / covered.size());
      }
    }
    for (size_t i = 0; i < means.size(); ++i) {
      ASSERT_NEAR(output[i], static_cast<double>(means[i].value),
                  means[i].template Tolerance<T>() * 2)
          << i;
    }
    for (size_t i = 0; i < grads.size(); ++i) {
      ASSERT_NEAR(input_grad[i], static_cast<double>(grads[i].value),
                  grads[i].template Tolerance<T>() * 2)
          << i;
    }
  }
}

TYPED_TEST(PoolTest, SameBitsForEveryThreadCount) {
  using T = TypeParam;
  const PoolGeometry g = Make(300, {26, 3, 2, 1, 1, 13}, {26, 3, 2, 1, 1, 13});
  const std::vector<T> input = RandomValues<T>(g.channels * InSize(g), 1);
  const std::vector<T> grad = RandomValues<T>(g.channels * OutSize(g), 2);
  ExpectSameForAllThreads([&] {
    std::vector<T> results(2 * grad.size() + 2 * input.size());
    T* to = results.data();
    std::vector<int64_t> indices(grad.size());
    MaxPool(g, input.data(), to, indices.data());
    AvgPool(g, {}, input.data(), to + grad.size());
    to += 2 * grad.size();
    EXPECT_TRUE(MaxPoolScatter(g.channels, OutSize(g), InSize(g), grad.data(), indices.data(), to));
    AvgPoolGrad(g, {}, grad.data(), to + input.size());
    return results;
  });
}

}  // namespace
}  // namespace neura::cpu
