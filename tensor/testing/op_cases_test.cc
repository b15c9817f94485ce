// Every operation against its reference: in float64 and float32, over strided inputs, and with the
// same bits for any number of threads.
#include "neura/tensor/testing/op_cases.h"

#include <gtest/gtest.h>

#include <cstring>
#include <set>

#include "neura/tensor/tensor.h"

namespace neura::testing {
namespace {

class OpCaseTest : public ::testing::TestWithParam<size_t> {
 protected:
  const OpCase& op_case() const { return OpCases()[GetParam()]; }
};

void ExpectMatches(const std::vector<Tensor>& outputs, const std::vector<Array>& expected,
                   double tolerance) {
  ASSERT_EQ(outputs.size(), expected.size());
  for (size_t k = 0; k < outputs.size(); ++k) {
    const Array actual = ToArray(outputs[k]);
    // Cases state what float32 can hold; double precision is five digits better at least.
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

void ExpectSameBits(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t k = 0; k < a.size(); ++k) {
    ASSERT_EQ(a[k].shape(), b[k].shape());
    ASSERT_EQ(a[k].dtype(), b[k].dtype());
    const Tensor x = Contiguous(a[k]), y = Contiguous(b[k]);
    const size_t bytes = static_cast<size_t>(x.numel()) * ItemSize(x.dtype());
    EXPECT_EQ(std::memcmp(x.raw_data(), y.raw_data(), bytes), 0) << "output " << k;
  }
}

TEST_P(OpCaseTest, MatchesReferenceInFloat64) {
  ExpectMatches(RunCase(op_case()), Expected(op_case(), op_case().inputs), op_case().tolerance);
}

TEST_P(OpCaseTest, MatchesReferenceInFloat32) {
  const std::vector<Tensor> inputs = InputsAs(op_case(), kFloat32);
  ExpectMatches(RunCase(op_case(), inputs), Expected(op_case(), inputs), op_case().tolerance);
}

TEST_P(OpCaseTest, StridedInputsGiveTheSame) {
  if (op_case().op == OpId::kAsStrided) return;  // is defined over contiguous memory alone
  std::vector<Tensor> inputs = op_case().inputs;
  for (Tensor& input : inputs) input = Strided(input);
  std::vector<Tensor> outputs;
  if (op_case().op == OpId::kReshape) {
    // Not every reshape of strided memory is a view; the public function copies where it must.
    outputs = {
        Reshape(inputs[0], static_cast<const ShapeOptions*>(op_case().options.get())->shape)};
  } else {
    outputs = RunCase(op_case(), inputs);
  }
  ExpectMatches(outputs, Expected(op_case(), inputs), op_case().tolerance);
}

TEST_P(OpCaseTest, SameBitsForAnyNumberOfThreads) {
  const std::vector<Tensor> inputs = InputsAs(op_case(), kFloat32);
  const int threads = GetNumThreads();
  SetNumThreads(1);
  const std::vector<Tensor> expected = RunCase(op_case(), inputs);
  for (int n : {2, 3}) {
    SetNumThreads(n);
    ExpectSameBits(RunCase(op_case(), inputs), expected);
  }
  SetNumThreads(threads);
}

INSTANTIATE_TEST_SUITE_P(AllOps, OpCaseTest, ::testing::Range(size_t{0}, OpCases().size()),
                         [](const auto& info) {
                           std::string name = OpCases()[info.param].name;
                           for (char& c : name) c = std::isalnum(c) ? c : '_';
                           return name + "_" + std::to_string(info.param);
                         });

TEST(OpListTest, EveryOperationHasCases) {
  std::set<OpId> tested;
  for (const OpCase& op_case : OpCases()) tested.insert(op_case.op);
  for (const ElsewhereTested& elsewhere : OpsTestedElsewhere()) {
    EXPECT_FALSE(tested.contains(elsewhere.op)) << SchemaOf(elsewhere.op).name;
    tested.insert(elsewhere.op);
  }
  for (int i = 0; i < NumOps(); ++i) {
    EXPECT_TRUE(tested.contains(static_cast<OpId>(i)))
        << SchemaOf(static_cast<OpId>(i)).name << " has no case in tensor/testing/op_cases_*.cc";
  }
}

TEST(OpListTest, EveryOperationHasACpuKernelOrIsAView) {
  for (int i = 0; i < kNumBuiltinOps; ++i) {
    const auto op = static_cast<OpId>(i);
    EXPECT_NE(KernelsOf(DeviceType::kCpu)[op] != nullptr,
              SchemaOf(op).flags.view || SchemaOf(op).flags.moves)
        << SchemaOf(op).name;
  }
}

}  // namespace
}  // namespace neura::testing
