#include "neura/optim/schedulers.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "neura/optim/named_state.h"
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
void LoadStates(Optimizer& optimizer, const Schedulers& schedulers, internal::NamedState& state) {
  state.CheckCount("schedulers.", schedulers.size(), "schedules");
  std::vector<NamedTensors> before, parts;
  const std::vector<double> rates = internal::RatesOf(optimizer);
  for (size_t i = 0; i < schedulers.size(); ++i) {
    before.push_back(schedulers[i]->StateDict());
    parts.push_back(state.TakeAll(Prefix(i)));
  }
  state.CheckAllTaken();
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

template <typename Options>
void AppendOptions(Options options, size_t group, NamedTensors& state) {
  options.VisitFields([&](const char* name, FieldRef field) {
    state.emplace_back(absl::StrCat("options.", group, ".", name), internal::OptionToTensor(field));
  });
}
template <typename Options>
void TakeOptions(internal::NamedState& state, size_t group, Options& options) {
  options.VisitFields([&](const char* name, FieldRef field) {
    state.TakeOption(absl::StrCat("options.", group, ".", name), field);
  });
}

}  // namespace

// ---- functions of the step -------------------------------------------------------------------

namespace {

template <typename Options>
constexpr const char* kNameOf = nullptr;
#define NEURA_SCHEDULE(Name, ...) \
  template <>                     \
  constexpr const char* kNameOf<Name##Options> = #Name;
#include "neura/optim/schedules.inc"

template <typename Options>
double RateAt(const Options& options, double base, double step) {
  if constexpr (requires { Options::kBetweenSteps; }) {
    return options.Rate(base, step);
  } else {
    return options.Rate(base, static_cast<int64_t>(step));
  }
}

}  // namespace

template <typename Options>
std::string ScheduleWith<Options>::name() const {
  return kNameOf<Options>;
}
template <typename Options>
void ScheduleWith<Options>::CheckOptions(const std::vector<Options>& options) const {
  if (options.size() != 1 && options.size() != base_lrs().size()) {
    ThrowInvalidArgument(absl::StrCat(name(), ": options of ", options.size(), " groups for ",
                                      base_lrs().size(), " parameter groups"));
  }
  for (size_t g = 0; g < base_lrs().size(); ++g) {
    const Options& own = options[options.size() == 1 ? 0 : g];
    if constexpr (requires { own.Check(); }) own.Check();
    if constexpr (requires { own.Momentum(0); }) {
      // Before anything is set.
      if (own.Momentum(0)) optimizer().momentum(g);
    }
  }
}
template <typename Options>
void ScheduleWith<Options>::set_options(std::vector<Options> options) {
  CheckOptions(options);
  options_ = std::move(options);
  Reconsider();
}
template <typename Options>
double ScheduleWith<Options>::LrAt(size_t group, double step) const {
  return RateAt(OptionsOf(group), base_lr(group), step);
}
template <typename Options>
double ScheduleWith<Options>::Carried(size_t group, int64_t step, double lr, double before,
                                      double after) const {
  if constexpr (requires { Options::kSetsAlone; }) {
    return after;
  } else if constexpr (requires(const Options& options) { options.Carry(lr, step); }) {
    return OptionsOf(group).Carry(lr, step);
  } else if constexpr (requires(const Options& options) { options.Floor(); }) {
    const double floor = OptionsOf(group).Floor();
    return floor + RateSchedule::Carried(group, step, lr - floor, before - floor, after - floor);
  } else {
    return RateSchedule::Carried(group, step, lr, before, after);
  }
}
template <typename Options>
void ScheduleWith<Options>::CheckStep(int64_t step) const {
  if constexpr (requires(const Options& options) { options.Last(); }) {
    for (const Options& options : options_) {
      if (step <= options.Last()) continue;
      ThrowInvalidArgument(
          absl::StrCat(name(), ": step ", step, " of ", options.Last(), " total_steps"));
    }
  }
}
template <typename Options>
void ScheduleWith<Options>::SetMore() {
  if constexpr (requires(const Options& options) { options.Momentum(0); }) {
    for (size_t g = 0; g < base_lrs().size(); ++g) {
      const std::optional<double> momentum = OptionsOf(g).Momentum(step_count());
      if (momentum) optimizer().set_momentum(g, *momentum);
    }
  }
}
template <typename Options>
NamedTensors ScheduleWith<Options>::StateDict() const {
  NamedTensors state = RateSchedule::StateDict();
  for (size_t g = 0; g < options_.size(); ++g) AppendOptions(options_[g], g, state);
  return state;
}
template <typename Options>
void ScheduleWith<Options>::TakeSettings(internal::NamedState& state) {
  const size_t count = state.CountOf("options.");
  if (count != 1) state.CheckCount("options.", base_lrs().size(), "parameter groups");
  std::vector<Options> options;
  for (size_t g = 0; g < count; ++g) {
    options.push_back(OptionsOf(g));
    TakeOptions(state, g, options.back());
  }
  CheckOptions(options);
  reverted_ = std::exchange(options_, std::move(options));
}

