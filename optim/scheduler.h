// What all learning rate schedules have in common. Call Step() after the optimizer's, once an epoch
// or once a batch.
#ifndef NEURA_OPTIM_SCHEDULER_H_
#define NEURA_OPTIM_SCHEDULER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "neura/optim/optimizer.h"

namespace neura::optim {

class LRScheduler {
 public:
  virtual ~LRScheduler() = default;
  LRScheduler(const LRScheduler&) = delete;
  LRScheduler& operator=(const LRScheduler&) = delete;

  // Moves on by one and sets every group's learning rate. An error changes nothing.
  virtual void Step() = 0;
  // Back to the first step, with the rates that the optimizer began with.
  virtual void Restart() = 0;
  int64_t step_count() const { return step_; }
  // Of each group, as last set.
  std::vector<double> GetLastLr() const;

  // "step", int64, the rates of all groups, "last_lr.0", ..., float64, and what else the schedule
  // keeps, as scalars.
  virtual NamedTensors StateDict() const;
  // In any order. Sets the rates to those of the state, or, where it has none, to those of its
  // step. Throws, and changes nothing, when the state is that of another schedule, of another
  // number of groups or of a step that the schedule does not have.
  virtual void LoadStateDict(const NamedTensors& state) = 0;

  bool IsOf(const Optimizer& optimizer) const { return &optimizer == &optimizer_; }

 protected:
  explicit LRScheduler(Optimizer& optimizer) : optimizer_(optimizer) {}

  Optimizer& optimizer() const { return optimizer_; }
  void set_step_count(int64_t step) { step_ = step; }
  // The rates of a state; none where it has none.
  std::vector<double> LastRates(const NamedTensors& state) const;
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
  void Restart() override { Set(0); }

  // Also "base_lr.0", ..., float64.
  NamedTensors StateDict() const override;
  void LoadStateDict(const NamedTensors& state) override;

 protected:
  // Derived constructors call Begin() at their end.
  explicit RateSchedule(Optimizer& optimizer);
  void Begin();

  virtual double LrAt(size_t group, int64_t step) const = 0;
  // Somebody else's rate `lr`, at a step at which this schedule's goes from `before` to `after`.
  virtual double Carried(double lr, double before, double after) const;
  // Throws FailedPrecondition for a step that the schedule does not have.
  virtual void CheckStep(int64_t /*step*/) const {}
  // Sets what else follows from the step.
  virtual void SetMore() {}

  double base_lr(size_t group) const { return base_lrs_[group]; }

 private:
  // Goes to a step, or throws and changes nothing.
  void Set(int64_t step);
  std::vector<double> RatesAt(int64_t step) const;

  std::vector<double> base_lrs_;
  std::vector<double> rates_;  // this schedule's own, at its step
};

namespace internal {

// The learning rates of all groups.
std::vector<double> RatesOf(const Optimizer& optimizer);

// A scalar of a scheduler's state; throws InvalidArgument where there is none of the dtype.
const Tensor& FindNumber(const NamedTensors& state, const std::string& name, DType dtype);

}  // namespace internal
}  // namespace neura::optim

#endif  // NEURA_OPTIM_SCHEDULER_H_
