#include "neura/optim/schedules.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"

namespace neura::optim {
namespace {

// From `start` to `end` as `t` goes from 0 to 1.
double CosineBetween(double start, double end, double t) {
  return end + (start - end) * (1 + std::cos(std::numbers::pi * t)) / 2;
}

double Ratio(int64_t a, int64_t b) { return static_cast<double>(a) / static_cast<double>(b); }

void AtLeast(const char* name, int64_t value, int64_t least) {
  if (value < least) {
    ThrowInvalidArgument(absl::StrCat(name, " = ", value, " must be at least ", least));
  }
}

}  // namespace

void StepLROptions::Check() const { AtLeast("StepLR: step_size", step_size, 1); }
double StepLROptions::Rate(double base, int64_t step) const {
  return base * std::pow(gamma, static_cast<double>(step / step_size));
}

double MultiStepLROptions::Rate(double base, int64_t step) const {
  const auto passed = std::count_if(milestones.begin(), milestones.end(),
                                    [step](int64_t milestone) { return milestone <= step; });
  return base * std::pow(gamma, static_cast<double>(passed));
}

void ConstantLROptions::Check() const {
  if (!(factor >= 0 && factor <= 1)) {
    ThrowInvalidArgument(absl::StrCat("ConstantLR: factor = ", factor, " must be in [0, 1]"));
  }
}
double ConstantLROptions::Rate(double base, int64_t step) const {
  return step < total_iters ? base * factor : base;
}

void LinearLROptions::Check() const {
  if (!(start_factor > 0 && start_factor <= 1 && end_factor >= 0 && end_factor <= 1)) {
    ThrowInvalidArgument(absl::StrCat("LinearLR: start_factor = ", start_factor,
                                      " must be in (0, 1] and end_factor = ", end_factor,
                                      " in [0, 1]"));
  }
  AtLeast("LinearLR: total_iters", total_iters, 1);
}
double LinearLROptions::Rate(double base, int64_t step) const {
  const double t = Ratio(std::min(step, total_iters), total_iters);
  return base * (start_factor + (end_factor - start_factor) * t);
}

double ExponentialLROptions::Rate(double base, int64_t step) const {
  return base * std::pow(gamma, static_cast<double>(step));
}

void PolynomialLROptions::Check() const { AtLeast("PolynomialLR: total_iters", total_iters, 1); }
double PolynomialLROptions::Rate(double base, int64_t step) const {
  return base * std::pow(1 - Ratio(std::min(step, total_iters), total_iters), power);
}

void CosineAnnealingLROptions::Check() const { AtLeast("CosineAnnealingLR: T_max", T_max, 1); }
double CosineAnnealingLROptions::Rate(double base, int64_t step) const {
  return CosineBetween(base, eta_min, Ratio(step, T_max));
}

void CosineAnnealingWarmRestartsOptions::Check() const {
  AtLeast("CosineAnnealingWarmRestarts: T_0", T_0, 1);
  AtLeast("CosineAnnealingWarmRestarts: T_mult", T_mult, 1);
}
double CosineAnnealingWarmRestartsOptions::Rate(double base, double step) const {
  const double factor = static_cast<double>(T_mult);
  double length = static_cast<double>(T_0);
  if (T_mult == 1) {
    step = std::fmod(step, length);
  } else {
    while (step >= length) {
      step -= length;
      length *= factor;
    }
  }
  return CosineBetween(base, eta_min, step / length);
}

void CyclicLROptions::Check() const {
  AtLeast("CyclicLR: step_size_up", step_size_up, 1);
  AtLeast("CyclicLR: step_size_down", step_size_down.value_or(1), 1);
  if (mode != "triangular" && mode != "triangular2" && mode != "exp_range") {
    ThrowInvalidArgument(
        absl::StrCat("CyclicLR: mode = \"", mode,
                     "\" must be \"triangular\", \"triangular2\" or \"exp_range\""));
  }
  if (scale_mode != "cycle" && scale_mode != "iterations") {
    ThrowInvalidArgument(absl::StrCat("CyclicLR: scale_mode = \"", scale_mode,
                                      "\" must be \"cycle\" or \"iterations\""));
  }
}
double CyclicLROptions::Height(int64_t step) const {
  const int64_t length = step_size_up + step_size_down.value_or(step_size_up);
  const int64_t at = step % length;
  const double height =
      at <= step_size_up ? Ratio(at, step_size_up) : Ratio(length - at, length - step_size_up);
  if (scale_fn) {
    return height * scale_fn(static_cast<double>(scale_mode == "cycle" ? step / length + 1 : step));
  }
  if (mode == "triangular2") return height * std::exp2(-static_cast<double>(step / length));
  if (mode == "exp_range") return height * std::pow(gamma, static_cast<double>(step));
  return height;
}
double CyclicLROptions::Rate(double, int64_t step) const {
  return base_lr + (max_lr - base_lr) * Height(step);
}
std::optional<double> CyclicLROptions::Momentum(int64_t step) const {
  if (!cycle_momentum) return std::nullopt;
  return max_momentum - (max_momentum - base_momentum) * Height(step);
}

int64_t OneCycleLROptions::Last() const {
  return total_steps ? *total_steps : epochs.value_or(0) * steps_per_epoch.value_or(0);
}
void OneCycleLROptions::Check() const {
  if (!total_steps && !(epochs && steps_per_epoch)) {
    ThrowInvalidArgument("OneCycleLR: give total_steps, or epochs and steps_per_epoch");
  }
  if (Last() < 1 || !(pct_start >= 0 && pct_start <= 1)) {
    ThrowInvalidArgument(absl::StrCat("OneCycleLR: total_steps = ", Last(),
                                      " must be at least 1 and pct_start = ", pct_start,
                                      " in [0, 1]"));
  }
  if (anneal_strategy != "cos" && anneal_strategy != "linear") {
    ThrowInvalidArgument(absl::StrCat("OneCycleLR: anneal_strategy = \"", anneal_strategy,
                                      "\" must be \"cos\" or \"linear\""));
  }
}
double OneCycleLROptions::Cycle(int64_t step, double low, double high, double back,
                                double last) const {
  const double rise = pct_start * static_cast<double>(Last());
  struct Phase {
    double end, from, to;
  };
  // Of two phases the first is empty.
  const Phase phases[] = {
      {rise - 1, low, high},
      {three_phase ? 2 * rise - 2 : rise - 1, high, back},
      {static_cast<double>(Last() - 1), three_phase ? back : high, last},
  };
  const double position = static_cast<double>(step);
  double begin = 0;
  for (size_t i = 0; i < 3; ++i) {
    const Phase& phase = phases[i];
    if (i == 1 && !three_phase) continue;
    if (position <= phase.end || i == 2) {
      const double length = phase.end - begin;
      const double t = length > 0 ? (position - begin) / length : 1;
      return anneal_strategy == "cos" ? CosineBetween(phase.from, phase.to, t)
                                      : phase.from + (phase.to - phase.from) * t;
    }
    begin = phase.end;
  }
  return last;
}
double OneCycleLROptions::Rate(double, int64_t step) const {
  const double first = max_lr / div_factor;
  return Cycle(step, first, max_lr, first, first / final_div_factor);
}
std::optional<double> OneCycleLROptions::Momentum(int64_t step) const {
  if (!cycle_momentum) return std::nullopt;
  return Cycle(step, max_momentum, base_momentum, max_momentum, max_momentum);
}

void SWALROptions::Check() const {
  AtLeast("SWALR: anneal_epochs", anneal_epochs, 0);
  if (anneal_strategy != "cos" && anneal_strategy != "linear") {
    ThrowInvalidArgument(absl::StrCat("SWALR: anneal_strategy = \"", anneal_strategy,
                                      "\" must be \"cos\" or \"linear\""));
  }
}
double SWALROptions::Share(int64_t step) const {
  const double t = anneal_epochs == 0 ? 1 : std::min(1.0, Ratio(step, anneal_epochs));
  return anneal_strategy == "cos" ? CosineBetween(0, 1, t) : t;
}
double SWALROptions::Rate(double base, int64_t step) const {
  return base + (swa_lr - base) * Share(step);
}
double SWALROptions::Carry(double lr, int64_t step) const {
  const double before = step == 0 ? 0 : Share(step - 1), after = Share(step);
  if (before == 1) return swa_lr;
  // The rate from which the way to `lr` began.
  const double start = (lr - before * swa_lr) / (1 - before);
  return start + (swa_lr - start) * after;
}

}  // namespace neura::optim