#define NEURA_SCHEDULE(Name, ...) template class ScheduleWith<Name##Options>;
#include "neura/optim/schedules.inc"

// ---- of functions ----------------------------------------------------------------------------

LambdaLR::LambdaLR(Optimizer& optimizer, std::vector<LrLambda> lr_lambda)
    : RateSchedule(optimizer), functions_(std::move(lr_lambda)) {
  CheckFunctions("LambdaLR", optimizer, functions_);
  Begin();
}
double LambdaLR::LrAt(size_t group, double step) const {
  return base_lr(group) * CallFor(functions_, group, static_cast<int64_t>(step));
}

MultiplicativeLR::MultiplicativeLR(Optimizer& optimizer, std::vector<LrLambda> lr_lambda)
    : LRScheduler(optimizer), functions_(std::move(lr_lambda)) {
  CheckFunctions("MultiplicativeLR", optimizer, functions_);
  for (size_t g = 0; g < optimizer.num_groups(); ++g) optimizer.initial_lr(g);  // from here on
}
void MultiplicativeLR::Go(int64_t step) {
  std::vector<double> rates;
  // Groups that came later keep their rates where each has a function of its own.
  const size_t groups = functions_.size() == 1 ? optimizer().num_groups() : functions_.size();
  for (size_t g = 0; g < groups; ++g)
    rates.push_back(optimizer().lr(g) * CallFor(functions_, g, step));
  set_step_count(step);
  SetRates(rates);
}
void MultiplicativeLR::Step() { Go(step_count() + 1); }
void MultiplicativeLR::StepTo(double epoch) {
  if (!(epoch >= 0 && epoch < 0x1p53)) {
    ThrowInvalidArgument(absl::StrCat(name(), ": there is no step ", epoch));
  }
  Go(static_cast<int64_t>(epoch));
}
void MultiplicativeLR::Restart() {
  set_step_count(0);
  ResetRates(optimizer());
}
void MultiplicativeLR::LoadStateDict(const NamedTensors& state) {
  internal::NamedState named(name(), state);
  const Common common = TakeCommon(named);
  named.CheckAllTaken();
  set_step_count(common.step);
  SetRates(common.last_lr);
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
  internal::NamedState named(name(), state);
  const Common common = TakeCommon(named);
  LoadStates(optimizer(), schedulers_, named);
  set_step_count(common.step);
  SetRates(common.last_lr);
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
  internal::NamedState named(name(), state);
  const Common common = TakeCommon(named);
  LoadStates(optimizer(), schedulers_, named);
  set_step_count(common.step);
  SetRates(common.last_lr);
}

// ---- of what is measured ---------------------------------------------------------------------

