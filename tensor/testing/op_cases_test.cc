// Every operation against its reference: in float64 and float32, over strided inputs, and with the
// same bits for any number of threads.
#include "neura/tensor/testing/op_cases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "absl/strings/str_cat.h"
#include "neura/tensor/ops/op_list/view.h"
#include "neura/tensor/ops/options/dims.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/complex_cases.h"
#include "neura/tensor/testing/error_of.h"
#include "neura/tensor/testing/op_case_fixture.h"

namespace neura::testing {
namespace {

using OpCaseTest = OpCaseFixture;

TEST_P(OpCaseTest, MatchesReferenceInFloat64) {
  ExpectReference(RunCase(op_case()), op_case().inputs);
}

TEST_P(OpCaseTest, MatchesReferenceInFloat32) {
  const std::vector<Tensor> inputs = InputsAs(op_case(), kFloat32);
  ExpectReference(RunCase(op_case(), inputs), inputs);
}

TEST_P(OpCaseTest, StridedInputsGiveTheSame) {
  if (op_case().op == op::kAsStrided) return;  // is defined over contiguous memory alone
  std::vector<Tensor> inputs = op_case().inputs;
  for (Tensor& input : inputs) input = Strided(input);
  std::vector<Tensor> outputs;
  if (op_case().op == op::kReshape) {
    // Not every reshape of strided memory is a view; the public function copies where it must.
    outputs = {
        Reshape(inputs[0], static_cast<const ShapeOptions*>(op_case().options.get())->shape)};
  } else {
    outputs = RunCase(op_case(), inputs);
  }
  ExpectReference(outputs, inputs);
}

TEST_P(OpCaseTest, SameBitsForAnyNumberOfThreads) {
  const std::vector<Tensor> inputs = InputsAs(op_case(), kFloat32);
  const int threads = GetNumThreads();
  SetNumThreads(1);
  const std::vector<Tensor> expected = RunCase(op_case(), inputs);
  for (int n : {2, 3}) {
    SetNumThreads(n);
    const std::vector<Tensor> outputs = RunCase(op_case(), inputs);
    ASSERT_EQ(outputs.size(), expected.size());
    for (size_t k = 0; k < expected.size(); ++k) {
      EXPECT_TRUE(SameBits(outputs[k], expected[k])) << n << " threads, output " << k;
    }
  }
  SetNumThreads(threads);
}

// float16 and bfloat16 are computed in float32 and rounded: once by an operation, after each of its
// operations by a composite.
TEST_P(OpCaseTest, NarrowFloatsAreFloat32Rounded) {
  for (DType dtype : {kFloat16, kBFloat16}) {
    SCOPED_TRACE(DTypeName(dtype));
    const std::vector<Tensor> inputs = InputsAs(op_case(), dtype);
    std::vector<Tensor> wide = inputs;
    bool narrow = false;
    for (Tensor& input : wide) {
      if (!input.defined() || input.dtype() != dtype) continue;
      input = Cast(input, kFloat32);
      narrow = true;
    }
    if (!narrow) return;  // the case has no floating point input
    const std::vector<Tensor> outputs = RunCase(op_case(), inputs);
    const std::vector<Tensor> expected = RunCase(op_case(), wide);
    ASSERT_EQ(outputs.size(), expected.size());
    for (size_t k = 0; k < outputs.size(); ++k) {
      SCOPED_TRACE(absl::StrCat("output ", k));
      if (expected[k].dtype() == kFloat32 && outputs[k].dtype() == kFloat32)
        continue;  // a statistic
      const Tensor rounded = Cast(expected[k], outputs[k].dtype());
      if (op_case().op) {
        EXPECT_TRUE(SameBits(outputs[k], rounded)) << outputs[k] << " is not " << rounded;
      } else {
        const double epsilon = dtype == kFloat16 ? 0x1p-11 : 0x1p-8;
        ExpectClose(outputs[k], rounded, 16 * epsilon);
      }
    }
  }
}

// Of several outputs, those that are wanted are what they are among all; others are not made.
TEST_P(OpCaseTest, SomeOutputsAlone) {
  if (!op_case().op || op_case().schema().num_outputs < 2) return;
  for (DType dtype : {kFloat32, kFloat16}) {
    const std::vector<Tensor> inputs = InputsAs(op_case(), dtype);
    const std::vector<Tensor> all = RunCase(op_case(), inputs);
    std::vector<const Tensor*> refs;
    for (const Tensor& input : inputs) refs.push_back(&input);
    for (unsigned wanted = 1; wanted + 1 < 1u << all.size(); ++wanted) {
      SCOPED_TRACE(absl::StrCat(DTypeName(dtype), ", outputs ", wanted));
      std::vector<Tensor> some(all.size());
      Dispatch(*op_case().op, op_case().options.get(), refs, absl::MakeSpan(some),
               static_cast<OutputMask>(wanted));
      for (size_t k = 0; k < all.size(); ++k) {
        ASSERT_EQ(some[k].defined(), (wanted >> k & 1) != 0) << k;
        EXPECT_TRUE(!some[k].defined() || SameBits(some[k], all[k])) << k;
      }
    }
  }
}

// The divisors of operations that refuse to divide integers by 0, with others in the place of 0.
Tensor WithoutZeros(OpId op, const Tensor& divisor) {
  const bool divides = op == op::kFloorDivide || op == op::kRemainder || op == op::kFmod;
  if (!divides || !IsIntegral(divisor.dtype())) return divisor;
  return Where(divisor == 0, Full({}, 3, {.dtype = divisor.dtype()}), divisor);
}

// What the row says of dtypes: those that it names are computed, others refused.
TEST_P(OpCaseTest, TakesTheDTypesOfItsRow) {
  if (!op_case().op || op_case().inputs.empty()) return;
  for (int i = 0; i < kNumDTypes; ++i) {
    const auto dtype = static_cast<DType>(i);
    SCOPED_TRACE(DTypeName(dtype));
    std::vector<Tensor> inputs = ValuesAs(op_case(), dtype);
    if (inputs.size() == 2) inputs[1] = WithoutZeros(*op_case().op, inputs[1]);
    const std::string error = ErrorOf([&] { RunCase(op_case(), inputs); });
    if (TakesDType(op_case(), inputs)) {
      EXPECT_EQ(error, "no error");
    } else {
      EXPECT_THAT(error, ::testing::HasSubstr(absl::StrCat(op_case().schema().name, "(")));
      EXPECT_THAT(error, ::testing::HasSubstr(DTypeName(dtype)));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AllOps, OpCaseTest, ::testing::Range(size_t{0}, OpCases().size()),
                         NameOfCase);

// Integers without loops of their own hold what 64 bits give, wrapped.
TEST(NarrowIntegerTest, PointwiseOperationsWrap) {
  for (DType dtype : {kInt8, kInt16, kUInt16, kUInt32}) {
    for (OpId op : AllOps()) {
      const OpSchema& schema = SchemaOf(op);
      if (!schema.flags.pointwise || schema.flags.first_value != 0 || schema.has_options())
        continue;
      SCOPED_TRACE(absl::StrCat(schema.name, " of ", DTypeName(dtype)));
      const int64_t low = IsUnsigned(dtype) ? 0 : -6;
      const Tensor wide_a = Reshape(Arange(low, low + 12), {12, 1}), wide_b = Arange(low, low + 13);
      const auto run = [&](DType as, int64_t scale) {
        // Powers have exponents of at least 0.
        const Tensor b = op == op::kPow ? Abs(wide_b) : WithoutZeros(op, wide_b);
        std::vector<Tensor> inputs = {Cast(wide_a * scale, as), Cast(b, as)};
        inputs.resize(schema.max_inputs);
        OpCase op_case;
        op_case.op = op;
        return RunCase(op_case, inputs)[0];
      };
      const int64_t scale = dtype == kInt8 ? 20 : 5000;
      const Tensor narrow = run(dtype, scale), wide = run(kInt64, scale);
      ASSERT_EQ(narrow.dtype(), wide.dtype() == kInt64 ? dtype : wide.dtype());
      // Comparing or dividing what has wrapped differs; these have not.
      EXPECT_TRUE(SameBits(narrow, Cast(wide, narrow.dtype()))) << narrow << wide;
    }
  }
}

TEST(NarrowIntegerTest, OtherFamilies) {
  const Tensor x = FromList<int64_t>({100, 50, -128, 7, 3, 100}, {2, 3});
  for (DType dtype : {kInt8, kInt16}) {
    const Tensor narrow = Cast(x, dtype);
    EXPECT_TRUE(SameBits(Sum(narrow), ScalarTensor(int64_t{132})));
    EXPECT_TRUE(SameBits(AMax(narrow, {.dims = {1}}), Cast(AMax(x, {.dims = {1}}), dtype)));
    EXPECT_TRUE(SameBits(ArgMin(narrow, {.dim = 1}), ArgMin(x, {.dim = 1})));
    EXPECT_TRUE(SameBits(CumSum(narrow, 1), CumSum(x, 1)));
    EXPECT_TRUE(SameBits(MatMul(narrow, Transpose(narrow, 0, 1)),
                         Cast(MatMul(x, Transpose(x, 0, 1)), dtype)));
    EXPECT_TRUE(SameBits(IndexAdd(narrow, 0, FromList<int64_t>({1, 1}), narrow),
                         Cast(IndexAdd(x, 0, FromList<int64_t>({1, 1}), x), dtype)));
    EXPECT_TRUE(
        SameBits(Clamp(narrow, {.min = -3, .max = 300}), Cast(Clamp(narrow, {.min = -3}), dtype)));
    const Tensor in_place = Clone(narrow);
    AddInPlace(in_place, 100);
    EXPECT_TRUE(SameBits(in_place, Cast(x + 100, dtype)));
  }
}

// A number is an operand in the precision in which the tensor's elements are computed.
TEST(NumberTest, IsNotRoundedToTheTensor) {
  const Tensor x = Cast(Sample({1000}, 3, -30, 30), kFloat16);
  const auto in_float = [&](const Tensor& y) { return Cast(y, kFloat16); };
  const Tensor wide = Cast(x, kFloat32);
  EXPECT_TRUE(SameBits(x * 0.1, in_float(wide * 0.1)));
  EXPECT_FALSE(SameBits(x * 0.1, x * Full({}, 0.1, {.dtype = kFloat16})));
  EXPECT_TRUE(SameBits(1000.7 - x, in_float(1000.7 - wide)));
  EXPECT_TRUE(SameBits(x > 0.1, wide > 0.1));
  const Tensor written = Clone(x);
  MulInPlace(written, 0.1);
  EXPECT_TRUE(SameBits(written, in_float(wide * 0.1)));
  // Without dimensions, and through a view with gaps.
  const Tensor scalar = Reshape(Slice(x, 0, 0, 1), {});
  EXPECT_EQ((2.5 * scalar).dtype(), kFloat16);
  EXPECT_TRUE(SameBits(Slice(x, 0, 0, 1000, 3) / 3, in_float(Slice(wide, 0, 0, 1000, 3) / 3)));
}

TEST(NumberTest, KeepsIntegersExact) {
  const int64_t big = (int64_t{1} << 53) + 1;
  const Tensor x = FromList<int64_t>({1, big, -5});
  EXPECT_TRUE(SameBits(x + big, FromList<int64_t>({big + 1, 2 * big, big - 5})));
  EXPECT_TRUE(SameBits(x == big, FromList<bool>({false, true, false})));
  EXPECT_EQ((x * 2.5).dtype(), kFloat32);
  EXPECT_EQ((Cast(x, kBool) + 1).dtype(), kInt64);
}

TEST(OpListTest, EveryOperationHasCases) {
  std::set<OpId> tested;
  for (const OpCase& op_case : OpCases()) {
    if (op_case.op) tested.insert(*op_case.op);
  }
  for (const ComplexCase& complex_case : ComplexCases()) {
    if (complex_case.op) tested.insert(*complex_case.op);
  }
  for (const ElsewhereTested& elsewhere : OpsTestedElsewhere()) {
    EXPECT_FALSE(tested.contains(elsewhere.op)) << SchemaOf(elsewhere.op).name;
    tested.insert(elsewhere.op);
  }
  for (OpId op : AllOps()) {
    EXPECT_TRUE(tested.contains(op))
        << SchemaOf(op).name << " has no case in tensor/testing/op_cases_*.cc";
  }
}

TEST(CompositeListTest, EveryRowHasCases) {
  std::set<std::string> tested;
  for (const OpCase& op_case : OpCases()) {
    if (!op_case.op) tested.insert(op_case.name.substr(0, op_case.name.find('/')));
  }
  for (const ComplexCase& complex_case : ComplexCases()) {
    tested.insert(complex_case.name.substr(0, complex_case.name.find('/')));
  }
  const char* const rows[] = {
#define NEURA_COMPOSITE(where, Result, Name, name, ...) #name,
#include "neura/tensor/ops/composites.inc"
#define NEURA_COMPOSITE(space, Result, Name, name, ...) #space "." #name,
#include "neura/tensor/namespaces.inc"
  };
  for (const char* row : rows) {
    EXPECT_TRUE(tested.contains(row))
        << row << " has no case in tensor/testing/composite_cases*.cc";
  }
}

TEST(OpListTest, EveryOperationHasACpuKernelOrIsAView) {
  for (OpId op : BuiltinOps()) {
    EXPECT_NE(KernelsOf(DeviceType::kCpu)[op] != nullptr,
              SchemaOf(op).flags.view || SchemaOf(op).flags.moves)
        << SchemaOf(op).name;
  }
}

}  // namespace
}  // namespace neura::testing
