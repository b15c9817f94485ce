#include "neura/trainer/weight_averaging.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "neura/autograd/autograd.h"
#include "neura/optim/averaging.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/tensor.h"
#include "neura/trainer/trainer.h"

namespace neura::trainer {
namespace {

// Names and tensors that are averaged.
NamedTensors Averaged(const nn::ModuleBase& model, bool use_buffers) {
  NamedTensors all = model.NamedParameters();
  if (!use_buffers) return all;
  for (auto& buffer : model.NamedBuffers()) all.push_back(std::move(buffer));
  return all;
}

}  // namespace

EmaWeightAveraging::EmaWeightAveraging(Options options) : options_(options) {
  optim::GetEmaMultiAvgFn(options.decay);  // which checks it
  if (options.update_every_n_steps < 1 || options.update_starting_at_step < 0) {
    ThrowInvalidArgument(absl::StrCat(
        "EmaWeightAveraging: update_every_n_steps = ", options.update_every_n_steps,
        " must be positive, update_starting_at_step = ", options.update_starting_at_step,
        " must not be negative"));
  }
}

std::vector<Tensor> EmaWeightAveraging::WeightsOf(Trainer& trainer) const {
  std::vector<Tensor> weights;
  for (const auto& named : Averaged(trainer.model(), options_.use_buffers)) {
    weights.push_back(named.second);
  }
  return weights;
}

void EmaWeightAveraging::OnFitStart(Trainer& trainer) {
  const NamedTensors now = Averaged(trainer.model(), options_.use_buffers);
  NamedTensors fresh;
  for (const auto& [name, tensor] : now) fresh.emplace_back(name, Clone(Detach(tensor)));
  if (!averages_.empty()) {  // of a checkpoint
    bool fits = averages_.size() == fresh.size();
    for (size_t i = 0; fits && i < fresh.size(); ++i) {
      fits = averages_[i].first == fresh[i].first &&
             averages_[i].second.shape() == fresh[i].second.shape();
      if (fits) fresh[i].second = To(averages_[i].second, fresh[i].second.device());
    }
    if (!fits) {
      ThrowInvalidArgument(absl::StrCat("EmaWeightAveraging: the checkpoint has ", averages_.size(),
                                        " averages that are not those of the ", fresh.size(),
                                        " weights of this model"));
    }
  }
  averages_ = std::move(fresh);
  last_step_ = trainer.step();
  exchanged_ = false;
}

void EmaWeightAveraging::OnTrainBatchEnd(Trainer& trainer) {
  const int64_t step = trainer.step();
  if (step == last_step_) return;  // gradients are being added up
  last_step_ = step;
  if (step < options_.update_starting_at_step || step % options_.update_every_n_steps != 0) return;
  std::vector<Tensor> averages;
  for (const auto& named : averages_) averages.push_back(named.second);
  const NoGradGuard no_grad;
  optim::internal::UpdateAverages(
      averages, WeightsOf(trainer), n_averaged_,
      {.multi_avg_fn = optim::GetEmaMultiAvgFn(options_.decay), .use_buffers = true});
  ++n_averaged_;
}

void EmaWeightAveraging::Exchange(Trainer& trainer) {
  const NoGradGuard no_grad;
  const std::vector<Tensor> weights = WeightsOf(trainer);
  std::vector<Tensor> averages, kept;
  for (size_t i = 0; i < weights.size(); ++i) {
    averages.push_back(averages_[i].second);
    kept.push_back(Clone(Detach(weights[i])));
  }
  optim::internal::CopyTensors(weights, averages);
  optim::internal::CopyTensors(averages, kept);
  exchanged_ = !exchanged_;
}

void EmaWeightAveraging::OnValidationStart(Trainer& trainer) {
  if (n_averaged_ > 0) Exchange(trainer);
}
void EmaWeightAveraging::OnValidationEnd(Trainer& trainer) {
  if (exchanged_) Exchange(trainer);
}
void EmaWeightAveraging::OnBeforeSave(Trainer& trainer) {
  if (last_step_ < 0) return;
  // Of callbacks whose OnTrainBatchEnd comes first one may save then.
  OnTrainBatchEnd(trainer);
  saving_exchanged_ = exchanged_;
  if (exchanged_) Exchange(trainer);
}
void EmaWeightAveraging::OnAfterSave(Trainer& trainer) {
  if (saving_exchanged_) Exchange(trainer);
  saving_exchanged_ = false;
}
void EmaWeightAveraging::OnException(Trainer& trainer, const std::exception&) {
  if (exchanged_) Exchange(trainer);
}
void EmaWeightAveraging::OnFitEnd(Trainer& trainer) {
  if (n_averaged_ == 0) return;
  const NoGradGuard no_grad;
  std::vector<Tensor> averages;
  for (const auto& named : averages_) averages.push_back(named.second);
  optim::internal::CopyTensors(WeightsOf(trainer), averages);
}

NamedTensors EmaWeightAveraging::StateDict() const {
  return optim::internal::JoinAveragedState(n_averaged_, averages_);
}

void EmaWeightAveraging::LoadStateDict(const NamedTensors& state) {
  averages_.clear();
  n_averaged_ = 0;
  last_step_ = -1;
  if (state.empty()) return;
  auto [count, averages] = optim::internal::SplitAveragedState(state);
  n_averaged_ = count;
  for (auto& [name, tensor] : averages) averages_.emplace_back(std::move(name), Clone(tensor));
}

}  // namespace neura::trainer
