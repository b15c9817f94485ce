// Averages of a model's parameters while it is trained.
//
//   optim::AveragedModel average(net, {.multi_avg_fn = optim::GetEmaMultiAvgFn(0.99)});
//   ...
//   optimizer.Step();
//   average.UpdateParameters(net);
#ifndef NEURA_OPTIM_AVERAGING_H_
#define NEURA_OPTIM_AVERAGING_H_

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "neura/tensor/core/tensor.h"

namespace neura::optim {

// The average after `current`, where `num_averaged` values are in it already.
using AvgFn =
    std::function<Tensor(const Tensor& averaged, const Tensor& current, int64_t num_averaged)>;
// The same for all tensors of a model at once, over which it writes. Lists are equally long.
using MultiAvgFn = std::function<void(const std::vector<Tensor>& averaged,
                                      const std::vector<Tensor>& current, int64_t num_averaged)>;

// The mean of all values (Izmailov et al., "Averaging Weights Leads to Wider Optima and Better
// Generalization", 2018, arXiv:1803.05407).
AvgFn GetSwaAvgFn();
MultiAvgFn GetSwaMultiAvgFn();
// decay * averaged + (1 - decay) * current (Polyak averaging). Throws InvalidArgument unless the
// decay lies in [0, 1].
AvgFn GetEmaAvgFn(double decay = 0.999);
MultiAvgFn GetEmaMultiAvgFn(double decay = 0.999);

// averaged + (current - averaged) * weight over each average: of floating point and complex numbers
// in one operation, of others one by one, cut to their dtype. Throws InvalidArgument for lists of
// different lengths.
void MoveAverages(const std::vector<Tensor>& averaged, const std::vector<Tensor>& current,
                  double weight);

// One of both functions; none: the mean.
struct AveragedModelOptions {
  AvgFn avg_fn = {};
  MultiAvgFn multi_avg_fn = {};
  bool use_buffers = false;  // buffers are averaged, too, rather than copied
};

// A copy of the model, a module of nn or what copies itself and names its tensors as one does,
// whose parameters are the averages of those that it was shown; the first ones are copied.
template <typename Model>
class AveragedModel {
 public:
  explicit AveragedModel(const Model& model, AveragedModelOptions options = {})
      : module(model), options_(std::move(options)) {}

  template <typename... Arguments>
  auto operator()(Arguments&&... arguments) {
    return module(std::forward<Arguments>(arguments)...);
  }

  void UpdateParameters(const Model& model);
  int64_t n_averaged() const { return n_averaged_; }

  // "n_averaged", int64, and the module's as "module.NAME", PyTorch's names.
  NamedTensors StateDict() const;
  // Throws InvalidArgument, and changes nothing, for the state of another model.
  void LoadStateDict(const NamedTensors& state);

  Model module;

 private:
  AveragedModelOptions options_;
  int64_t n_averaged_ = 0;
};

namespace internal {

// Copies the first time, averages later.
void UpdateAverages(const std::vector<Tensor>& averaged, const std::vector<Tensor>& current,
                    int64_t num_averaged, const AveragedModelOptions& options);
void CopyTensors(const std::vector<Tensor>& to, const std::vector<Tensor>& from);
NamedTensors JoinAveragedState(int64_t n_averaged, const NamedTensors& module);
// The number, and the module's part.
std::pair<int64_t, NamedTensors> SplitAveragedState(const NamedTensors& state);

template <typename Model>
std::vector<Tensor> BuffersOf(const Model& model) {
  std::vector<Tensor> buffers;
  for (const auto& [name, buffer] : model.NamedBuffers()) buffers.push_back(buffer);
  return buffers;
}

}  // namespace internal

template <typename Model>
NamedTensors AveragedModel<Model>::StateDict() const {
  return internal::JoinAveragedState(n_averaged_, module.StateDict());
}

template <typename Model>
void AveragedModel<Model>::LoadStateDict(const NamedTensors& state) {
  const auto [n_averaged, own] = internal::SplitAveragedState(state);
  module.LoadStateDict(own);
  n_averaged_ = n_averaged;
}

template <typename Model>
void AveragedModel<Model>::UpdateParameters(const Model& model) {
  std::vector<Tensor> averaged = module.Parameters(), current = model.Parameters();
  const std::vector<Tensor> ours = internal::BuffersOf(module), theirs = internal::BuffersOf(model);
  if (options_.use_buffers) {
    averaged.insert(averaged.end(), ours.begin(), ours.end());
    current.insert(current.end(), theirs.begin(), theirs.end());
  }
  internal::UpdateAverages(averaged, current, n_averaged_, options_);
  if (!options_.use_buffers) internal::CopyTensors(ours, theirs);
  ++n_averaged_;
}

}  // namespace neura::optim

#endif  // NEURA_OPTIM_AVERAGING_H_
