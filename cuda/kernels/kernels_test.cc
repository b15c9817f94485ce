// What the cases of operations do not reach: every dtype, sizes beyond a block, dimensions beyond
// what a kernel walks, errors, in-place calls. The CPU's kernels say what is right.
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <limits>

#include "neura/cuda/kernels/host_device.h"
#include "neura/tensor/ops/op_list/create.h"
#include "neura/tensor/ops/op_list/fused.h"
#include "neura/tensor/ops/op_list/image.h"
#include "neura/tensor/ops/op_list/pointwise.h"
#include "neura/tensor/testing/error_of.h"
#include "neura/tensor/testing/op_case_fixture.h"
#include "neura/tensor/testing/op_cases.h"

namespace neura::cuda {
namespace {

using testing::CodeOf;
using testing::ErrorOf;
using testing::ExpectClose;
using testing::Sample;

constexpr DType kAllDTypes[] = {kBool,    kUInt8,    kInt8,    kInt16,   kInt32,     kInt64,
                                kFloat16, kBFloat16, kFloat32, kFloat64, kComplex64, kComplex128};
constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Numbers of all signs and sizes, repeated to `count` elements of the dtype.
Tensor Assorted(int64_t count, DType dtype, int64_t shift = 0) {
  static const double numbers[] = {0,    -0.0,  1,     -1,   2.5,   -2.5, 0.5,   3,
                                   -3,   7.25,  100,   255,  -128,  1e-3, 65504, 1e5,
                                   -1e5, 3.5e9, -4e18, kInf, -kInf, kNaN};
  constexpr auto kCount = static_cast<int64_t>(std::size(numbers));
  Tensor values = Empty({count}, {.dtype = kFloat64});
  for (int64_t i = 0; i < count; ++i) values.data<double>()[i] = numbers[(i + shift) % kCount];
  return Cast(values, dtype);
}

using Function = std::function<Tensor(const std::vector<Tensor>&)>;

// f gives the same bits on the CPU and on the device.
void ExpectSameBits(const std::vector<Tensor>& inputs, const Function& f) {
  const Tensor expected = f(inputs), actual = f(OnDevice(inputs));
  EXPECT_EQ(actual.device(), kHostDevice);
  EXPECT_EQ(actual.dtype(), expected.dtype());
  EXPECT_TRUE(SameBits(actual, expected)) << "expected " << expected << "\n got " << actual;
}

// ---- pointwise -------------------------------------------------------------------------------

TEST(PointwiseTest, EveryDTypeOfTheCpuGivesItsResults) {
  int compared = 0;
  for (OpId op : BuiltinOps()) {
    const OpSchema& schema = SchemaOf(op);
    if (!schema.flags.pointwise || schema.has_options()) continue;
    for (DType dtype : {kBool, kUInt8, kInt32, kInt64, kFloat32, kFloat64}) {
      SCOPED_TRACE(std::string(schema.name) + " of " + std::string(DTypeName(dtype)));
      // Every pair of the assorted numbers meets: 23 shares no factor with their count.
      std::vector<Tensor> inputs;
      for (int64_t k = 0; k < schema.max_inputs; ++k) {
        const Tensor values = Assorted(23 * 22, dtype);
        inputs.push_back(k == 0 ? values : Flatten(Transpose(Reshape(values, {23, 22}), 0, 1)));
      }
      if (op == op::kWhere) inputs[0] = Cast(inputs[0], kBool);
      const bool divides = op == op::kFloorDivide || op == op::kRemainder || op == op::kFmod;
      // By 0 is an error on the CPU.
      if (divides && IsIntegral(dtype)) inputs[1] = Where(inputs[1] == 0, 1, inputs[1]);
      std::vector<Tensor> expected;
      try {
        expected = Execute(op, nullptr, inputs, kCpu);
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), absl::StatusCode::kUnimplemented);
        continue;
      }
      // Vectorized float32 functions differ by some units in the last place.
      const DType result = expected[0].dtype();
      const double tolerance = result == kFloat32 ? 1e-5 : result == kFloat64 ? 1e-13 : 0;
      ExpectClose(Execute(op, nullptr, OnDevice(inputs), kHostDevice)[0], expected[0], tolerance);
      ++compared;
    }
  }
  EXPECT_GT(compared, 250);
}

