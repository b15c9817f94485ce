#include "neura/optim/schedulers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "neura/autograd/autograd.h"
#include "neura/optim/optimizers.h"
#include "neura/tensor/tensor.h"

namespace neura {
namespace {

Tensor Param() { return SetRequiresGrad(Ones({1})); }

std::vector<double> Rates(optim::Optimizer& optimizer, optim::LRScheduler& scheduler, int steps) {
  std::vector<double> rates = {optimizer.lr(0)};
  for (int i = 1; i < steps; ++i) {
    scheduler.Step();
    rates.push_back(optimizer.lr(0));
  }
  return rates;
}

void ExpectNear(const std::vector<double>& actual, const std::vector<double>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) EXPECT_NEAR(actual[i], expected[i], 1e-9) << i;
}

TEST(SchedulerTest, Step) {
  optim::SGD optimizer({Param()}, {.lr = 1});
  optim::StepLR scheduler(optimizer, {.step_size = 2, .gamma = 0.1});
  ExpectNear(Rates(optimizer, scheduler, 5), {1, 1, 0.1, 0.1, 0.01});
}

TEST(SchedulerTest, Cosine) {
  optim::SGD optimizer({Param()}, {.lr = 1});
  optim::CosineAnnealingLR scheduler(optimizer, {.T_max = 4, .eta_min = 0.2});
  ExpectNear(Rates(optimizer, scheduler, 5),
             {1, 0.2 + 0.4 * (1 + std::sqrt(0.5)), 0.6, 0.2 + 0.4 * (1 - std::sqrt(0.5)), 0.2});
}

// Rates and momenta that PyTorch 1.13's OneCycleLR(max_lr=1, total_steps=10) gives.
TEST(SchedulerTest, OneCycleIsPyTorchs) {
  optim::SGD optimizer({Param()}, {.lr = 0.5, .momentum = 0.9});
  optim::OneCycleLR scheduler(optimizer, {.max_lr = 1, .total_steps = 10});
  EXPECT_NEAR(optimizer.momentum(0), 0.95, 1e-12);
  ExpectNear(Rates(optimizer, scheduler, 10),
             {0.04, 0.52, 1.0, 0.9504846320134737, 0.8117456539497631, 0.6112620219362893,
              0.3887419780637108, 0.18825834605023698, 0.049519367986526286, 4e-06});
  EXPECT_NEAR(optimizer.momentum(0), 0.95, 1e-12);
  scheduler.Step();
  EXPECT_NEAR(optimizer.lr(0), 4e-06, 1e-12);
  EXPECT_THROW(scheduler.Step(), Error);
}

TEST(SchedulerTest, StateGoesOn) {
  optim::SGD optimizer({Param()}, {.lr = 1}), other({Param()}, {.lr = 3});
  optim::StepLR first(optimizer, {.step_size = 1, .gamma = 0.5});
  optim::StepLR second(other, {.step_size = 1, .gamma = 0.5});
  first.Step();
  first.Step();
  second.LoadStateDict(first.StateDict());
  EXPECT_DOUBLE_EQ(other.lr(0), 0.25);
  EXPECT_EQ(second.step_count(), 2);
}

TEST(SchedulerTest, BadArguments) {
  optim::SGD optimizer({Param()});
  EXPECT_THROW(optim::StepLR(optimizer, {.step_size = 0}), Error);
  EXPECT_THROW(optim::CosineAnnealingLR(optimizer, {.T_max = 0}), Error);
  EXPECT_THROW(optim::OneCycleLR(optimizer, {.total_steps = 5, .anneal_strategy = "sine"}), Error);
}

}  // namespace
}  // namespace neura
