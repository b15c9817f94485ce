// Optimizers: they change parameters, which reach them as tensors, by their accumulated gradients.
//
//   optim::AdamW optimizer(net.Parameters(), {.lr = 1e-3});
//   optimizer.ZeroGrad();
//   Backward(loss);
//   optimizer.Step();
#ifndef NEURA_OPTIM_OPTIMIZER_H_
#define NEURA_OPTIM_OPTIMIZER_H_

#include <cstddef>
#include <functional>
#include <vector>

#include "neura/tensor/core/tensor.h"

namespace neura::optim {

// What all optimizers have, and what schedules, scalers and clipping know of them.
class Optimizer {
 public:
  // Computes the loss and the gradients.
  using Closure = std::function<Tensor()>;

  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  // One step for every parameter. Throws InvalidArgument where the optimizer needs a closure.
  virtual void Step() = 0;
  // Calls the closure, while gradients are recorded, as often as the optimizer needs to, once as a
  // rule; returns the first loss.
  virtual Tensor Step(const Closure& closure);
  // Clears the gradients of all parameters.
  void ZeroGrad();

  virtual const char* name() const = 0;
  virtual size_t num_groups() const = 0;
  virtual std::vector<Tensor> params(size_t group) const = 0;
  virtual double lr(size_t group) const = 0;
  virtual void set_lr(size_t group, double lr) = 0;
  // The rate when this was first asked for, as the first schedule does.
  virtual double initial_lr(size_t group) = 0;
  virtual void set_initial_lr(size_t group, double lr) = 0;
  // The momentum, or beta1. Throws InvalidArgument where the options have neither.
  virtual double momentum(size_t group) const = 0;
  virtual void set_momentum(size_t group, double momentum) = 0;

  virtual NamedTensors StateDict() const = 0;
  virtual void LoadStateDict(const NamedTensors& state) = 0;

 protected:
  Optimizer() = default;
};

namespace internal {

// Throws InvalidArgument for what no optimizer takes: a tensor that is computed from others, and a
// sparse one. One that requires no gradient is never stepped.
void CheckParam(const char* optimizer, const Tensor& param);
// Of those parameters that have one.
std::vector<Tensor> GradientsOf(const std::vector<Tensor>& params);
// A complex tensor as its real and imaginary parts, which share its memory; else the tensor.
Tensor RealView(const Tensor& tensor);
// target + (value - target) * weight over each target, and target * factor: one operation for all
// of them, which are floating point.
void MoveToInPlace(const std::vector<Tensor>& targets, const std::vector<Tensor>& values,
                   double weight);
void ScaleInPlace(const std::vector<Tensor>& targets, double factor);

}  // namespace internal
}  // namespace neura::optim

#endif  // NEURA_OPTIM_OPTIMIZER_H_
