// What graphs keep and when they let it go: hooks of saved tensors, checkpoints, anomalies, hooks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "neura/autograd/anomaly.h"
#include "neura/autograd/autograd.h"
#include "neura/autograd/checkpoint.h"
#include "neura/autograd/dot.h"
#include "neura/autograd/saved_tensors.h"
#include "neura/tensor/core/allocator.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"
#include "neura/tensor/testing/values.h"

namespace neura::autograd {
namespace {

using testing::Close;
using ::testing::ElementsAre;
using testing::ErrorOf;
using ::testing::HasSubstr;
using testing::Values;

Tensor Leaf(std::initializer_list<float> values) {
  return SetRequiresGrad(FromList<float>(values));
}

// ---- saved tensors ----

TEST(SavedTensorsTest, HooksKeepAndBring) {
  const Tensor x = Leaf({1, 2});
  int packed = 0, unpacked = 0;
  Tensor y;
  {
    const SavedTensorsScope scope({.pack =
                                       [&](const Tensor& tensor) {
                                         ++packed;
                                         return std::make_shared<Tensor>(Cast(tensor, kFloat64));
                                       },
                                   .unpack =
                                       [&](const std::shared_ptr<void>& kept) {
                                         ++unpacked;
                                         return Cast(*std::static_pointer_cast<Tensor>(kept),
                                                     kFloat32);
                                       }});
    y = Sum(x * x * Exp(x));
  }
  EXPECT_GT(packed, 3);
  EXPECT_EQ(unpacked, 0);
  // With the gradient's own gradient, whose way leads through what was unpacked.
  const Tensor first = Grad({y}, {x}, {.create_graph = true})[0];
  EXPECT_GT(unpacked, 3);
  const Tensor second = Grad({Sum(first)}, {x})[0];
  const auto expected = [](float v) { return (2 + 4 * v + v * v) * std::exp(v); };
  EXPECT_NEAR(Values(second)[0], expected(1), 1e-4);
  EXPECT_NEAR(Values(second)[1], expected(2), 1e-4);
}

TEST(SavedTensorsTest, UnpackMustBringTheSameKind) {
  const Tensor x = Leaf({1, 2});
  const SavedTensorsScope scope({.pack = [](const Tensor&) { return std::shared_ptr<void>(); },
                                 .unpack = [](const std::shared_ptr<void>&) { return Ones({5}); }});
  const Tensor y = Sum(Square(x));
  EXPECT_THAT(ErrorOf([&] { Backward(y); }), HasSubstr("float32 [5]"));
}

// ---- checkpoints ----

TEST(CheckpointTest, GradientsAreTheSame) {
  const Tensor w = Leaf({0.5, -1, 2}), x = Leaf({1, 2, 3});
  int runs = 0;
  const auto block = [w, &runs](const Tensor& h) {
    ++runs;
    return Tanh(h * w) * Dropout(Exp(h), 0.5);
  };
  const auto gradients = [&](bool checkpoint) {
    ManualSeed(3);
    const Tensor h = x * 2.0;
    const Tensor y = checkpoint ? Checkpoint([block, h] { return block(h); }) : block(h);
    return Grad({Sum(Square(y) + Rand({3}))}, {w, x});
  };
  const std::vector<Tensor> kept = gradients(false), again = gradients(true);
  EXPECT_EQ(runs, 3);
  EXPECT_TRUE(SameBits(kept[0], again[0]) && SameBits(kept[1], again[1]));
}

TEST(CheckpointTest, KeepsNoneOfTheTensorsInside) {
  const Tensor x = SetRequiresGrad(Ones({1 << 16}));
  const auto deep = [x] {
    Tensor h = x;
    for (int i = 0; i < 20; ++i) h = Exp(Sin(h));
    return Sum(h);
  };
  const int64_t before = CpuAllocator().Stats().allocated;
  const Tensor y = Checkpoint(deep);
  EXPECT_LT(CpuAllocator().Stats().allocated - before, 2 * (1 << 18));
  Backward(y);
  EXPECT_TRUE(Close(GradOf(x), Grad({deep()}, {x})[0]));
}

TEST(CheckpointTest, NestsAndServesSecondDerivatives) {
  const Tensor x = Leaf({0.3});
  const auto inner = [](const Tensor& h) { return Checkpoint([h] { return Sin(h) * h; }); };
  const Tensor y = Checkpoint([inner, x] { return Exp(inner(x)) * inner(x); });
  const Tensor plain = Exp(Sin(x) * x) * (Sin(x) * x);
  const auto second = [&](const Tensor& of) {
    return Grad({Grad({of}, {x}, {.create_graph = true})[0]}, {x})[0].Item<float>();
  };
  EXPECT_NEAR(second(y), second(plain), 1e-4);
}

TEST(CheckpointTest, TheSecondRunMustDoTheSame) {
  const Tensor x = Leaf({1});
  bool first = true;
  const Tensor y = Checkpoint([x, &first] {
    const Tensor h = Exp(x);
    return std::exchange(first, false) ? Sin(h) : h;
  });
  EXPECT_THAT(ErrorOf([&] { Backward(y); }), HasSubstr("must do the same"));
}

// ---- anomalies ----

TEST(AnomalyTest, NamesTheForwardOperation) {
  const AnomalyGuard anomaly;
  const Tensor x = FromList<float>({-1, 2});
  EXPECT_THAT(ErrorOf([&] { Log(x); }), HasSubstr("log(float32 [2]): made a NaN"));
  EXPECT_THAT(ErrorOf([&] { Exp(x * 100.0); }), HasSubstr("exp(float32 [2]): made an infinity"));
  // Infinities that a program puts there are no anomaly.
  const Tensor masked = Where(x > 0.0, x, -INFINITY);
  EXPECT_THAT(Values(Softmax(masked)), ElementsAre(0, 1));
}

TEST(AnomalyTest, NamesTheOperationWhoseGradientItIs) {
  const Tensor x = Leaf({0, 1});
  const AnomalyGuard anomaly;
  const Tensor y = Sum(Sqrt(x) * FromList<float>({0, 1}));
  EXPECT_THAT(ErrorOf([&] { Backward(y); }), HasSubstr("in the gradient of sqrt"));
}

// ---- hooks ----

TEST(AccumulationHookTest, SeesAndReplacesWhatTheLeafHas) {
  const Tensor x = Leaf({1, 2});
  std::vector<float> seen;
  RegisterAccumulationHook(x, [&](const Tensor& grad) {
    seen.push_back(Values(grad)[1]);
    return Tensor();
  });
  Backward(Sum(x * 3.0));
  Backward(Sum(x * 3.0));
  EXPECT_THAT(seen, ElementsAre(3, 6));
  RegisterAccumulationHook(x, [](const Tensor& grad) { return grad * 0.5; });
  Backward(Sum(x * 4.0));
  EXPECT_THAT(Values(GradOf(x)), ElementsAre(5, 5));
  EXPECT_THAT(ErrorOf([&] { RegisterAccumulationHook(x * 2.0, {}); }), HasSubstr("no leaf"));
}

TEST(EndHookTest, RunsWhenTheLeavesHaveTheirGradients) {
  const Tensor x = Leaf({1, 2});
  const Tensor h = x * 2.0;
  std::vector<float> at_end;
  RegisterHook(h, [&](const Tensor&) {
    OnBackwardEnd([&] { at_end = Values(GradOf(x)); });
    return Tensor();
  });
  Backward(Sum(h));
  EXPECT_THAT(at_end, ElementsAre(2, 2));
  EXPECT_THAT(ErrorOf([] { OnBackwardEnd([] {}); }), HasSubstr("no Backward"));
}

// ---- accumulation ----

TEST(AccumulationTest, OfManyUsesLeavesOtherTensorsAsTheyAre) {
  const Tensor x = Leaf({1, 2}), weight = FromList<float>({1, 1});
  const Tensor h = x * 1.0;
  std::vector<Tensor> seen;
  RegisterHook(h, [&](const Tensor& grad) {
    seen.push_back(grad);
    return Tensor();
  });
  Backward(h, {.gradient = weight, .retain_graph = true});
  Backward(Sum(h * 2.0 + h + h * h + h), {});
  EXPECT_THAT(Values(weight), ElementsAre(1, 1));
  EXPECT_THAT(Values(seen[0]), ElementsAre(1, 1));
  EXPECT_THAT(Values(seen[1]), ElementsAre(6, 8));
  EXPECT_THAT(Values(GradOf(x)), ElementsAre(7, 9));
  const Tensor held = GradOf(x);
  Backward(Sum(x));
  EXPECT_THAT(Values(held), ElementsAre(7, 9));
}

TEST(MemoryTest, StaysOverStepsOfManyShapes) {
  const Tensor w = SetRequiresGrad(Randn({8, 8}));
  int64_t allocated = 0, reserved = 0;
  for (int step = 0; step < 10000; ++step) {
    const Tensor x = Ones({1 + step * 7 % 23, 8});
    Backward(Mean(Square(Relu(MatMul(x, w)) - Sum(x, {.dims = {0}}))));
    SetGrad(w, {});
    const AllocatorStats stats = CpuAllocator().Stats();
    if (step == 100) {
      allocated = stats.allocated;
      reserved = stats.reserved;
    }
    if (step > 100) {
      ASSERT_LE(stats.allocated, allocated + (1 << 12)) << step;
      ASSERT_LE(stats.reserved, reserved + (1 << 20)) << step;
    }
  }
}

// ---- modes and pictures ----

TEST(InferenceModeTest, NothingTurnsRecordingOn) {
  const Tensor x = Leaf({1});
  {
    const InferenceModeGuard inference;
    const EnableGradGuard enable;
    EXPECT_TRUE(InferenceModeEnabled());
    EXPECT_FALSE(GradEnabled());
    EXPECT_FALSE(RequiresGrad(x * 2.0));
  }
  EXPECT_TRUE(RequiresGrad(x * 2.0));
}

TEST(DotTest, HasANodeForEachOperationAndLeaf) {
  const Tensor x = Leaf({1, 2});
  const std::string dot = DotOf({Sum(Exp(x) * x)});
  EXPECT_THAT(dot, HasSubstr("digraph"));
  for (const char* label : {"\"exp\"", "\"mul\"", "\"sum\"", "\"leaf [2]\""}) {
    EXPECT_THAT(dot, HasSubstr(label));
  }
}

}  // namespace
}  // namespace neura::autograd
