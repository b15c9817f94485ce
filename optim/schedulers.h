// Learning rate schedules as classes: those of schedules.inc, those of functions, and those of
// other schedules.
#ifndef NEURA_OPTIM_SCHEDULERS_H_
#define NEURA_OPTIM_SCHEDULERS_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "neura/optim/scheduler.h"
#include "neura/optim/schedules.h"

namespace neura::optim {

// optim::StepLR schedule(optimizer, {.step_size = 30});
template <typename Options>
class ScheduleWith final : public RateSchedule {
 public:
  ScheduleWith(Optimizer& optimizer, const Options& options);

 private:
  double LrAt(size_t group, int64_t step) const override;
  double Carried(double lr, double before, double after) const override;
  void CheckStep(int64_t step) const override;
  void SetMore() override;

  const Options options_;
};

#define NEURA_SCHEDULE(Name, ...)                    \
  extern template class ScheduleWith<Name##Options>; \
  using Name = ScheduleWith<Name##Options>;
#include "neura/optim/schedules.inc"

// A factor at each step.
using LrLambda = std::function<double(int64_t step)>;

// The rate that each group began with times lr_lambda(step): one function for all groups, or one
// for each.
class LambdaLR final : public RateSchedule {
 public:
  LambdaLR(Optimizer& optimizer, std::vector<LrLambda> lr_lambda);

 private:
  double LrAt(size_t group, int64_t step) const override;
  double Carried(double, double, double after) const override { return after; }
  const std::vector<LrLambda> functions_;
};

// The rate times lr_lambda(step) at each step from the first on.
class MultiplicativeLR final : public LRScheduler {
 public:
  MultiplicativeLR(Optimizer& optimizer, std::vector<LrLambda> lr_lambda);
  void Step() override;
  void Restart() override;
  void LoadStateDict(const NamedTensors& state) override;

 private:
  const std::vector<LrLambda> functions_;
};

// One schedule after the other: number k + 1 begins, at its first step, at step milestones[k].
class SequentialLR final : public LRScheduler {
 public:
  SequentialLR(Optimizer& optimizer, std::vector<std::shared_ptr<LRScheduler>> schedulers,
               std::vector<int64_t> milestones);
  void Step() override;
  void Restart() override;
  // Also the states of all, as "schedulers.0.step", ...
  NamedTensors StateDict() const override;
  void LoadStateDict(const NamedTensors& state) override;

 private:
  const std::vector<std::shared_ptr<LRScheduler>> schedulers_;
  const std::vector<int64_t> milestones_;
};

// All schedules at each step, one upon the other.
class ChainedScheduler final : public LRScheduler {
 public:
  ChainedScheduler(Optimizer& optimizer, std::vector<std::shared_ptr<LRScheduler>> schedulers);
  void Step() override;
  void Restart() override;
  NamedTensors StateDict() const override;
  void LoadStateDict(const NamedTensors& state) override;

 private:
  const std::vector<std::shared_ptr<LRScheduler>> schedulers_;
};

struct ReduceLROnPlateauOptions {
  std::string mode = "min";  // whether what is watched should fall, or rise: "max"
  double factor = 0.1;
  int64_t patience = 10;  // steps without improvement that are let pass
  double threshold = 1e-4;
  std::string threshold_mode = "rel";  // better by a share of the best, or by an amount: "abs"
  int64_t cooldown = 0;                // steps after a reduction that are not counted
  double min_lr = 0;
  double eps = 1e-8;  // smaller changes of the rate are not made
  NEURA_FIELDS(mode, factor, patience, threshold, threshold_mode, cooldown, min_lr, eps)
};
// The rate times factor where a measured value has not become better for longer than `patience`
// steps. NaN is not better.
class ReduceLROnPlateau {
 public:
  ReduceLROnPlateau(Optimizer& optimizer, const ReduceLROnPlateauOptions& options = {});

  void Step(double metric);
  int64_t step_count() const { return step_; }
  double best() const { return best_; }
  int64_t num_bad_epochs() const { return num_bad_epochs_; }
  int64_t cooldown_counter() const { return cooldown_counter_; }
  std::vector<double> GetLastLr() const;

  // "step", "num_bad_epochs", "cooldown_counter", int64, and "best", float64.
  NamedTensors StateDict() const;
  void LoadStateDict(const NamedTensors& state);

 private:
  bool IsBetter(double metric) const;

  Optimizer& optimizer_;
  const ReduceLROnPlateauOptions options_;
  double best_;
  int64_t step_ = 0, num_bad_epochs_ = 0, cooldown_counter_ = 0;
};

}  // namespace neura::optim

#endif  // NEURA_OPTIM_SCHEDULERS_H_
