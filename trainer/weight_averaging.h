// Averages of the weights beside those that are trained.
#ifndef NEURA_TRAINER_WEIGHT_AVERAGING_H_
#define NEURA_TRAINER_WEIGHT_AVERAGING_H_

#include <cstdint>
#include <string>
#include <vector>

#include "neura/tensor/core/tensor.h"
#include "neura/trainer/callback.h"

namespace neura::trainer {

struct EmaWeightAveragingOptions {
  double decay = 0.999;
  // Buffers, running statistics among them, are averaged, too; else they are those of the model.
  bool use_buffers = true;
  // The average moves after those steps of the optimizer whose number is a multiple of the first,
  // from the second on.
  int64_t update_every_n_steps = 1;
  int64_t update_starting_at_step = 0;
};

// Keeps decay * average + (1 - decay) * weight of each weight after the steps of the optimizer
// (Polyak averaging). Validation sees the averages, and the model has them when Fit ends. In a
// checkpoint the model's weights are those that are trained; the averages are the callback's state.
class EmaWeightAveraging final : public Callback {
 public:
  using Options = EmaWeightAveragingOptions;

  // Throws InvalidArgument unless the decay lies in [0, 1], and for numbers of steps that make no
  // sense.
  explicit EmaWeightAveraging(Options options = {});

  // The averages, under the names of the model's state dict; none before Fit.
  const NamedTensors& averages() const { return averages_; }

  void OnFitStart(Trainer& trainer) override;
  void OnTrainBatchEnd(Trainer& trainer) override;
  void OnValidationStart(Trainer& trainer) override;
  void OnValidationEnd(Trainer& trainer) override;
  // The average of the last step is made, and the model has the weights that are trained.
  void OnBeforeSave(Trainer& trainer) override;
  void OnAfterSave(Trainer& trainer) override;
  void OnFitEnd(Trainer& trainer) override;
  void OnException(Trainer& trainer, const std::exception& error) override;
  std::string StateKey() const override { return "ema_weight_averaging"; }
  NamedTensors StateDict() const override;
  void LoadStateDict(const NamedTensors& state) override;

 private:
  // The model's tensors that have an average.
  std::vector<Tensor> WeightsOf(Trainer& trainer) const;
  // Exchanges the values of the model and of the averages.
  void Exchange(Trainer& trainer);

  Options options_;
  NamedTensors averages_;
  int64_t n_averaged_ = 0;
  int64_t last_step_ = -1;  // before OnFitStart
  bool exchanged_ = false, saving_exchanged_ = false;
};

}  // namespace neura::trainer

#endif  // NEURA_TRAINER_WEIGHT_AVERAGING_H_
