// Optimizers and schedules that are written in Python, as C++ sees them.
#ifndef NEURA_PYTHON_EXTENSION_PYTHON_OPTIMIZER_H_
#define NEURA_PYTHON_EXTENSION_PYTHON_OPTIMIZER_H_

#include <pybind11/pybind11.h>

#include <string>
#include <vector>

#include "neura/optim/optimizer.h"
#include "neura/optim/scheduler.h"
#include "neura/tensor/core/tensor.h"

namespace neura::python {

// A Python object that somebody else keeps: who asks for it later finds it or an error. So the
// collector sees what it leads to.
class Watched {
 public:
  explicit Watched(const pybind11::object& object) : reference_(object) {}
  // Under the interpreter's lock. Throws FailedPrecondition when it is gone.
  pybind11::object operator()() const;

 private:
  pybind11::weakref reference_;
};

// The rates and parameters stand in its param_groups, a list of dicts. Python calls what is here
// under the interpreter's lock, and so does this.
class PythonOptimizer final : public optim::Optimizer {
 public:
  explicit PythonOptimizer(const pybind11::object& object);

  using optim::Optimizer::Step;
  void Step() override;
  const char* name() const override { return name_.c_str(); }
  size_t num_groups() const override;
  std::vector<Tensor> params(size_t group) const override;
  double lr(size_t group) const override;
  void set_lr(size_t group, double lr) override;
  double initial_lr(size_t group) override;
  void set_initial_lr(size_t group, double lr) override;
  double momentum(size_t group) const override;
  void set_momentum(size_t group, double momentum) override;
  // What Python's own state_dict() says, as one tensor of bytes.
  NamedTensors StateDict() const override;
  void LoadStateDict(const NamedTensors& state) override;

 private:
  pybind11::object Groups() const;
  pybind11::object Group(size_t group) const;

  const std::string name_;
  const Watched object_;
};

// A schedule whose step() or get_lr() is Python's, among those that a schedule of C++ steps.
class PythonSchedule final : public optim::LRScheduler {
 public:
  PythonSchedule(optim::Optimizer& optimizer, const pybind11::object& object);

  std::string name() const override { return name_; }
  void Step() override;
  void Restart() override;
  // Where it stands and the rates, which is enough to go back by a step.
  void LoadStateDict(const NamedTensors& state) override;

 private:
  const std::string name_;
  const Watched object_;
};

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_PYTHON_OPTIMIZER_H_
