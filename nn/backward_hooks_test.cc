// Hooks on the way back through a module.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "neura/autograd/autograd.h"
#include "neura/nn/nn.h"
#include "neura/tensor/tensor.h"

namespace neura {
namespace {

using ::testing::ElementsAre;

TEST(BackwardHookTest, SeeAndReplaceGradients) {
  nn::Linear layer({.in_features = 2, .out_features = 3});
  const Tensor x = SetRequiresGrad(FromList<float>({1, 2}));
  const Tensor plain = Grad({Sum(layer(x))}, {x})[0];
  std::vector<std::string> calls;
  nn::HookHandle before =
      layer.RegisterFullBackwardPreHook([&](nn::ModuleBase&, absl::Span<Tensor> grad_outputs) {
        calls.push_back("before");
        ASSERT_EQ(grad_outputs.size(), 1u);
        EXPECT_TRUE(All(grad_outputs[0] == 1).Item<bool>());
        grad_outputs[0] = grad_outputs[0] * 2;
      });
  layer.RegisterFullBackwardHook([&](nn::ModuleBase& module, absl::Span<Tensor> grad_inputs,
                                     absl::Span<const Tensor> grad_outputs) {
    calls.push_back(module.TypeName());
    ASSERT_EQ(grad_inputs.size(), 1u);
    EXPECT_TRUE(All(grad_outputs[0] == 2).Item<bool>());
    EXPECT_TRUE(AllClose(grad_inputs[0], plain * 2));
    grad_inputs[0] = grad_inputs[0] + 1;
  });
  const Tensor y = layer(x);
  EXPECT_TRUE(All(y == nn::Linear(layer).Forward(x)).Item<bool>());
  Backward(Sum(y));
  EXPECT_THAT(calls, ElementsAre("before", "Linear"));
  EXPECT_TRUE(AllClose(autograd::GradOf(x), plain * 2 + 1));
  EXPECT_TRUE(All(autograd::GradOf(layer.bias) == 2).Item<bool>());
  before.Remove();
  calls.clear();
  NoGradGuard no_grad;
  layer(x);
  EXPECT_TRUE(calls.empty());
}

TEST(BackwardHookTest, RunWhereNoInputRequiresAGradient) {
  nn::Linear layer({.in_features = 2, .out_features = 3});
  int calls = 0;
  layer.RegisterFullBackwardHook(
      [&](nn::ModuleBase&, absl::Span<Tensor> grad_inputs, absl::Span<const Tensor> grad_outputs) {
        ++calls;
        ASSERT_EQ(grad_inputs.size(), 1u);
        EXPECT_FALSE(grad_inputs[0].defined());
        EXPECT_TRUE(grad_outputs[0].defined());
      });
  Backward(Sum(layer(Ones({1, 2}))));
  EXPECT_EQ(calls, 1);
}

TEST(BackwardHookTest, SecondDerivativesPassThrough) {
  nn::Tanh layer;
  int calls = 0;
  layer.RegisterFullBackwardHook([&](auto&&...) { ++calls; });
  const Tensor x = SetRequiresGrad(FromList<double>({0.5}));
  const Tensor first = Grad({Sum(layer(x))}, {x}, {.create_graph = true})[0];
  const double second = Grad({Sum(first)}, {x})[0].Item<double>();
  const double t = std::tanh(0.5);
  EXPECT_NEAR(second, -2 * t * (1 - t * t), 1e-12);
  EXPECT_GE(calls, 1);
}

}  // namespace
}  // namespace neura
