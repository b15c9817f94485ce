#include "neura/optim/grad_scaler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "neura/autograd/autograd.h"
#include "neura/optim/optimizers.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"

namespace neura {
namespace {

using testing::ErrorOf;
using ::testing::HasSubstr;

Tensor Param() { return SetRequiresGrad(Ones({2})); }

TEST(GradScalerTest, StepsByTheGradientsThatALossWithoutScaleHas) {
  const Tensor p = Param();
  optim::SGD optimizer({p}, {.lr = 0.5});
  optim::GradScaler scaler({.init_scale = 1024, .growth_interval = 2});
  for (int i = 0; i < 2; ++i) {
    optimizer.ZeroGrad();
    const Tensor loss = scaler.Scale(Sum(p * FromList<float>({1, 3})));
    Backward(loss);
    EXPECT_EQ(autograd::GradOf(p).data<float>()[1], 3 * 1024);
    EXPECT_TRUE(scaler.Step(optimizer));
    EXPECT_EQ(autograd::GradOf(p).data<float>()[1], 3);
    scaler.Update();
  }
  EXPECT_EQ(p.data<float>()[0], 0);
  EXPECT_EQ(p.data<float>()[1], -2);
  EXPECT_EQ(scaler.scale(), 2048);
  EXPECT_EQ(scaler.growth_tracker(), 0);
}

TEST(GradScalerTest, SkipsWhatIsNotFinite) {
  for (const float bad : {INFINITY, -INFINITY, NAN}) {
    const Tensor p = Param(), q = Param();
    optim::SGD optimizer({p}, {.lr = 1}), other({q}, {.lr = 1});
    optim::GradScaler scaler({.init_scale = 8});
    Backward(scaler.Scale(Sum(p * FromList<float>({1, bad})) + Sum(q)));
    EXPECT_FALSE(scaler.Step(optimizer));
    EXPECT_TRUE(scaler.Step(other));
    EXPECT_TRUE(scaler.FoundInf());
    scaler.Update();
    EXPECT_EQ(p.data<float>()[0], 1);
    EXPECT_EQ(q.data<float>()[0], 0);
    EXPECT_EQ(scaler.scale(), 4);
    EXPECT_FALSE(scaler.FoundInf());
  }
}

TEST(GradScalerTest, SaysInWhichOrderItIsCalled) {
  const Tensor p = Param();
  optim::SGD optimizer({p});
  optim::GradScaler scaler;
  EXPECT_THAT(ErrorOf([&] { scaler.Update(); }), HasSubstr("no inf checks"));
  EXPECT_THAT(ErrorOf([&] { scaler.Step(optimizer); }), HasSubstr("scale(loss) was not used"));
  Backward(scaler.Scale(Sum(p)));
  scaler.Unscale(optimizer);
  EXPECT_THAT(ErrorOf([&] { scaler.Unscale(optimizer); }), HasSubstr("already been called"));
  scaler.Step(optimizer);
  EXPECT_THAT(ErrorOf([&] { scaler.Unscale(optimizer); }), HasSubstr("after step()"));
  EXPECT_THAT(ErrorOf([&] { scaler.Step(optimizer); }), HasSubstr("already been called"));
  scaler.Update(7.0);
  EXPECT_EQ(scaler.scale(), 7);
  const Tensor half = SetRequiresGrad(Ones({2}, {.dtype = kFloat16}));
  optim::SGD of_half({half});
  Backward(Sum(half));
  EXPECT_THAT(ErrorOf([&] { scaler.Unscale(of_half); }), HasSubstr("FP16"));
  EXPECT_THAT(ErrorOf([] { optim::GradScaler({.growth_factor = 1}); }), HasSubstr("growth_factor"));
  EXPECT_THAT(ErrorOf([] { optim::GradScaler({.backoff_factor = 1}); }),
              HasSubstr("backoff_factor"));
}

// Gradients that were accumulated before a checkpoint wait for a step behind it.
TEST(GradScalerTest, StepsAfterItsStateWasRead) {
  const Tensor p = Param();
  optim::SGD optimizer({p});
  optim::GradScaler before, after;
  Backward(before.Scale(Sum(p)));
  after.LoadStateDict(before.StateDict());
  EXPECT_TRUE(after.Step(optimizer));
}

TEST(GradScalerTest, StatesAndSwitches) {
  optim::GradScaler scaler({.init_scale = 3, .growth_interval = 5}), other;
  other.LoadStateDict(scaler.StateDict());
  EXPECT_EQ(other.scale(), 3);
  EXPECT_EQ(other.options().growth_interval, 5);
  EXPECT_THAT(ErrorOf([&] { other.LoadStateDict({}); }), HasSubstr("no number scale"));
  optim::GradScaler off({.enabled = false});
  const Tensor p = Param();
  optim::SGD optimizer({p}, {.lr = 1});
  Backward(off.Scale(Sum(p)));
  EXPECT_TRUE(off.Step(optimizer));
  EXPECT_TRUE(off.Step(optimizer));
  off.Update();
  EXPECT_EQ(p.data<float>()[0], -1);
  EXPECT_EQ(off.scale(), 1);
  EXPECT_TRUE(off.StateDict().empty());
  // Beyond what float16 holds.
  const Tensor half = Ones({}, {.dtype = kFloat16});
  EXPECT_EQ(optim::GradScaler().Scale(half).Item<double>(), 65536);
}

}  // namespace
}  // namespace neura
