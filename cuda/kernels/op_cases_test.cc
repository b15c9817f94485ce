// The cases of every operation that has a kernel here, against their references.
#include "neura/tensor/testing/op_cases.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "neura/cuda/kernels/host_device.h"

namespace neura::cuda {
namespace {

using testing::Array;
using testing::InputsAs;
using testing::OpCase;
using testing::OpCases;
using testing::ToArray;

class OpCaseTest : public ::testing::TestWithParam<size_t> {
 protected:
  const OpCase& op_case() const { return OpCases()[GetParam()]; }
  // Factories have no inputs that would say where to run.
  std::vector<Tensor> RunOn(const std::vector<Tensor>& inputs) const {
    return Execute(op_case().op, op_case().options.get(), inputs, kHostDevice);
  }
};

// In units of 1 + |expected|; float64 results are five digits better at least.
void ExpectClose(const std::vector<Tensor>& outputs, const std::vector<Array>& expected,
                 double tolerance) {
  ASSERT_EQ(outputs.size(), expected.size());
  for (size_t k = 0; k < outputs.size(); ++k) {
    EXPECT_EQ(outputs[k].device(), kHostDevice);
    const Array actual = ToArray(outputs[k]);
    const double bound = outputs[k].dtype() == kFloat64 ? tolerance * 1e-5 : tolerance;
    ASSERT_EQ(DimsView(actual.shape), DimsView(expected[k].shape)) << "output " << k;
    for (int64_t i = 0; i < actual.numel(); ++i) {
      ASSERT_NEAR(actual[i], expected[k][i], bound * (1 + std::abs(expected[k][i])))
          << "output " << k << ", element " << i;
    }
  }
}

std::vector<Array> Expected(const OpCase& op_case, const std::vector<Tensor>& inputs) {
  std::vector<Array> arrays;
  for (const Tensor& input : inputs) arrays.push_back(ToArray(input));
  return op_case.reference(arrays);
}

TEST_P(OpCaseTest, MatchesReferenceInFloat64) {
  ExpectClose(RunOn(OnDevice(op_case().inputs)), Expected(op_case(), op_case().inputs),
              op_case().tolerance);
}

TEST_P(OpCaseTest, MatchesReferenceInFloat32) {
  const std::vector<Tensor> inputs = InputsAs(op_case(), kFloat32);
  ExpectClose(RunOn(OnDevice(inputs)), Expected(op_case(), inputs), op_case().tolerance);
}

TEST_P(OpCaseTest, StridedInputsGiveTheSame) {
  // These are defined over contiguous memory.
  if (op_case().op == OpId::kAsStrided || op_case().op == OpId::kReshape) return;
  const ScopedDefaultDevice scope(kHostDevice);
  std::vector<Tensor> inputs = OnDevice(op_case().inputs);
  for (Tensor& input : inputs) input = testing::Strided(input);
  ExpectClose(RunOn(inputs), Expected(op_case(), op_case().inputs), op_case().tolerance);
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
    ExpectClose(RunOn(OnDevice(inputs)), Expected(op_case(), wide), tolerance);
  }
}

// Of the operations that no library computes.
std::vector<size_t> OurCases() {
  std::vector<size_t> ours;
  for (size_t i = 0; i < OpCases().size(); ++i) {
    if (IsOurs(OpCases()[i].op) || OpCases()[i].schema().flags.view) ours.push_back(i);
  }
  return ours;
}

INSTANTIATE_TEST_SUITE_P(OurOps, OpCaseTest, ::testing::ValuesIn(OurCases()), [](const auto& info) {
  std::string name = OpCases()[info.param].name;
  for (char& c : name) c = std::isalnum(c) ? c : '_';
  return name + "_" + std::to_string(info.param);
});

TEST(OpListTest, WhatHasNoKernelHereIsAViewOrComputedByALibrary) {
  const std::vector<OpId> by_libraries = {OpId::kMatMul,
                                          OpId::kLinear,
                                          OpId::kConv2d,
                                          OpId::kConv2dInputGrad,
                                          OpId::kConv2dWeightGrad,
                                          OpId::kSoftmax,
                                          OpId::kSoftmaxGrad,
                                          OpId::kLogSoftmax,
                                          OpId::kLogSoftmaxGrad,
                                          OpId::kBatchNormTraining,
                                          OpId::kBatchNormTrainingGrad};
  for (int i = 0; i < kNumBuiltinOps; ++i) {
    const auto op = static_cast<OpId>(i);
    const OpFlags& flags = SchemaOf(op).flags;
    const bool elsewhere =
        flags.view || flags.moves ||
        std::find(by_libraries.begin(), by_libraries.end(), op) != by_libraries.end();
    EXPECT_EQ(IsOurs(op), !elsewhere) << SchemaOf(op).name;
  }
}

}  // namespace
}  // namespace neura::cuda
