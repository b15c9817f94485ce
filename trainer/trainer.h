// Training loops with what surrounds them: validation, callbacks, logged numbers, checkpoints that
// go on in mid-epoch.
//
//   trainer::Trainer trainer({.max_epochs = 5});
//   trainer.Add<trainer::ModelCheckpoint>({.folder = "run", .monitor = "val_loss"});
//   trainer.Add<trainer::ProgressBarCallback>();
//   trainer.Fit({.model = net, .optimizer = optimizer},
//               trainer::Over(train_loader, [&](const auto& batch) {
//                 const Tensor scores = net(batch[0]);
//                 const Tensor right = ArgMax(scores, {.dim = 1}) == batch[1];
//                 trainer.Log("accuracy", Mean(Cast(right, kFloat32)), batch[1].numel());
//                 return nn::CrossEntropy(scores, batch[1]);
//               }),
//               trainer::Over(test_loader, [&](const auto& batch) {
//                 return nn::CrossEntropy(net(batch[0]), batch[1]);
//               }));
#ifndef NEURA_TRAINER_TRAINER_H_
#define NEURA_TRAINER_TRAINER_H_

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "neura/nn/module.h"
#include "neura/optim/grad_scaler.h"
#include "neura/optim/optimizer.h"
#include "neura/optim/scheduler.h"
#include "neura/tensor/core/tensor.h"
#include "neura/trainer/batches.h"
#include "neura/trainer/callback.h"

namespace neura::trainer {

// What steps compute in: the dtypes that come, or 16 bits where it does no harm (AutocastMode), of
// float16 with scaled losses (optim::GradScaler).
enum class TrainingPrecision { k32, kBFloat16Mixed, kFloat16Mixed };

struct TrainerOptions {
  int64_t max_epochs = 1;
  // Steps of the optimizer after which Fit ends wherever it is; -1: no bound.
  int64_t max_steps = -1;
  // Batches whose gradients are added up, and averaged, before the optimizer steps; what remains at
  // the end of an epoch makes a step, too.
  int64_t accumulate_grad_batches = 1;
  // Bounds the norm of all gradients together, or each element, before a step; 0: no bound.
  double gradient_clip_norm = 0;
  double gradient_clip_value = 0;
  // Validates after every so many epochs.
  int64_t check_val_every_n_epoch = 1;
  // Batches of an epoch after which training, or validation, goes on as if there were no more; -1:
  // no bound. A short run shows that everything works.
  int64_t limit_train_batches = -1;
  int64_t limit_val_batches = -1;
  TrainingPrecision precision = TrainingPrecision::k32;
};

enum class Interval { kStep, kEpoch };

// What is trained. All of it outlives Fit.
struct Fitting {
  nn::ModuleBase& model;
  optim::Optimizer& optimizer;
  // Steps after each step of the optimizer, or after each epoch.
  optim::LRScheduler* scheduler = nullptr;
  Interval scheduler_interval = Interval::kEpoch;
  // Makes a step, in the place of optimizer.Step(): for what else belongs to it.
  std::function<void()> step = nullptr;
  // A checkpoint to go on from; empty: from the beginning.
  std::string resume_from = {};
};

// The numbers of one epoch: "loss", what steps have logged, and those of validation, "val_loss".
struct EpochRecord {
  int64_t epoch = 0;
  int64_t step = 0;  // steps of the optimizer until its end
  NamedNumbers numbers;

  // NaN where there is no such number.
  double operator[](std::string_view name) const;
};

class Trainer {
 public:
  // Throws InvalidArgument for options that make no sense.
  explicit Trainer(TrainerOptions options = {});
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;

  // Callbacks are called in the order in which they are added.
  void Add(std::shared_ptr<Callback> callback);
  template <typename T>
  T& Add(typename T::Options options = {}) {
    auto callback = std::make_shared<T>(std::move(options));
    Add(callback);
    return *callback;
  }