TEST(PointwiseTest, IntegersDivideByZeroAndWrap) {
  const int64_t least = std::numeric_limits<int64_t>::min();
  const Tensor a = FromList<int64_t>({7, -7, least, least, 5, 0});
  const Tensor b = FromList<int64_t>({0, 2, -1, 0, -3, 0}), none = FromList<int64_t>({1});
  ExpectSameBits({a, Where(b == 0, none, b)}, [](auto& x) { return FloorDivide(x[0], x[1]); });
  ExpectSameBits({a, Where(b == 0, none, b)}, [](auto& x) { return Remainder(x[0], x[1]); });
  // The CPU refuses to divide by 0, for which the device would have to wait.
  EXPECT_TRUE(SameBits(HostCopy(FloorDivide(OnDevice(a), OnDevice(b))),
                       FromList<int64_t>({0, -4, least, 0, -2, 0})));
  EXPECT_TRUE(SameBits(HostCopy(Remainder(OnDevice(a), OnDevice(b))),
                       FromList<int64_t>({0, 1, 0, 0, -1, 0})));
}

TEST(PointwiseTest, NanWinsExtrema) {
  const Tensor a = FromList<float>({1, static_cast<float>(kNaN), 3}),
               b = FromList<float>({static_cast<float>(kNaN), 2, 2});
  ExpectSameBits({a, b}, [](auto& x) { return IsNan(Maximum(x[0], x[1])); });
  ExpectSameBits({a, b}, [](auto& x) { return IsNan(Minimum(x[0], x[1])); });
}

TEST(PointwiseTest, OptionsReachTheKernel) {
  const Tensor x = Assorted(100, kFloat64);
  ExpectSameBits({x}, [](auto& v) { return Clamp(v[0], {.min = -1.5, .max = 2}); });
  ExpectSameBits({x}, [](auto& v) { return Clamp(v[0], {.max = kNaN}); });
  ExpectSameBits({Cast(x, kInt32)}, [](auto& v) { return Clamp(v[0], {.min = -1.5, .max = 2.5}); });
  ExpectSameBits({x}, [](auto& v) { return LeakyRelu(v[0], {.negative_slope = 0.3}); });
}

TEST(PointwiseTest, BroadcastsAndWalksAnyStrides) {
  const Tensor a = Sample({5, 1, 7}), b = Sample({3, 1}, 1);
  ExpectSameBits({a, b}, [](auto& x) { return x[0] * x[1]; });
  ExpectSameBits({a, b}, [](auto& x) { return Transpose(x[0], 0, 2) - x[1]; });
  ExpectSameBits({a}, [](auto& x) { return x[0] + 2.5; });
  ExpectSameBits({a}, [](auto& x) { return Expand(x[0], {5, 4, 7}) + x[0]; });
}

TEST(PointwiseTest, TakesMemoryOfAnyAlignmentAndLength) {
  for (DType dtype : {kUInt8, kFloat32, kFloat64}) {
    for (int64_t begin : {0, 1, 3}) {
      for (int64_t n : {0, 1, 2, 5, 16, 17, 1000}) {
        ExpectSameBits({Assorted(n + begin, dtype)}, [&](auto& x) {
          const Tensor part = Slice(x[0], 0, begin);
          return Where(part > 1, part, Full({}, 3, {.dtype = dtype, .device = part.device()}));
        });
      }
    }
  }
}

TEST(PointwiseTest, EmptyAndZeroDimensionalTensors) {
  ExpectSameBits({Zeros({0, 3})}, [](auto& x) { return Exp(x[0]) + x[0]; });
  ExpectSameBits({ScalarTensor(2.5)}, [](auto& x) { return x[0] * x[0]; });
  ExpectSameBits({Zeros({0, 3})}, [](auto& x) { return Sum(x[0], {.dims = {0}}); });
  ExpectSameBits({Zeros({0, 3})}, [](auto& x) { return CumSum(x[0], 0); });
  ExpectSameBits({ScalarTensor(2.5)}, [](auto& x) { return CumSum(x[0], 0); });
}

