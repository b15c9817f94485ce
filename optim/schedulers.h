// Learning rate schedules as classes: those of schedules.inc, those of functions, and those of
// other schedules.
#ifndef NEURA_OPTIM_SCHEDULERS_H_
#define NEURA_OPTIM_SCHEDULERS_H_

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "neura/optim/scheduler.h"
#include "neura/optim/schedules.h"

namespace neura::optim {

// optim::StepLR schedule(optimizer, {.step_size = 30});
template <typename Options>
class ScheduleWith final : public RateSchedule {
 public:
  ScheduleWith(Optimizer& optimizer, const Options& options)
      : ScheduleWith(optimizer, std::vector<Options>{options}) {}
  // With options for each group: std::vector<optim::OneCycleLROptions>{{...}, {...}}. Throws
  // InvalidArgument for another number of them.
  template <std::same_as<std::vector<Options>> OptionsOfGroups>
  ScheduleWith(Optimizer& optimizer, OptionsOfGroups options)
      : RateSchedule(optimizer), options_(std::move(options)) {
    CheckOptions(options_);
    Begin();
  }

  std::string name() const override;
  // One for all groups, or one for each.
  const std::vector<Options>& options() const { return options_; }
  // Rates stay, and go on from where they are with the next step. Throws InvalidArgument for what
  // the constructor would refuse.
  void set_options(std::vector<Options> options);

  // Also what options() gives: "options.0.gamma", ...
  NamedTensors StateDict() const override;

 private:
  void CheckOptions(const std::vector<Options>& options) const;
  const Options& OptionsOf(size_t group) const {
    return options_[options_.size() == 1 ? 0 : group];
  }
  double LrAt(size_t group, double step) const override;
  double Carried(size_t group, int64_t step, double lr, double before, double after) const override;
  void CheckStep(int64_t step) const override;
  void SetMore() override;
  void TakeSettings(internal::NamedState& state) override;
  void RevertSettings() override { options_ = reverted_; }

  std::vector<Options> options_, reverted_;
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
  std::string name() const override { return "LambdaLR"; }

 private:
  double LrAt(size_t group, double step) const override;
  double Carried(size_t, int64_t, double, double, double after) const override { return after; }
  const std::vector<LrLambda> functions_;
};

// The rate times lr_lambda(step) at each step from the first on.
class MultiplicativeLR final : public LRScheduler {
 public:
  MultiplicativeLR(Optimizer& optimizer, std::vector<LrLambda> lr_lambda);
  std::string name() const override { return "MultiplicativeLR"; }
  void Step() override;
  void StepTo(double epoch) override;
  void Restart() override;
  void LoadStateDict(const NamedTensors& state) override;

 private:
  void Go(int64_t step);

  const std::vector<LrLambda> functions_;
};

// One schedule after the other: number k + 1 begins, at its first step, at step milestones[k].
class SequentialLR final : public LRScheduler {
 public:
  SequentialLR(Optimizer& optimizer, std::vector<std::shared_ptr<LRScheduler>> schedulers,
               std::vector<int64_t> milestones);
  std::string name() const override { return "SequentialLR"; }
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
  std::string name() const override { return "ChainedScheduler"; }
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
  // `min_lrs`, where there are any, stand in the place of min_lr, one for each group.
  explicit ReduceLROnPlateau(Optimizer& optimizer, const ReduceLROnPlateauOptions& options = {},
                             std::vector<double> min_lrs = {});

  void Step(double metric);
  // Where the next step goes on.
  int64_t step_count() const { return state_.step; }
  void set_step_count(int64_t step) { state_.step = step; }
  double best() const { return state_.best; }
  int64_t num_bad_epochs() const { return state_.num_bad_epochs; }
  int64_t cooldown_counter() const { return state_.cooldown_counter; }
  std::vector<double> GetLastLr() const;

  const ReduceLROnPlateauOptions& options() const { return options_; }
  // Of each group.
  std::vector<double> min_lrs() const;
  // Throw InvalidArgument for what the constructor would refuse.
  void set_options(const ReduceLROnPlateauOptions& options, std::vector<double> min_lrs);

  struct State {
    int64_t step = 0;
    double best = 0;
    int64_t num_bad_epochs = 0, cooldown_counter = 0;
  };
  void set_state(const State& state) { state_ = state; }

  // "schedule", "step", "num_bad_epochs", "cooldown_counter", int64, "best", float64, the options
  // ("options.0.patience", ...) and "min_lr.0", ...
  NamedTensors StateDict() const;
  // Throws InvalidArgument, and changes nothing, for the state of another schedule.
  void LoadStateDict(const NamedTensors& state);

 private:
  void CheckOptions(const ReduceLROnPlateauOptions& options,
                    const std::vector<double>& min_lrs) const;
  bool IsBetter(double metric) const;

  Optimizer& optimizer_;
  ReduceLROnPlateauOptions options_;
  std::vector<double> min_lrs_;
  State state_;
};

}  // namespace neura::optim

#endif  // NEURA_OPTIM_SCHEDULERS_H_
