#include "neura/tensor/cpu/conv2d.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <ostream>
#include <vector>

#include "gtest/gtest.h"
#include "neura/tensor/cpu/testing.h"
#include "neura/tensor/parallel/thread_pool.h"

namespace neura::cpu {

std::ostream& operator<<(std::ostream& os, const Conv2dGeometry& g) {
  return os << "batch " << g.batch << ", channels " << g.in_channels << " -> " << g.out_channels
            << " in " << g.groups << " groups, " << g.in_height << "x" << g.in_width << " -> "
            << g.out_height << "x" << g.out_width << ", kernel " << g.kernel_height << "x"
            << g.kernel_width << ", stride " << g.stride_height << "x" << g.stride_width
            << ", padding " << g.padding_height << "x" << g.padding_width << ", dilation "
            << g.dilation_height << "x" << g.dilation_width;
}

namespace {

struct Axis {
  int64_t in, kernel, stride = 1, padding = 0, dilation = 1;
};

Conv2dGeometry Make(int64_t batch, int64_t in_channels, int64_t out_channels, int64_t groups,
                    Axis height, Axis width) {
  const auto out = [](Axis a) {
    return (a.in + 2 * a.padding - a.dilation * (a.kernel - 1) - 1) / a.stride + 1;
  };
  Conv2dGeometry g;
  g.batch = batch;
  g.in_channels = in_channels;
  g.out_channels = out_channels;
  g.groups = groups;
  g.in_height = height.in;
  g.in_width = width.in;
  g.kernel_height = height.kernel;
  g.kernel_width = width.kernel;
  g.stride_height = height.stride;
  g.stride_width = width.stride;
  g.padding_height = height.padding;
  g.padding_width = width.padding;
  g.dilation_height = height.dilation;
  g.dilation_width = width.dilation;
  g.out_height = out(height);
  g.out_width = out(width);
  return g;
}

const std::vector<Conv2dGeometry>& Geometries() {
  static const std::vector<Conv2dGeometry> geometries = {
      // One of everything, and 1x1 kernels.
      Make(1, 1, 1, 1, {1, 1}, {1, 1}),
      Make(2, 3, 5, 1, {7, 1}, {9, 1}),
      Make(2, 5, 3, 1, {8, 1, 2}, {9, 1, 3}),
      Make(1, 4, 6, 2, {5, 1, 1, 1}, {5, 1, 1, 2}),
      // The layers of a small image classifier.
      Make(3, 1, 32, 1, {28, 3}, {28, 3}),
      Make(2, 1, 32, 1, {28, 3, 1, 1}, {28, 3, 1, 1}),
      Make(3, 32, 64, 1, {13, 3}, {13, 3}),
      Make(2, 32, 64, 1, {14, 3, 1, 1}, {14, 3, 1, 1}),
      // Every parameter of its own in each direction.
      Make(2, 3, 4, 1, {11, 3, 2, 1}, {17, 5, 3, 2}),
      Make(2, 3, 4, 1, {12, 2, 1, 0, 3}, {40, 3, 2, 4, 2}),
      Make(1, 2, 35, 1, {9, 4, 3, 2, 2}, {10, 3, 2, 1, 3}),
      Make(2, 6, 9, 3, {10, 3, 1, 1}, {12, 2, 2, 0}),
      Make(1, 3, 2, 1, {5, 5, 1, 4}, {4, 4, 1, 3}),
      // Taps and pixels that nothing reads: a stride longer than the kernel, rows left over at the
      // end.
      Make(2, 2, 3, 1, {14, 2, 5}, {13, 1, 4}),
      Make(1, 2, 3, 1, {10, 2, 3, 0, 3}, {10, 2, 4, 1, 2}),
      Make(1, 2, 2, 1, {4, 3, 2, 3}, {3, 3, 3, 3}),
      // Strides that allow one window only, up to the largest that operations accept.
      Make(2, 2, 3, 1, {6, 3, int64_t{1} << 31, 1}, {5, 2, int64_t{1} << 31, 1}),
      Make(1, 2, 2, 2, {4, 3, 1000, 0}, {9, 3, 1, 1}),
      // A kernel that sees nothing but padding at some places.
      Make(1, 2, 3, 1, {2, 2, 1, 5}, {2, 2, 2, 6}),
      // Depthwise, with a multiplier too, and one output channel.
      Make(2, 8, 8, 8, {10, 3, 1, 1}, {21, 3, 1, 1}),
      Make(2, 5, 10, 5, {9, 3, 2, 1}, {9, 3, 2, 1}),
      Make(1, 40, 40, 40, {6, 5, 1, 2}, {7, 5, 1, 2}),
      Make(2, 20, 1, 1, {7, 3}, {40, 3}),
      // Wide and tall, in several bands of rows.
      Make(1, 64, 3, 1, {90, 3, 1, 1}, {80, 3, 1, 1}),
      Make(1, 3, 16, 1, {150, 7, 2, 3}, {160, 7, 2, 3}),
      Make(1, 3, 130, 1, {4, 3, 1, 1}, {4, 3, 1, 1}),
      Make(20, 2, 3, 1, {3, 3}, {3, 3}),
      // Nothing to do.
      Make(0, 2, 3, 1, {5, 3}, {5, 3}),
      Make(2, 2, 0, 1, {5, 3}, {5, 3}),
      Make(2, 0, 3, 1, {5, 3}, {5, 3}),
  };
  return geometries;
}

int64_t InputSize(const Conv2dGeometry& g) {
  return g.batch * g.in_channels * g.in_height * g.in_width;
}
int64_t OutputSize(const Conv2dGeometry& g) {
  return g.batch * g.out_channels * g.out_height * g.out_width;
}
int64_t WeightSize(const Conv2dGeometry& g) {
  return g.out_channels * (g.in_channels / g.groups) * g.kernel_height * g.kernel_width;
}

// Calls body(input index, weight index, output index) for every product of the definition.
template <typename Body>
void ForEachProduct(const Conv2dGeometry& g, Body body) {
  const int64_t in_group = g.in_channels / g.groups;
  const int64_t out_group = g.out_channels / g.groups;
  for (int64_t n = 0; n < g.batch; ++n) {
    for (int64_t o = 0; o < g.out_channels; ++o) {
      for (int64_t oy = 0; oy < g.out_height; ++oy) {
        for (int64_t ox = 0; ox < g.out_width; ++ox) {
          const int64_t output = ((n * g.out_channels + o) * g.out_height + oy) * g.out_width + ox;
          for (int64_t c = 0; c < in_group; ++c) {
            for (int64_t ky = 0; ky < g.kernel_height; ++ky) {
              const int64_t iy = oy * g.stride_height + ky * g.dilation_height - g.padding_height;
              if (iy < 0 || iy >= g.in_height) continue;
              for (int64_t kx = 0; kx < g.kernel_width; ++kx) {
                const int64_t ix = ox * g.stride_width + kx * g.dilation_width - g.padding_width;
                if (ix < 0 || ix >= g.in_width) continue;
                const int64_t channel = o / out_group * in_group + c;
                body(((n * g.in_channels + channel) * g.in_height + iy) * g.in_width + ix,
                     ((o * in_group + c) * g.kernel_height + ky) * g.kernel_width + kx, output);
              }
            }
          }
        }
      }
    }
  }
}

template <typename T>
struct Results {
  std::vector<T> output, input_grad, weight_grad;
};

template <typename T>
struct Problem {
  explicit Problem(const Conv2dGeometry& geometry)
      : g(geometry),
        input(RandomValues<T>(InputSize(g), 1)),
        weight(RandomValues<T>(WeightSize(g), 2)),
        bias(RandomValues<T>(g.out_channels, 3)),
        output_grad(RandomValues<T>(OutputSize(g), 4)) {}

