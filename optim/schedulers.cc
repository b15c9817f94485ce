#include "neura/optim/schedulers.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/create.h"

namespace neura::optim {
namespace {

using Schedulers = std::vector<std::shared_ptr<LRScheduler>>;

void CheckFunctions(const char* name, const Optimizer& optimizer,
                    const std::vector<LrLambda>& functions) {
  if (functions.size() != 1 && functions.size() != optimizer.num_groups()) {
    ThrowInvalidArgument(absl::StrCat(name, ": ", functions.size(), " functions for ",
                                      optimizer.num_groups(), " groups"));
  }
}
double CallFor(const std::vector<LrLambda>& functions, size_t group, int64_t step) {
  return functions[functions.size() == 1 ? 0 : group](step);
}

void CheckSchedulers(const char* name, const Optimizer& optimizer, const Schedulers& schedulers) {
  if (schedulers.empty())
    ThrowInvalidArgument(absl::StrCat(name, ": expected one schedule at least"));
  for (size_t i = 0; i < schedulers.size(); ++i) {
    if (!schedulers[i]->IsOf(optimizer)) {
      ThrowInvalidArgument(absl::StrCat(name, ": schedule ", i, " is of another optimizer"));
    }
  }
}

// The rates that the optimizer began with.
void ResetRates(Optimizer& optimizer) {
  for (size_t g = 0; g < optimizer.num_groups(); ++g) optimizer.set_lr(g, optimizer.initial_lr(g));
}

std::string Prefix(size_t i) { return absl::StrCat("schedulers.", i, "."); }

void AppendStates(const Schedulers& schedulers, NamedTensors& state) {
  for (size_t i = 0; i < schedulers.size(); ++i) {
    for (const auto& [name, tensor] : schedulers[i]->StateDict())
      state.emplace_back(Prefix(i) + name, tensor);
  }
}

// Loads all, or throws and changes none.
void LoadStates(Optimizer& optimizer, const Schedulers& schedulers, const NamedTensors& state) {
  std::vector<NamedTensors> before, parts(schedulers.size());
  const std::vector<double> rates = internal::RatesOf(optimizer);
  size_t named = 0;
  for (const auto& [name, tensor] : state) named += !absl::StartsWith(name, "schedulers.");
  for (size_t i = 0; i < schedulers.size(); ++i) {
    before.push_back(schedulers[i]->StateDict());
    for (const auto& [name, tensor] : state) {
      if (!absl::StartsWith(name, Prefix(i))) continue;
      parts[i].emplace_back(name.substr(Prefix(i).size()), tensor);
      ++named;
    }
  }
  if (named != state.size()) {
    ThrowInvalidArgument(absl::StrCat("LRScheduler: a state of ", state.size(),
                                      " tensors, of which ", named, " belong to ",
                                      schedulers.size(), " schedules"));
  }
  for (size_t i = 0; i < schedulers.size(); ++i) {
    try {
      schedulers[i]->LoadStateDict(parts[i]);
    } catch (...) {
      for (size_t j = 0; j < i; ++j) schedulers[j]->LoadStateDict(before[j]);
      for (size_t g = 0; g < rates.size(); ++g) optimizer.set_lr(g, rates[g]);
      throw;
    }
  }
}

}  // namespace

// ---- functions of the step -------------------------------------------------------------------

template <typename Options>
ScheduleWith<Options>::ScheduleWith(Optimizer& optimizer, const Options& options)
    : RateSchedule(optimizer), options_(options) {
  if constexpr (requires { options.Check(); }) options.Check();
  if constexpr (requires { options.Momentum(0); }) {
    // Before anything is set.
    for (size_t g = 0; options.Momentum(0) && g < optimizer.num_groups(); ++g)
      optimizer.momentum(g);
  }
  Begin();
}
template <typename Options>
double ScheduleWith<Options>::LrAt(size_t group, int64_t step) const {
  return options_.Rate(base_lr(group), step);
}
template <typename Options>
double ScheduleWith<Options>::Carried(double lr, double before, double after) const {
  if constexpr (requires { Options::kSetsAlone; }) {
    return after;
  } else if constexpr (requires { options_.Floor(); }) {
    const double floor = options_.Floor();
    return floor + RateSchedule::Carried(lr - floor, before - floor, after - floor);
  } else {
    return RateSchedule::Carried(lr, before, after);
  }
}
template <typename Options>
void ScheduleWith<Options>::CheckStep(int64_t step) const {
  if constexpr (requires { options_.Last(); }) {
    if (step > options_.Last()) {
      ThrowFailedPrecondition(
          absl::StrCat("OneCycleLR: step ", step, " of ", options_.Last(), " total_steps"));
    }
  }
}
template <typename Options>
void ScheduleWith<Options>::SetMore() {
  if constexpr (requires { options_.Momentum(0); }) {
    const std::optional<double> momentum = options_.Momentum(step_count());
    if (!momentum) return;
    for (size_t g = 0; g < optimizer().num_groups(); ++g) optimizer().set_momentum(g, *momentum);
  }
}

#define NEURA_SCHEDULE(Name, ...) template class ScheduleWith<Name##Options>;
#include "neura/optim/schedules.inc"

// ---- of functions ----------------------------------------------------------------------------

LambdaLR::LambdaLR(Optimizer& optimizer, std::vector<LrLambda> lr_lambda)
    : RateSchedule(optimizer), functions_(std::move(lr_lambda)) {
  CheckFunctions("LambdaLR", optimizer, functions_);
  Begin();
}
double LambdaLR::LrAt(size_t group, int64_t step) const {
  return base_lr(group) * CallFor(functions_, group, step);
}

MultiplicativeLR::MultiplicativeLR(Optimizer& optimizer, std::vector<LrLambda> lr_lambda)
    : LRScheduler(optimizer), functions_(std::move(lr_lambda)) {
  CheckFunctions("MultiplicativeLR", optimizer, functions_);
  for (size_t g = 0; g < optimizer.num_groups(); ++g) optimizer.initial_lr(g);  // from here on
}
void MultiplicativeLR::Step() {
  const int64_t step = step_count() + 1;
  std::vector<double> rates;
  // Groups that came later keep their rates where each has a function of its own.
  const size_t groups = functions_.size() == 1 ? optimizer().num_groups() : functions_.size();
  for (size_t g = 0; g < groups; ++g)
    rates.push_back(optimizer().lr(g) * CallFor(functions_, g, step));
  set_step_count(step);
  SetRates(rates);
}
void MultiplicativeLR::Restart() {
  set_step_count(0);
  ResetRates(optimizer());
}
void MultiplicativeLR::LoadStateDict(const NamedTensors& state) {
  const auto step = internal::FindNumber(state, "step", kInt64).Item<int64_t>();
  const std::vector<double> last = LastRates(state);
  if (step < 0 || state.size() != last.size() + 1) {
    ThrowInvalidArgument(
        absl::StrCat("MultiplicativeLR: a state of ", state.size(), " tensors at step ", step));
  }
  set_step_count(step);
  SetRates(last);
}

// ---- of schedules ----------------------------------------------------------------------------

SequentialLR::SequentialLR(Optimizer& optimizer, Schedulers schedulers,
                           std::vector<int64_t> milestones)
    : LRScheduler(optimizer),
      schedulers_(std::move(schedulers)),
      milestones_(std::move(milestones)) {
  CheckSchedulers("SequentialLR", optimizer, schedulers_);
  if (milestones_.size() + 1 != schedulers_.size() ||
      !std::is_sorted(milestones_.begin(), milestones_.end())) {
    ThrowInvalidArgument(absl::StrCat("SequentialLR: ", schedulers_.size(),
                                      " schedules need one milestone less, ascending, not ",
                                      ToString(DimsView(milestones_))));
  }
  Restart();
}
void SequentialLR::Step() {
  const int64_t step = step_count() + 1;
  const auto next = std::upper_bound(milestones_.begin(), milestones_.end(), step);
  LRScheduler& scheduler = *schedulers_[static_cast<size_t>(next - milestones_.begin())];
  if (next != milestones_.begin() && next[-1] == step) {
    scheduler.Restart();
  } else {
    scheduler.Step();
  }
  set_step_count(step);
}
void SequentialLR::Restart() {
  set_step_count(0);
  ResetRates(optimizer());
  schedulers_[0]->Restart();
}
NamedTensors SequentialLR::StateDict() const {
  NamedTensors state = LRScheduler::StateDict();
  AppendStates(schedulers_, state);
  return state;
}
void SequentialLR::LoadStateDict(const NamedTensors& state) {
  const auto step = internal::FindNumber(state, "step", kInt64).Item<int64_t>();
  const std::vector<double> last = LastRates(state);
  LoadStates(optimizer(), schedulers_, state);
  set_step_count(step);
  SetRates(last);
}

ChainedScheduler::ChainedScheduler(Optimizer& optimizer, Schedulers schedulers)
    : LRScheduler(optimizer), schedulers_(std::move(schedulers)) {
  CheckSchedulers("ChainedScheduler", optimizer, schedulers_);
}
void ChainedScheduler::Step() {
  const NamedTensors before = StateDict();
  try {
    for (const auto& scheduler : schedulers_) scheduler->Step();
  } catch (...) {
    LoadStateDict(before);
    throw;
  }
  set_step_count(step_count() + 1);
}
void ChainedScheduler::Restart() {
  set_step_count(0);
  ResetRates(optimizer());
  for (const auto& scheduler : schedulers_) scheduler->Restart();
}
NamedTensors ChainedScheduler::StateDict() const {
  NamedTensors state = LRScheduler::StateDict();
  AppendStates(schedulers_, state);
  return state;
}
void ChainedScheduler::LoadStateDict(const NamedTensors& state) {
  const auto step = internal::FindNumber(state, "step", kInt64).Item<int64_t>();
  const std::vector<double> last = LastRates(state);
  LoadStates(optimizer(), schedulers_, state);
  set_step_count(step);
  SetRates(last);
}

// ---- of what is measured ---------------------------------------------------------------------

ReduceLROnPlateau::ReduceLROnPlateau(Optimizer& optimizer, const ReduceLROnPlateauOptions& options)
    : optimizer_(optimizer),
      options_(options),
      best_(options.mode == "min" ? std::numeric_limits<double>::infinity()
                                  : -std::numeric_limits<double>::infinity()) {
  if (options.mode != "min" && options.mode != "max") {
    ThrowInvalidArgument(absl::StrCat("ReduceLROnPlateau: mode = \"", options.mode,
                                      "\" must be \"min\" or \"max\""));
  }
  if (options.threshold_mode != "rel" && options.threshold_mode != "abs") {
    ThrowInvalidArgument(absl::StrCat("ReduceLROnPlateau: threshold_mode = \"",
                                      options.threshold_mode, "\" must be \"rel\" or \"abs\""));
  }
  if (!(options.factor < 1)) {
    ThrowInvalidArgument(
        absl::StrCat("ReduceLROnPlateau: factor = ", options.factor, " must be below 1"));
  }
}
bool ReduceLROnPlateau::IsBetter(double metric) const {
  const double sign = options_.mode == "min" ? -1 : 1;
  const double bound = options_.threshold_mode == "rel" ? best_ * (1 + sign * options_.threshold)
                                                        : best_ + sign * options_.threshold;
  return sign * metric > sign * bound;
}
void ReduceLROnPlateau::Step(double metric) {
  ++step_;
  if (IsBetter(metric)) {
    best_ = metric;
    num_bad_epochs_ = 0;
  } else {
    ++num_bad_epochs_;
  }
  if (cooldown_counter_ > 0) {
    --cooldown_counter_;
    num_bad_epochs_ = 0;
  }
  if (num_bad_epochs_ <= options_.patience) return;
  for (size_t g = 0; g < optimizer_.num_groups(); ++g) {
    const double lr = optimizer_.lr(g), reduced = std::max(lr * options_.factor, options_.min_lr);
    if (lr - reduced > options_.eps) optimizer_.set_lr(g, reduced);
  }
  cooldown_counter_ = options_.cooldown;
  num_bad_epochs_ = 0;
}
std::vector<double> ReduceLROnPlateau::GetLastLr() const { return internal::RatesOf(optimizer_); }
NamedTensors ReduceLROnPlateau::StateDict() const {
  return {{"step", ScalarTensor(step_)},
          {"num_bad_epochs", ScalarTensor(num_bad_epochs_)},
          {"cooldown_counter", ScalarTensor(cooldown_counter_)},
          {"best", ScalarTensor(best_, {.dtype = kFloat64})}};
}
void ReduceLROnPlateau::LoadStateDict(const NamedTensors& state) {
  const auto integer = [&](const char* name) {
    return internal::FindNumber(state, name, kInt64).Item<int64_t>();
  };
  const int64_t step = integer("step"), bad = integer("num_bad_epochs"),
                cooldown = integer("cooldown_counter");
  best_ = internal::FindNumber(state, "best", kFloat64).Item<double>();
  step_ = step;
  num_bad_epochs_ = bad;
  cooldown_counter_ = cooldown;
}

}  // namespace neura::optim
