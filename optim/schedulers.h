// Learning rate schedules. Call Step() after the optimizer's, once an epoch or once a batch.
#ifndef NEURA_OPTIM_SCHEDULERS_H_
#define NEURA_OPTIM_SCHEDULERS_H_

#include <string>
#include <vector>

#include "neura/optim/optimizer.h"
#include "neura/tensor/core/fields.h"

namespace neura::optim {

class LRScheduler {
 public:
  virtual ~LRScheduler() = default;
  // Moves on by one and sets every group's learning rate. An error changes nothing.
  void Step();
  int64_t step_count() const { return step_; }
  // Of each group, as last set.
  std::vector<double> GetLastLr() const;

  // "step", int64, and "base_lr.0", ..., float64 scalars.
  NamedTensors StateDict() const;
  // In any order. Throws, and changes nothing, when the state is of another number of groups or a
  // step that the schedule does not have.
  void LoadStateDict(const NamedTensors& state);

 protected:
  // Derived constructors call Set(0) at their end.
  explicit LRScheduler(Optimizer& optimizer);
  // The learning rate of a group at a step, as a function of these alone.
  virtual double LrAt(size_t group, int64_t step) const = 0;
  // Throws FailedPrecondition for a step that the schedule does not have.
  virtual void CheckStep(int64_t /*step*/) const {}
  // Sets what else follows from the step.
  virtual void SetMore() {}
  // Goes to a step, or throws and changes nothing.
  void Set(int64_t step);

  Optimizer& optimizer() const { return optimizer_; }
  double base_lr(size_t group) const { return base_lrs_[group]; }

 private:
  Optimizer& optimizer_;
  std::vector<double> base_lrs_;
  int64_t step_ = 0;
};

struct StepLROptions {
  int64_t step_size = 1;
  double gamma = 0.1;
  NEURA_FIELDS(step_size, gamma)
};
// base_lr * gamma^(step / step_size), whole division.
class StepLR final : public LRScheduler {
 public:
  StepLR(Optimizer& optimizer, const StepLROptions& options);

 private:
  double LrAt(size_t group, int64_t step) const override;
  const StepLROptions options_;
};

struct CosineAnnealingLROptions {
  int64_t T_max = 1;  // steps from base_lr down to eta_min
  double eta_min = 0;
  NEURA_FIELDS(T_max, eta_min)
};
// eta_min + (base_lr - eta_min) * (1 + cos(pi * step / T_max)) / 2. Loshchilov and Hutter, 2017
// (arXiv:1608.03983), without restarts.
class CosineAnnealingLR final : public LRScheduler {
 public:
  CosineAnnealingLR(Optimizer& optimizer, const CosineAnnealingLROptions& options);

 private:
  double LrAt(size_t group, int64_t step) const override;
  const CosineAnnealingLROptions options_;
};

struct OneCycleLROptions {
  double max_lr = 1e-2;
  int64_t total_steps = 1;
  double pct_start = 0.3;               // share of the steps in which the rate rises
  std::string anneal_strategy = "cos";  // or "linear"
  bool cycle_momentum = true;           // momentum falls while the rate rises, and back
  double base_momentum = 0.85;
  double max_momentum = 0.95;
  double div_factor = 25;         // the first rate is max_lr / div_factor
  double final_div_factor = 1e4;  // the last rate is the first / final_div_factor
  NEURA_FIELDS(max_lr, total_steps, pct_start, anneal_strategy, cycle_momentum, base_momentum,
               max_momentum, div_factor, final_div_factor)
};
// Smith and Topin, 2019 (arXiv:1708.07120), in the two phases of PyTorch. Stepping past total_steps
// throws FailedPrecondition; the last that is meant for a step of the optimizer is total_steps - 1.
class OneCycleLR final : public LRScheduler {
 public:
  OneCycleLR(Optimizer& optimizer, const OneCycleLROptions& options);

 private:
  double LrAt(size_t group, int64_t step) const override;
  void CheckStep(int64_t step) const override;
  void SetMore() override;
  // `low` at the first step, `high` at the peak, `last` at the end.
  double Cycle(int64_t step, double low, double high, double last) const;
  const OneCycleLROptions options_;
};

}  // namespace neura::optim

#endif  // NEURA_OPTIM_SCHEDULERS_H_
