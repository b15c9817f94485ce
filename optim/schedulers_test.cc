#include "neura/optim/schedulers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "neura/autograd/autograd.h"
#include "neura/optim/optimizers.h"
#include "neura/tensor/io/safetensors.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"

namespace neura {
namespace {

using ::testing::HasSubstr;

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

// Rates and momenta that PyTorch 1.13's OneCycleLR(max_lr=1, total_steps=10) gives. Like it, one
// step beyond the last that is used is taken, so that a loop may end with Step().
TEST(SchedulerTest, OneCycleIsPyTorchs) {
  optim::SGD optimizer({Param()}, {.lr = 0.5, .momentum = 0.9});
  optim::OneCycleLR scheduler(optimizer, {.max_lr = 1, .total_steps = 10});
  std::vector<double> rates = {optimizer.lr(0)}, momenta = {optimizer.momentum(0)};
  for (int i = 0; i < 10; ++i) {
    scheduler.Step();
    rates.push_back(optimizer.lr(0));
    momenta.push_back(optimizer.momentum(0));
  }
  ExpectNear(rates, {0.04, 0.52, 1.0, 0.9504846320134737, 0.8117456539497631, 0.6112620219362893,
                     0.3887419780637108, 0.18825834605023698, 0.049519367986526286, 4e-06,
                     0.049519367986526286});
  // 0.85 + 0.1 * (1 - cos(pi * k / 7)) / 2 after the peak, as the rates fall.
  std::vector<double> expected = {0.95, 0.9, 0.85};
  for (int k = 1; k <= 8; ++k) expected.push_back(0.85 + 0.05 * (1 - std::cos(M_PI * k / 7)));
  ExpectNear(momenta, expected);
  EXPECT_EQ(scheduler.GetLastLr(), std::vector<double>{optimizer.lr(0)});
  // An error changes nothing, however often it comes.
  const double lr = optimizer.lr(0);
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(testing::ErrorOf([&] { scheduler.Step(); }), HasSubstr("step 11 of 10"));
    EXPECT_EQ(scheduler.step_count(), 10);
    EXPECT_EQ(optimizer.lr(0), lr);
  }
}

TEST(SchedulerTest, OneCycleCanLeaveTheMomentum) {
  optim::SGD optimizer({Param()}, {.lr = 0.5, .momentum = 0.9});
  optim::OneCycleLR scheduler(
      optimizer,
      {.max_lr = 1, .total_steps = 10, .anneal_strategy = "linear", .cycle_momentum = false});
  ExpectNear(Rates(optimizer, scheduler, 4), {0.04, 0.52, 1.0, 1 - (1 - 4e-6) / 7});
  EXPECT_EQ(optimizer.momentum(0), 0.9);
}

template <typename Options>
void ExpectRates(const Options& options, const std::vector<double>& expected) {
  optim::SGD optimizer({Param()}, {.lr = 1, .momentum = 0.5});
  optim::ScheduleWith<Options> scheduler(optimizer, options);
  ExpectNear(Rates(optimizer, scheduler, static_cast<int>(expected.size())), expected);
}

TEST(SchedulerTest, FunctionsOfTheStep) {
  ExpectRates(optim::MultiStepLROptions{.milestones = {3, 1}, .gamma = 0.5},
              {1, 0.5, 0.5, 0.25, 0.25});
  ExpectRates(optim::ConstantLROptions{.factor = 0.5, .total_iters = 2}, {0.5, 0.5, 1, 1});
  ExpectRates(optim::LinearLROptions{.start_factor = 0.2, .end_factor = 0.8, .total_iters = 3},
              {0.2, 0.4, 0.6, 0.8, 0.8});
  ExpectRates(optim::ExponentialLROptions{.gamma = 0.5}, {1, 0.5, 0.25});
  ExpectRates(optim::PolynomialLROptions{.total_iters = 4, .power = 2},
              {1, 0.5625, 0.25, 0.0625, 0, 0});
  ExpectRates(optim::CosineAnnealingWarmRestartsOptions{.T_0 = 2, .T_mult = 2, .eta_min = 0.5},
              {1, 0.75, 1, 0.75 + std::sqrt(0.125) / 2, 0.75, 0.75 - std::sqrt(0.125) / 2, 1});
  ExpectRates(optim::CosineAnnealingWarmRestartsOptions{.T_0 = 2}, {1, 0.5, 1, 0.5});
  ExpectRates(
      optim::CyclicLROptions{
          .base_lr = 1, .max_lr = 3, .step_size_up = 2, .step_size_down = 1, .mode = "triangular2"},
      {1, 2, 3, 1, 1.5, 2, 1});
}

TEST(SchedulerTest, CyclesTheMomentum) {
  optim::SGD optimizer({Param()}, {.lr = 1, .momentum = 0.5});
  optim::CyclicLR scheduler(optimizer, {.base_lr = 1, .max_lr = 3, .step_size_up = 2});
  EXPECT_DOUBLE_EQ(optimizer.momentum(0), 0.9);
  scheduler.Step();
  scheduler.Step();
  EXPECT_DOUBLE_EQ(optimizer.momentum(0), 0.8);
}

TEST(SchedulerTest, OfFunctions) {
  optim::SGD optimizer({Param()}, {.lr = 2});
  optim::LambdaLR scheduler(optimizer, {[](int64_t step) { return 1.0 / (1 + step); }});
  ExpectNear(Rates(optimizer, scheduler, 4), {2, 1, 2.0 / 3, 0.5});
  optim::SGD other({Param()}, {.lr = 2});
  optim::MultiplicativeLR product(other, {[](int64_t step) { return step == 2 ? 0.25 : 0.5; }});
  ExpectNear(Rates(other, product, 4), {2, 1, 0.25, 0.125});
  EXPECT_THAT(testing::ErrorOf([&] { optim::LambdaLR(optimizer, {}); }),
              HasSubstr("0 functions for 1 groups"));
}

TEST(SchedulerTest, OneAfterTheOtherAndUponEachOther) {
  optim::SGD optimizer({Param()}, {.lr = 1});
  const auto warm = std::make_shared<optim::LinearLR>(
      optimizer, optim::LinearLROptions{.start_factor = 0.5, .total_iters = 2});
  const auto decay =
      std::make_shared<optim::ExponentialLR>(optimizer, optim::ExponentialLROptions{.gamma = 0.5});
  optim::SequentialLR scheduler(optimizer, {warm, decay}, {2});
  ExpectNear(Rates(optimizer, scheduler, 5), {0.5, 0.75, 1, 0.5, 0.25});
  const NamedTensors state = scheduler.StateDict();
  scheduler.Restart();
  EXPECT_EQ(optimizer.lr(0), 0.5);
  scheduler.LoadStateDict(state);
  EXPECT_DOUBLE_EQ(optimizer.lr(0), 0.25);
  scheduler.Step();
  EXPECT_DOUBLE_EQ(optimizer.lr(0), 0.125);

  optim::SGD other({Param()}, {.lr = 1});
  const auto constant = std::make_shared<optim::ConstantLR>(
      other, optim::ConstantLROptions{.factor = 0.5, .total_iters = 2});
  const auto falling =
      std::make_shared<optim::ExponentialLR>(other, optim::ExponentialLROptions{.gamma = 0.5});
  optim::ChainedScheduler chain(other, {constant, falling});
  ExpectNear(Rates(other, chain, 4), {0.5, 0.25, 0.25, 0.125});
  EXPECT_THAT(testing::ErrorOf([&] {
                optim::SequentialLR(other, {constant, falling}, {});
              }),
              HasSubstr("one milestone less"));
}

TEST(SchedulerTest, OfWhatIsMeasured) {
  optim::SGD optimizer({Param()}, {.lr = 1});
  optim::ReduceLROnPlateau scheduler(optimizer,
                                     {.factor = 0.5, .patience = 1, .cooldown = 1, .min_lr = 0.3});
  std::vector<double> rates;
  for (double loss : {3.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 1.0, std::nan(""), 1.0}) {
    scheduler.Step(loss);
    rates.push_back(optimizer.lr(0));
  }
  ExpectNear(rates, {1, 1, 1, 0.5, 0.5, 0.5, 0.3, 0.3, 0.3, 0.3});
  optim::ReduceLROnPlateau again(optimizer);
  again.LoadStateDict(scheduler.StateDict());
  EXPECT_EQ(again.best(), 1);
  EXPECT_EQ(again.num_bad_epochs(), scheduler.num_bad_epochs());
}

TEST(SchedulerTest, LastRatesAreThoseOfEachGroup) {
  const Tensor a = Param(), b = Param();
  optim::SGD optimizer(
      {{.params = {a}, .options = {.lr = 1}}, {.params = {b}, .options = {.lr = 4}}});
  optim::StepLR scheduler(optimizer, {.step_size = 1, .gamma = 0.5});
  EXPECT_EQ(scheduler.GetLastLr(), (std::vector<double>{1, 4}));
  scheduler.Step();
  EXPECT_EQ(scheduler.GetLastLr(), (std::vector<double>{0.5, 2}));
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

TEST(SchedulerTest, StateSurvivesAFileAndAnyOrder) {
  const Tensor a = Param(), b = Param();
  const auto make = [&](double lr) {
    return std::make_unique<optim::SGD>(std::vector<optim::ParamGroup<optim::SgdOptions>>{
        {.params = {a}, .options = {.lr = lr}}, {.params = {b}, .options = {.lr = 2 * lr}}});
  };
  const auto optimizer = make(1), other = make(3);
  optim::StepLR first(*optimizer, {.step_size = 1, .gamma = 0.5});
  first.Step();
  NamedTensors state = first.StateDict();
  std::reverse(state.begin(), state.end());
  const std::string path = ::testing::TempDir() + "/scheduler.safetensors";
  SaveSafetensors(path, {.tensors = state});
  const auto loaded = LoadSafetensors(path);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  optim::StepLR second(*other, {.step_size = 1, .gamma = 0.5});
  second.LoadStateDict(loaded->tensors);
  EXPECT_EQ(second.GetLastLr(), (std::vector<double>{0.5, 1}));
  second.Step();
  EXPECT_EQ(second.GetLastLr(), (std::vector<double>{0.25, 0.5}));
}

TEST(SchedulerTest, ForeignStateIsRejectedAndChangesNothing) {
  optim::SGD optimizer({Param()}, {.lr = 0.5, .momentum = 0.9});
  optim::OneCycleLR scheduler(optimizer, {.max_lr = 1, .total_steps = 10});
  scheduler.Step();
  const NamedTensors good = scheduler.StateDict();
  const auto error = [&](const std::string& name, const Tensor& value) {
    NamedTensors state = good;
    for (auto& [key, tensor] : state) {
      if (key == name) tensor = value;
    }
    return testing::ErrorOf([&] { scheduler.LoadStateDict(state); });
  };
  EXPECT_THAT(error("step", ScalarTensor(int64_t{11})), HasSubstr("step 11 of 10"));
  EXPECT_THAT(error("step", ScalarTensor(int64_t{-1})), HasSubstr("step = -1"));
  EXPECT_THAT(error("base_lr.0", Tensor()), HasSubstr("no number base_lr.0"));
  EXPECT_THAT(error("options.0.pct_start", ScalarTensor(2.0)), HasSubstr("pct_start = 2"));
  EXPECT_THAT(testing::ErrorOf([&] { scheduler.LoadStateDict({}); }),
              HasSubstr("no text schedule"));
  optim::StepLR step(optimizer, {.step_size = 2});
  EXPECT_THAT(testing::ErrorOf([&] { step.LoadStateDict(good); }),
              HasSubstr("StepLR: the state is that of OneCycleLR"));
  optim::SGD two({{.params = {Param()}}, {.params = {Param()}}});
  optim::OneCycleLR other(two, {.max_lr = 1, .total_steps = 10});
  EXPECT_THAT(testing::ErrorOf([&] { other.LoadStateDict(good); }),
              HasSubstr("of 1 parameter groups, not of 2"));
  EXPECT_EQ(scheduler.step_count(), 1);
  EXPECT_EQ(scheduler.options()[0].pct_start, 0.3);
  EXPECT_EQ(error("step", ScalarTensor(int64_t{10})), "no error");
}

TEST(SchedulerTest, StateHoldsTheSettings) {
  optim::SGD optimizer({Param()}, {.lr = 1}), other({Param()}, {.lr = 1});
  optim::MultiStepLR first(optimizer, {.milestones = {1, 3}, .gamma = 0.5});
  optim::MultiStepLR second(other, {.milestones = {100}});
  second.LoadStateDict(first.StateDict());
  ExpectNear(Rates(other, second, 4), {1, 0.5, 0.5, 0.25});
  optim::CyclicLR cyclic(
      optimizer, {.base_lr = 0.1, .max_lr = 1, .mode = "triangular2", .cycle_momentum = false});
  optim::CyclicLR fresh(other, {.base_lr = 0, .max_lr = 0, .cycle_momentum = false});
  fresh.LoadStateDict(cyclic.StateDict());
  EXPECT_EQ(fresh.options()[0].mode, "triangular2");
  EXPECT_EQ(fresh.options()[0].step_size_down, std::nullopt);
}

TEST(SchedulerTest, SettingsMayChange) {
  optim::SGD optimizer({Param()}, {.lr = 1});
  optim::ExponentialLR scheduler(optimizer, {.gamma = 0.9});
  scheduler.Step();
  scheduler.set_options({{.gamma = 0.5}});
  EXPECT_EQ(optimizer.lr(0), 0.9);
  scheduler.Step();
  EXPECT_NEAR(optimizer.lr(0), 0.45, 1e-12);
}

TEST(SchedulerTest, OptionsOfEachGroup) {
  optim::SGD optimizer({{.params = {Param()}, .options = {.lr = 1, .momentum = 0.9}},
                        {.params = {Param()}, .options = {.lr = 1, .momentum = 0.9}}});
  const std::vector<optim::OneCycleLROptions> options = {
      {.max_lr = 1, .total_steps = 10, .base_momentum = 0.5},
      {.max_lr = 2, .total_steps = 10, .base_momentum = 0.6}};
  optim::OneCycleLR scheduler(optimizer, options);
  scheduler.Step();
  scheduler.Step();
  EXPECT_EQ(scheduler.GetLastLr(), (std::vector<double>{1, 2}));
  EXPECT_EQ(optimizer.momentum(0), 0.5);
  EXPECT_EQ(optimizer.momentum(1), 0.6);
  EXPECT_THAT(testing::ErrorOf([&] {
                optim::OneCycleLR(optimizer, std::vector<optim::OneCycleLROptions>(
                                                 3, {.max_lr = 1, .total_steps = 10}));
              }),
              HasSubstr("options of 3 groups for 2"));
  optim::ReduceLROnPlateau plateau(optimizer, {.factor = 0.1, .patience = 0}, {0.5, 0.1});
  plateau.Step(1);
  plateau.Step(1);
  EXPECT_EQ(plateau.GetLastLr(), (std::vector<double>{0.5, 0.2}));
  EXPECT_THAT(testing::ErrorOf([&] { optim::ReduceLROnPlateau(optimizer, {}, {1}); }),
              HasSubstr("1 values of min_lr for 2"));
}

TEST(SchedulerTest, AnnealsToAConstantRate) {
  ExpectRates(optim::SWALROptions{.swa_lr = 3, .anneal_epochs = 2, .anneal_strategy = "linear"},
              {1, 2, 3, 3});
  ExpectRates(optim::SWALROptions{.swa_lr = 3, .anneal_epochs = 2}, {1, 2, 3, 3});
  ExpectRates(optim::SWALROptions{.swa_lr = 3, .anneal_epochs = 0}, {3, 3});
  // From where another schedule has led, also where that one began with the same rate.
  optim::SGD optimizer({Param()}, {.lr = 1});
  optim::SWALR scheduler(optimizer, {.swa_lr = 1, .anneal_epochs = 4, .anneal_strategy = "linear"});
  optimizer.set_lr(0, 0.2);
  ExpectNear(Rates(optimizer, scheduler, 6), {0.2, 0.4, 0.6, 0.8, 1, 1});
}

TEST(SchedulerTest, GoesToAStep) {
  optim::SGD optimizer({Param()}, {.lr = 1});
  optim::StepLR scheduler(optimizer, {.step_size = 2, .gamma = 0.5});
  scheduler.StepTo(5);
  EXPECT_EQ(optimizer.lr(0), 0.25);
  EXPECT_EQ(scheduler.step_count(), 5);
  scheduler.Step();
  EXPECT_EQ(optimizer.lr(0), 0.125);
  EXPECT_THAT(testing::ErrorOf([&] { scheduler.StepTo(-1); }), HasSubstr("StepLR"));
  optim::SGD other({Param()}, {.lr = 1});
  optim::CosineAnnealingWarmRestarts restarts(other, {.T_0 = 4});
  restarts.StepTo(4.5);
  EXPECT_NEAR(other.lr(0), (1 + std::cos(M_PI / 8)) / 2, 1e-12);
  EXPECT_EQ(restarts.step_count(), 4);
  optim::ChainedScheduler chain(
      other, {std::make_shared<optim::ConstantLR>(other, optim::ConstantLROptions{})});
  EXPECT_THAT(testing::ErrorOf([&] { chain.StepTo(2); }), HasSubstr("step by step"));
}

TEST(SchedulerTest, CyclesScaledByAFunction) {
  optim::SGD optimizer({Param()}, {.lr = 1});
  optim::CyclicLR scheduler(optimizer, {.base_lr = 1,
                                        .max_lr = 3,
                                        .step_size_up = 1,
                                        .scale_fn = [](double cycle) { return 1 / cycle; },
                                        .cycle_momentum = false});
  ExpectNear(Rates(optimizer, scheduler, 6), {1, 3, 1, 2, 1, 1 + 2.0 / 3});
}

TEST(SchedulerTest, BadArguments) {
  optim::SGD optimizer({Param()});
  EXPECT_THROW(optim::StepLR(optimizer, {.step_size = 0}), Error);
  EXPECT_THROW(optim::CosineAnnealingLR(optimizer, {.T_max = 0}), Error);
  EXPECT_THROW(optim::OneCycleLR(optimizer, {.total_steps = 5, .anneal_strategy = "sine"}), Error);
}

}  // namespace
}  // namespace neura
