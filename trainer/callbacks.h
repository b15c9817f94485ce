// Callbacks that many runs want.
#ifndef NEURA_TRAINER_CALLBACKS_H_
#define NEURA_TRAINER_CALLBACKS_H_

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "neura/trainer/callback.h"
#include "neura/trainer/progress_bar.h"

namespace neura::trainer {

// Whether a number becomes better by falling or by rising.
enum class Mode { kMin, kMax };

struct ModelCheckpointOptions {
  std::string folder = "checkpoints";
  // A number of the epochs' records; empty: the last one alone is kept.
  std::string monitor = {};
  Mode mode = Mode::kMin;
  // Also saves the last one after every so many steps of the optimizer; 0: after epochs alone.
  int64_t every_n_steps = 0;
};

// Saves the run: FOLDER/last.safetensors after every epoch, and FOLDER/best.safetensors where
// `monitor` is better than ever before. Both are checkpoints to resume from.
class ModelCheckpoint final : public Callback {
 public:
  using Options = ModelCheckpointOptions;

  // Throws InvalidArgument for a negative every_n_steps, and Error where the folder cannot be made.
  explicit ModelCheckpoint(Options options = {});

  std::string last_path() const;
  std::string best_path() const;
  // The monitored number of the best epoch; none before there is one.
  std::optional<double> best() const { return best_; }

  void OnFitStart(Trainer& trainer) override;
  void OnTrainBatchEnd(Trainer& trainer) override;
  void OnTrainEpochEnd(Trainer& trainer) override;
  void OnCheckpoint(Trainer& trainer) override;
  std::string StateKey() const override;
  NamedTensors StateDict() const override;
  void LoadStateDict(const NamedTensors& state) override;

 private:
  Options options_;
  std::optional<double> best_;
  int64_t saved_step_ = 0;
  bool save_last_ = false, save_best_ = false;
};

struct EarlyStoppingOptions {
  std::string monitor = "val_loss";
  Mode mode = Mode::kMin;
  // What counts as better must be so by more than this.
  double min_delta = 0;
  // Epochs without it after which the run ends.
  int64_t patience = 3;
};

// Ends a run whose number has not become better for some epochs, or is no number any more.
class EarlyStopping final : public Callback {
 public:
  using Options = EarlyStoppingOptions;

  // Throws InvalidArgument for negative min_delta or patience.
  explicit EarlyStopping(Options options = {});

  // A run that it has ended does not go on.
  void OnFitStart(Trainer& trainer) override;
  void OnTrainEpochEnd(Trainer& trainer) override;
  std::string StateKey() const override;
  NamedTensors StateDict() const override;
  void LoadStateDict(const NamedTensors& state) override;

 private:
  Options options_;
  std::optional<double> best_;
  int64_t waited_ = 0;
};

// Logs the learning rate of each batch as "lr", or "lr.0", "lr.1", ... where there are several
// groups.
class LearningRateMonitor final : public Callback {
 public:
  struct Options {};
  explicit LearningRateMonitor(Options = {}) {}

  void OnBeforeOptimizerStep(Trainer& trainer) override;
};

// Prints what the model consists of before the first epoch: its layers and their parameters
// (nn/summary.h), without a call of the model.
class ModelSummaryCallback final : public Callback {
 public:
  struct Options {};
  explicit ModelSummaryCallback(Options = {}) {}

  void OnFitStart(Trainer& trainer) override;
};

// A line for each epoch, with the numbers so far.
class ProgressBarCallback final : public Callback {
 public:
  struct Options {};
  explicit ProgressBarCallback(Options = {}) {}

  void OnTrainEpochStart(Trainer& trainer) override;
  void OnTrainBatchEnd(Trainer& trainer) override;
  void OnTrainEpochEnd(Trainer& trainer) override;
  void OnException(Trainer& trainer, const std::exception& error) override;

 private:
  ProgressBar& bar(Trainer& trainer);

  std::optional<ProgressBar> bar_;
};

struct CsvLoggerOptions {
  std::string path = "metrics.csv";
};

// The records of all epochs as a table that spreadsheets and pandas read; the whole file is
// replaced after each epoch.
class CsvLogger final : public Callback {
 public:
  using Options = CsvLoggerOptions;
  explicit CsvLogger(Options options = {});

  void OnTrainEpochEnd(Trainer& trainer) override;
  // Who was killed between a checkpoint and the table finds it whole again.
  void OnFitEnd(Trainer& trainer) override { OnTrainEpochEnd(trainer); }

 private:
  Options options_;
};

struct CurvesCallbackOptions {
  std::string path = "curves.svg";
};

// The curves of the numbers over the epochs, a picture that is drawn anew after each: "loss" and
// "val_loss" in one field, others in fields of their own.
class CurvesCallback final : public Callback {
 public:
  using Options = CurvesCallbackOptions;
  explicit CurvesCallback(Options options = {});

  void OnTrainEpochEnd(Trainer& trainer) override;
  void OnFitEnd(Trainer& trainer) override { OnTrainEpochEnd(trainer); }

 private:
  Options options_;
};

}  // namespace neura::trainer

#endif  // NEURA_TRAINER_CALLBACKS_H_
