// Every case of every operation, CUDA against the CPU.
#include "neura/tensor/testing/op_cases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "neura/cuda/gaps.h"
#include "neura/cuda/testing/device_test.h"
#include "neura/tensor/ops/op_list.h"
#include "neura/tensor/ops/op_list/norm.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"
#include "neura/tensor/testing/op_case_fixture.h"

namespace neura::cuda {
namespace {

using testing::InputsAs;
using testing::OpCases;
using testing::RunCase;
using testing::Strided;

class OpCaseTest : public OnGpu<testing::OpCaseFixture> {
 protected:
  void SetUp() override {
    OnGpu::SetUp();
    if (IsSkipped()) return;
    if (op_case().op) {
      const char* const why = GapOf(*op_case().op);
      if (why != nullptr) GTEST_SKIP() << op_case().schema().name << ": " << why;
      return;
    }
    // A function of operations, one of which may be missing.
    const std::string error =
        testing::ErrorOf([this] { RunCase(op_case(), AllToGpu(op_case().inputs)); });
    if (!absl::StrContains(error, "no kernel for device")) return;
    for (OpId op : BuiltinOps()) {
      const bool is_gap = GapOf(op) != nullptr;
      if (is_gap && absl::StartsWith(error, absl::StrCat(SchemaOf(op).name, "(")))
        GTEST_SKIP() << error;
    }
  }

  // cuBLAS and cuDNN add in another order than the CPU, and in float32 where the CPU adds in
  // float64: ten times what the case allows the CPU itself. float64 is five digits better.
  void ExpectSame(const std::vector<Tensor>& inputs, const std::vector<Tensor>& on_gpu) {
    const std::vector<Tensor> expected = RunCase(op_case(), inputs);
    const std::vector<Tensor> actual = RunCase(op_case(), on_gpu);
    ASSERT_EQ(actual.size(), expected.size());
    for (size_t k = 0; k < actual.size(); ++k) {
      SCOPED_TRACE("output " + std::to_string(k));
      const double in_float = 10 * op_case().tolerance;
      const bool is_double = expected[k].dtype() == kFloat64;
      EXPECT_TRUE(on_gpu.empty() || actual[k].device() == kGpu);
      ExpectClose(actual[k], expected[k], is_double ? in_float * 1e-5 : in_float);
    }
  }
  static std::vector<Tensor> AllToGpu(std::vector<Tensor> tensors) {
    for (Tensor& tensor : tensors) tensor = ToGpu(tensor);
    return tensors;
  }
};

TEST_P(OpCaseTest, MatchesTheCpuInFloat64) {
  ExpectSame(op_case().inputs, AllToGpu(op_case().inputs));
}

TEST_P(OpCaseTest, MatchesTheCpuInFloat32) {
  const std::vector<Tensor> inputs = InputsAs(op_case(), kFloat32);
  ExpectSame(inputs, AllToGpu(inputs));
}

TEST_P(OpCaseTest, StridedInputsGiveTheSame) {
  // Views over contiguous memory alone.
  if (op_case().needs_contiguous()) return;
  std::vector<Tensor> on_gpu = AllToGpu(op_case().inputs);
  for (Tensor& input : on_gpu) {
    if (!input.defined()) continue;
    const ScopedDefaultDevice there(kGpu);
    input = Strided(input);
  }
  ExpectSame(op_case().inputs, on_gpu);
}

TEST_P(OpCaseTest, TwiceGivesTheSameBits) {
  const std::vector<Tensor> inputs = AllToGpu(InputsAs(op_case(), kFloat32));
  const std::vector<Tensor> first = RunCase(op_case(), inputs), second = RunCase(op_case(), inputs);
  for (size_t k = 0; k < first.size(); ++k) EXPECT_TRUE(SameBits(first[k], second[k]));
}

// What the CPU refuses is refused with the same words, and what it computes is computed, but for
// complex numbers, which are moved and not computed with here.
TEST_P(OpCaseTest, TakesTheDTypesOfItsRow) {
  if (!op_case().op || op_case().inputs.empty()) return;
  const bool by_cudnn =
      op_case().op == op::kBatchNormTraining || op_case().op == op::kBatchNormTrainingGrad;
  for (int i = 0; i < kNumDTypes; ++i) {
    const auto dtype = static_cast<DType>(i);
    SCOPED_TRACE(DTypeName(dtype));
    const std::vector<Tensor> inputs = testing::ValuesAs(op_case(), dtype);
    const std::string error = testing::ErrorOf([&] { RunCase(op_case(), AllToGpu(inputs)); });
    const bool narrow = WideDType(dtype) != dtype;
    if (!testing::TakesDType(op_case(), inputs)) {
      EXPECT_THAT(error, ::testing::HasSubstr(DTypeName(dtype)));
    } else if (IsComplex(dtype) && error != "no error") {
      EXPECT_THAT(error, ::testing::AnyOf(::testing::HasSubstr("no CUDA kernel for dtype complex"),
                                          ::testing::HasSubstr("no kernel for device")));
    } else if (!narrow || (IsFloating(dtype) && !by_cudnn)) {
      EXPECT_EQ(error, "no error");
    }
  }
}

TEST_P(OpCaseTest, SomeOutputsAlone) {
  if (!op_case().op || op_case().schema().num_outputs < 2) return;
  const std::vector<Tensor> inputs = AllToGpu(InputsAs(op_case(), kFloat32));
  const std::vector<Tensor> all = RunCase(op_case(), inputs);
  std::vector<const Tensor*> refs;
  for (const Tensor& input : inputs) refs.push_back(&input);
  for (unsigned wanted = 1; wanted + 1 < 1u << all.size(); ++wanted) {
    std::vector<Tensor> some(all.size());
    Dispatch(*op_case().op, op_case().options.get(), refs, absl::MakeSpan(some),
             static_cast<OutputMask>(wanted));
    for (size_t k = 0; k < all.size(); ++k) {
      ASSERT_EQ(some[k].defined(), (wanted >> k & 1) != 0) << k;
      EXPECT_TRUE(!some[k].defined() || SameBits(some[k], all[k])) << k;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AllOps, OpCaseTest, ::testing::Range(size_t{0}, OpCases().size()),
                         testing::NameOfCase);

}  // namespace
}  // namespace neura::cuda
