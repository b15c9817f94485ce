// SGD, Adam and AdamW.
#ifndef NEURA_OPTIM_OPTIMIZERS_H_
#define NEURA_OPTIM_OPTIMIZERS_H_

#include <atomic>
#include <deque>
#include <vector>

#include "neura/optim/optimizer.h"

namespace neura::optim {
namespace internal {

// The state of one parameter; tensors are undefined before its first step. Threads may step and
// load at once.
struct ParamState {
  std::atomic<int64_t> step{0};  // steps taken
  std::vector<TensorSlot> tensors;
};

}  // namespace internal

// Groups of parameters with options, and the state of each parameter. What one step does follows
// from the type of the options.
template <typename Options>
class OptimizerWith final : public Optimizer {
 public:
  explicit OptimizerWith(std::vector<Tensor> params, const Options& options = {});
  explicit OptimizerWith(const std::vector<ParamGroup<Options>>& groups);

  void Step() override;
  double lr(size_t group) const override { return options_[group].lr; }
  void set_lr(size_t group, double lr) override { options_[group].lr = lr; }
  double momentum(size_t group) const override;
  void set_momentum(size_t group, double momentum) override;
  const Options& options(size_t group) const { return options_[group]; }
  // Throws InvalidArgument for options that the constructor would refuse.
  void set_options(size_t group, const Options& options);

  NamedTensors StateDict() const override;
  void LoadStateDict(const NamedTensors& state) override;

 private:
  std::vector<Options> options_;                          // by group
  std::vector<std::deque<internal::ParamState>> states_;  // by group and parameter
};

// Stochastic gradient descent. With momentum (Sutskever et al., 2013): b = momentum * b + (1 -
// dampening) * g, b = g at the first step; Nesterov steps along g + momentum * b.
using SGD = OptimizerWith<SgdOptions>;
// Kingma and Ba, 2015 (arXiv:1412.6980).
using Adam = OptimizerWith<AdamOptions>;
// Loshchilov and Hutter, 2019 (arXiv:1711.05101).
using AdamW = OptimizerWith<AdamWOptions>;

}  // namespace neura::optim

#endif  // NEURA_OPTIM_OPTIMIZERS_H_
