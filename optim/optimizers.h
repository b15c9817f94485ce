// SGD, Adam and AdamW.
#ifndef NEURA_OPTIM_OPTIMIZERS_H_
#define NEURA_OPTIM_OPTIMIZERS_H_

#include <vector>

#include "neura/optim/optimizer.h"

namespace neura::optim {

// What the optimizers share: groups of parameters with options, and state tensors for each
// parameter. `Options` has a field lr and is walkable.
template <typename Options>
class GroupedOptimizer : public Optimizer {
 public:
  void Step() override;
  double lr(size_t group) const override { return options_[group].lr; }
  void set_lr(size_t group, double lr) override { options_[group].lr = lr; }
  const Options& options(size_t group) const { return options_[group]; }
  void set_options(size_t group, const Options& options) { options_[group] = options; }

  NamedTensors StateDict() const override;
  void LoadStateDict(const NamedTensors& state) override;

 protected:
  // The state of one parameter; tensors are undefined before its first step.
  struct ParamState {
    int64_t step = 0;  // steps taken
    std::vector<Tensor> tensors;
  };

  GroupedOptimizer(const char* name, std::vector<ParamGroup<Options>> groups,
                   std::vector<const char*> state_names);

  // Overwrites `param`; state.step already counts this step.
  virtual void StepOne(const Tensor& param, const Tensor& grad, const Options& options,
                       ParamState& state) = 0;

  std::vector<Options> options_;

 private:
  const char* name_;
  std::vector<const char*> state_names_;
  std::vector<std::vector<ParamState>> states_;
};

// Stochastic gradient descent. With momentum (Sutskever et al., 2013): b = momentum * b + (1 -
// dampening) * g, b = g at the first step; Nesterov steps along g + momentum * b.
class SGD final : public GroupedOptimizer<SgdOptions> {
 public:
  explicit SGD(std::vector<Tensor> params, const SgdOptions& options = {});
  explicit SGD(std::vector<ParamGroup<SgdOptions>> groups);
  double momentum(size_t group) const override { return options_[group].momentum; }
  void set_momentum(size_t group, double value) override { options_[group].momentum = value; }

 private:
  void StepOne(const Tensor& param, const Tensor& grad, const SgdOptions& options,
               ParamState& state) override;
};

// Kingma and Ba, 2015 (arXiv:1412.6980).
class Adam final : public GroupedOptimizer<AdamOptions> {
 public:
  explicit Adam(std::vector<Tensor> params, const AdamOptions& options = {});
  explicit Adam(std::vector<ParamGroup<AdamOptions>> groups);
  double momentum(size_t group) const override { return options_[group].beta1; }
  void set_momentum(size_t group, double value) override { options_[group].beta1 = value; }

 private:
  void StepOne(const Tensor& param, const Tensor& grad, const AdamOptions& options,
               ParamState& state) override;
};

// Loshchilov and Hutter, 2019 (arXiv:1711.05101).
class AdamW final : public GroupedOptimizer<AdamWOptions> {
 public:
  explicit AdamW(std::vector<Tensor> params, const AdamWOptions& options = {});
  explicit AdamW(std::vector<ParamGroup<AdamWOptions>> groups);
  double momentum(size_t group) const override { return options_[group].beta1; }
  void set_momentum(size_t group, double value) override { options_[group].beta1 = value; }

 private:
  void StepOne(const Tensor& param, const Tensor& grad, const AdamWOptions& options,
               ParamState& state) override;
};

}  // namespace neura::optim

#endif  // NEURA_OPTIM_OPTIMIZERS_H_
