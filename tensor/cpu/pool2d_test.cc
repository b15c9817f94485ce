#include "neura/tensor/cpu/pool2d.h"

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

std::ostream& operator<<(std::ostream& os, const Pool2dGeometry& g) {
  return os << g.planes << " planes, " << g.in_height << "x" << g.in_width << " -> " << g.out_height
            << "x" << g.out_width << ", kernel " << g.kernel_height << "x" << g.kernel_width
            << ", stride " << g.stride_height << "x" << g.stride_width << ", padding "
            << g.padding_height << "x" << g.padding_width << ", dilation " << g.dilation_height
            << "x" << g.dilation_width;
}

namespace {

struct Axis {
  int64_t in, kernel, stride, padding, dilation, out;
};

Pool2dGeometry Make(int64_t planes, Axis height, Axis width) {
  return {planes,         height.in,    width.in,       height.kernel, width.kernel,
          height.stride,  width.stride, height.padding, width.padding, height.dilation,
          width.dilation, height.out,   width.out};
}

// Without dilation, so that they serve average pooling too.
const std::vector<Pool2dGeometry>& Undilated() {
  static const std::vector<Pool2dGeometry> geometries = {
      Make(3, {26, 2, 2, 0, 1, 13}, {26, 2, 2, 0, 1, 13}),
      Make(70, {4, 2, 2, 0, 1, 2}, {4, 2, 2, 0, 1, 2}),
      Make(2, {5, 2, 2, 0, 1, 2}, {67, 2, 2, 0, 1, 33}),
      Make(2, {5, 2, 2, 0, 1, 3}, {7, 2, 2, 0, 1, 4}),  // the last windows hang over the end
      Make(2, {7, 3, 2, 1, 1, 4}, {8, 3, 2, 1, 1, 4}),
      Make(1, {9, 3, 1, 1, 1, 9}, {6, 4, 3, 2, 1, 3}),
      Make(1, {4, 4, 1, 0, 1, 1}, {5, 5, 1, 0, 1, 1}),
      Make(1, {1, 1, 1, 0, 1, 1}, {1, 1, 1, 0, 1, 1}),
      Make(1, {7, 3, 3, 1, 1, 3}, {7, 3, 5, 1, 1, 2}),
      Make(0, {4, 2, 2, 0, 1, 2}, {4, 2, 2, 0, 1, 2}),
  };
  return geometries;
}

std::vector<Pool2dGeometry> Dilated() {
  std::vector<Pool2dGeometry> geometries = Undilated();
  geometries.push_back(Make(2, {9, 3, 1, 1, 2, 7}, {12, 2, 2, 1, 3, 6}));
  geometries.push_back(Make(1, {20, 3, 2, 1, 4, 7}, {11, 2, 1, 1, 5, 8}));
  return geometries;
}

// Calls body(window, element) for every element that a window of a plane covers, in order.
template <typename Body>
void ForEachCovered(const Pool2dGeometry& g, Body body) {
  for (int64_t y = 0; y < g.out_height; ++y) {
    for (int64_t x = 0; x < g.out_width; ++x) {
      for (int64_t i = 0; i < g.kernel_height; ++i) {
        for (int64_t j = 0; j < g.kernel_width; ++j) {
          const int64_t h = y * g.stride_height - g.padding_height + i * g.dilation_height;
          const int64_t w = x * g.stride_width - g.padding_width + j * g.dilation_width;
          if (h >= 0 && h < g.in_height && w >= 0 && w < g.in_width) {
            body(y * g.out_width + x, h * g.in_width + w);
          }
        }
      }
    }
  }
}

int64_t InSize(const Pool2dGeometry& g) { return g.in_height * g.in_width; }
int64_t OutSize(const Pool2dGeometry& g) { return g.out_height * g.out_width; }

template <typename T>
class MaxPool2dTest : public ::testing::Test {};
using AllTypes = ::testing::Types<float, double, int32_t, int64_t, uint8_t>;
TYPED_TEST_SUITE(MaxPool2dTest, AllTypes);

TYPED_TEST(MaxPool2dTest, TakesTheFirstLargest) {
  using T = TypeParam;
  for (const Pool2dGeometry& g : Dilated()) {
    SCOPED_TRACE(::testing::PrintToString(g));
    std::vector<T> input = RandomValues<T>(g.planes * InSize(g), 1);
    // Few different values, so that ties are common; negative ones too.
    for (T& value : input) {
      if constexpr (std::is_floating_point_v<T>) {
        value = std::floor(value * 3);
      } else {
        value = static_cast<T>(value % 3 - 1);
      }
    }
    std::vector<T> output(g.planes * OutSize(g)), alone(g.planes * OutSize(g));
    std::vector<int64_t> indices(g.planes * OutSize(g), -7);
    MaxPool2d(g, input.data(), output.data(), indices.data());
    MaxPool2d<T>(g, input.data(), alone.data(), nullptr);
    EXPECT_EQ(alone, output);
    for (int64_t plane = 0; plane < g.planes; ++plane) {
      const T* from = input.data() + plane * InSize(g);
      std::vector<int64_t> expected(OutSize(g), -1);
      ForEachCovered(g, [&](int64_t window, int64_t element) {
        if (expected[window] < 0 || from[element] > from[expected[window]])
          expected[window] = element;
      });
      for (int64_t i = 0; i < OutSize(g); ++i) {
        ASSERT_EQ(indices[plane * OutSize(g) + i], expected[i])
            << "plane " << plane << " window " << i;
        ASSERT_EQ(output[plane * OutSize(g) + i], from[expected[i]]);
      }
    }
  }
}

template <typename T>
class Pool2dTest : public ::testing::Test {};
using FloatTypes = ::testing::Types<float, double>;
TYPED_TEST_SUITE(Pool2dTest, FloatTypes);

TYPED_TEST(Pool2dTest, MaxOfNaNAndInfinity) {
  using T = TypeParam;
  const T nan = std::numeric_limits<T>::quiet_NaN();
  const T infinity = std::numeric_limits<T>::infinity();
  // As 2x2 tiles, which have code of their own, and as windows that hang over the end.
  for (int64_t in_width : {8, 7}) {
    const Pool2dGeometry g = Make(1, {2, 2, 2, 0, 1, 1}, {in_width, 2, 2, 0, 1, 4});
    std::vector<T> input(2 * in_width, -infinity);
    input[in_width] = nan;  // window 0: nan after -inf
    input[2] = nan;         // window 1: nan before 5
    input[3] = 5;
    input[5] = infinity;  // window 2
    std::vector<T> output(4);
    std::vector<int64_t> indices(4);
    MaxPool2d(g, input.data(), output.data(), indices.data());
    EXPECT_TRUE(std::isnan(output[0]));
    EXPECT_TRUE(std::isnan(output[1]));
    EXPECT_EQ(output[2], infinity);
    EXPECT_EQ(output[3], -infinity);
    EXPECT_EQ(indices, (std::vector<int64_t>{in_width, 2, 5, 6}));
  }
}

TYPED_TEST(Pool2dTest, AWindowOverNothingIsTheLowest) {
  using T = TypeParam;
  const Pool2dGeometry g = Make(1, {1, 2, 1, 1, 2, 1}, {1, 2, 1, 1, 2, 1});
  const T input = 3;
  T output = 0;
  int64_t index = -1;
  MaxPool2d(g, &input, &output, &index);
  EXPECT_EQ(output, -std::numeric_limits<T>::infinity());
  EXPECT_EQ(index, 0);
}

TYPED_TEST(Pool2dTest, ScatterIsTheTransposeOfGather) {
  using T = TypeParam;
  const Pool2dGeometry g = Make(40, {9, 3, 2, 1, 1, 5}, {9, 3, 2, 1, 1, 5});
  const std::vector<T> input = RandomValues<T>(g.planes * InSize(g), 1);
  std::vector<T> output(g.planes * OutSize(g));
  std::vector<int64_t> indices(output.size());
  MaxPool2d(g, input.data(), output.data(), indices.data());
  std::vector<T> gathered(output.size());
  ASSERT_TRUE(MaxPool2dGather(g.planes, InSize(g), OutSize(g), input.data(), indices.data(),
                              gathered.data()));
  EXPECT_EQ(gathered, output);

  const std::vector<T> grad = RandomValues<T>(g.planes * OutSize(g), 2);
  std::vector<T> scattered(input.size(), 9);
  ASSERT_TRUE(MaxPool2dScatter(g.planes, OutSize(g), InSize(g), grad.data(), indices.data(),
                               scattered.data()));
  std::vector<T> expected(input.size(), 0);
  for (size_t i = 0; i < grad.size(); ++i) {
    expected[static_cast<int64_t>(i) / OutSize(g) * InSize(g) + indices[i]] += grad[i];
  }
  EXPECT_EQ(scattered, expected);
}

TYPED_TEST(Pool2dTest, IndicesOutsideThePlaneAreReported) {
  using T = TypeParam;
  for (int64_t bad : {int64_t{-1}, int64_t{4}, std::numeric_limits<int64_t>::min()}) {
    const std::vector<T> values(8, 1);
    const std::vector<int64_t> indices = {0, 1, 2, bad};
    std::vector<T> output(8);
    EXPECT_FALSE(MaxPool2dGather(2, 4, 2, values.data(), indices.data(), output.data()));
    EXPECT_FALSE(MaxPool2dScatter(2, 2, 4, values.data(), indices.data(), output.data()));
  }
}

// The number of elements that a window counts in one direction, by walking over it.
int64_t Count(int64_t i, int64_t in, int64_t kernel, int64_t stride, int64_t padding,
              bool count_include_pad) {
  int64_t count = 0;
  for (int64_t k = 0; k < kernel; ++k) {
    const int64_t at = i * stride - padding + k;
    count += count_include_pad ? at < in + padding : at >= 0 && at < in;
  }
  return count;
}

TYPED_TEST(Pool2dTest, AverageAndItsGradient) {
  using T = TypeParam;
  for (const Pool2dGeometry& g : Undilated()) {
    for (bool count_include_pad : {false, true}) {
      SCOPED_TRACE(::testing::PrintToString(g));
      const std::vector<T> input = RandomValues<T>(g.planes * InSize(g), 1);
      const std::vector<T> grad = RandomValues<T>(g.planes * OutSize(g), 2);
      std::vector<T> output(grad.size(), 9), input_grad(input.size(), 9);
      AvgPool2d(g, count_include_pad, input.data(), output.data());
      AvgPool2dGrad(g, count_include_pad, grad.data(), input_grad.data());
      std::vector<Sum> means(grad.size()), grads(input.size());
      for (int64_t plane = 0; plane < g.planes; ++plane) {
        ForEachCovered(g, [&](int64_t window, int64_t element) {
          const int64_t area = Count(window / g.out_width, g.in_height, g.kernel_height,
                                     g.stride_height, g.padding_height, count_include_pad) *
                               Count(window % g.out_width, g.in_width, g.kernel_width,
                                     g.stride_width, g.padding_width, count_include_pad);
          const int64_t o = plane * OutSize(g) + window, i = plane * InSize(g) + element;
          means[o].Add(static_cast<long double>(input[i]) / area);
          grads[i].Add(static_cast<long double>(grad[o]) / area);
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
  int64_t planes, in_height, in_width, out_height, out_width;
};

TYPED_TEST(Pool2dTest, AdaptiveAverageAndItsGradient) {
  using T = TypeParam;
  const AdaptiveCase cases[] = {{3, 7, 7, 1, 1}, {2, 8, 6, 4, 3}, {2, 7, 10, 3, 4},
                                {1, 3, 4, 5, 7}, {1, 5, 5, 5, 5}, {50, 13, 9, 6, 2},
                                {0, 4, 4, 2, 2}, {2, 4, 4, 0, 2}};
  for (const AdaptiveCase& t : cases) {
    Pool2dGeometry g;
    g.planes = t.planes;
    g.in_height = t.in_height;
    g.in_width = t.in_width;
    g.out_height = t.out_height;
    g.out_width = t.out_width;
    SCOPED_TRACE(::testing::PrintToString(g));
    const std::vector<T> input = RandomValues<T>(g.planes * InSize(g), 1);
    const std::vector<T> grad = RandomValues<T>(g.planes * OutSize(g), 2);
    std::vector<T> output(grad.size(), 9), input_grad(input.size(), 9);
    AdaptiveAvgPool2d(g, input.data(), output.data());
    AdaptiveAvgPool2dGrad(g, grad.data(), input_grad.data());
    std::vector<Sum> means(grad.size()), grads(input.size());
    // Output i and input j share ground if the intervals [i, i + 1) / out and [j, j + 1) / in do.
    const auto shares = [](int64_t i, int64_t out, int64_t j, int64_t in) {
      return i * in < (j + 1) * out && j * out < (i + 1) * in;
    };
    for (int64_t o = 0; o < static_cast<int64_t>(grad.size()); ++o) {
      const int64_t plane = o / OutSize(g), y = o / g.out_width % g.out_height, x = o % g.out_width;
      std::vector<int64_t> covered;
      for (int64_t e = 0; e < InSize(g); ++e) {
        if (shares(y, g.out_height, e / g.in_width, g.in_height) &&
            shares(x, g.out_width, e % g.in_width, g.in_width)) {
          covered.push_back(plane * InSize(g) + e);
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

TYPED_TEST(Pool2dTest, SameBitsForEveryThreadCount) {
  using T = TypeParam;
  const Pool2dGeometry g = Make(300, {26, 3, 2, 1, 1, 13}, {26, 3, 2, 1, 1, 13});
  const std::vector<T> input = RandomValues<T>(g.planes * InSize(g), 1);
  const std::vector<T> grad = RandomValues<T>(g.planes * OutSize(g), 2);
  ExpectSameForAllThreads([&] {
    std::vector<T> results(2 * grad.size() + 2 * input.size());
    T* to = results.data();
    std::vector<int64_t> indices(grad.size());
    MaxPool2d(g, input.data(), to, indices.data());
    AvgPool2d(g, true, input.data(), to + grad.size());
    to += 2 * grad.size();
    EXPECT_TRUE(MaxPool2dScatter(g.planes, OutSize(g), InSize(g), grad.data(), indices.data(), to));
    AvgPool2dGrad(g, true, grad.data(), to + input.size());
    return results;
  });
}

}  // namespace
}  // namespace neura::cpu
