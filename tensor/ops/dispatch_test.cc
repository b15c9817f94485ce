// The door: checks, promotion, observers, interceptors.
#include "neura/tensor/ops/dispatch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "neura/tensor/backend_api.h"
#include "neura/tensor/ops/op_list/create.h"
#include "neura/tensor/ops/op_list/image.h"
#include "neura/tensor/ops/op_list/norm.h"
#include "neura/tensor/ops/op_list/pointwise.h"
#include "neura/tensor/ops/op_list/reduce.h"
#include "neura/tensor/ops/op_list/shape.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"

namespace neura {
namespace {

using testing::CodeOf;
using ::testing::ElementsAre;
using testing::ErrorOf;
using ::testing::HasSubstr;

class Recorder : public OpObserver {
 public:
  void OnOp(const OpCall& call, absl::Span<Tensor> outputs) override {
    log.push_back(
        absl::StrCat(Describe(call), " -> ", outputs.empty() ? "" : Describe(outputs[0])));
  }
  std::vector<std::string> log;
};

TEST(ObserverTest, SeesOperationsWhileItLives) {
  Recorder recorder;
  const Tensor x = Ones({2, 3});
  {
    ScopedObserver scope(&recorder);
    Sum(Add(x, x), {.dims = {1}});
    AddInPlace(x, 1);
  }
  Neg(x);
  EXPECT_THAT(
      recorder.log,
      ElementsAre("add(float32 [2, 3], float32 [2, 3]) -> float32 [2, 3]",
                  "sum(float32 [2, 3]; {dims=[1], keepdim=false, dtype=none}) -> float32 [2]",
                  HasSubstr("full("), "add_(float32 [2, 3], float32 []) -> float32 [2, 3]"));
}

TEST(ObserverTest, SeesConversions) {
  Recorder recorder;
  ScopedObserver scope(&recorder);
  Add(Ones({2}), Ones({2}, {.dtype = kInt32}));
  EXPECT_THAT(recorder.log[2], HasSubstr("cast(int32 [2]; {dtype=float32})"));
}

// The number of outputs that operations made.
class CountMade : public OpObserver {
 public:
  explicit CountMade(OutputMask needs = 0) : needs_(needs) {}
  OutputMask Needs(const OpCall&) override { return needs_; }
  void OnOp(const OpCall&, absl::Span<Tensor> outputs) override {
    for (const Tensor& output : outputs) made += output.defined();
  }
  int made = 0;

