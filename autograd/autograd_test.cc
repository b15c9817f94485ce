// How recording, backward and the switches behave.
#include "neura/autograd/autograd.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "neura/autograd/function.h"
#include "neura/autograd/gradcheck.h"
#include "neura/autograd/rule.h"
#include "neura/tensor/backend_api.h"
#include "neura/tensor/core/allocator.h"
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

TEST(BackwardTest, FromSeveralThreads) {
  const Tensor w = Leaf({2});
  std::vector<std::thread> threads;
  std::vector<float> results(4);
  for (size_t t = 0; t < results.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i) {
        const Tensor x = Leaf({static_cast<float>(t)});
        results[t] = Grad({Sum(x * x * w)}, {x})[0].Item<float>();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(results, ElementsAre(0, 4, 8, 12));
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

TEST(InPlaceTest, AChangedValueThatBackwardNeedsIsAnErrorThatNamesTheOperation) {
  const Tensor x = Leaf({1, 2});
  const Tensor h = x * 2;
  const Tensor loss = Sum(Square(h));
  {
    NoGradGuard no_grad;
    AddInPlace(h, 1);
  }
  EXPECT_THAT(
      ErrorOf([&] { Backward(loss); }),
      ::testing::AllOf(HasSubstr("square"), HasSubstr("in-place"), HasSubstr("float32 [2]")));
}

TEST(InPlaceTest, IsRecorded) {
  const Tensor x = Leaf({1, 2});
  Tensor h = x * 2;
  AddInPlace(h, x);           // 3x
  MulInPlace(h, 10);          // 30x
  ExpInPlace(h = h / 30.0f);  // e^x
  Backward(Sum(h));
  EXPECT_NEAR(Values(autograd::GradOf(x))[1], std::exp(2.0f), 1e-5);
}

TEST(InPlaceTest, AnOverwrittenInputThatTheRuleNeedsIsAnError) {
  const Tensor x = Leaf({1, 2});
  const Tensor h = x * 2;
  MulInPlace(h, h);
  EXPECT_THAT(ErrorOf([&] { Backward(Sum(h)); }), HasSubstr("mul"));
}

TEST(InPlaceTest, LeavesAndSharedMemoryAreProtected) {
  const Tensor x = Leaf({1, 2});
  EXPECT_THAT(ErrorOf([&] { AddInPlace(x, 1); }), HasSubstr("NoGradGuard"));
  EXPECT_THAT(ErrorOf([&] { AddInPlace(Slice(x, 0, 0, 1), 1); }), HasSubstr("a view of one"));
  EXPECT_THAT(Values(x), ElementsAre(1, 2));
}

TEST(InPlaceTest, WritesThroughAView) {
  const Tensor x = Leaf({1, 2, 3, 4}), w = Leaf({3, 5});
  const Tensor h = x * 2, view = Slice(h, 0, 0, 2);
  MulInPlace(view, 3);
  AddInPlace(view, w * w);
  EXPECT_THAT(Values(h), ElementsAre(15, 37, 6, 8));
  std::vector<Tensor> grads =
      Grad({Sum(h * FromList<float>({1, 2, 3, 4}))}, {x, w}, {.retain_graph = true});
  EXPECT_THAT(Values(grads[0]), ElementsAre(6, 12, 6, 8));
  EXPECT_THAT(Values(grads[1]), ElementsAre(6, 20));
  // The view itself, and one that was made later.
  grads = Grad({Sum(view) + Sum(Slice(h, 0, 1, 3))}, {x, w});
  EXPECT_THAT(Values(grads[0]), ElementsAre(6, 12, 2, 0));
  EXPECT_THAT(Values(grads[1]), ElementsAre(6, 20));
}

TEST(InPlaceTest, ViewsReadWhatTheirBaseHasBecome) {
  const Tensor x = Leaf({1, 2, 3, 4});
  const Tensor h = x * 2, view = Slice(h, 0, 0, 2);
  MulInPlace(h, 3);
  EXPECT_THAT(Values(Grad({Sum(view)}, {x})[0]), ElementsAre(6, 6, 0, 0));
  // A base without history gets one.
  const Tensor memory = Zeros({4}), early = Slice(memory, 0, 2, 4), w = Leaf({7, 8});
  EXPECT_FALSE(RequiresGrad(early));
  Assign(Slice(memory, 0, 1, 3), w * w);
  EXPECT_TRUE(RequiresGrad(early));
  EXPECT_FALSE(autograd::IsLeaf(memory));
  EXPECT_THAT(Values(Grad({Sum(early * 10)}, {w})[0]), ElementsAre(0, 160));
}

TEST(InPlaceTest, ViewsThatDoNotMeetAreFree) {
  const Tensor x = Leaf({1, 2, 3, 4});
  const Tensor h = x * 1, left = Slice(h, 0, 0, 2), right = Slice(h, 0, 2, 4);
  MulInPlace(left, 2);
  MulInPlace(right, 3);
  AddInPlace(left, right);
  EXPECT_THAT(Values(h), ElementsAre(11, 16, 9, 12));
  EXPECT_THAT(Values(Grad({Sum(h)}, {x})[0]), ElementsAre(2, 2, 6, 6));
}

TEST(InPlaceTest, ViewsThatMeetReadTheOldValues) {
  const Tensor x = Leaf({1, 2, 3});
  const Tensor h = x * 1, left = Slice(h, 0, 0, 2), right = Slice(h, 0, 1, 3),
               twin = Slice(h, 0, 0, 2);
  AddInPlace(left, right);  // 3, 5, 3
  EXPECT_THAT(Values(Grad({Sum(right * FromList<float>({1, 10}))}, {x}, {.retain_graph = true})[0]),
              ElementsAre(0, 1, 11));
  AddInPlace(left, twin);  // 6, 10, 3
  EXPECT_THAT(Values(h), ElementsAre(6, 10, 3));
  EXPECT_THAT(Values(Grad({Sum(twin)}, {x})[0]), ElementsAre(2, 4, 2));
}

TEST(InPlaceTest, NumericalGradientsOfWritesThroughViewsOfViews) {
  const auto function = [](const std::vector<Tensor>& in) {
    const Tensor h = in[0] * 1;  // [3, 4]
    const Tensor row = Select(Transpose(Reshape(h, {2, 6}), 0, 1), 0, 3);
    MulInPlace(row, -3);
    AddInPlace(row, Exp(in[1]));
    const Tensor corner = Diagonal(h, 1);
    Assign(corner, Exp(Diagonal(h)));
    return std::vector<Tensor>{h * h, Sin(row), corner};
  };
  const std::vector<Tensor> inputs = {Reshape(Linspace(-1, 1, 12, {.dtype = kFloat64}), {3, 4}),
                                      FromList<double>({0.5, -2})};
  EXPECT_EQ(autograd::GradCheck(function, inputs), "");
  EXPECT_EQ(autograd::GradGradCheck(function, inputs), "");
}

TEST(InPlaceTest, PartsAreViewsLikeSlices) {
  const auto with_parts = [](const std::vector<Tensor>& in) {
    const Tensor h = in[0] * 1;  // [3, 4]
    const std::vector<Tensor> parts = Split(h, {1, 3}, 1), rows = Unbind(h);
    MulInPlace(parts[1], -3);
    AddInPlace(rows[1], Exp(in[1]));
    return std::vector<Tensor>{h * h, Sin(parts[0]), parts[1], rows[1] * rows[2]};
  };
  const auto with_slices = [](const std::vector<Tensor>& in) {
    const Tensor h = in[0] * 1, left = Slice(h, 1, 0, 1), right = Slice(h, 1, 1),
                 row = Select(h, 0, 1);
    const Tensor last = Select(h, 0, 2);
    MulInPlace(right, -3);
    AddInPlace(row, Exp(in[1]));
    return std::vector<Tensor>{h * h, Sin(left), right, row * last};
  };
  const std::vector<Tensor> inputs = {Reshape(Linspace(-1, 1, 12, {.dtype = kFloat64}), {3, 4}),
                                      FromList<double>({0.5, -2, 1, 0})};
  const std::vector<Tensor> parts = with_parts(inputs), slices = with_slices(inputs);
  for (size_t i = 0; i < parts.size(); ++i) EXPECT_TRUE(SameBits(parts[i], slices[i])) << i;
  EXPECT_EQ(autograd::GradCheck(with_parts, inputs), "");
  EXPECT_EQ(autograd::GradGradCheck(with_parts, inputs), "");
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

TEST(InPlaceTest, DetachedMemoryHasNoHistory) {
  const Tensor x = Leaf({1, 2});
  const Tensor h = x * 2, detached = Detach(h);
  EXPECT_FALSE(detached.base().defined());
  MulInPlace(detached, 5);
  EXPECT_FALSE(RequiresGrad(detached));
  EXPECT_THAT(Values(Grad({Sum(h)}, {x})[0]), ElementsAre(2, 2));
}

// A node saves views; their base's history leads to the node.
TEST(InPlaceTest, HistoriesOfBasesAreNoCycles) {
  const auto run = [] {
    const Tensor x = Leaf({1, 2, 3, 4});
    const Tensor h = x * 2, left = Slice(h, 0, 0, 2), right = Slice(h, 0, 2, 4);
    AddInPlace(right, left * left);
    MulInPlace(left, Exp(right) * right);
    EXPECT_TRUE(RequiresGrad(h));
  };
  run();
  const int64_t before = CpuAllocator().Stats().allocated;
  for (int i = 0; i < 20; ++i) run();
  EXPECT_EQ(CpuAllocator().Stats().allocated, before);
}

TEST(InPlaceTest, AssignCutsTheOldHistory) {
  const Tensor x = Leaf({1, 2}), y = Leaf({3, 4});
  const Tensor h = x * 2;
  Assign(h, y * 5);
  const std::vector<Tensor> grads = Grad({Sum(h)}, {x, y});
  EXPECT_THAT(Values(grads[0]), ElementsAre(0, 0));
  EXPECT_THAT(Values(grads[1]), ElementsAre(5, 5));
}

TEST(InPlaceTest, AFlatResultPassesZeros) {
  const Tensor x = Leaf({1.5, 2.5});
  const Tensor h = x * 2;
  FloorInPlace(h);
  EXPECT_THAT(Values(Grad({Sum(h + x)}, {x})[0]), ElementsAre(1, 1));
}

TEST(InPlaceTest, WhatSavesItsOwnInputIsFreed) {
  const Tensor x = SetRequiresGrad(Ones({1000}));
  const int64_t before = CpuAllocator().Stats().allocated;
  for (int i = 0; i < 3; ++i) {
    const Tensor h = x * 2;
    SinInPlace(h);
    MulInPlace(h, h);
  }
  EXPECT_EQ(CpuAllocator().Stats().allocated, before);
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

// Runs each function `times` times on a thread of its own.
void Together(int times, const std::vector<std::function<void()>>& functions) {
  std::vector<std::thread> threads;
  for (const auto& function : functions) {
    threads.emplace_back([&function, times] {
      for (int i = 0; i < times; ++i) function();
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(ThreadsTest, GradientsOfSeveralThreadsAddUpInOneLeaf) {
  const Tensor w = Leaf({1, 2, 3});
  const auto backward = [&] { Backward(Sum(w * 2.0)); };
  Together(200, {backward, backward, backward});
  EXPECT_THAT(Values(autograd::GradOf(w)), ElementsAre(1200, 1200, 1200));
}

TEST(ThreadsTest, AGradientIsReplacedAndReadDuringBackward) {
  const Tensor w = Leaf({1, 2, 3});
  const auto backward = [&] { Backward(Sum(Square(w))); };
  Together(300, {backward, backward, [&] { autograd::SetGrad(w, {}); },
                 [&] { autograd::SetGrad(w, Ones({3})); },
                 [&] {
                   const Tensor grad = autograd::GradOf(w);
                   EXPECT_TRUE(!grad.defined() || grad.numel() == 3);
                 }});
}

TEST(ThreadsTest, TheFirstUsesOfALeafMeet) {
  for (int i = 0; i < 100; ++i) {
    const Tensor x = FromList<float>({1, 2});
    Together(1, {[&] { SetRequiresGrad(x); }, [&] { autograd::SetGrad(x, Ones({2})); },
                 [&] { Sum(x * 2.0); }, [&] { autograd::GradOf(x); }});
    EXPECT_TRUE(RequiresGrad(x));
    EXPECT_THAT(Values(autograd::GradOf(x)), ElementsAre(1, 1));
  }
}

TEST(ThreadsTest, OneGraphRunsBackwardInTwoThreads) {
  for (int i = 0; i < 50; ++i) {
    const bool retain = i % 2 == 0;
    const Tensor w = Leaf({0.5});
    Tensor y = w;
    for (int k = 0; k < 20; ++k) y = Exp(y * 0.5);
    const Tensor loss = Sum(y);
    Backward(loss, {.retain_graph = true});
    const float once = autograd::GradOf(w).Item<float>();
    autograd::SetGrad(w, {});
    std::atomic<int> failed{0};
    const auto backward = [&] {
      try {
        Backward(loss, {.retain_graph = retain});
      } catch (const Error& error) {
        EXPECT_THAT(error.message(), HasSubstr("already freed"));
        ++failed;
      }
    };
    Together(1, {backward, backward});
    EXPECT_LE(failed, retain ? 0 : 1);
    EXPECT_FLOAT_EQ(autograd::GradOf(w).Item<float>(), once * static_cast<float>(2 - failed));
  }
}

TEST(ThreadsTest, HooksAreAddedDuringBackward) {
  const Tensor w = Leaf({1, 2});
  const Tensor y = w * 2.0;
  std::atomic<int> calls{0};
  const auto hook = [&](const Tensor&) {
    ++calls;
    return Tensor();
  };
  Together(100,
           {[&] { Backward(Sum(y), {.retain_graph = true}); },
            [&] { autograd::RegisterHook(w, hook); }, [&] { autograd::RegisterHook(y, hook); }});
  calls = 0;
  Backward(Sum(y));
  EXPECT_EQ(calls, 200);
}

TEST(ThreadsTest, TheHistoryOfATensorIsReplacedWhileOthersUseIt) {
  const Tensor w = Leaf({1, 2});
  const Tensor y = w * 1.0;
  // What changes the values takes turns, so that only the history is shared.
  std::mutex values;
  const auto change = [&](auto function) {
    return [&values, function] {
      const std::lock_guard lock(values);
      try {
        function();
      } catch (const Error&) {
      }
    };
  };
  const auto look = [&] {
    autograd::RecordedOp(y);
    autograd::IsLeaf(y);
    RequiresGrad(y);
  };
  Together(200, {change([&] { MulInPlace(y, w); }), change([&] { FloorInPlace(y); }),
                 change([&] { Backward(Sum(y + w)); }), look, look});
}

// The next number of a thread takes the place of its last, unless somebody keeps that.
TEST(AutogradTest, NumbersThatHistoryKeepsStay) {
  const Tensor x = SetRequiresGrad(FromList({1.f, 2.f}));
  const Tensor doubled = x * 2.0, tripled = x * 3.0;
  const Tensor other = x * int64_t{7} * 0.5;
  Backward(Sum(doubled));
  EXPECT_TRUE(AllClose(autograd::GradOf(x), FromList({2.f, 2.f})));
  Backward(Sum(tripled) + Sum(other));
  EXPECT_TRUE(AllClose(autograd::GradOf(x), FromList({8.5f, 8.5f})));
}

}  // namespace
}  // namespace neura
