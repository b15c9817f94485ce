// What holds on every device: seen on one that is neither the CPU nor CUDA.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "neura/examples/backend/counting_backend.h"
#include "neura/neura.h"
#include "neura/tensor/ops/op_list/pointwise.h"
#include "neura/tensor/testing/error_of.h"
#include "neura/tensor/testing/op_case_fixture.h"
#include "neura/tensor/testing/op_cases.h"
#include "neura/tensor/testing/values.h"

namespace neura {
namespace {

using autograd::GradOf;
using examples::CopiedBytes;
using examples::kCounting;
using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::ErrorOf;
using ::testing::HasSubstr;
using testing::OpCase;
using testing::OpCases;
using testing::Values;

Tensor There(const Tensor& tensor) { return tensor.defined() ? To(tensor, kCounting) : tensor; }

TEST(DeviceTest, NamesAreReadAsTheyAreWritten) {
  for (Device device :
       {kCpu, Device{DeviceType::kCuda, 0}, Device{DeviceType::kCuda, 7}, kCounting}) {
    EXPECT_EQ(ParseDevice(ToString(device)), device);
  }
  EXPECT_EQ(ParseDevice("cuda"), (Device{DeviceType::kCuda, 0}));
  for (const char* name : {"", "gpu", "cuda:", "cuda:-1", "cuda:x", "cuda:128", "cpu:1", "cudas"}) {
    EXPECT_THAT(ErrorOf([&] { ParseDevice(name); }), HasSubstr("is no device")) << name;
  }
}

TEST(DeviceTest, OnesThatAreNotThereAreErrors) {
  EXPECT_THAT(ErrorOf([] {
                Zeros({2}, {.device = {DeviceType::kCuda, 0}});
              }),
              AllOf(HasSubstr("no backend for device cuda:0"), HasSubstr("--config=cuda")));
  EXPECT_THAT(ErrorOf([] { To(Zeros({2}), {DeviceType::kCustom, 3}); }), HasSubstr("custom:3"));
  EXPECT_THAT(ErrorOf([] { PinMemory(Zeros({2})); }), HasSubstr("pinned memory"));
}

TEST(DeviceTest, TensorsOfTwoDevicesDoNotMeet) {
  EXPECT_THAT(ErrorOf([] { Zeros({2}) + There(Zeros({2})); }),
              HasSubstr("all inputs must be on one device, not on cpu and custom:0"));
}

TEST(DeviceTest, ProgramsRunWhereTheirInputsAre) {
  const Tensor weight = Randn({3, 4}), row = Slice(weight, 0, 1, 2);
  const auto fn = [&](const Tensor& x) {
    Tensor y = Exp(MatMul(x, weight)) + To(row, x.device());
    AddInPlace(Slice(y, 1, 0, 2), 1.0);
    return Relu(y) * 0.5;
  };
  const graph::Program program = graph::Compile(fn, {Randn({2, 3})});
  for (int64_t rows : {1, 5}) {
    const Tensor x = Randn({rows, 3}), expected = fn(x);
    const Tensor y = program(There(x));
    EXPECT_EQ(y.device(), kCounting);
    EXPECT_TRUE(SameBits(y, expected));
    EXPECT_TRUE(SameBits(program(x), expected));
  }
  const graph::Program two = graph::Compile([](const Tensor& a, const Tensor& b) { return a + b; },
                                            {Ones({2}), Ones({2})});
  EXPECT_THAT(ErrorOf([&] {
                two.Run({There(Ones({2})), Ones({2})});
              }),
              HasSubstr("on custom:0, got float32 [2] on cpu"));
}

TEST(DeviceTest, HostMemoryIsAskedFor) {
  const Tensor x = There(Ones({2}));
  EXPECT_THAT(ErrorOf([&] { x.data<float>(); }), HasSubstr("move it to the host first"));
  EXPECT_EQ(x.ToString(), "[1., 1.]\nfloat32 [2] on custom:0");
  EXPECT_EQ(Sum(x).Item<float>(), 2);
  EXPECT_TRUE(SameBits(x, Ones({2})));
  EXPECT_FALSE(SameBits(x, Zeros({2})));
}

TEST(ToTest, CopiesAndLeavesWhatIsThere) {
  const Tensor x = Rand({3, 4});
  const int64_t before = CopiedBytes();
  const Tensor y = To(x, kCounting);
  EXPECT_EQ(y.device(), kCounting);
  EXPECT_EQ(CopiedBytes() - before, 3 * 4 * 4);
  EXPECT_TRUE(IsSame(To(y, kCounting), y));
  EXPECT_TRUE(SameBits(To(y, kCpu), x));
  // Of a view, its elements alone.
  const Tensor column = To(Slice(y, 1, 1, 2), kCpu);
  EXPECT_TRUE(column.is_contiguous());
  EXPECT_TRUE(SameBits(column, Slice(x, 1, 1, 2)));
  EXPECT_EQ(To(Zeros({0, 3}), kCounting).shape(), (Dims{0, 3}));
  EXPECT_TRUE(SameBits(To(To(Cast(x, kBFloat16), kCounting), kCpu), Cast(x, kBFloat16)));
}

TEST(ToTest, GradientsReturnToWhereTheyCameFrom) {
  Tensor x = Rand({3});
  SetRequiresGrad(x);
  const Tensor y = To(x, kCounting);
  Backward(Sum(y * y));
  EXPECT_EQ(GradOf(x).device(), kCpu);
  EXPECT_TRUE(SameBits(GradOf(x), Detach(x * 2)));
}

TEST(ToTest, IsNothingInAGraph) {
  const auto program =
      graph::Compile([](const Tensor& x) { return To(x * 2, kCpu) + 1; }, {Ones({2, 3})});
  EXPECT_THAT(Values(program(Ones({1, 3}))), ElementsAre(3, 3, 3));
}

TEST(DefaultDeviceTest, IsWhereFactoriesPutTensors) {
  EXPECT_EQ(DefaultDevice(), kCpu);
  {
    ScopedDefaultDevice scope(kCounting);
    EXPECT_EQ(Zeros({2}).device(), kCounting);
    EXPECT_EQ(Arange(3).device(), kCounting);
    EXPECT_EQ(Rand({2}).device(), kCounting);
    EXPECT_EQ(Zeros({2}, {.device = kCpu}).device(), kCpu);
    nn::Linear layer({.in_features = 2, .out_features = 3});
    EXPECT_EQ(layer.Parameters()[0].device(), kCounting);
  }
  EXPECT_EQ(Zeros({2}).device(), kCpu);
}

TEST(ModuleTest, MovesWithAllItHolds) {
  nn::BatchNorm2d norm({.num_features = 3});
  SetRequiresGrad(norm.Parameters()[1], false);
  norm.To(kCounting);
  for (const auto& [name, tensor] : norm.StateDict()) EXPECT_EQ(tensor.device(), kCounting) << name;
  EXPECT_TRUE(RequiresGrad(norm.Parameters()[0]));
  EXPECT_FALSE(RequiresGrad(norm.Parameters()[1]));
  // A state dict may come from elsewhere.
  norm.LoadStateDict(nn::BatchNorm2d({.num_features = 3}).StateDict());
  EXPECT_EQ(norm.Parameters()[0].device(), kCounting);
}

TEST(RandomTest, BitsDoNotDependOnTheDevice) {
  for (Device device : {kCpu, kCounting}) {
    ManualSeed(3);
    static Tensor first;
    const Tensor x = Normal({100}, 0, 1, {.device = device});
    if (!first.defined()) first = x;
    EXPECT_TRUE(SameBits(x, first));
  }
}

TEST(KernelTest, AnOperationWithoutOneIsAnErrorThatNamesBoth) {
  KernelTable& table = KernelsOf(DeviceType::kCustom);
  const Kernel kernel = table[op::kErf];
  table[op::kErf] = nullptr;
  EXPECT_THAT(ErrorOf([] { Erf(There(Zeros({2}))); }),
              HasSubstr("erf(float32 [2] on custom:0): no kernel for device custom:0"));
  table[op::kErf] = kernel;
}

using CaseTest = testing::OpCaseFixture;

std::vector<Tensor> LeavesOf(const std::vector<Tensor>& inputs, bool there) {
  std::vector<Tensor> leaves;
  for (const Tensor& input : inputs) {
    Tensor leaf = there ? There(input) : input;
    if (leaf.defined()) leaf = Clone(leaf);
    if (leaf.defined() && IsFloating(leaf.dtype())) SetRequiresGrad(leaf);
    leaves.push_back(leaf);
  }
  return leaves;
}

// Runs the case, and backward from the sum of each of its outputs.
std::vector<Tensor> OutputsAndGradients(const OpCase& op_case, std::vector<Tensor> leaves) {
  // Factories have no inputs that would say where.
  std::vector<Tensor> results = RunCase(op_case, leaves);
  Tensor sum;
  for (const Tensor& output : results) {
    if (!IsFloating(output.dtype()) || output.numel() == 0) continue;
    const Tensor part = Sum(output * output);
    sum = sum.defined() ? sum + part : part;
  }
  if (sum.defined() && !autograd::IsLeaf(sum)) Backward(sum);
  for (const Tensor& leaf : leaves) {
    if (leaf.defined()) results.push_back(GradOf(leaf));
  }
  return results;
}

TEST_P(CaseTest, GivesTheBitsOfTheCpuThereAndBack) {
  const std::vector<Tensor> inputs = testing::InputsAs(op_case(), kFloat32);
  const std::vector<Tensor> here = OutputsAndGradients(op_case(), LeavesOf(inputs, false)),
                            there = OutputsAndGradients(op_case(), LeavesOf(inputs, true));
  ASSERT_EQ(here.size(), there.size());
  for (size_t i = 0; i < here.size(); ++i) {
    ASSERT_EQ(here[i].defined(), there[i].defined()) << i;
    if (!here[i].defined()) continue;
    if (!inputs.empty()) {
      EXPECT_EQ(there[i].device(), kCounting) << i;
    }
    EXPECT_TRUE(SameBits(here[i], there[i])) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(AllOps, CaseTest, ::testing::Range(size_t{0}, OpCases().size()),
                         testing::NameOfCase);

}  // namespace
}  // namespace neura
