// Every operation against its reference: in float64 and float32, over strided inputs, and with the
// same bits for any number of threads.
#include "neura/tensor/testing/op_cases.h"

#include <gtest/gtest.h>

#include <set>

#include "neura/tensor/ops/op_list/dims.h"
#include "neura/tensor/ops/op_list/view.h"
#include "neura/tensor/tensor.h"
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

INSTANTIATE_TEST_SUITE_P(AllOps, OpCaseTest, ::testing::Range(size_t{0}, OpCases().size()),
                         NameOfCase);

TEST(OpListTest, EveryOperationHasCases) {
  std::set<OpId> tested;
  for (const OpCase& op_case : OpCases()) {
    if (op_case.op) tested.insert(*op_case.op);
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
  const char* const rows[] = {
#define NEURA_COMPOSITE(where, Result, Name, name, ...) #name,
#include "neura/tensor/ops/composites.inc"
  };
  for (const char* row : rows) {
    EXPECT_TRUE(tested.contains(row)) << row << " has no case in tensor/testing/composite_cases.cc";
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
