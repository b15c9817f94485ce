#include "neura/optim/scheduler.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/create.h"

namespace neura::optim {

namespace internal {

std::vector<double> RatesOf(const Optimizer& optimizer) {
  std::vector<double> rates;
  for (size_t g = 0; g < optimizer.num_groups(); ++g) rates.push_back(optimizer.lr(g));
  return rates;
}

const Tensor& FindNumber(const NamedTensors& state, const std::string& name, DType dtype) {
  for (const auto& [key, tensor] : state) {
    if (key == name && tensor.defined() && tensor.dtype() == dtype && tensor.numel() == 1) {
      return tensor;
    }
  }
  ThrowInvalidArgument(
      absl::StrCat("LRScheduler: the state has no ", DTypeName(dtype), " number ", name));
}

}  // namespace internal

std::vector<double> LRScheduler::GetLastLr() const { return internal::RatesOf(optimizer_); }

NamedTensors LRScheduler::StateDict() const {
  NamedTensors state = {{"step", ScalarTensor(step_)}};
  for (size_t g = 0; g < optimizer_.num_groups(); ++g) {
    state.emplace_back(absl::StrCat("last_lr.", g),
                       ScalarTensor(optimizer_.lr(g), {.dtype = kFloat64}));
  }
  return state;
}

std::vector<double> LRScheduler::LastRates(const NamedTensors& state) const {
  std::vector<double> rates;
  for (const auto& [name, tensor] : state) {
    if (name != "last_lr.0") continue;
    for (size_t g = 0; g < optimizer_.num_groups(); ++g) {
      rates.push_back(
          internal::FindNumber(state, absl::StrCat("last_lr.", g), kFloat64).Item<double>());
    }
  }
  return rates;
}

void LRScheduler::SetRates(const std::vector<double>& rates) const {
  for (size_t g = 0; g < rates.size(); ++g) optimizer_.set_lr(g, rates[g]);
}

RateSchedule::RateSchedule(Optimizer& optimizer) : LRScheduler(optimizer) {
  for (size_t g = 0; g < optimizer.num_groups(); ++g) base_lrs_.push_back(optimizer.initial_lr(g));
}

double RateSchedule::Carried(double lr, double before, double after) const {
  return before == 0 ? after : lr * (after / before);
}

std::vector<double> RateSchedule::RatesAt(int64_t step) const {
  std::vector<double> rates;
  for (size_t g = 0; g < base_lrs_.size(); ++g) rates.push_back(LrAt(g, step));
  return rates;
}

void RateSchedule::Begin() {
  CheckStep(0);
  rates_ = RatesAt(0);
  for (size_t g = 0; g < base_lrs_.size(); ++g) {
    const double lr = optimizer().lr(g), after = rates_[g];
    optimizer().set_lr(g, lr == base_lrs_[g] ? after : Carried(lr, base_lrs_[g], after));
  }
  SetMore();
}

void RateSchedule::Step() {
  const int64_t step = step_count() + 1;
  CheckStep(step);
  std::vector<double> own = RatesAt(step), rates;
  for (size_t g = 0; g < base_lrs_.size(); ++g) {
    const double lr = optimizer().lr(g), before = rates_[g], after = own[g];
    rates.push_back(lr == before ? after : Carried(lr, before, after));
  }
  set_step_count(step);
  rates_ = std::move(own);
  SetRates(rates);
  SetMore();
}

void RateSchedule::Set(int64_t step) {
  CheckStep(step);
  rates_ = RatesAt(step);
  set_step_count(step);
  SetRates(rates_);
  SetMore();
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
  const auto step = internal::FindNumber(state, "step", kInt64).Item<int64_t>();
  std::vector<double> base_lrs;
  for (size_t g = 0; g < base_lrs_.size(); ++g) {
    base_lrs.push_back(
        internal::FindNumber(state, absl::StrCat("base_lr.", g), kFloat64).Item<double>());
  }
  const std::vector<double> last = LastRates(state);
  if (state.size() != base_lrs.size() + last.size() + 1 || step < 0) {
    ThrowInvalidArgument(absl::StrCat("LRScheduler: a state of ", state.size(), " tensors at step ",
                                      step, " is not that of a scheduler of ", base_lrs.size(),
                                      " groups"));
  }
  CheckStep(step);
  base_lrs_ = std::move(base_lrs);
  Set(step);
  SetRates(last);
}

}  // namespace neura::optim