TEST(PointwiseTest, InPlaceWritesOverTheFirstInput) {
  for (const testing::OpCase& op_case : testing::OpCases()) {
    if (!op_case.op || !op_case.schema().flags.pointwise) continue;
    const Tensor& first = op_case.inputs[0];
    const std::vector<Tensor> expected = RunCase(op_case);
    if (expected[0].shape() != first.shape() || expected[0].dtype() != first.dtype()) continue;
    SCOPED_TRACE(op_case.name);
    for (bool strided : {false, true}) {
      const ScopedDefaultDevice scope(kHostDevice);
      std::vector<Tensor> inputs = OnDevice(op_case.inputs);
      inputs[0] = strided ? testing::Strided(inputs[0]) : Clone(inputs[0]);
      std::vector<const Tensor*> refs;
      for (const Tensor& input : inputs) refs.push_back(&input);
      DispatchInPlace(*op_case.op, op_case.options.get(), refs);
      ExpectClose(inputs[0], expected[0], 1e-13);
    }
  }
}

// ---- copies ----------------------------------------------------------------------------------

TEST(CopyTest, EveryConversionGivesTheBitsOfTheCpu) {
  for (DType from : kAllDTypes) {
    for (DType to : kAllDTypes) {
      SCOPED_TRACE(std::string(DTypeName(from)) + " to " + std::string(DTypeName(to)));
      const Tensor values = Assorted(1001, from);
      ExpectSameBits({values}, [&](auto& x) { return Cast(x[0], to); });
      ExpectSameBits({values}, [&](auto& x) { return Cast(Slice(x[0], 0, 1, 1001, 3), to); });
    }
  }
}

TEST(CopyTest, AssignsBroadcastAndConvertedIntoViews) {
  for (DType dtype : kAllDTypes) {
    ExpectSameBits({Assorted(12, dtype), Sample({3})}, [](auto& x) {
      const Tensor target = Clone(x[0]);
      Assign(Transpose(Reshape(target, {3, 4}), 0, 1), x[1]);
      return target;
    });
  }
}

TEST(CopyTest, FactoriesMakeEveryDType) {
  for (DType dtype : kAllDTypes) {
    const auto full = [&](Device device) {
      return Full({3, 5}, 2.75, {.dtype = dtype, .device = device});
    };
    EXPECT_TRUE(SameBits(full(kHostDevice), full(kCpu))) << DTypeName(dtype);
    if (dtype == kBool || IsComplex(dtype)) continue;
    const auto range = [&](Device device) {
      return Arange(-3, 500, 2.5, {.dtype = dtype, .device = device});
    };
    EXPECT_TRUE(SameBits(range(kHostDevice), range(kCpu))) << DTypeName(dtype);
  }
}

// ---- more dimensions than a kernel walks -----------------------------------------------------

// Twelve dimensions of which no two can be joined.
Tensor ManyDims() {
  Dims order;
  for (int64_t d = 12; d-- > 0;) order.push_back(d);
  return Permute(Reshape(Sample({4096}), Dims(12, 2)), order);
}

TEST(ManyDimsTest, EveryKindOfKernelWalksThem) {
  const Tensor x = ManyDims();
  const Dims every_second = {0, 2, 4, 6, 8, 10};
  // On the device the copy is contiguous; the view is made there anew.
  const auto reversed = [](const Tensor& t) {
    Dims order;
    for (int64_t d = 12; d-- > 0;) order.push_back(d);
    return Permute(t, order);
  };
  ExpectSameBits({x}, [&](auto& v) { return v[0] + reversed(v[0]); });
  ExpectSameBits({x}, [&](auto& v) { return Clone(reversed(v[0])); });
  ExpectSameBits({x}, [&](auto& v) { return AMax(reversed(v[0]), {.dims = every_second}); });
  ExpectSameBits({x}, [&](auto& v) {
    // Ten kept dimensions that reduced ones keep apart.
    return AMin(Reshape(v[0], {2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2}), {.dims = every_second});
  });
  ExpectSameBits({x}, [&](auto& v) { return ArgMax(reversed(v[0])); });
  const Tensor index = Cast(x > 0, kInt64);
  ExpectSameBits({x, index}, [&](auto& v) { return Gather(reversed(v[0]), 5, v[1]); });
  ExpectSameBits({x, index}, [&](auto& v) { return ScatterAdd(v[0], 5, v[1], reversed(v[0])); });
}

