// What a trainer calls at certain moments of a run.
#ifndef NEURA_TRAINER_CALLBACK_H_
#define NEURA_TRAINER_CALLBACK_H_

#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "neura/tensor/core/tensor.h"

namespace neura::trainer {

class Trainer;

using NamedNumbers = std::vector<std::pair<std::string, double>>;

class Callback {
 public:
  virtual ~Callback() = default;

  // A checkpoint has been read by then.
  virtual void OnFitStart(Trainer&) {}
  virtual void OnTrainEpochStart(Trainer&) {}
  // The gradients of a step are complete and not yet clipped.
  virtual void OnBeforeOptimizerStep(Trainer&) {}
  // After each batch, whether the optimizer has stepped or not.
  virtual void OnTrainBatchEnd(Trainer&) {}
  virtual void OnValidationStart(Trainer&) {}
  virtual void OnValidationEnd(Trainer&) {}
  // After validation, if there is one: trainer.numbers() are those of the epoch's record.
  virtual void OnTrainEpochEnd(Trainer&) {}
  // After all callbacks have had OnTrainBatchEnd, or OnTrainEpochEnd: the moment to save a run,
  // with what they have made of it.
  virtual void OnCheckpoint(Trainer&) {}
  // Around each Trainer::SaveCheckpoint, whoever calls it: for what a checkpoint is to have else
  // than it is now.
  virtual void OnBeforeSave(Trainer&) {}
  virtual void OnAfterSave(Trainer&) {}
  virtual void OnFitEnd(Trainer&) {}
  // The run ends with an error.
  virtual void OnException(Trainer&, const std::exception&) {}

  // What a checkpoint keeps of it, under a name that no other callback of the run has; empty where
  // it has no state.
  virtual std::string StateKey() const { return ""; }
  virtual NamedTensors StateDict() const { return {}; }
  // Nothing, where a run begins anew.
  virtual void LoadStateDict(const NamedTensors& /*state*/) {}
};

}  // namespace neura::trainer

#endif  // NEURA_TRAINER_CALLBACK_H_