ReduceLROnPlateau::ReduceLROnPlateau(Optimizer& optimizer, const ReduceLROnPlateauOptions& options,
                                     std::vector<double> min_lrs)
    : optimizer_(optimizer), options_(options), min_lrs_(std::move(min_lrs)) {
  CheckOptions(options_, min_lrs_);
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  state_.best = options.mode == "min" ? kInfinity : -kInfinity;
}
void ReduceLROnPlateau::CheckOptions(const ReduceLROnPlateauOptions& options,
                                     const std::vector<double>& min_lrs) const {
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
  if (!min_lrs.empty() && min_lrs.size() != optimizer_.num_groups()) {
    ThrowInvalidArgument(absl::StrCat("ReduceLROnPlateau: ", min_lrs.size(),
                                      " values of min_lr for ", optimizer_.num_groups(),
                                      " parameter groups"));
  }
}
void ReduceLROnPlateau::set_options(const ReduceLROnPlateauOptions& options,
                                    std::vector<double> min_lrs) {
  CheckOptions(options, min_lrs);
  options_ = options;
  min_lrs_ = std::move(min_lrs);
}
std::vector<double> ReduceLROnPlateau::min_lrs() const {
  return min_lrs_.empty() ? std::vector<double>(optimizer_.num_groups(), options_.min_lr)
                          : min_lrs_;
}
bool ReduceLROnPlateau::IsBetter(double metric) const {
  const double sign = options_.mode == "min" ? -1 : 1, best = state_.best;
  const double bound = options_.threshold_mode == "rel" ? best * (1 + sign * options_.threshold)
                                                        : best + sign * options_.threshold;
  return sign * metric > sign * bound;
}
void ReduceLROnPlateau::Step(double metric) {
  ++state_.step;
  if (IsBetter(metric)) {
    state_.best = metric;
    state_.num_bad_epochs = 0;
  } else {
    ++state_.num_bad_epochs;
  }
  if (state_.cooldown_counter > 0) {
    --state_.cooldown_counter;
    state_.num_bad_epochs = 0;
  }
  if (state_.num_bad_epochs <= options_.patience) return;
  for (size_t g = 0; g < optimizer_.num_groups(); ++g) {
    // A group that came later has no bound of its own.
    const double least = g < min_lrs_.size() ? min_lrs_[g] : options_.min_lr;
    const double lr = optimizer_.lr(g), reduced = std::max(lr * options_.factor, least);
    if (lr - reduced > options_.eps) optimizer_.set_lr(g, reduced);
  }
  state_.cooldown_counter = options_.cooldown;
  state_.num_bad_epochs = 0;
}
std::vector<double> ReduceLROnPlateau::GetLastLr() const { return internal::RatesOf(optimizer_); }
NamedTensors ReduceLROnPlateau::StateDict() const {
  std::string name = "ReduceLROnPlateau";
  NamedTensors state = {{"schedule", internal::OptionToTensor(&name)},
                        {"step", ScalarTensor(state_.step)},
                        {"num_bad_epochs", ScalarTensor(state_.num_bad_epochs)},
                        {"cooldown_counter", ScalarTensor(state_.cooldown_counter)},
                        {"best", ScalarTensor(state_.best, {.dtype = kFloat64})}};
  AppendOptions(options_, 0, state);
  for (size_t g = 0; g < min_lrs_.size(); ++g) {
    state.emplace_back(absl::StrCat("min_lr.", g), ScalarTensor(min_lrs_[g], {.dtype = kFloat64}));
  }
  return state;
}
void ReduceLROnPlateau::LoadStateDict(const NamedTensors& given) {
  internal::NamedState named("ReduceLROnPlateau", given);
  const std::string schedule = named.TakeText("schedule");
  if (schedule != "ReduceLROnPlateau") named.Fail("the state is that of ", schedule);
  State state;
  state.step = named.TakeInteger("step");
  state.num_bad_epochs = named.TakeInteger("num_bad_epochs");
  state.cooldown_counter = named.TakeInteger("cooldown_counter");
  state.best = named.TakeNumber("best");
  ReduceLROnPlateauOptions options;
  TakeOptions(named, 0, options);
  std::vector<double> min_lrs;
  for (size_t g = 0; named.Has(absl::StrCat("min_lr.", g)); ++g) {
    min_lrs.push_back(named.TakeNumber(absl::StrCat("min_lr.", g)));
  }
  named.CheckAllTaken();
  set_options(options, std::move(min_lrs));
  state_ = state;
}

}  // namespace neura::optim