TEST(ManyDimsTest, ReductionsOfTwentyDimensions) {
  Dims every_second;
  for (int64_t d = 0; d < 20; d += 2) every_second.push_back(d);
  ExpectSameBits({Reshape(Sample({1 << 20}), Dims(20, 2))},
                 [&](auto& v) { return AMax(v[0], {.dims = every_second}); });
}

// ---- reductions ------------------------------------------------------------------------------

TEST(ReduceTest, SizesBeyondOneBlockAndOnePiece) {
  for (const Dims& shape : {Dims{300000}, Dims{3, 50000}, Dims{50000, 3}, Dims{70, 900},
                            Dims{1000, 7, 20}, Dims{5, 4000, 1}}) {
    SCOPED_TRACE(ToString(shape));
    const Tensor x = Cast(Sample(shape), kFloat32);
    for (int64_t dim = 0; dim < static_cast<int64_t>(shape.size()); ++dim) {
      const auto sum = [&](const Tensor& t) { return Sum(t, {.dims = {dim}, .keepdim = true}); };
      ExpectClose(sum(OnDevice(x)), sum(x), 1e-6);
      ExpectSameBits({x}, [&](auto& v) { return AMax(v[0], {.dims = {dim}}); });
      ExpectSameBits({x}, [&](auto& v) { return ArgMin(v[0], {.dim = dim}); });
      ExpectSameBits({x}, [&](auto& v) { return Any(v[0] > 0.9999, {.dims = {dim}}); });
      const auto running = [&](const Tensor& t) { return CumSum(t, dim); };
      ExpectClose(running(OnDevice(x)), running(x), 1e-6);
    }
    ExpectClose(Mean(OnDevice(x)), Mean(x), 1e-6);
    ExpectSameBits({x}, [](auto& v) { return ArgMax(v[0]); });
    // Integers are exact, however they are cut up.
    ExpectSameBits({Cast(x * 100, kInt32)}, [](auto& v) { return Sum(v[0]); });
    ExpectSameBits({Cast(x * 100, kInt32)}, [](auto& v) { return CumSum(v[0], 0); });
  }
}

TEST(ReduceTest, EveryDTypeOfTheCpu) {
  for (DType dtype : {kBool, kUInt8, kInt32, kInt64, kFloat32, kFloat64}) {
    SCOPED_TRACE(DTypeName(dtype));
    const Tensor x = Reshape(Cast(Sample({6, 50}, 3, -4, 4), dtype), {6, 5, 10});
    const std::vector<Function> functions = {
        [](auto& v) { return AMax(v[0], {.dims = {1}}); },
        [](auto& v) {
          return AMin(v[0], {.dims = {0, 2}});
        },
        [](auto& v) { return All(v[0], {.dims = {-1}}); },
        [](auto& v) { return Any(v[0], {.dims = {0}}); },
        [](auto& v) { return ArgMax(v[0], {.dim = 1, .keepdim = true}); },
        [](auto& v) { return ArgMin(v[0]); },
    };
    for (const Function& f : functions) ExpectSameBits({x}, f);
    for (bool prod : {false, true}) {
      const auto f = [&](const Tensor& t) {
        return prod ? Prod(t, {.dims = {2}}) : Sum(t, {.dims = {0, 1}});
      };
      ExpectClose(f(OnDevice(x)), f(x), IsFloating(dtype) ? 1e-6 : 0);
    }
  }
}

TEST(ReduceTest, TheFirstNanIsTheExtremum) {
  Tensor x = Sample({1000});
  for (int64_t i : {300, 700}) x.data<double>()[i] = kNaN;
  ExpectSameBits({x}, [](auto& v) { return ArgMax(v[0]); });
  ExpectSameBits({x}, [](auto& v) { return ArgMin(v[0]); });
  ExpectSameBits({x}, [](auto& v) { return IsNan(AMax(v[0])); });
  ExpectSameBits({x}, [](auto& v) { return IsNan(AMin(v[0])); });
  EXPECT_EQ(ArgMax(OnDevice(x)).Item<int64_t>(), 300);
}

