// The cases of every operation that has a kernel here, against their references.
#include "neura/tensor/testing/op_cases.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "neura/cuda/gaps.h"
#include "neura/cuda/kernels/host_device.h"
#include "neura/tensor/ops/op_list/image.h"
#include "neura/tensor/ops/op_list/linalg.h"
#include "neura/tensor/ops/op_list/norm.h"
#include "neura/tensor/testing/op_case_fixture.h"

namespace neura::cuda {
namespace {

using testing::InputsAs;
using testing::OpCases;

class OpCaseTest : public testing::OpCaseFixture {
 protected:
  // Factories have no inputs that would say where to run.
  std::vector<Tensor> RunOn(const std::vector<Tensor>& inputs) const {
    const std::vector<Tensor> outputs =
        Execute(*op_case().op, op_case().options.get(), inputs, kHostDevice);
    for (const Tensor& output : outputs) EXPECT_EQ(output.device(), kHostDevice);
    return outputs;
  }
};

TEST_P(OpCaseTest, MatchesReferenceInFloat64) {
  ExpectReference(RunOn(OnDevice(op_case().inputs)), op_case().inputs);
}

TEST_P(OpCaseTest, MatchesReferenceInFloat32) {
  const std::vector<Tensor> inputs = InputsAs(op_case(), kFloat32);
  ExpectReference(RunOn(OnDevice(inputs)), inputs);
}

TEST_P(OpCaseTest, StridedInputsGiveTheSame) {
  // These are defined over contiguous memory.
  if (op_case().needs_contiguous()) return;
  const ScopedDefaultDevice scope(kHostDevice);
  std::vector<Tensor> inputs = OnDevice(op_case().inputs);
  for (Tensor& input : inputs) input = testing::Strided(input);
  ExpectReference(RunOn(inputs), op_case().inputs);
}

// 16-bit numbers are computed in float and rounded once.
TEST_P(OpCaseTest, SixteenBitFloatsAreRoundedResults) {
  struct Format {
    DType dtype;
    double tolerance;
  };
  for (const auto& [dtype, tolerance] : {Format{kFloat16, 1e-3}, Format{kBFloat16, 8e-3}}) {
    const std::vector<Tensor> inputs = InputsAs(op_case(), dtype);
    std::vector<Tensor> wide = inputs;
    bool any = false;
    for (Tensor& input : wide) {
      if (!input.defined() || input.dtype() != dtype) continue;
      input = Cast(input, kFloat32);
      any = true;
    }
    if (!any) continue;
    ExpectReference(RunOn(OnDevice(inputs)), wide, tolerance);
  }
}

// Of the operations that no library computes.
std::vector<size_t> OurCases() {
  std::vector<size_t> ours;
  for (size_t i = 0; i < OpCases().size(); ++i) {
    const std::optional<OpId> op = OpCases()[i].op;
    if (op && (IsOurs(*op) || SchemaOf(*op).flags.view)) ours.push_back(i);
  }
  return ours;
}

INSTANTIATE_TEST_SUITE_P(OurOps, OpCaseTest, ::testing::ValuesIn(OurCases()), testing::NameOfCase);

TEST(OpListTest, WhatHasNoKernelHereIsAViewAGapOrComputedByALibrary) {
  const std::vector<OpId> by_libraries = {op::kMatMul,
                                          op::kLinear,
                                          op::kConv,
                                          op::kConvInputGrad,
                                          op::kConvWeightGrad,
                                          op::kSoftmax,
                                          op::kSoftmaxGrad,
                                          op::kLogSoftmax,
                                          op::kLogSoftmaxGrad,
                                          op::kBatchNormTraining,
                                          op::kBatchNormTrainingGrad};
  for (OpId op : BuiltinOps()) {
    const OpFlags& flags = SchemaOf(op).flags;
    const bool elsewhere =
        flags.view || flags.moves || GapOf(op) != nullptr ||
        std::find(by_libraries.begin(), by_libraries.end(), op) != by_libraries.end();
    EXPECT_EQ(IsOurs(op), !elsewhere) << SchemaOf(op).name;
  }
}

}  // namespace
}  // namespace neura::cuda