  // Trains until max_epochs or max_steps are reached, or a callback asks to stop, and returns the
  // records of the epochs that were finished. The model is in training mode during training, in
  // evaluation mode and without recording during validation, and afterwards in the mode that it
  // had. Throws what a step or a callback throws, after OnException.
  std::vector<EpochRecord> Fit(const Fitting& what, const Steps& training,
                               const std::optional<Steps>& validation = {});
  // One pass in evaluation mode, without recording: "val_loss" and what steps log, as "val_...".
  NamedNumbers Validate(nn::ModuleBase& model, const Steps& steps);
  // The same as "test_...".
  NamedNumbers Test(nn::ModuleBase& model, const Steps& steps);
  // What `steps` gives for every batch, in evaluation mode and without recording.
  std::vector<Tensor> Predict(nn::ModuleBase& model, const Steps& steps);

  // From inside a step or a callback: a number of the current batch, which the record of the epoch
  // averages over its batches, each with its weight.
  void Log(const std::string& name, double value, double weight = 1);
  void Log(const std::string& name, const Tensor& value, double weight = 1);

  // Ends Fit after the current batch, with the callbacks of an end.
  void Stop() { stop_ = true; }

  // ---- for callbacks ----
  const TrainerOptions& options() const { return options_; }
  nn::ModuleBase& model() const;
  optim::Optimizer& optimizer() const;
  int64_t epoch() const { return epoch_; }  // counted from 0
  int64_t batch() const { return batch_; }  // batches of the epoch that are done
  int64_t step() const { return step_; }    // steps that the optimizer has taken
  // Batches of an epoch that training goes over; -1 where that is not known.
  int64_t num_batches() const { return num_batches_; }
  // Whether the current pass is one of validation or test.
  bool evaluating() const { return !prefix_.empty(); }
  // The averages of the epoch so far; at its end, those of its record.
  NamedNumbers numbers() const;
  // Of the epochs that are done.
  const std::vector<EpochRecord>& records() const { return records_; }

  // The whole state of the run, from which Fit goes on as if it had never been interrupted: model,
  // optimizer, schedule, callbacks, random numbers, place, and where the loader of the training
  // stands. A file is the old one or the whole new one at any moment. Throws Error when writing
  // fails.
  void SaveCheckpoint(const std::string& path);

 private:
  struct Average {
    double sum = 0;
    double weight = 0;
  };
  using Averages = std::vector<std::pair<std::string, Average>>;

  static NamedNumbers ValuesOf(const Averages& averages);
  void WriteCheckpoint(const std::string& path) const;
  template <typename F>
  void Call(F hook);
  void LoadCheckpoint(const std::string& path);
  // Whether the epoch came to its end.
  bool TrainEpoch(const Steps& training);
  // steps.step(), in the precision of the options.
  Tensor RunStep(const nn::ModuleBase& model, const Steps& steps) const;
  void TrainBatch(const Steps& training);
  void StepOptimizer();
  NamedNumbers Evaluate(nn::ModuleBase& model, const Steps& steps, const std::string& prefix,
                        int64_t limit);
  void RunEpochs(const Steps& training, const std::optional<Steps>& validation);

  TrainerOptions options_;
  std::vector<std::shared_ptr<Callback>> callbacks_;
  const Fitting* fitting_ = nullptr;
  optim::GradScaler scaler_;
  Batches* batches_ = nullptr;  // of the training
  NamedTensors loader_state_;   // of a checkpoint, until the first epoch begins
  // Whether what the loader says of itself is of the next epoch.
  bool exhausted_ = false;
  int64_t epoch_ = 0, batch_ = 0, step_ = 0, num_batches_ = -1;
  int64_t accumulated_ = 0;  // batches whose gradients wait for a step
  bool stop_ = false;
  std::string prefix_;  // of what is logged: "", "val_" or "test_"
  Averages averages_;
  NamedNumbers validated_;
  std::vector<EpochRecord> records_;
};

}  // namespace neura::trainer

#endif  // NEURA_TRAINER_TRAINER_H_
