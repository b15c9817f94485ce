#include "neura/optim/scheduler.h"

#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "neura/optim/named_state.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/create.h"

namespace neura::optim {

namespace internal {

std::vector<double> RatesOf(const Optimizer& optimizer) {
  std::vector<double> rates;
  for (size_t g = 0; g < optimizer.num_groups(); ++g) rates.push_back(optimizer.lr(g));
  return rates;
}

}  // namespace internal

std::vector<double> LRScheduler::GetLastLr() const { return internal::RatesOf(optimizer_); }

void LRScheduler::StepTo(double epoch) {
  ThrowInvalidArgument(absl::StrCat(name(), ": goes on step by step, not to ", epoch));
}

NamedTensors LRScheduler::StateDict() const {
  std::string text = name();
  NamedTensors state = {{"schedule", internal::OptionToTensor(&text)},
                        {"step", ScalarTensor(step_)}};
  for (size_t g = 0; g < optimizer_.num_groups(); ++g) {
    state.emplace_back(absl::StrCat("last_lr.", g),
                       ScalarTensor(optimizer_.lr(g), {.dtype = kFloat64}));
  }
  return state;
}

LRScheduler::Common LRScheduler::TakeCommon(internal::NamedState& state) const {
  const std::string schedule = state.TakeText("schedule");
  if (schedule != name()) state.Fail("the state is that of ", schedule);
  Common common{.step = state.TakeInteger("step"), .last_lr = {}};
  if (common.step < 0) state.Fail("step = ", common.step, " must not be negative");
  if (state.Has("last_lr.0")) {
    state.CheckCount("last_lr.", optimizer_.num_groups(), "parameter groups");
    for (size_t g = 0; g < optimizer_.num_groups(); ++g) {
      common.last_lr.push_back(state.TakeNumber(absl::StrCat("last_lr.", g)));
    }
  }
  return common;
}

void LRScheduler::SetRates(const std::vector<double>& rates) const {
  for (size_t g = 0; g < rates.size(); ++g) optimizer_.set_lr(g, rates[g]);
}

RateSchedule::RateSchedule(Optimizer& optimizer) : LRScheduler(optimizer) {
  for (size_t g = 0; g < optimizer.num_groups(); ++g) base_lrs_.push_back(optimizer.initial_lr(g));
}

double RateSchedule::Carried(size_t /*group*/, int64_t /*step*/, double lr, double before,
                             double after) const {
  return before == 0 ? after : lr * (after / before);
}

std::vector<double> RateSchedule::RatesAt(double step) const {
  std::vector<double> rates;
  for (size_t g = 0; g < base_lrs_.size(); ++g) rates.push_back(LrAt(g, step));
  return rates;
}

void RateSchedule::Begin() {
  CheckStep(0);
  rates_ = RatesAt(0);
  for (size_t g = 0; g < base_lrs_.size(); ++g) {
    const double lr = optimizer().lr(g), after = rates_[g];
    optimizer().set_lr(g, lr == base_lrs_[g] ? after : Carried(g, 0, lr, base_lrs_[g], after));
  }
  SetMore();
}

void RateSchedule::Step() {
  const int64_t step = step_count() + 1;
  CheckStep(step);
  std::vector<double> own = RatesAt(static_cast<double>(step)), rates;
  for (size_t g = 0; g < base_lrs_.size(); ++g) {
    const double lr = optimizer().lr(g), before = rates_[g], after = own[g];
    rates.push_back(lr == before ? after : Carried(g, step, lr, before, after));
  }
  set_step_count(step);
  rates_ = std::move(own);
  SetRates(rates);
  SetMore();
}

void RateSchedule::StepTo(double epoch) {
  if (!(epoch >= 0 && epoch < 0x1p53)) {
    ThrowInvalidArgument(absl::StrCat(name(), ": there is no step ", epoch));
  }
  Set(epoch);
}

void RateSchedule::Set(double step) {
  const auto count = static_cast<int64_t>(step);
  CheckStep(count);
  std::vector<double> rates = RatesAt(step);
  rates_ = std::move(rates);
  set_step_count(count);
  SetRates(rates_);
  SetMore();
}

void RateSchedule::Restore(int64_t step, const std::vector<double>& base_lrs,
                           const std::vector<double>& last_lr) {
  if (step < 0 || base_lrs.size() != base_lrs_.size() ||
      (!last_lr.empty() && last_lr.size() != base_lrs_.size())) {
    ThrowInvalidArgument(absl::StrCat(name(), ": the state is of ", base_lrs.size(),
                                      " parameter groups at step ", step, ", not of ",
                                      base_lrs_.size()));
  }
  std::vector<double> before = std::exchange(base_lrs_, base_lrs);
  try {
    Set(static_cast<double>(step));
  } catch (...) {
    base_lrs_ = std::move(before);
    throw;
  }
  SetRates(last_lr);
}

NamedTensors RateSchedule::StateDict() const {
  NamedTensors state = LRScheduler::StateDict();
  for (size_t g = 0; g < base_lrs_.size(); ++g) {
    state.emplace_back(absl::StrCat("base_lr.", g),
                       ScalarTensor(base_lrs_[g], {.dtype = kFloat64}));
  }
  return state;
}

void RateSchedule::LoadStateDict(const NamedTensors& state) {
  internal::NamedState named(name(), state);
  const Common common = TakeCommon(named);
  named.CheckCount("base_lr.", base_lrs_.size(), "parameter groups");
  std::vector<double> base_lrs;
  for (size_t g = 0; g < base_lrs_.size(); ++g) {
    base_lrs.push_back(named.TakeNumber(absl::StrCat("base_lr.", g)));
  }
  TakeSettings(named);
  try {
    named.CheckAllTaken();
    Restore(common.step, base_lrs, common.last_lr);
  } catch (...) {
    RevertSettings();
    throw;
  }
}

}  // namespace neura::optim
