// What the cases of operations do not reach: random numbers, half precision, large products,
// activations, in-place calls.
#include <gtest/gtest.h>

#include "absl/status/status.h"
#include "neura/cuda/testing/device_test.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/op_list/image.h"
#include "neura/tensor/testing/error_of.h"

namespace neura::cuda {
namespace {

using neura::testing::CodeOf;

using RandomTest = DeviceTest;
using ProductTest = DeviceTest;
using ConvolutionTest = DeviceTest;
using InPlaceTest = DeviceTest;
using FactoryTest = DeviceTest;

TEST_F(FactoryTest, FillAndCountAsOnTheCpu) {
  for (DType dtype : {kUInt8, kInt64, kFloat32, kFloat64}) {
    SCOPED_TRACE(DTypeName(dtype));
    const TensorOptions there{.dtype = dtype, .device = kGpu}, here{.dtype = dtype};
    EXPECT_TRUE(SameBits(ToHost(Full({3, 5}, 7, there)), Full({3, 5}, 7, here)));
    EXPECT_TRUE(SameBits(ToHost(Arange(2, 50, 3, there)), Arange(2, 50, 3, here)));
    EXPECT_TRUE(SameBits(ToHost(Eye(4, 6, there)), Eye(4, 6, here)));
  }
  EXPECT_EQ(Zeros({0, 3}, {.device = kGpu}).device(), kGpu);
}

// The same call for each device, from the same seed.
template <typename F>
std::pair<Tensor, Tensor> OnBoth(F f) {
  Generator cpu(7), gpu(7);
  const Tensor expected = f(kCpu, &cpu);
  return {ToHost(f(kGpu, &gpu)), expected};
}

TEST_F(RandomTest, UniformBitsAreThoseOfTheCpu) {
  for (DType dtype : {kFloat32, kFloat64}) {
    const auto [actual, expected] = OnBoth([&](Device device, Generator* generator) {
      Rand({3}, {.dtype = dtype, .device = device}, generator);
      return Rand({1001}, {.dtype = dtype, .device = device}, generator);
    });
    EXPECT_TRUE(SameBits(actual, expected)) << DTypeName(dtype);
  }
}

TEST_F(RandomTest, IntegersAndChoicesAreThoseOfTheCpu) {
  const auto [integers, expected_integers] = OnBoth([](Device device, Generator* generator) {
    return RandInt(-5, 100, {1001}, {.dtype = kInt64, .device = device}, generator);
  });
  EXPECT_TRUE(SameBits(integers, expected_integers));
  const auto [choices, expected_choices] = OnBoth([](Device device, Generator* generator) {
    return Bernoulli({1001}, 0.3, {.device = device}, generator);
  });
  EXPECT_TRUE(SameBits(choices, expected_choices));
  const auto [order, expected_order] = OnBoth([](Device device, Generator* generator) {
    const ScopedDefaultDevice there(device);
    return RandPerm(501, generator);
  });
  EXPECT_TRUE(SameBits(order, expected_order));
}

TEST_F(RandomTest, NormalNumbersAreThoseOfTheCpu) {
  for (DType dtype : {kFloat32, kFloat16, kFloat64}) {
    const auto [actual, expected] = OnBoth([&](Device device, Generator* generator) {
      return Normal({100001}, 1, 2, {.dtype = dtype, .device = device}, generator);
    });
    // In double, the device's logarithm, sine and cosine round by themselves.
    if (dtype == kFloat64) {
      ExpectClose(actual, expected, 1e-13);
    } else {
      EXPECT_TRUE(SameBits(actual, expected)) << DTypeName(dtype);
    }
  }
}

// Of float32 inputs rounded to `dtype`, where the CPU multiplies in float32.
void ExpectProduct(DimsView left, DimsView right, DType dtype, double tolerance) {
  const Tensor a = Cast(Uniform(left, -1, 1), dtype), b = Cast(Uniform(right, -1, 1), dtype);
  const Tensor expected = MatMul(Cast(a, kFloat32), Cast(b, kFloat32));
  const Tensor actual = MatMul(ToGpu(a), ToGpu(b));
  EXPECT_EQ(actual.dtype(), dtype);
  ExpectClose(Cast(actual, kFloat32), expected, tolerance);
}

TEST_F(ProductTest, HalfPrecision) {
  for (DType dtype : {kFloat16, kBFloat16}) {
    SCOPED_TRACE(DTypeName(dtype));
    const double tolerance = dtype == kFloat16 ? 4e-3 : 3e-2;  // of the result's rounding
    ExpectProduct({64, 128}, {128, 96}, dtype, tolerance);
    ExpectProduct({17, 33}, {33, 5}, dtype, tolerance);
    ExpectProduct({3, 17, 33}, {33, 5}, dtype, tolerance);
  }
}

TEST_F(ProductTest, Float32OfManySizesAndBatches) {
  ManualSeed(3);
  for (int64_t size : {1, 7, 64, 200}) {
    ExpectProduct({size, size + 3}, {size + 3, size}, kFloat32, 1e-5);
    ExpectProduct({2, 3, size, 5}, {3, 5, size}, kFloat32, 1e-5);
    ExpectProduct({4, 1, size, 5}, {2, 5, size}, kFloat32, 1e-5);
  }
}

TEST_F(ProductTest, TransposedInputsAreReadWhereTheyLie) {
  const Tensor a = Uniform({40, 30}, -1, 1), b = Uniform({50, 30}, -1, 1);
  const Tensor x = ToGpu(a), y = ToGpu(b);
  EmptyCache();
  const int64_t before = MemoryStats().allocations;
  const Tensor product = MatMul(x, Transpose(y, 0, 1));
  // The result, and at most cuBLAS's workspace.
  EXPECT_LE(MemoryStats().allocations - before, 2);
  ExpectClose(product, MatMul(a, Transpose(b, 0, 1)), 1e-5);
  ExpectClose(MatMul(Transpose(x, 0, 1), x), MatMul(Transpose(a, 0, 1), a), 1e-5);
}

TEST_F(ProductTest, ActivationsAreFused) {
  const Tensor input = Uniform({20, 64}, -1, 1), weight = Uniform({32, 64}, -1, 1);
  const Tensor bias = Uniform({32}, -1, 1);
  for (DType dtype : {kFloat32, kFloat64}) {
    const Tensor x = Cast(input, dtype), w = Cast(weight, dtype), b = Cast(bias, dtype);
    const Tensor linear = Linear(x, w, b);
    ExpectClose(LinearActivation(ToGpu(x), ToGpu(w), ToGpu(b), Activation::kNone), linear, 1e-5);
    ExpectClose(LinearActivation(ToGpu(x), ToGpu(w), ToGpu(b), Activation::kRelu), Relu(linear),
                1e-5);
    // The epilogue's own tanh is not exact to the last places.
    ExpectClose(LinearActivation(ToGpu(x), ToGpu(w), ToGpu(b), Activation::kGelu),
                Gelu(linear, {.approximate = "tanh"}), 1e-3);
    ExpectClose(LinearActivation(ToGpu(x), ToGpu(w), Tensor(), Activation::kRelu),
                Relu(Linear(x, w, Tensor())), 1e-5);
  }
  EXPECT_EQ(CodeOf([&] { LinearActivation(input, weight, bias, Activation::kNone); }),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(ProductTest, Tf32RoundsOnlyWhenAllowed) {
  // 1 + 2^-15 has more bits than TensorFloat-32.
  const Tensor a = ToGpu(Full({256, 256}, 1 + 0x1p-15)), b = ToGpu(Eye(256));
  EXPECT_TRUE(SameBits(MatMul(a, b), a));
  SetAllowTf32(true);
  ExpectClose(MatMul(a, b), a, 1e-3);
  SetAllowTf32(false);
  EXPECT_TRUE(SameBits(MatMul(a, b), a));
}

TEST_F(ProductTest, EmptyOnesAreZero) {
  const Tensor product = MatMul(ToGpu(Zeros({3, 0})), ToGpu(Zeros({0, 2})));
  EXPECT_TRUE(SameBits(ToHost(product), Zeros({3, 2})));
  EXPECT_EQ(MatMul(ToGpu(Zeros({0, 4})), ToGpu(Zeros({4, 2}))).numel(), 0);
  const Tensor bias = Uniform({2}, -1, 1);
  ExpectClose(Linear(ToGpu(Zeros({3, 0})), ToGpu(Zeros({2, 0})), ToGpu(bias)), Expand(bias, {3, 2}),
              0);
}

TEST_F(ConvolutionTest, OfAnEmptyBatch) {
  const Tensor weight = ToGpu(Ones({2, 3, 3, 3}));
  const Tensor result = Conv2d(ToGpu(Zeros({0, 3, 8, 8})), weight);
  EXPECT_EQ(result.shape(), DimsView({0, 2, 6, 6}));
}

TEST_F(ConvolutionTest, OfTheExamplesSizes) {
  ManualSeed(5);
  const Tensor input = Uniform({32, 32, 14, 14}, -1, 1), weight = Uniform({64, 32, 3, 3}, -1, 1);
  const Tensor bias = Uniform({64}, -1, 1);
  const ConvOptions options{.padding = 1};
  const Tensor expected = Conv2d(input, weight, bias, options);
  const Tensor actual = Conv2d(ToGpu(input), ToGpu(weight), ToGpu(bias), options);
  // Winograd's transforms, which cuDNN may choose, cost float32 a digit.
  ExpectClose(actual, expected, 1e-4);
  EXPECT_TRUE(SameBits(actual, Conv2d(ToGpu(input), ToGpu(weight), ToGpu(bias), options)));
}

TEST_F(InPlaceTest, PointwiseAssignmentAndFill) {
  const Tensor x = Uniform({4, 6}, -1, 1), y = Uniform({6}, -1, 1);
  const Tensor gpu = ToGpu(x);
  AddInPlace(gpu, ToGpu(y));
  EXPECT_TRUE(SameBits(ToHost(gpu), x + y));
  Assign(Slice(gpu, 1, 0, 3), ToGpu(Zeros({4, 3})));
  EXPECT_EQ(AMax(Abs(Slice(gpu, 1, 0, 3))).Item<float>(), 0);
  EXPECT_TRUE(SameBits(ToHost(Slice(gpu, 1, 3, 6)), Contiguous(Slice(x + y, 1, 3, 6))));
  Fill(gpu, 2.5);
  EXPECT_EQ(Sum(gpu).Item<float>(), 60);
}

}  // namespace
}  // namespace neura::cuda
