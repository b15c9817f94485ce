// Optimizers: they change parameters, which reach them as tensors, by their accumulated gradients.
//
//   optim::AdamW optimizer(net.Parameters(), {.lr = 1e-3});
//   optimizer.ZeroGrad();
//   Backward(loss);
//   optimizer.Step();
#ifndef NEURA_OPTIM_OPTIMIZER_H_
#define NEURA_OPTIM_OPTIMIZER_H_

#include <string>
#include <utility>
#include <vector>

#include "neura/tensor/core/fields.h"
#include "neura/tensor/core/tensor.h"

namespace neura::optim {

struct SgdOptions {
  double lr = 1e-3;
  double momentum = 0;
  double dampening = 0;
  double weight_decay = 0;  // L2 penalty, added to the gradient
  bool nesterov = false;
  bool maximize = false;
  NEURA_FIELDS(lr, momentum, dampening, weight_decay, nesterov, maximize)
};

struct AdamOptions {
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0;  // L2 penalty, added to the gradient
  bool maximize = false;
  NEURA_FIELDS(lr, beta1, beta2, eps, weight_decay, maximize)
};

struct AdamWOptions {
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 1e-2;  // decoupled: shrinks the parameter by lr * weight_decay
  bool maximize = false;
  NEURA_FIELDS(lr, beta1, beta2, eps, weight_decay, maximize)
};

// Parameters that are trained with the same options.
template <typename Options>
struct ParamGroup {
  std::vector<Tensor> params;
  Options options = {};
};

// What schedulers, clipping and checkpoints know of an optimizer.
class Optimizer {
 public:
  virtual ~Optimizer() = default;

  // One step for every parameter that has a gradient; the others stay as they are.
  virtual void Step() = 0;
  // Clears the gradients of all parameters.
  void ZeroGrad();

  size_t num_groups() const { return groups_.size(); }
  const std::vector<Tensor>& params(size_t group) const { return groups_[group]; }
  virtual double lr(size_t group) const = 0;
  virtual void set_lr(size_t group, double lr) = 0;
  // The momentum, or Adam's beta1.
  virtual double momentum(size_t group) const = 0;
  virtual void set_momentum(size_t group, double momentum) = 0;

  // Options of each group ("group.0.lr", float64 scalars) and state of each parameter
  // ("state.3.exp_avg"), enough to go on as if nothing had happened.
  virtual NamedTensors StateDict() const = 0;
  // Throws InvalidArgument, and changes nothing, when the state is of other groups, parameters or
  // shapes, or has options that the constructor would refuse.
  virtual void LoadStateDict(const NamedTensors& state) = 0;

 protected:
  // Throws InvalidArgument when there are no parameters at all, for one that does not require a
  // gradient, is no leaf or is not contiguous, and for one that is given twice.
  Optimizer(const char* name, std::vector<std::vector<Tensor>> groups);
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

 private:
  std::vector<std::vector<Tensor>> groups_;
};

}  // namespace neura::optim

#endif  // NEURA_OPTIM_OPTIMIZER_H_
