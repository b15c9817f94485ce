// What all learning rate schedules have in common. Call Step() after the optimizer's, once an epoch
// or once a batch.
#ifndef NEURA_OPTIM_SCHEDULER_H_
#define NEURA_OPTIM_SCHEDULER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "neura/optim/optimizer.h"
#include "neura/tensor/core/tensor.h"

namespace neura::optim {

namespace internal {
class NamedState;
}  // namespace internal

class LRScheduler {
 public:
  virtual ~LRScheduler() = default;
  LRScheduler(const LRScheduler&) = delete;
  LRScheduler& operator=(const LRScheduler&) = delete;

  virtual std::string name() const = 0;
  // Moves on by one and sets every group's learning rate. An error changes nothing.
  virtual void Step() = 0;
  // Goes to a step, counted from 0, and sets the rates that it has by itself. Between two steps
  // there are rates of CosineAnnealingWarmRestarts alone; others go to the step before. Throws
  // InvalidArgument for a step below 0 and for schedules that only go on step by step.
  virtual void StepTo(double epoch);
  // Back to the first step, with the rates that the optimizer began with.
  virtual void Restart() = 0;
  int64_t step_count() const { return step_; }
  // Where the next step goes on, without setting a rate.
  void set_step_count(int64_t step) { step_ = step; }
  // Of each group, as last set.
  std::vector<double> GetLastLr() const;

  // "schedule", the name as uint8 [n], "step", int64, the rates of all groups, "last_lr.0", ...,
  // float64, and what else the schedule is made of and keeps.
  virtual NamedTensors StateDict() const;
  // In any order. Also takes over the schedule's settings. Sets the rates to those of the state,
  // or, where it has none, to those of its step. Throws, and changes nothing, when the state is
  // that of another schedule, of another number of groups or of a step that the schedule does not
  // have.
  virtual void LoadStateDict(const NamedTensors& state) = 0;

  bool IsOf(const Optimizer& optimizer) const { return &optimizer == &optimizer_; }

 protected:
  explicit LRScheduler(Optimizer& optimizer) : optimizer_(optimizer) {}

  Optimizer& optimizer() const { return optimizer_; }
  // What StateDict() of this class has written. Rates are none where the state has none.
  struct Common {
    int64_t step;
    std::vector<double> last_lr;
  };
  Common TakeCommon(internal::NamedState& state) const;
  void SetRates(const std::vector<double>& rates) const;

 private:
  Optimizer& optimizer_;
  int64_t step_ = 0;
};

// A schedule whose rates are a function of the step and of the rate that the group began with.
// Where somebody else has set a group's rate since, as another schedule in a ChainedScheduler does,
// it is changed in the same proportion.
class RateSchedule : public LRScheduler {
 public:
  void Step() override;
  void StepTo(double epoch) override;
  void Restart() override { Set(0); }

  // The rates of this schedule alone at the step where it stands.
  std::vector<double> Rates() const { return RatesAt(static_cast<double>(step_count())); }
  const std::vector<double>& base_lrs() const { return base_lrs_; }
  // Goes to a step of a schedule that began with other rates; `last_lr` are the rates to be set,
  // none: those of the step. Throws InvalidArgument, and changes nothing, for another number of
  // groups or a step that there is not.
  void Restore(int64_t step, const std::vector<double>& base_lrs,
               const std::vector<double>& last_lr);

  // Also "base_lr.0", ..., float64.
  NamedTensors StateDict() const override;
  void LoadStateDict(const NamedTensors& state) override;

 protected:
  // Derived constructors call Begin() at their end.
  explicit RateSchedule(Optimizer& optimizer);
  void Begin();
  // Called when what rates follow from has changed: a rate of now counts as somebody else's.
  void Reconsider() { rates_ = Rates(); }

  virtual double LrAt(size_t group, double step) const = 0;
  // Somebody else's rate `lr`, at the step at which this schedule's goes from `before` to `after`.
  virtual double Carried(size_t group, int64_t step, double lr, double before, double after) const;
  // Throws InvalidArgument for a step that the schedule does not have.
  virtual void CheckStep(int64_t /*step*/) const {}
  // Sets what else follows from the step.
  virtual void SetMore() {}
  // Takes settings from a state, and puts those of before back.
  virtual void TakeSettings(internal::NamedState& /*state*/) {}
  virtual void RevertSettings() {}

  double base_lr(size_t group) const { return base_lrs_[group]; }

 private:
  // Goes to a step, or throws and changes nothing.
  void Set(double step);
  std::vector<double> RatesAt(double step) const;

  std::vector<double> base_lrs_;
  std::vector<double> rates_;  // this schedule's own, at its step
};

namespace internal {

// The learning rates of all groups.
std::vector<double> RatesOf(const Optimizer& optimizer);

}  // namespace internal
}  // namespace neura::optim

#endif  // NEURA_OPTIM_SCHEDULER_H_