TEST(ReduceTest, TheSumOfHalvesDoesNotSaturate) {
  const Tensor ones = Full({5000}, 1, {.dtype = kFloat16, .device = kHostDevice});
  EXPECT_EQ(Sum(ones).Item<float>(), 5000);
}

// ---- indexing --------------------------------------------------------------------------------

TEST(IndexTest, EqualIndicesAddInTheOrderOfTheCpu) {
  Tensor index = Empty({4000}, {.dtype = kInt64});
  for (int64_t i = 0; i < 4000; ++i) index.data<int64_t>()[i] = i * i % 17;
  const Tensor input = Cast(Sample({3, 17, 5}), kFloat32);
  const Tensor source = Cast(Sample({3, 4000, 5}, 1), kFloat32);
  ExpectSameBits({input, index, source}, [](auto& x) { return IndexAdd(x[0], 1, x[1], x[2]); });
  const Tensor indices = Expand(Reshape(index, {1, 4000, 1}), {3, 4000, 5});
  ExpectSameBits({input, indices, source}, [](auto& x) { return ScatterAdd(x[0], 1, x[1], x[2]); });
  ExpectSameBits({Cast(input * 100, kInt32), Cast(index, kInt32), Cast(source * 100, kInt32)},
                 [](auto& x) { return IndexAdd(x[0], 1, x[1], x[2]); });
}

TEST(IndexTest, TheLastOfEqualIndicesIsAssigned) {
  const Tensor index = FromList<int64_t>({2, 0, 2, 4});
  const Tensor source = Cast(Sample({3, 4, 6}, 1), kFloat32);
  ExpectSameBits({Cast(Sample({3, 5, 6}), kFloat32), index, source},
                 [](auto& x) { return IndexAssign(Clone(x[0]), 1, x[1], x[2]); });
  // Through a view.
  ExpectSameBits({Cast(Sample({6, 5, 3}), kFloat32), index, source}, [](auto& x) {
    const Tensor whole = Clone(x[0]);
    IndexAssign(Transpose(whole, 0, 2), 1, x[1], x[2]);
    return whole;
  });
}

TEST(IndexTest, OverlappingWindowsAddInTheOrderOfTheCpu) {
  ExpectSameBits({Cast(Sample({300, 7}), kFloat32)}, [](auto& x) {
    return AsStridedGrad(x[0], {700}, {2, 3}, 5);
  });
  ExpectSameBits({Cast(Sample({30, 7}), kFloat32)}, [](auto& x) {
    return AsStridedGrad(x[0], {700}, {20, 2}, 5);
  });
}

TEST(IndexTest, IndicesOutsideAreErrors) {
  const Tensor x = OnDevice(Sample({3, 4}));
  for (int64_t wrong : {-1, 3}) {
    const Tensor index = OnDevice(FromList<int64_t>({0, wrong}));
    const Tensor matrix = OnDevice(FromList<int64_t>({0, wrong}, {1, 2}));
    const Tensor source = OnDevice(Sample({2, 4}));
    const std::vector<std::function<void()>> calls = {
        [&] { IndexSelect(x, 0, index); },
        [&] { Gather(x, 0, matrix); },
        [&] { IndexAdd(x, 0, index, source); },
        [&] { ScatterAdd(x, 0, matrix, source); },
        [&] { IndexAssign(Clone(x), 0, index, source); },
    };
    for (const auto& call : calls) {
      EXPECT_EQ(CodeOf(call), absl::StatusCode::kOutOfRange);
      EXPECT_NE(ErrorOf(call).find("outside [0, 3)"), std::string::npos) << ErrorOf(call);
    }
  }
  const Tensor planes = OnDevice(Sample({1, 1, 2, 2}));
  const Tensor outside = OnDevice(FromList<int64_t>({0, 1, 2, 4}, {1, 1, 2, 2}));
  const SpatialSizeOptions size{.output_size = 2};
  EXPECT_EQ(CodeOf([&] {
              Execute(op::kMaxPoolScatter, &size, {planes, outside}, kHostDevice);
            }),
            absl::StatusCode::kOutOfRange);
  EXPECT_EQ(CodeOf([&] {
              Execute(op::kMaxPoolGather, nullptr, {planes, outside}, kHostDevice);
            }),
            absl::StatusCode::kOutOfRange);
  // A fault is told once.
  EXPECT_EQ(CodeOf([&] { IndexSelect(x, 0, OnDevice(FromList<int64_t>({1}))); }),
            absl::StatusCode::kOk);
}

