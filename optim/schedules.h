// The schedules that are a function of the step: for each its options, with PyTorch's names and
// defaults, and the rate of a group that began with `base` at a step, counted from 0.
#ifndef NEURA_OPTIM_SCHEDULES_H_
#define NEURA_OPTIM_SCHEDULES_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "neura/tensor/core/fields.h"
#include "neura/tensor/core/shape.h"

namespace neura::optim {

// Check() throws InvalidArgument for options that make no schedule. Schedules that are not in
// proportion to the rate say so: Floor() is the rate from which on they are, kSetsAlone that they
// are in none.

struct StepLROptions {
  int64_t step_size = 1;
  double gamma = 0.1;
  NEURA_FIELDS(step_size, gamma)
  void Check() const;
  double Rate(double base, int64_t step) const;
};

struct MultiStepLROptions {
  Dims milestones = {};  // steps, in any order; one that is named twice counts twice
  double gamma = 0.1;
  NEURA_FIELDS(milestones, gamma)
  double Rate(double base, int64_t step) const;
};

struct ConstantLROptions {
  double factor = 1.0 / 3;
  int64_t total_iters = 5;
  NEURA_FIELDS(factor, total_iters)
  void Check() const;
  double Rate(double base, int64_t step) const;
};

struct LinearLROptions {
  double start_factor = 1.0 / 3;
  double end_factor = 1;
  int64_t total_iters = 5;
  NEURA_FIELDS(start_factor, end_factor, total_iters)
  void Check() const;
  double Rate(double base, int64_t step) const;
};

struct ExponentialLROptions {
  double gamma = 0.9;
  NEURA_FIELDS(gamma)
  double Rate(double base, int64_t step) const;
};

struct PolynomialLROptions {
  int64_t total_iters = 5;
  double power = 1;
  NEURA_FIELDS(total_iters, power)
  void Check() const;
  double Rate(double base, int64_t step) const;
};

struct CosineAnnealingLROptions {
  int64_t T_max = 1;  // steps from the rate down to eta_min
  double eta_min = 0;
  NEURA_FIELDS(T_max, eta_min)
  void Check() const;
  double Rate(double base, int64_t step) const;
  double Floor() const { return eta_min; }
};

struct CosineAnnealingWarmRestartsOptions {
  int64_t T_0 = 1;
  int64_t T_mult = 1;
  double eta_min = 0;
  NEURA_FIELDS(T_0, T_mult, eta_min)
  static constexpr bool kSetsAlone = true;
  static constexpr bool kBetweenSteps = true;
  void Check() const;
  double Rate(double base, double step) const;
};

struct CyclicLROptions {
  double base_lr = 1e-3;
  double max_lr = 1e-2;
  int64_t step_size_up = 2000;
  std::optional<int64_t> step_size_down = {};  // as up
  std::string mode =
      "triangular";  // "triangular2": half as high each time; "exp_range": by gamma^step
  double gamma = 1;
  // In the place of `mode` and gamma: the factor of the height, by the number of the cycle, counted
  // from 1, or by the step: "iterations". It is no part of a state dict.
  std::function<double(double)> scale_fn = {};
  std::string scale_mode = "cycle";
  bool cycle_momentum = true;  // momentum falls while the rate rises, and back
  double base_momentum = 0.8;
  double max_momentum = 0.9;
  NEURA_FIELDS(base_lr, max_lr, step_size_up, step_size_down, mode, gamma, scale_mode,
               cycle_momentum, base_momentum, max_momentum)
  static constexpr bool kSetsAlone = true;
  void Check() const;
  double Rate(double base, int64_t step) const;
  std::optional<double> Momentum(int64_t step) const;

 private:
  // Where in the cycle: 0 at the low end, 1 at the top, scaled as `mode` says.
  double Height(int64_t step) const;
};

struct OneCycleLROptions {
  double max_lr = 1e-2;
  std::optional<int64_t> total_steps = {};  // or epochs and steps_per_epoch
  std::optional<int64_t> epochs = {};
  std::optional<int64_t> steps_per_epoch = {};
  double pct_start = 0.3;               // share of the steps in which the rate rises
  std::string anneal_strategy = "cos";  // or "linear"
  bool cycle_momentum = true;           // momentum falls while the rate rises, and back
  double base_momentum = 0.85;
  double max_momentum = 0.95;
  double div_factor = 25;         // the first rate is max_lr / div_factor
  double final_div_factor = 1e4;  // the last rate is the first / final_div_factor
  bool three_phase = false;  // down to the first rate as fast as it rose, before the last phase
  NEURA_FIELDS(max_lr, total_steps, epochs, steps_per_epoch, pct_start, anneal_strategy,
               cycle_momentum, base_momentum, max_momentum, div_factor, final_div_factor,
               three_phase)
  static constexpr bool kSetsAlone = true;
  void Check() const;
  double Rate(double base, int64_t step) const;
  std::optional<double> Momentum(int64_t step) const;
  // Stepping past the number of steps throws InvalidArgument; the last that is meant for a step
  // of the optimizer is one less.
  int64_t Last() const;

 private:
  // `low` at the first step, `high` at the peak, `last` at the end; `back` at the end of the second
  // of three phases.
  double Cycle(int64_t step, double low, double high, double back, double last) const;
};

struct SWALROptions {
  double swa_lr = 0.05;
  int64_t anneal_epochs = 10;           // steps from the rate to swa_lr
  std::string anneal_strategy = "cos";  // or "linear"
  NEURA_FIELDS(swa_lr, anneal_epochs, anneal_strategy)
  void Check() const;
  double Rate(double base, int64_t step) const;
  double Carry(double lr, int64_t step) const;

 private:
  // How far the way is gone at a step, from 0 to 1.
  double Share(int64_t step) const;
};

}  // namespace neura::optim

#endif  // NEURA_OPTIM_SCHEDULES_H_