  Results<T> Run() const {
    const T junk = std::numeric_limits<T>::quiet_NaN();  // every result is to be overwritten
    Results<T> r{std::vector<T>(OutputSize(g), junk), std::vector<T>(InputSize(g), junk),
                 std::vector<T>(WeightSize(g), junk)};
    Conv2dForward(g, input.data(), weight.data(), bias.data(), r.output.data());
    Conv2dInputGrad(g, weight.data(), output_grad.data(), r.input_grad.data());
    Conv2dWeightGrad(g, input.data(), output_grad.data(), r.weight_grad.data());
    return r;
  }

  Conv2dGeometry g;
  std::vector<T> input, weight, bias, output_grad;
};

template <typename T>
void ExpectNear(const std::vector<T>& got, const std::vector<Sum>& expected, const char* what) {
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i) {
    ASSERT_NEAR(got[i], static_cast<double>(expected[i].value), expected[i].template Tolerance<T>())
        << what << " at " << i;
  }
}

template <typename T>
class Conv2dTest : public ::testing::Test {};
using FloatTypes = ::testing::Types<float, double>;
TYPED_TEST_SUITE(Conv2dTest, FloatTypes);

TYPED_TEST(Conv2dTest, MatchesTheDefinition) {
  using T = TypeParam;
  for (const Conv2dGeometry& g : Geometries()) {
    SCOPED_TRACE(::testing::PrintToString(g));
    const Problem<T> problem(g);
    const Results<T> results = problem.Run();
    std::vector<Sum> output(OutputSize(g)), input_grad(InputSize(g)), weight_grad(WeightSize(g));
    for (int64_t i = 0; i < OutputSize(g); ++i) {
      output[i].Add(problem.bias[i / (g.out_height * g.out_width) % g.out_channels]);
    }
    ForEachProduct(g, [&](int64_t i, int64_t w, int64_t o) {
      output[o].Add(static_cast<long double>(problem.input[i]) * problem.weight[w]);
      input_grad[i].Add(static_cast<long double>(problem.output_grad[o]) * problem.weight[w]);
      weight_grad[w].Add(static_cast<long double>(problem.output_grad[o]) * problem.input[i]);
    });
    ExpectNear(results.output, output, "output");
    ExpectNear(results.input_grad, input_grad, "input_grad");
    ExpectNear(results.weight_grad, weight_grad, "weight_grad");
    if (this->HasFatalFailure()) return;
  }
}

TYPED_TEST(Conv2dTest, WithoutBias) {
  using T = TypeParam;
  const Conv2dGeometry g = Make(2, 3, 4, 1, {6, 3, 1, 1}, {6, 3, 1, 1});
  const std::vector<T> zeros(g.out_channels, 0);
  const Problem<T> problem(g);
  std::vector<T> with(OutputSize(g)), without(OutputSize(g));
  Conv2dForward(g, problem.input.data(), problem.weight.data(), zeros.data(), with.data());
  Conv2dForward<T>(g, problem.input.data(), problem.weight.data(), nullptr, without.data());
  EXPECT_EQ(with, without);
}

TYPED_TEST(Conv2dTest, PaddingDoesNotMultiplyInfinities) {
  using T = TypeParam;
  const Conv2dGeometry g = Make(1, 1, 1, 1, {4, 3, 1, 0}, {20, 3, 1, 0});
  Problem<T> problem(g);
  problem.input[0] = std::numeric_limits<T>::infinity();
  const Results<T> results = problem.Run();
  EXPECT_TRUE(std::isinf(results.output[0]));
  for (size_t i = 1; i < results.output.size(); ++i)
    EXPECT_TRUE(std::isfinite(results.output[i])) << i;
  EXPECT_TRUE(std::isinf(results.weight_grad[0]));
  for (size_t i = 1; i < results.weight_grad.size(); ++i)
    EXPECT_TRUE(std::isfinite(results.weight_grad[i])) << i;
}

TYPED_TEST(Conv2dTest, SameBitsForEveryThreadCount) {
  for (const Conv2dGeometry& g : Geometries()) {
    SCOPED_TRACE(::testing::PrintToString(g));
    const Problem<TypeParam> problem(g);
    ExpectSameForAllThreads([&] {
      const Results<TypeParam> got = problem.Run();
      std::vector<TypeParam> all = got.output;
      all.insert(all.end(), got.input_grad.begin(), got.input_grad.end());
      all.insert(all.end(), got.weight_grad.begin(), got.weight_grad.end());
      return all;
    });
  }
}

}  // namespace
}  // namespace neura::cpu
