// How recording, backward and the switches behave.
#include "neura/autograd/autograd.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "neura/autograd/function.h"
#include "neura/autograd/gradcheck.h"
#include "neura/autograd/rule.h"
#include "neura/tensor/backend_api.h"
#include "neura/tensor/ops/op_list/pointwise.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"
#include "neura/tensor/testing/values.h"

namespace neura {
namespace {

using ::testing::ElementsAre;
using testing::ErrorOf;
using ::testing::HasSubstr;
using testing::Values;

Tensor Leaf(std::initializer_list<float> values) {
  return SetRequiresGrad(FromList<float>(values));
}

TEST(BackwardTest, AccumulatesUntilCleared) {
  const Tensor x = Leaf({1, 2, 3});
  Backward(Sum(Square(x)));
  EXPECT_THAT(Values(autograd::GradOf(x)), ElementsAre(2, 4, 6));
  Backward(Sum(Square(x)));
  EXPECT_THAT(Values(autograd::GradOf(x)), ElementsAre(4, 8, 12));
  autograd::SetGrad(x, {});
  EXPECT_FALSE(autograd::GradOf(x).defined());
}

TEST(BackwardTest, SumsOverAllUses) {
  const Tensor x = Leaf({3});
  Backward(Sum(x * x + x));
  EXPECT_THAT(Values(autograd::GradOf(x)), ElementsAre(7));
}

TEST(BackwardTest, LeavesWithOneGradientDoNotShareMemory) {
  const Tensor a = Leaf({1, 2}), b = Leaf({3, 4});
  Backward(Sum(a + b));
  MulInPlace(autograd::GradOf(a), 5);
  EXPECT_THAT(Values(autograd::GradOf(b)), ElementsAre(1, 1));
}

TEST(BackwardTest, TakesAGradientForTensorsThatAreNoScalars) {
  const Tensor x = Leaf({1, 2});
  EXPECT_THAT(ErrorOf([&] { Backward(x * 2); }), HasSubstr("more than one element"));
  Backward(x * 2, {.gradient = FromList<float>({1, 10})});
  EXPECT_THAT(Values(autograd::GradOf(x)), ElementsAre(2, 20));
  EXPECT_THAT(ErrorOf([&] { Backward(x * 2, {.gradient = Ones({3})}); }), HasSubstr("float32 [3]"));
}

TEST(BackwardTest, ASecondTimeNeedsRetainGraph) {
  const Tensor x = Leaf({1, 2});
  const Tensor loss = Sum(Exp(x));
  Backward(loss, {.retain_graph = true});
  Backward(loss);
  EXPECT_THAT(ErrorOf([&] { Backward(loss); }), HasSubstr("retain_graph"));
}

TEST(BackwardTest, WorksAfterARuleThatThrew) {
  const Tensor x = Leaf({1, 2});
  Tensor y;
  {
    const NoGradGuard guard;
    y = Exp(x);
  }
  bool fails = true;
  autograd::RecordFunction("mine", {x}, {y}, [&](const std::vector<Tensor>& grads) {
    if (fails) throw Error(absl::StatusCode::kResourceExhausted, "no memory");
    return grads;
  });
  const Tensor loss = Sum(y * y);
  EXPECT_THAT(ErrorOf([&] { Backward(loss); }), HasSubstr("no memory"));
  fails = false;
  EXPECT_THAT(ErrorOf([&] { Backward(loss); }), HasSubstr("retain_graph"));  // y * y is done
  Backward(Sum(y));
  EXPECT_THAT(Values(autograd::GradOf(x)), ElementsAre(1, 1));
}

TEST(BackwardTest, WithoutAGraphIsAnError) {
  EXPECT_THAT(ErrorOf([] { Backward(Sum(Ones({2}))); }), HasSubstr("does not require a gradient"));
}

TEST(BackwardTest, AMillionOperationsNeitherOverflowTheStackForwardNorOnRelease) {
  const Tensor x = Leaf({0});
  {
    Tensor y = x;
    for (int i = 0; i < 1'000'000; ++i) y = y + x;
    Backward(Sum(y));
    EXPECT_THAT(Values(autograd::GradOf(x)), ElementsAre(1'000'001));
    // Another chain that is dropped without having been run.
    for (int i = 0; i < 1'000'000; ++i) y = y + x;
  }
}

// The next number of a thread takes the place of its last, unless somebody keeps that.
TEST(BackwardTest, NumbersThatHistoryKeepsStay) {
  const Tensor x = SetRequiresGrad(FromList({1.f, 2.f}));
  const Tensor doubled = x * 2.0, tripled = x * 3.0;
  const Tensor other = x * int64_t{7} * 0.5;
  Backward(Sum(doubled));
  EXPECT_TRUE(AllClose(autograd::GradOf(x), FromList({2.f, 2.f})));
  Backward(Sum(tripled) + Sum(other));
  EXPECT_TRUE(AllClose(autograd::GradOf(x), FromList({8.5f, 8.5f})));
}

TEST(BackwardTest, OfSeveralTensorsInOnePass) {
  const Tensor x = Leaf({1, 2});
  const Tensor h = x * 2.0;
  int passes = 0;
  autograd::RegisterHook(h, [&](const Tensor&) {
    ++passes;
    return Tensor();
  });
  Backward({Sum(h), h * h}, {{}, FromList<float>({1, 10})});
  EXPECT_THAT(Values(autograd::GradOf(x)), ElementsAre(2 + 8, 2 + 160));
  EXPECT_EQ(passes, 1);
  EXPECT_THAT(ErrorOf([&] { Backward(std::vector<Tensor>{h}, std::vector<Tensor>(2)); }),
              HasSubstr("1 tensors but 2"));
}

TEST(BackwardTest, OnlyTheInputsThatAreNamedAccumulate) {
  const Tensor x = Leaf({1, 2}), y = Leaf({3, 4});
  const Tensor h = x * y;
  Backward(Sum(h), {.retain_graph = true, .inputs = {y}});
  EXPECT_FALSE(autograd::GradOf(x).defined());
  EXPECT_THAT(Values(autograd::GradOf(y)), ElementsAre(1, 2));
  EXPECT_THAT(ErrorOf([&] { Backward(Sum(h), {.inputs = {h}}); }), HasSubstr("no leaf"));
}

TEST(GradTest, LeavesAccumulateNothing) {
  const Tensor x = Leaf({1, 2}), y = Leaf({3, 4});
  const std::vector<Tensor> grads = Grad({Sum(x * y)}, {x, y});
  EXPECT_THAT(Values(grads[0]), ElementsAre(3, 4));
  EXPECT_THAT(Values(grads[1]), ElementsAre(1, 2));
  EXPECT_FALSE(autograd::GradOf(x).defined());
}

TEST(GradTest, OfAnIntermediateResult) {
  const Tensor x = Leaf({1, 2});
  const Tensor h = x * 3;
  EXPECT_THAT(Values(Grad({Sum(h * h)}, {h})[0]), ElementsAre(6, 12));
}

TEST(GradTest, OfUnusedInputs) {
  const Tensor x = Leaf({1}), unused = Leaf({1});
  EXPECT_THAT(ErrorOf([&] { Grad({Sum(x)}, {unused}); }), HasSubstr("allow_unused"));
  EXPECT_FALSE(Grad({Sum(x)}, {unused}, {.allow_unused = true})[0].defined());
}

TEST(GradTest, ThirdDerivative) {
  const Tensor x = Leaf({2});
  Tensor g = Sum(Pow(x, 4));
  for (int i = 0; i < 3; ++i) g = Sum(Grad({g}, {x}, {.create_graph = true})[0]);
  EXPECT_FLOAT_EQ(g.Item<float>(), 48);
}

TEST(RecordingTest, GuardsNest) {
  const Tensor x = Leaf({1});
  {
    NoGradGuard no_grad;
    EXPECT_FALSE(RequiresGrad(x * 2));
    {
      EnableGradGuard enable;
      EXPECT_TRUE(RequiresGrad(x * 2));
    }
    EXPECT_FALSE(GradEnabled());
  }
  EXPECT_TRUE(RequiresGrad(x * 2));
  EXPECT_FALSE(RequiresGrad(Detach(x * 2)));
}

TEST(RecordingTest, OnlyFloatingPointLeaves) {
  EXPECT_THAT(ErrorOf([] { SetRequiresGrad(Arange(3)); }), HasSubstr("int64 [3]"));
  const Tensor x = Leaf({1});
  EXPECT_THAT(ErrorOf([&] { SetRequiresGrad(x * 2); }), HasSubstr("Detach"));
  EXPECT_FALSE(RequiresGrad(ArgMax(x)));
  EXPECT_FALSE(RequiresGrad(x > 0));
}

TEST(ListTest, PartsAreOneOperation) {
  const Tensor x = Leaf({1, 2, 3, 4, 5, 6, 7});
  const std::vector<Tensor> parts = Unbind(x * 2);
  for (const Tensor& part : parts) EXPECT_EQ(autograd::RecordedOp(part), "unbind");
  // Beyond the outputs that a node has room for.
  std::vector<double> seen;
  autograd::RegisterHook(parts[6], [&](const Tensor& grad) {
    seen.push_back(grad.Item<double>());
    return grad * 10;
  });
  const Tensor loss = parts[1] * parts[6];
  EXPECT_THAT(Values(Grad({loss}, {x}, {.retain_graph = true})[0]),
              ElementsAre(0, 28, 0, 0, 0, 0, 80));
  EXPECT_THAT(seen, ElementsAre(4));
  EXPECT_THAT(Values(Grad({loss}, {parts[6]})[0]), ElementsAre(40));
}

TEST(ListTest, PartsMadeWithoutRecordingStandApart) {
  const Tensor x = Leaf({1, 2}), h = x * 1;
  std::vector<Tensor> parts;
  {
    NoGradGuard no_grad;
    parts = Unbind(h);
  }
  for (const Tensor& part : parts) {
    EXPECT_FALSE(part.base().defined());
    EXPECT_FALSE(RequiresGrad(part));
  }
}

// What a rule saves is made where a gradient is recorded, whatever the caller wants.
TEST(WantedTest, RulesGetTheOutputsThatTheySave) {
  const Tensor image = Reshape(FromList<float>({1, 4, 3, 2}), {1, 1, 2, 2});
  SetRequiresGrad(image);
  const Tensor pooled = MaxPool2d(image, {.kernel_size = 2});
  EXPECT_THAT(Values(Grad({pooled}, {image}, {.grad_outputs = {OnesLike(pooled)}})[0]),
              ElementsAre(0, 1, 0, 0));
  const auto some = LayerNorm(image, {}, {}, {}, 0b1);
  EXPECT_FALSE(some.mean.defined());
  EXPECT_TRUE(RequiresGrad(some.output));
}

// Gradients that nobody asks for are not computed, and the others are the same.
TEST(WantedTest, GradientsOfSomeInputs) {
  const Tensor x = Randn({6, 4}), w = Rand({4}), b = Rand({4});
  for (const Tensor& leaf : {x, w, b}) SetRequiresGrad(leaf);
  for (bool batch : {false, true}) {
    const Tensor y = batch ? BatchNormTraining(x, w, b).output : LayerNorm(x, w, b).output;
    const Tensor loss = Sum(Exp(y));
    const std::vector<Tensor> all = Grad({loss}, {x, w, b}, {.retain_graph = true});
    const Tensor leaves[] = {x, w, b};
    for (size_t i = 0; i < 3; ++i) {
      const Tensor alone = Grad({loss}, {leaves[i]}, {.retain_graph = true})[0];
      EXPECT_TRUE(SameBits(alone, all[i])) << i;
    }
    const Tensor first = Grad({loss}, {x}, {.create_graph = true})[0];
    const Tensor both = Grad({loss}, {x, w, b}, {.create_graph = true})[0];
    const auto second = [&](const Tensor& grad) {
      return Grad({Sum(Square(grad))}, {w}, {.retain_graph = true})[0];
    };
    EXPECT_TRUE(SameBits(second(first), second(both)));
  }
}

TEST(RecordingTest, UndefinedTensorsAreErrors) {
  const Tensor none;
  EXPECT_THAT(ErrorOf([&] { autograd::IsLeaf(none); }), HasSubstr("IsLeaf"));
  EXPECT_THAT(ErrorOf([&] { autograd::SetGrad(none, none); }), HasSubstr("SetGrad"));
  EXPECT_THAT(ErrorOf([&] { SetRequiresGrad(none, false); }), HasSubstr("SetRequiresGrad"));
  EXPECT_THAT(ErrorOf([&] { SetRequiresGrad(none); }), HasSubstr("SetRequiresGrad"));
}

TEST(GradTest, OfTheNormOfZeros) {
  const Tensor x = Leaf({0, 0});
  EXPECT_THAT(Values(Grad({Norm(x)}, {x})[0]), ElementsAre(0, 0));
  const Tensor y = Leaf({3, 4});
  const std::vector<float> grad = Values(Grad({Norm(y)}, {y})[0]);
  EXPECT_FLOAT_EQ(grad[0], 0.6f);
  EXPECT_FLOAT_EQ(grad[1], 0.8f);
}

TEST(HookTest, ReplacementsKeepShapeAndDtype) {
  for (const Tensor& wrong : {Ones({3}), Ones({2}, {.dtype = kFloat64})}) {
    const Tensor x = Leaf({1, 2});
    const Tensor h = x * 3;
    autograd::RegisterHook(h, [&](const Tensor&) { return wrong; });
    EXPECT_THAT(ErrorOf([&] { Backward(Sum(h)); }), HasSubstr(Describe(wrong)));
  }
}

TEST(RecordFunctionTest, TheGradientIsWhatTheProgramSays) {
  const Tensor x = Leaf({1, 2});
  const auto doubled = [&](const std::vector<Tensor>& grads) {
    return std::vector<Tensor>{grads[0] * 2};
  };
  Tensor y = Clone(Detach(x));
  autograd::RecordFunction("doubled", {x}, {y}, doubled);
  EXPECT_FALSE(autograd::IsLeaf(y));
  EXPECT_THAT(Values(Grad({Sum(y * 3)}, {x})[0]), ElementsAre(6, 6));
  // Nothing is recorded where nothing flows.
  const Tensor plain = Ones({2});
  const Tensor z = Clone(plain);
  autograd::RecordFunction("doubled", {plain}, {z}, doubled);
  EXPECT_TRUE(autograd::IsLeaf(z));
}

TEST(RecordFunctionTest, WrongGradientsAreErrors) {
  const Tensor x = Leaf({1, 2});
  for (const std::vector<Tensor>& wrong : {std::vector<Tensor>{}, std::vector<Tensor>{Ones({3})}}) {
    const Tensor y = Clone(Detach(x));
    autograd::RecordFunction("mine", {x}, {y}, [&](const auto&) { return wrong; });
    EXPECT_THAT(ErrorOf([&] { Backward(Sum(y)); }), HasSubstr("mine: "));
  }
}

TEST(HookTest, SeesAndReplacesGradients) {
  const Tensor x = Leaf({1, 2});
  const Tensor h = x * 3;
  std::vector<float> seen;
  autograd::RegisterHook(h, [&](const Tensor& grad) {
    seen = Values(grad);
    return grad * 10;
  });
  autograd::RegisterHook(x, [&](const Tensor& grad) { return grad + 1; });
  Backward(Sum(h * 2));
  EXPECT_THAT(seen, ElementsAre(2, 2));
  EXPECT_THAT(Values(autograd::GradOf(x)), ElementsAre(61, 61));
}

TEST(CustomOpTest, HasKernelAndGradient) {
  static const OpId cube = [] {
    OpSchema schema;
    schema.name = "test_cube";
    schema.cc_name = "TestCube";
    schema.inputs = "input";
    schema.doc = "input * input * input";
    schema.options = OptionsTypeOf<NoOptions>("NoOptions");
    const OpId op = RegisterOp(schema, [](const OpCall& call, OutputSpecs& outputs) {
      outputs[0].dtype = call.input(0).dtype();
      outputs[0].shape.assign(call.input(0).shape().begin(), call.input(0).shape().end());
    });
    KernelsOf(DeviceType::kCpu)[op] = [](KernelCall& call) {
      for (int64_t i = 0; i < call.output().numel(); ++i) {
        const float x = call.input(0).data<float>()[i];
        call.output().data<float>()[i] = x * x * x;
      }
    };
    autograd::RegisterRule(op, {.inputs = 1}, [](autograd::RuleContext& c) {
      c.Set(0, c.grad() * Square(c.input(0)) * 3);
    });
    return op;
  }();
  const Tensor x = Leaf({1, 2});
  const Tensor y = CallAny(cube, nullptr, x);
  EXPECT_THAT(Values(y), ElementsAre(1, 8));
  const Tensor g = Grad({Sum(y)}, {x}, {.create_graph = true})[0];
  EXPECT_THAT(Values(g), ElementsAre(3, 12));
  EXPECT_THAT(Values(Grad({Sum(g)}, {x})[0]), ElementsAre(6, 12));
}

// The gradient of the sum of f(x).
template <typename F>
auto GradientOf(F f, std::initializer_list<float> values) {
  const Tensor x = Leaf(values);
  Backward(Sum(f(x)));
  return Values(autograd::GradOf(x));
}

TEST(CornerTest, WhatIsFlatPassesZeros) {
  for (Tensor (*flat)(const Tensor&) : {&Sign, &Floor, &Ceil, &Round, &Trunc}) {
    EXPECT_THAT(GradientOf(flat, {-1.5, 0, 2.5}), ElementsAre(0, 0, 0));
  }
  EXPECT_THAT(GradientOf([](const Tensor& x) { return FloorDivide(x, 2); }, {3, 5}),
              ElementsAre(0, 0));
}

TEST(CornerTest, StdAndNormWhereTheirRootsHaveNoSlope) {
  for (int64_t correction : {0, 1}) {
    EXPECT_THAT(GradientOf([&](const Tensor& x) { return Std(x, {}, correction); }, {2, 2, 2}),
                ElementsAre(0, 0, 0));
  }
  EXPECT_THAT(GradientOf([](const Tensor& x) { return Norm(x, 0.5); }, {0, 4}), ElementsAre(0, 1));
  EXPECT_THAT(GradientOf([](const Tensor& x) { return Norm(x, 0.5); }, {0, 0}), ElementsAre(0, 0));
  EXPECT_THAT(GradientOf([](const Tensor& x) { return Norm(x, 1.5); }, {0, 4}), ElementsAre(0, 1));
}

TEST(CornerTest, ClampAtAndBeyondItsBounds) {
  const auto clamp = [](const ClampOptions& options) {
    return GradientOf([&](const Tensor& x) { return Clamp(x, options); }, {-2, -1, 0, 1, 2});
  };
  EXPECT_THAT(clamp({.min = -1, .max = 1}), ElementsAre(0, 1, 1, 1, 0));
  EXPECT_THAT(clamp({.min = -1, .max = 1, .open = true}), ElementsAre(0, 0, 1, 0, 0));
  EXPECT_THAT(clamp({.min = 0}), ElementsAre(0, 0, 1, 1, 1));
  EXPECT_THAT(clamp({.max = 0, .open = true}), ElementsAre(1, 1, 0, 0, 0));
  EXPECT_THAT(clamp({}), ElementsAre(1, 1, 1, 1, 1));
}

TEST(CornerTest, TensorsThatBoundOrFillGetTheGradientOfWhatTheyReplace) {
  const Tensor x = Leaf({1, 2, 3}), low = Leaf({2, 2, 2}), high = Leaf({2.5});
  Backward(Sum(ClampBetween(x, low, high)));
  EXPECT_THAT(Values(autograd::GradOf(x)), ElementsAre(0, 1, 0));
  EXPECT_THAT(Values(autograd::GradOf(low)), ElementsAre(1, 0, 0));
  EXPECT_THAT(Values(autograd::GradOf(high)), ElementsAre(1));
  const Tensor y = Leaf({1, 2, 3}), value = SetRequiresGrad(ScalarTensor(7.0));
  Backward(Sum(MaskedFill(y, y >= 2, value)));
  EXPECT_THAT(Values(autograd::GradOf(y)), ElementsAre(1, 0, 0));
  EXPECT_THAT(Values(autograd::GradOf(value)), ElementsAre(2));
}

TEST(CornerTest, MaximumAndMinimumShareTiesAndPassNan) {
  for (Tensor (*extremum)(const Tensor&, const Tensor&) :
       {static_cast<Tensor (*)(const Tensor&, const Tensor&)>(&Maximum),
        static_cast<Tensor (*)(const Tensor&, const Tensor&)>(&Minimum)}) {
    const Tensor a = Leaf({NAN, 1, 2}), b = Leaf({1, NAN, 2});
    Backward(Sum(extremum(a, b)));
    EXPECT_THAT(Values(autograd::GradOf(a)), ElementsAre(1, 1, 0.5));
    EXPECT_THAT(Values(autograd::GradOf(b)), ElementsAre(1, 1, 0.5));
  }
  EXPECT_THAT(GradientOf([](const Tensor& x) { return Maximum(x, 1); }, {0, 3}), ElementsAre(0, 1));
  EXPECT_THAT(GradientOf([](const Tensor& x) { return Minimum(x, 1); }, {0, 3}), ElementsAre(1, 0));
}

TEST(CornerTest, WhatDropoutDropsHasNoGradientEvenBesideInfinities) {
  ManualSeed(2);
  const Tensor x = SetRequiresGrad(Full({100}, INFINITY));
  const Tensor y = Dropout(x, 0.5);
  Backward(Sum(y));
  EXPECT_TRUE(SameBits(autograd::GradOf(x), Where(Detach(y) == 0, Zeros({100}), Full({100}, 2.0))));
}

// ---- threads: which values count is open, but every one is somebody's --------------------------

}  // namespace
}  // namespace neura
