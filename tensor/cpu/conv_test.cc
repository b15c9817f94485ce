#include "neura/tensor/cpu/conv.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <ostream>
#include <vector>

#include "gtest/gtest.h"
#include "neura/tensor/cpu/testing.h"
#include "neura/tensor/parallel/thread_pool.h"

namespace neura::cpu {

std::ostream& operator<<(std::ostream& os, const WindowAxis& a) {
  return os << a.in << " -> " << a.out << " by kernel " << a.kernel << ", stride " << a.stride
            << ", padding " << a.padding << ", dilation " << a.dilation;
}

std::ostream& operator<<(std::ostream& os, const ConvGeometry& g) {
  return os << "batch " << g.batch << ", channels " << g.in_channels << " -> " << g.out_channels
            << " in " << g.groups << " groups, depth " << g.depth << "; height " << g.height
            << "; width " << g.width;
}

namespace {

struct Axis {
  int64_t in, kernel, stride = 1, padding = 0, dilation = 1;
};

WindowAxis Windows(Axis a) {
  return {.in = a.in,
          .out = (a.in + 2 * a.padding - a.dilation * (a.kernel - 1) - 1) / a.stride + 1,
          .kernel = a.kernel,
          .stride = a.stride,
          .padding = a.padding,
          .dilation = a.dilation};
}

ConvGeometry Make(int64_t batch, int64_t in_channels, int64_t out_channels, int64_t groups,
                  Axis height, Axis width, Axis depth = {1, 1}) {
  return {.batch = batch,
          .in_channels = in_channels,
          .out_channels = out_channels,
          .groups = groups,
          .depth = Windows(depth),
          .height = Windows(height),
          .width = Windows(width)};
}

const std::vector<ConvGeometry>& Geometries() {
  static const std::vector<ConvGeometry> geometries = {
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
      // One dimension.
      Make(2, 3, 5, 1, {1, 1}, {40, 3, 1, 1}),
      Make(1, 4, 36, 2, {1, 1}, {301, 5, 2, 3, 2}),
      Make(2, 16, 16, 16, {1, 1}, {33, 9, 1, 4}),
      // Three dimensions: no padding, so that the source serves as it lies; padding; every
      // parameter
      // of its own; taps and planes that nothing reads; depthwise; a kernel in depth alone.
      Make(2, 3, 5, 1, {6, 3}, {20, 3}, {5, 2}),
      Make(2, 3, 40, 1, {5, 2}, {6, 3}, {7, 3, 2}),
      Make(2, 4, 6, 2, {6, 3, 1, 1}, {7, 3, 1, 1}, {5, 3, 1, 1}),
      Make(1, 2, 3, 1, {9, 2, 2, 1, 3}, {11, 3, 1, 2, 2}, {8, 3, 3, 2, 2}),
      Make(1, 2, 3, 1, {6, 2, 3}, {6, 3, 2, 3}, {9, 2, 4, 0, 3}),
      Make(2, 8, 8, 8, {6, 3, 1, 1}, {9, 3, 1, 1}, {4, 3, 1, 1}),
      Make(2, 5, 1, 1, {4, 1}, {5, 1}, {6, 3, 1, 4}),
      Make(1, 20, 12, 1, {40, 3, 1, 1}, {40, 3, 1, 1}, {3, 3, 1, 1}),
      // Nothing to do.
      Make(0, 2, 3, 1, {5, 3}, {5, 3}),
      Make(2, 2, 0, 1, {5, 3}, {5, 3}),
      Make(2, 0, 3, 1, {5, 3}, {5, 3}),
      Make(2, 0, 3, 1, {5, 3}, {5, 3}, {4, 2}),
  };
  return geometries;
}

int64_t InputSize(const ConvGeometry& g) {
  return g.batch * g.in_channels * g.depth.in * g.height.in * g.width.in;
}
int64_t OutputSize(const ConvGeometry& g) {
  return g.batch * g.out_channels * g.depth.out * g.height.out * g.width.out;
}
int64_t WeightSize(const ConvGeometry& g) {
  return g.out_channels * (g.in_channels / g.groups) * g.depth.kernel * g.height.kernel *
         g.width.kernel;
}

// Calls body(input element, kernel element, output element) for all that meet along one dimension.
template <typename Body>
void ForEachMeeting(const WindowAxis& a, Body body) {
  for (int64_t o = 0; o < a.out; ++o) {
    for (int64_t k = 0; k < a.kernel; ++k) {
      const int64_t i = o * a.stride + k * a.dilation - a.padding;
      if (i >= 0 && i < a.in) body(i, k, o);
    }
  }
}

// Calls body(input index, weight index, output index) for every product of the definition.
template <typename Body>
void ForEachProduct(const ConvGeometry& g, Body body) {
  const int64_t in_group = g.in_channels / g.groups;
  const int64_t out_group = g.out_channels / g.groups;
  for (int64_t n = 0; n < g.batch; ++n) {
    for (int64_t o = 0; o < g.out_channels; ++o) {
      for (int64_t c = 0; c < in_group; ++c) {
        const int64_t channel = n * g.in_channels + o / out_group * in_group + c;
        ForEachMeeting(g.depth, [&](int64_t iz, int64_t kz, int64_t oz) {
          ForEachMeeting(g.height, [&](int64_t iy, int64_t ky, int64_t oy) {
            ForEachMeeting(g.width, [&](int64_t ix, int64_t kx, int64_t ox) {
              body(((channel * g.depth.in + iz) * g.height.in + iy) * g.width.in + ix,
                   (((o * in_group + c) * g.depth.kernel + kz) * g.height.kernel + ky) *
                           g.width.kernel +
                       kx,
                   (((n * g.out_channels + o) * g.depth.out + oz) * g.height.out + oy) *
                           g.width.out +
                       ox);
            });
          });
        });
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
  explicit Problem(const ConvGeometry& geometry)
      : g(geometry),
        input(RandomValues<T>(InputSize(g), 1)),
        weight(RandomValues<T>(WeightSize(g), 2)),
        bias(RandomValues<T>(g.out_channels, 3)),
        output_grad(RandomValues<T>(OutputSize(g), 4)) {}

  Results<T> Run() const {
    const T junk = std::numeric_limits<T>::quiet_NaN();  // every result is to be overwritten
    Results<T> r{std::vector<T>(OutputSize(g), junk), std::vector<T>(InputSize(g), junk),
                 std::vector<T>(WeightSize(g), junk)};
    ConvForward(g, input.data(), weight.data(), bias.data(), r.output.data());
    ConvInputGrad(g, weight.data(), output_grad.data(), r.input_grad.data());
    ConvWeightGrad(g, input.data(), output_grad.data(), r.weight_grad.data());
    return r;
  }

  ConvGeometry g;
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
class ConvTest : public ::testing::Test {};
using FloatTypes = ::testing::Types<float, double>;
TYPED_TEST_SUITE(ConvTest, FloatTypes);

TYPED_TEST(ConvTest, MatchesTheDefinition) {
  using T = TypeParam;
  for (const ConvGeometry& g : Geometries()) {
    SCOPED_TRACE(::testing::PrintToString(g));
    const Problem<T> problem(g);
    const Results<T> results = problem.Run();
    std::vector<Sum> output(OutputSize(g)), input_grad(InputSize(g)), weight_grad(WeightSize(g));
    for (int64_t i = 0; i < OutputSize(g); ++i) {
      output[i].Add(problem.bias[i / (g.depth.out * g.height.out * g.width.out) % g.out_channels]);
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

TYPED_TEST(ConvTest, WithoutBias) {
  using T = TypeParam;
  const ConvGeometry g = Make(2, 3, 4, 1, {6, 3, 1, 1}, {6, 3, 1, 1});
  const std::vector<T> zeros(g.out_channels, 0);
  const Problem<T> problem(g);
  std::vector<T> with(OutputSize(g)), without(OutputSize(g));
  ConvForward(g, problem.input.data(), problem.weight.data(), zeros.data(), with.data());
  ConvForward<T>(g, problem.input.data(), problem.weight.data(), nullptr, without.data());
  EXPECT_EQ(with, without);
}

TYPED_TEST(ConvTest, PaddingDoesNotMultiplyInfinities) {
  using T = TypeParam;
  const ConvGeometry g = Make(1, 1, 1, 1, {4, 3, 1, 0}, {20, 3, 1, 0});
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

TYPED_TEST(ConvTest, InfiniteWeightsMakeNanOfThePadding) {
  using T = TypeParam;
  for (int64_t channels : {1, 8, 16, 64}) {
    const ConvGeometry g = Make(1, 8, channels, 1, {7, 3, 1, 1}, {7, 3, 1, 1});
    Problem<T> problem(g);
    std::fill(problem.input.begin(), problem.input.end(), T{1});
    for (int64_t c = 0; c < channels; ++c) {
      problem.weight[c * 8 * 9] = std::numeric_limits<T>::infinity();
    }
    const std::vector<T> output = problem.Run().output;
    // The first tap of the first row and of the first column.
    EXPECT_EQ(std::count_if(output.begin(), output.end(), [](T x) { return std::isnan(x); }),
              13 * channels);
  }
}

TYPED_TEST(ConvTest, SameBitsForEveryThreadCount) {
  for (const ConvGeometry& g : Geometries()) {
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
