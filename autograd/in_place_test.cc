// Writing into what is recorded, and through views of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "neura/autograd/autograd.h"
#include "neura/autograd/gradcheck.h"
#include "neura/tensor/core/allocator.h"
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

TEST(InPlaceTest, OverwrittenSlicesHaveNoGradientButTheSourceHas) {
  const Tensor x = Leaf({1, 2, 3}), source = Leaf({4, 5, 6});
  const Tensor h = x * 2;
  // The element that is named twice is the last one's.
  IndexAssign(h, 0, FromList<int64_t>({2, 0, 2}), source * 3);
  Backward(Sum(h * FromList<float>({10, 20, 30})));
  EXPECT_THAT(Values(autograd::GradOf(x)), ElementsAre(0, 40, 0));
  EXPECT_THAT(Values(autograd::GradOf(source)), ElementsAre(0, 30, 90));
  // Of columns.
  const Tensor m = SetRequiresGrad(Ones({2, 3})), column = SetRequiresGrad(Ones({2, 1}));
  const Tensor g = m * 2;
  IndexAssign(g, 1, FromList<int64_t>({1}), column);
  Backward(Sum(g * g));
  EXPECT_THAT(Values(autograd::GradOf(m)), ElementsAre(8, 0, 8, 8, 0, 8));
  EXPECT_THAT(Values(autograd::GradOf(column)), ElementsAre(2, 2));
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

}  // namespace
}  // namespace neura