// ---- random numbers and programs -------------------------------------------------------------

TEST(RandomTest, TheSameNumbersAsOnTheCpu) {
  for (OpId op : {op::kRandomUniform, op::kRandomNormal, op::kRandomBernoulli, op::kRandomInt,
                  op::kRandomPermutation}) {
    for (DType dtype : {kFloat32, kFloat64, kFloat16, kBFloat16, kInt64}) {
      const bool real = op != op::kRandomInt && op != op::kRandomPermutation;
      if (IsFloating(dtype) != real) continue;
      SCOPED_TRACE(std::string(SchemaOf(op).name) + " of " + std::string(DTypeName(dtype)));
      RandomOptions options{.shape = {1003}, .dtype = dtype, .seed = 7, .offset = (1ull << 32) - 5};
      if (op == op::kRandomBernoulli) options.low = 0.3;
      if (op == op::kRandomInt) options.low = -5, options.high = 1000;
      const Tensor actual = Execute(op, &options, {}, kHostDevice)[0];
      const Tensor expected = Execute(op, &options, {}, kCpu)[0];
      EXPECT_TRUE(SameBits(actual, expected));
    }
  }
}

// Of everything that a program may hold: numbers, truth values, steps with options.
FusedOptions SampleUpdate() {
  ElementTrace trace(3);
  const Element p = trace.Input(0), g = trace.Input(1), a = trace.Input(2);
  const Element average = a * 0.75 + 0.25 * Clamp(g, {.min = -0.5, .max = 0.5});
  const Element step = Select((g > 0) & !(p > 0.9), Sqrt(Abs(average)), LeakyRelu(g, {}));
  FusedOptions options;
  options.program = trace.Finish({p - 0.1 * step + Gelu(g, {}), average});
  options.targets = {0, 2};
  return options;
}

TEST(FusedTest, UpdatesAreThoseOfTheCpu) {
  const FusedOptions options = SampleUpdate();
  for (DType dtype : {kFloat32, kFloat64, kBFloat16}) {
    std::vector<Tensor> inputs;
    // More tuples than a launch takes; empty ones; float32 beside 16 bits; strides and
    // broadcasting.
    for (int64_t n = 0; n < 300; ++n) {
      const Dims shape = {n % 7, 3};
      inputs.push_back(Cast(Sample(shape, static_cast<int>(n)), dtype));
      inputs.push_back(Cast(Sample(n % 3 == 0 ? Dims{} : shape, static_cast<int>(n) + 1), dtype));
      inputs.push_back(Cast(Sample(shape, static_cast<int>(n) + 2), n % 2 ? dtype : kFloat32));
      if (n % 5 == 0) inputs.back() = testing::Strided(inputs.back());
    }
    const std::vector<Tensor> device = OnDevice(inputs);
    const std::vector<Tensor> before = OnDevice(inputs);
    Execute(op::kFusedUpdate, &options, inputs, kCpu);
    Execute(op::kFusedUpdate, &options, device, kHostDevice);
    const double tolerance = dtype == kFloat64 ? 1e-13 : dtype == kFloat32 ? 1e-6 : 8e-3;
    for (size_t i = 0; i < inputs.size(); ++i) {
      ExpectClose(device[i], inputs[i], tolerance);
      EXPECT_EQ(SameBits(device[i], before[i]), i % 3 == 1 || inputs[i].numel() == 0) << i;
    }
  }
}

}  // namespace
}  // namespace neura::cuda
