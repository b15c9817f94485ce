#include "neura/optim/schedulers.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/create.h"

namespace neura::optim {
namespace {

// From `start` to `end` as `t` goes from 0 to 1.
double CosineBetween(double start, double end, double t) {
  return end + (start - end) * (1 + std::cos(std::numbers::pi * t)) / 2;
}

}  // namespace

LRScheduler::LRScheduler(Optimizer& optimizer) : optimizer_(optimizer) {
  for (size_t g = 0; g < optimizer.num_groups(); ++g) base_lrs_.push_back(optimizer.lr(g));
}

void LRScheduler::Set() {
  for (size_t g = 0; g < optimizer_.num_groups(); ++g) optimizer_.set_lr(g, LrAt(g, step_));
}

void LRScheduler::Step() {
  ++step_;
  Set();
}

std::vector<double> LRScheduler::GetLastLr() const {
  std::vector<double> rates;
  for (size_t g = 0; g < optimizer_.num_groups(); ++g) rates.push_back(optimizer_.lr(g));
  return rates;
}

NamedTensors LRScheduler::StateDict() const {
  NamedTensors state = {{"step", ScalarTensor(step_)}};
  for (size_t g = 0; g < base_lrs_.size(); ++g) {
    state.emplace_back(absl::StrCat("base_lr.", g),
                       ScalarTensor(base_lrs_[g], {.dtype = kFloat64}));
  }
  return state;
}

void LRScheduler::LoadStateDict(const NamedTensors& state) {
  if (state.size() != base_lrs_.size() + 1 || state[0].first != "step") {
    ThrowInvalidArgument(absl::StrCat("LRScheduler: the state is not that of a scheduler with ",
                                      base_lrs_.size(), " groups"));
  }
  std::vector<double> base_lrs;
  for (size_t g = 0; g < base_lrs_.size(); ++g) {
    base_lrs.push_back(state[g + 1].second.Item<double>());
  }
  step_ = state[0].second.Item<int64_t>();
  base_lrs_ = std::move(base_lrs);
  Set();
}

StepLR::StepLR(Optimizer& optimizer, const StepLROptions& options)
    : LRScheduler(optimizer), options_(options) {
  if (options.step_size < 1) {
    ThrowInvalidArgument(
        absl::StrCat("StepLR: step_size = ", options.step_size, " must be at least 1"));
  }
  Set();
}
double StepLR::LrAt(size_t group, int64_t step) const {
  return base_lr(group) * std::pow(options_.gamma, static_cast<double>(step / options_.step_size));
}

CosineAnnealingLR::CosineAnnealingLR(Optimizer& optimizer, const CosineAnnealingLROptions& options)
    : LRScheduler(optimizer), options_(options) {
  if (options.T_max < 1) {
    ThrowInvalidArgument(
        absl::StrCat("CosineAnnealingLR: T_max = ", options.T_max, " must be at least 1"));
  }
  Set();
}
double CosineAnnealingLR::LrAt(size_t group, int64_t step) const {
  return CosineBetween(base_lr(group), options_.eta_min,
                       static_cast<double>(step) / static_cast<double>(options_.T_max));
}

OneCycleLR::OneCycleLR(Optimizer& optimizer, const OneCycleLROptions& options)
    : LRScheduler(optimizer), options_(options) {
  if (options.total_steps < 1 || !(options.pct_start >= 0 && options.pct_start <= 1)) {
    ThrowInvalidArgument(absl::StrCat("OneCycleLR: total_steps = ", options.total_steps,
                                      " must be at least 1 and pct_start = ", options.pct_start,
                                      " in [0, 1]"));
  }
  if (options.anneal_strategy != "cos" && options.anneal_strategy != "linear") {
    ThrowInvalidArgument(absl::StrCat("OneCycleLR: anneal_strategy = \"", options.anneal_strategy,
                                      "\" must be \"cos\" or \"linear\""));
  }
  Set();
}

double OneCycleLR::Cycle(int64_t step, double low, double high, double last) const {
  const double total = static_cast<double>(options_.total_steps);
  const double peak = options_.pct_start * total - 1, end = total - 1;
  const double position = static_cast<double>(step);
  const bool rising = position <= peak;
  const double begin = rising ? 0 : peak, length = (rising ? peak : end) - begin;
  const double t = length > 0 ? std::min((position - begin) / length, 1.0) : 1;
  const double from = rising ? low : high, to = rising ? high : last;
  return options_.anneal_strategy == "cos" ? CosineBetween(from, to, t) : from + (to - from) * t;
}

double OneCycleLR::LrAt(size_t, int64_t step) const {
  const double first = options_.max_lr / options_.div_factor;
  return Cycle(step, first, options_.max_lr, first / options_.final_div_factor);
}

void OneCycleLR::Set() {
  // Who steps after each of total_steps batches comes here once more than there are rates.
  if (step_count() > options_.total_steps) {
    ThrowFailedPrecondition(absl::StrCat("OneCycleLR: step ", step_count(), " of ",
                                         options_.total_steps, " total_steps"));
  }
  LRScheduler::Set();
  if (!options_.cycle_momentum) return;
  for (size_t g = 0; g < optimizer().num_groups(); ++g) {
    optimizer().set_momentum(g, Cycle(step_count(), options_.max_momentum, options_.base_momentum,
                                      options_.max_momentum));
  }
}

}  // namespace neura::optim