 private:
  const OutputMask needs_;
};

TEST(WantedTest, OutputsThatNobodyWantsAreNotMade) {
  const Tensor x = Rand({2, 3, 8, 8});
  const ValuesAndIndices both = MaxPool2dWithIndices(x, {.kernel_size = 2});
  CountMade counted;
  {
    ScopedObserver scope(&counted);
    const MaxPoolOutputs one = CallFor<op::kMaxPool>(0b1, {.kernel_size = 2}, x);
    EXPECT_TRUE(SameBits(one.values, both.values));
    EXPECT_FALSE(one.indices.defined());
    EXPECT_TRUE(SameBits(MaxPool2d(x, {.kernel_size = 2}), both.values));
  }
  EXPECT_EQ(counted.made, 2);
  const MaxPoolOutputs other = CallFor<op::kMaxPool>(0b10, {.kernel_size = 2}, x);
  EXPECT_TRUE(SameBits(other.indices, both.indices));
  EXPECT_FALSE(other.values.defined());
}

TEST(WantedTest, AnObserverGetsWhatItNeedsAndTheCallerWhatItWants) {
  CountMade counted(0b10);
  ScopedObserver scope(&counted);
  const MaxPoolOutputs one = CallFor<op::kMaxPool>(0b1, {.kernel_size = 2}, Ones({1, 1, 2, 2}));
  EXPECT_EQ(counted.made, 3);  // with the ones
  EXPECT_FALSE(one.indices.defined());
}

class DoubleTheSum : public OpInterceptor {
 public:
  bool Intercept(const OpCall& call, absl::Span<Tensor> outputs) override {
    if (call.op != op::kAdd) return false;
    outputs[0] = Mul(Add(call.input(0), call.input(1)), 2);
    return true;
  }
};

TEST(InterceptorTest, ReplacesOperationsAndIsNotCalledByItself) {
  DoubleTheSum interceptor;
  {
    ScopedInterceptor scope(&interceptor);
    EXPECT_EQ(Add(Ones({1}), Ones({1})).Item<float>(), 4);
    EXPECT_EQ(Mul(Ones({1}), Ones({1})).Item<float>(), 1);
  }
  EXPECT_EQ(Add(Ones({1}), Ones({1})).Item<float>(), 2);
}

class AddTwiceInPlace : public OpInterceptor {
 public:
  bool Intercept(const OpCall& call, absl::Span<Tensor> outputs) override {
    if (call.op != op::kAdd || !call.in_place) return false;
    EXPECT_TRUE(IsSame(outputs[0], call.input(0)));
    AddInPlace(AddInPlace(outputs[0], call.input(1)), call.input(1));
    return true;
  }
};

TEST(InterceptorTest, IsAskedInPlace) {
  AddTwiceInPlace interceptor;
  const Tensor x = Ones({1});
  {
    ScopedInterceptor scope(&interceptor);
    AddInPlace(x, Ones({1}));
    EXPECT_EQ(x.Item<float>(), 3);
    MulInPlace(x, Ones({1}));
  }
  AddInPlace(x, Ones({1}));
  EXPECT_EQ(x.Item<float>(), 4);
}

TEST(PromotionTest, TensorsWithDimensionsComeFirst) {
  const Tensor f4 = Ones({2}), i8 = Ones({2}, {.dtype = kInt64});
  EXPECT_EQ(Add(i8, f4).dtype(), kFloat32);
  EXPECT_EQ(Add(f4, ScalarTensor(1.0, {.dtype = kFloat64})).dtype(), kFloat32);
  EXPECT_EQ(Add(i8, ScalarTensor(1.0)).dtype(), kFloat32);
  EXPECT_EQ(Add(Ones({2}, {.dtype = kUInt8}), ScalarTensor(int64_t{1})).dtype(), kUInt8);
  EXPECT_EQ(Add(Ones({2}, {.dtype = kFloat64}), f4).dtype(), kFloat64);
}

TEST(PromotionTest, NumbersChangeOnlyTheCategory) {
  const Tensor i4 = Ones({2}, {.dtype = kInt32});
  EXPECT_EQ((i4 + 1).dtype(), kInt32);
  EXPECT_EQ((i4 + 0.5).dtype(), kFloat32);
  EXPECT_EQ((Ones({2}, {.dtype = kFloat64}) * 2).dtype(), kFloat64);
  EXPECT_EQ((Ones({2}, {.dtype = kBool}) + 1).dtype(), kInt64);
  EXPECT_EQ((i4 / 2).dtype(), kFloat32);
  EXPECT_EQ((i4 == 1).dtype(), kBool);
  EXPECT_EQ(Exp(i4).dtype(), kFloat32);
  EXPECT_EQ(Sum(Ones({2}, {.dtype = kBool})).dtype(), kInt64);
}

TEST(ErrorTest, NamesOperationShapesAndDtypes) {
  EXPECT_THAT(ErrorOf([] { Add(Ones({2, 3}), Ones({4})); }), HasSubstr("[2, 3] and [4]"));
  EXPECT_THAT(ErrorOf([] {
                MatMul(Ones({2, 3}), Ones({4, 5}));
              }),
              ::testing::AllOf(HasSubstr("matmul(float32 [2, 3], float32 [4, 5])"), HasSubstr("3"),
                               HasSubstr("4")));
  EXPECT_THAT(ErrorOf([] { Add(Ones({2}), Tensor()); }), HasSubstr("input 1 of (input, other)"));
  EXPECT_THAT(ErrorOf([] { Reshape(Ones({2, 3}), {4, 2}); }), HasSubstr("6 elements"));
  EXPECT_THAT(ErrorOf([] { Sum(Ones({2}), {.dims = {1}}); }), HasSubstr("dim 1"));
  EXPECT_THAT(ErrorOf([] { Sum(Ones({2, 2}), {.dims = {0, -2}}); }), HasSubstr("twice"));
  EXPECT_THAT(ErrorOf([] { AMax(Zeros({0})); }), HasSubstr("zero elements"));
  EXPECT_THAT(ErrorOf([] { Mean(Arange(3)); }), HasSubstr("int64 [3]"));
  EXPECT_THAT(ErrorOf([] {
                Conv2d(Ones({1, 3, 4, 4}), Ones({2, 2, 3, 3}));
              }),
              HasSubstr("conv(float32 [1, 3, 4, 4], float32 [2, 2, 3, 3]"));
  EXPECT_THAT(ErrorOf([] {
                Gather(Ones({2, 2}), 0, FromList<int64_t>({0, 5}, {1, 2}));
              }),
              HasSubstr("index 5 is outside [0, 2)"));
  EXPECT_THAT(ErrorOf([] { Cat({Ones({2, 2}), Ones({2, 3})}, 0); }), HasSubstr("tensor 1"));
  EXPECT_THAT(ErrorOf([] { Maximum(Ones({2}, {.dtype = kComplex64}), Ones({2})); }),
              HasSubstr("takes dtypes that are bool, integer, floating point, not complex64"));
  EXPECT_THAT(ErrorOf([] { Softmax(Arange(3)); }),
              HasSubstr("softmax(int64 [3]; {dim=-1}): takes dtypes that are floating point, not"));
  EXPECT_THAT(ErrorOf([] { Sum(Ones({2}), {.dtype = kBool}); }), HasSubstr("not bool"));
  const Tensor meta = Zeros({2}, {.dtype = kBool, .device = kMeta});
  EXPECT_THAT(ErrorOf([&] { Neg(meta); }), HasSubstr("not bool"));
  EXPECT_THAT(ErrorOf([] { NegInPlace(Zeros({2}, {.dtype = kBool})); }), HasSubstr("not bool"));
  EXPECT_THAT(ErrorOf([] { Ones({2}).data<double>(); }), HasSubstr("data<float64>"));
}

TEST(MetaTest, OperationsSayWhatWouldComeOut) {
  const Tensor x = Zeros({1 << 20, 1 << 20}, {.device = kMeta});
  const Tensor w = Zeros({5, 1 << 20}, {.dtype = kFloat64, .device = kMeta});
  const Tensor y = Linear(Cast(x, kFloat64), w);
  EXPECT_EQ(Describe(y), "float64 [1048576, 5] on meta");
  EXPECT_EQ(Describe(Sum(y * 2.5, {.dims = {0}}) > 1), "bool [5] on meta");
  EXPECT_EQ(Describe(Slice(Transpose(y, 0, 1), 1, 0, 10, 3)), "float64 [5, 4] on meta");
  AddInPlace(y, 1);
  EXPECT_EQ(y.ToString(), Describe(y));
  EXPECT_THAT(ErrorOf([&] { Sum(y).Item<double>(); }), HasSubstr("no elements"));
  EXPECT_THAT(ErrorOf([&] { To(y, kCpu); }), HasSubstr("no elements"));
  EXPECT_THAT(ErrorOf([&] { y.data<double>(); }), HasSubstr("data<float64>"));
  EXPECT_THAT(ErrorOf([&] { MatMul(x, x + Zeros({2})); }), HasSubstr("one device"));
  EXPECT_EQ(Describe(To(Ones({3}), kMeta)), "float32 [3] on meta");
  EXPECT_EQ(ParseDevice("meta"), kMeta);
}

TEST(ObserverTest, IsToldWhoseElementsAreRead) {
  struct Reads : OpObserver {
    std::vector<std::string> seen;
    void OnOp(const OpCall&, absl::Span<Tensor>) override {}
    void OnRead(const Tensor& tensor) override { seen.push_back(Describe(tensor)); }
  } reads;
  const Tensor x = Ones({2}), flag = Ones({}, {.dtype = kInt64});
  {
    ScopedObserver scope(&reads);
    Sum(x + 1);  // looks at nothing
    x.data<float>();
    flag.Item<int64_t>();
    x.ToString();
  }
  x.data<float>();
  EXPECT_THAT(reads.seen, ::testing::ElementsAre("float32 [2]", "int64 []", "float32 [2]"));
}

TEST(ErrorTest, Codes) {
  using absl::StatusCode;
  const Tensor index = FromList<int64_t>({5});
  EXPECT_EQ(CodeOf([&] { IndexSelect(Ones({2}), 0, index); }), StatusCode::kOutOfRange);
  EXPECT_EQ(CodeOf([&] { Gather(Ones({2}), 0, index); }), StatusCode::kOutOfRange);
  EXPECT_EQ(CodeOf([&] {
              MaxPoolGather(Ones({1, 1, 2, 2}), FromList<int64_t>({9}, {1, 1, 1, 1}));
            }),
            StatusCode::kOutOfRange);
  const Tensor complex = Ones({2, 2}, {.dtype = kComplex64});
  EXPECT_EQ(CodeOf([&] { Maximum(complex, complex); }), StatusCode::kUnimplemented);
  EXPECT_EQ(CodeOf([&] { AMax(complex); }), StatusCode::kUnimplemented);
  EXPECT_EQ(CodeOf([&] { Softmax(complex); }), StatusCode::kUnimplemented);
  EXPECT_EQ(CodeOf([] { Add(Ones({2}), Ones({3})); }), StatusCode::kInvalidArgument);
}

// As wide as memory never is; only the elements that are asked for are read.
TEST(ErrorTest, KernelsWithoutMemory) {
  const int64_t huge = int64_t{1} << 50;
  const Tensor wide = Expand(FromList<float>({7}), {huge});
  const Tensor chosen = IndexSelect(wide, 0, FromList<int64_t>({5, huge - 1}));
  EXPECT_EQ(chosen.data<float>()[1], 7);
  // These need a copy of all.
  EXPECT_EQ(CodeOf([&] { Any(wide); }), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(ErrorOf([&] { All(wide); }), HasSubstr("all(float32 [1125899906842624]"));
  EXPECT_EQ(CodeOf([&] { ArgMax(Expand(wide, {2, huge})); }), absl::StatusCode::kResourceExhausted);
}

TEST(ErrorTest, DtypesOfReductionsThatTakeNone) {
  const ReduceOptions options{.dtype = kFloat64};
  for (auto reduce : {&AMax, &AMin, &All, &Any}) {
    EXPECT_THAT(ErrorOf([&] { reduce(Ones({2}), options); }), HasSubstr("takes no dtype"));
  }
}

TEST(ErrorTest, Windows) {
  const Tensor x = Ones({1, 2, 4, 4});
  EXPECT_THAT(ErrorOf([&] { Conv2d(x, Ones({2, 2, 0, 3})); }), HasSubstr("kernel"));
  EXPECT_THAT(ErrorOf([&] {
                Conv2d(x, Ones({0, 2, 3, 3}), {}, {.groups = INT64_MAX});
              }),
              HasSubstr("groups = 9223372036854775807"));
  const Tensor none = Zeros({0, 4, 3, 3});
  EXPECT_THAT(ErrorOf([&] {
                ConvInputGrad(Zeros({1, 0, 2, 2}), none, {.size = 4, .groups = INT64_MAX / 2});
              }),
              HasSubstr("groups"));
  EXPECT_THAT(ErrorOf([&] { AvgPoolGrad(x, {.size = 8, .kernel_size = 0}); }),
              HasSubstr("kernel_size"));
  EXPECT_THAT(ErrorOf([&] { AvgPoolGrad(x, {.size = 8, .kernel_size = 2, .padding = 2}); }),
              HasSubstr("padding"));
  EXPECT_THAT(ErrorOf([&] { AvgPoolGrad(x, {.size = 10, .kernel_size = 2}); }),
              HasSubstr("[N, C] and [5, 5]"));
  EXPECT_EQ(AvgPoolGrad(x, {.size = 8, .kernel_size = 2}).size(3), 8);
  EXPECT_THAT(ErrorOf([&] { AvgPool(x, {.kernel_size = 2, .divisor_override = 0}); }),
              HasSubstr("divisor_override"));
}

TEST(ErrorTest, SpatialDimensions) {
  const Tensor x = Ones({1, 2, 4, 4}), row = Ones({1, 2, 4});
  EXPECT_THAT(ErrorOf([&] {
                Conv(row, Ones({2, 2, 3}), {}, {.stride = {1, 2}});
              }),
              HasSubstr("stride=[1, 2], padding=0, dilation=1, groups=1}): stride = [1, 2] must be "
                        "one number, or one for each of the 1 spatial dimensions"));
  EXPECT_THAT(ErrorOf([&] {
                MaxPool2d(x, {.kernel_size = {2, 2, 2}});
              }),
              HasSubstr("kernel_size = [2, 2, 2] must be one number, or one for each of the 2"));
  EXPECT_THAT(ErrorOf([&] { MaxPool2d(x, {.kernel_size = 0}); }),
              HasSubstr("kernel_size = 0 must be from 1 to 2147483648"));
  EXPECT_THAT(ErrorOf([&] {
                Conv2d(x, Ones({2, 2, 3, 3}), {}, {.padding = {1, -1}});
              }),
              HasSubstr("padding = [1, -1] must be from 0 to 2147483648"));
  EXPECT_THAT(ErrorOf([&] {
                ConvTranspose1d(row, Ones({2, 2, 3}), {}, {.output_padding = {0, 0}});
              }),
              HasSubstr("conv_transpose1d: [0, 0] must be one number"));
  for (int64_t huge : {int64_t{1} << 40, int64_t{1} << 62, int64_t{INT64_MAX}}) {
    EXPECT_NE(ErrorOf([&] {
                ConvTranspose1d(Ones({1, 1, 4}), Ones({1, 1, 2}), {}, {.stride = huge});
              }),
              "");
    EXPECT_NE(ErrorOf([&] {
                ConvTranspose1d(Ones({1, 1, 4}), Ones({1, 1, 2}), {}, {.padding = huge});
              }),
              "");
    EXPECT_NE(ErrorOf([&] {
                ConvTranspose1d(Ones({1, 1, 4}), Ones({1, 1, 4}), {}, {.dilation = huge});
              }),
              "");
  }
  EXPECT_THAT(ErrorOf([&] {
                ConvTranspose2d(x, Ones({2, 2, 3, 3}), {}, {.stride = 2, .output_padding = 2});
              }),
              HasSubstr("output_padding = 2 must be below stride = 2 or dilation = 1"));
  EXPECT_THAT(ErrorOf([&] {
                Conv(Ones({2, 3}), Ones({2, 3}));
              }),
              HasSubstr("one to three spatial dimensions"));
  EXPECT_THAT(ErrorOf([&] {
                AvgPool(Ones({1, 1, 2, 2, 2, 2}), {.kernel_size = 2});
              }),
              HasSubstr("one to three spatial dimensions"));
  EXPECT_THAT(ErrorOf([&] { Conv(x, Ones({2, 2, 3})); }), HasSubstr("of 4 dimensions"));
  EXPECT_THAT(ErrorOf([&] {
                Conv1d(x, Ones({2, 2, 3}));
              }),
              HasSubstr("conv1d: expected [N, C, W] or [C, W], got float32 [1, 2, 4, 4]"));
  EXPECT_THAT(ErrorOf([&] { AdaptiveAvgPool3d(row, 1); }), HasSubstr("adaptive_avg_pool3d"));
  EXPECT_THAT(ErrorOf([] { Sizes({1, 2, 3, 4}); }), HasSubstr("[1, 2, 3, 4] must be one number"));
}

TEST(SizesTest, OneNumberStandsForAll) {
  const Sizes one = 3, two = {1, 2};
  EXPECT_TRUE(one.AreOf(1) && one.AreOf(3) && two.AreOf(2));
  EXPECT_FALSE(two.AreOf(1) || two.AreOf(3));
  EXPECT_EQ(one[2], 3);
  EXPECT_EQ(two[1], 2);
  EXPECT_EQ(one.Each(2), Sizes({3, 3}));
  EXPECT_EQ(Sizes({3}), one);
  EXPECT_EQ(ToString(one), "3");
  EXPECT_EQ(ToString(two), "[1, 2]");
}

TEST(ErrorTest, AnotherDeviceHasNoMemoryHere) {
  EXPECT_THAT(ErrorOf([] { Zeros({2}, {.device = {DeviceType::kCuda, 0}}); }), HasSubstr("cuda:0"));
}

TEST(ErrorTest, HugeShapes) {
  EXPECT_THAT(ErrorOf([] { Zeros({int64_t{1} << 40, int64_t{1} << 40}); }), HasSubstr("64 bits"));
  EXPECT_THAT(ErrorOf([] { Zeros({int64_t{1} << 50}); }), HasSubstr("out of memory"));
}

TEST(SchemaTest, ReadsInputsFromTheList) {
  const OpSchema& conv = SchemaOf(op::kConv);
  EXPECT_STREQ(conv.name, "conv");
  EXPECT_EQ(conv.min_inputs, 2);
  EXPECT_EQ(conv.max_inputs, 3);
  EXPECT_EQ(SchemaOf(op::kCat).max_inputs, kAnyNumber);
  EXPECT_EQ(SchemaOf(op::kBatchNormTrainingGrad).min_inputs, 5);
  OpId op;
  ASSERT_TRUE(FindOp("log_softmax", &op));
  EXPECT_EQ(op, op::kLogSoftmax);
  EXPECT_FALSE(FindOp("no_such_op", &op));
}

TEST(FieldsTest, OptionsPrintAndCompare) {
  const ConvOptions a{.stride = {2, 1}}, b{.stride = {2, 1}}, c;
  const OptionsType& type = *SchemaOf(op::kConv).options;
  EXPECT_EQ(OptionsToString(type, &a), "{stride=[2, 1], padding=0, dilation=1, groups=1}");
  EXPECT_TRUE(OptionsEqual(type, &a, &b));
  EXPECT_FALSE(OptionsEqual(type, &a, &c));
}

TEST(FieldsTest, NumbersCompareByTheirBits) {
  const OptionsType& pad = *SchemaOf(op::kPad).options;
  const PadOptions zero{.value = 0.0}, negative{.value = -0.0}, nan{.value = NAN};
  EXPECT_FALSE(OptionsEqual(pad, &zero, &negative));
  EXPECT_TRUE(OptionsEqual(pad, &nan, &nan));
  const OptionsType& full = *SchemaOf(op::kFull).options;
  const FullOptions full_zero{.value = 0.0}, full_negative{.value = -0.0};
  EXPECT_FALSE(OptionsEqual(full, &full_zero, &full_negative));
  const OptionsType& clamp = *SchemaOf(op::kClamp).options;
  const ClampOptions clamp_zero{.min = 0.0}, clamp_negative{.min = -0.0};
  EXPECT_FALSE(OptionsEqual(clamp, &clamp_zero, &clamp_negative));
  EXPECT_TRUE(OptionsEqual(clamp, &clamp_zero, &clamp_zero));
}

}  // namespace
}  // namespace neura
