#include "neura/trainer/trainer.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "neura/autograd/autograd.h"
#include "neura/optim/clip.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/autocast.h"
#include "neura/tensor/random/generator.h"
#include "neura/tensor/tensor.h"

namespace neura::trainer {
namespace {

void CheckAtLeast(std::string_view name, int64_t value, int64_t least) {
  if (value >= least) return;
  ThrowInvalidArgument(
      absl::StrCat("Trainer: ", name, " must be at least ", least, ", got ", value));
}

void CheckBound(std::string_view name, double value) {
  if (value >= 0) return;
  ThrowInvalidArgument(absl::StrCat("Trainer: ", name, " must not be negative, got ", value));
}

// Batches of a pass, of which at most `limit` count; -1 where neither bounds them.
int64_t CountOf(const Batches& batches, int64_t limit) {
  const int64_t size = batches.size();
  return limit < 0 ? size : size < 0 ? limit : std::min(size, limit);
}

// Puts every module back into the mode that it has now.
class ModesKept {
 public:
  explicit ModesKept(nn::ModuleBase& model) : model_(model) {
    model.Apply([this](nn::ModuleBase& module) { was_.push_back(module.training()); });
  }
  ~ModesKept() {
    size_t next = 0;
    model_.Apply([&](nn::ModuleBase& module) {
      if (next < was_.size()) module.set_training(was_[next++]);
    });
  }
  ModesKept(const ModesKept&) = delete;
  ModesKept& operator=(const ModesKept&) = delete;

 private:
  nn::ModuleBase& model_;
  std::vector<bool> was_;
};

// While alive, the model is in evaluation mode and nothing is recorded.
class Evaluating {
 public:
  explicit Evaluating(nn::ModuleBase& model) : modes_(model) { model.Eval(); }

 private:
  const ModesKept modes_;
  const NoGradGuard no_grad_;
};

}  // namespace

double EpochRecord::operator[](std::string_view name) const {
  for (const auto& [other, value] : numbers) {
    if (other == name) return value;
  }
  return std::nan("");
}

Trainer::Trainer(TrainerOptions options)
    : options_(options),
      scaler_({.enabled = options.precision == TrainingPrecision::kFloat16Mixed}) {
  CheckAtLeast("max_epochs", options.max_epochs, 0);
  CheckAtLeast("max_steps", options.max_steps, -1);
  CheckAtLeast("accumulate_grad_batches", options.accumulate_grad_batches, 1);
  CheckAtLeast("check_val_every_n_epoch", options.check_val_every_n_epoch, 1);
  CheckAtLeast("limit_train_batches", options.limit_train_batches, -1);
  CheckAtLeast("limit_val_batches", options.limit_val_batches, -1);
  CheckBound("gradient_clip_norm", options.gradient_clip_norm);
  CheckBound("gradient_clip_value", options.gradient_clip_value);
}

void Trainer::Add(std::shared_ptr<Callback> callback) {
  const std::string key = callback->StateKey();
  for (const auto& other : callbacks_) {
    if (!key.empty() && other->StateKey() == key) {
      ThrowInvalidArgument(absl::StrCat("Trainer: two callbacks keep their state as \"", key,
                                        "\"; let them watch different numbers"));
    }
  }
  callbacks_.push_back(std::move(callback));
}

nn::ModuleBase& Trainer::model() const {
  if (fitting_ == nullptr) ThrowFailedPrecondition("Trainer: model() is there during Fit alone");
  return fitting_->model;
}

optim::Optimizer& Trainer::optimizer() const {
  if (fitting_ == nullptr) {
    ThrowFailedPrecondition("Trainer: optimizer() is there during Fit alone");
  }
  return fitting_->optimizer;
}

template <typename F>
void Trainer::Call(F hook) {
  for (const auto& callback : callbacks_) hook(*callback);
}

void Trainer::Log(const std::string& name, double value, double weight) {
  if (name.empty()) ThrowInvalidArgument("Trainer: what is logged needs a name");
  const std::string full = absl::StrCat(prefix_, name);
  auto at = std::find_if(averages_.begin(), averages_.end(),
                         [&](const auto& average) { return average.first == full; });
  if (at == averages_.end()) at = averages_.insert(at, {full, {}});
  at->second.sum += value * weight;
  at->second.weight += weight;
}

void Trainer::Log(const std::string& name, const Tensor& value, double weight) {
  if (value.numel() != 1) {
    ThrowInvalidArgument(absl::StrCat("Trainer: what is logged as \"", name,
                                      "\" must have one element, got ", Describe(value)));
  }
  Log(name, Cast(neura::Detach(value), kFloat64).Item<double>(), weight);
}

NamedNumbers Trainer::ValuesOf(const Averages& averages) {
  NamedNumbers numbers;
  for (const auto& [name, average] : averages) {
    numbers.emplace_back(name, average.weight == 0 ? std::nan("") : average.sum / average.weight);
  }
  return numbers;
}

NamedNumbers Trainer::numbers() const {
  NamedNumbers numbers = ValuesOf(averages_);
  for (const auto& own : validated_) {
    const auto at = std::find_if(numbers.begin(), numbers.end(),
                                 [&](const auto& other) { return other.first == own.first; });
    if (at == numbers.end()) numbers.push_back(own);
  }
  return numbers;
}

std::vector<EpochRecord> Trainer::Fit(const Fitting& what, const Steps& training,
                                      const std::optional<Steps>& validation) {
  if (fitting_ != nullptr) ThrowFailedPrecondition("Trainer: Fit is running");
  fitting_ = &what;
  batches_ = training.batches.get();
  loader_state_.clear();
  exhausted_ = false;
  epoch_ = batch_ = step_ = accumulated_ = 0;
  stop_ = false;
  averages_.clear();
  validated_.clear();
  records_.clear();
  num_batches_ = CountOf(*training.batches, options_.limit_train_batches);
  const ModesKept modes(what.model);
  const absl::Cleanup leave = [&] {
    training.batches->End();
    fitting_ = nullptr;
    batches_ = nullptr;
  };
  try {
    if (!what.resume_from.empty()) {
      LoadCheckpoint(what.resume_from);
    } else {
      // What they know is of another run.
      scaler_ = optim::GradScaler(scaler_.options());
      Call([](Callback& callback) { callback.LoadStateDict({}); });
    }
    RunEpochs(training, validation);
  } catch (const std::exception& error) {
    Call([&](Callback& callback) { callback.OnException(*this, error); });
    throw;
  }
  return records_;
}

void Trainer::RunEpochs(const Steps& training, const std::optional<Steps>& validation) {
  const auto done = [this] {
    return stop_ || (options_.max_steps >= 0 && step_ >= options_.max_steps);
  };
  Call([this](Callback& callback) { callback.OnFitStart(*this); });
  while (epoch_ < options_.max_epochs && !done()) {
    // An epoch that was left in its middle has no record.
    if (!TrainEpoch(training)) break;
    if (validation && (epoch_ + 1) % options_.check_val_every_n_epoch == 0) {
      Call([this](Callback& callback) { callback.OnValidationStart(*this); });
      validated_ = Evaluate(fitting_->model, *validation, "val_", options_.limit_val_batches);
      Call([this](Callback& callback) { callback.OnValidationEnd(*this); });
    }
    if (fitting_->scheduler != nullptr && fitting_->scheduler_interval == Interval::kEpoch) {
      fitting_->scheduler->Step();
    }
    records_.push_back({.epoch = epoch_, .step = step_, .numbers = numbers()});
    // What a checkpoint of now goes on with is the next epoch.
    ++epoch_;
    batch_ = 0;
    Call([this](Callback& callback) { callback.OnTrainEpochEnd(*this); });
    Call([this](Callback& callback) { callback.OnCheckpoint(*this); });
    averages_.clear();
    validated_.clear();
  }
  Call([this](Callback& callback) { callback.OnFitEnd(*this); });
}

bool Trainer::TrainEpoch(const Steps& training) {
  fitting_->model.Train();
  if (batch_ == 0) Call([this](Callback& callback) { callback.OnTrainEpochStart(*this); });
  const RandomState random = DefaultGenerator().state();
  const NamedTensors state = std::exchange(loader_state_, {});
  const bool knows = !state.empty() && training.batches->LoadStateDict(state);
  // Of an epoch whose batches have all been taken, what comes behind them is left.
  if (batch_ > 0 && batch_ == num_batches_) {
    exhausted_ = batch_ == training.batches->size();
    if (!exhausted_ && knows) {
      training.batches->Begin(epoch_);
      training.batches->End();
      exhausted_ = training.batches->Leave();
      DefaultGenerator().SetState(random);
    }
    if (accumulated_ > 0) StepOptimizer();
    return true;
  }
  training.batches->Begin(epoch_);
  bool more = num_batches_ != 0 && training.batches->Next();
  // A run that goes on in mid-epoch passes over what it has seen.
  for (int64_t taken = 0; !knows && more && taken < batch_; ++taken) {
    more = training.batches->Next();
  }
  // What the epoch drew when it began has been drawn before the checkpoint.
  if (batch_ > 0) DefaultGenerator().SetState(random);
  while (more && (num_batches_ < 0 || batch_ < num_batches_)) {
    TrainBatch(training);
    const bool last = batch_ == num_batches_;
    if (!last && (stop_ || (options_.max_steps >= 0 && step_ >= options_.max_steps))) break;
    if (batch_ == options_.limit_train_batches) break;
    // Also behind the last one, so that the loader sees its end.
    more = training.batches->Next();
  }
  exhausted_ = !more;
  // Of a loader that has not said how long it is.
  if (accumulated_ > 0 && !more) StepOptimizer();
  training.batches->End();
  const bool whole = !more || batch_ == num_batches_ || batch_ == options_.limit_train_batches;
  if (whole && more) exhausted_ = training.batches->Leave();
  return whole;
}

Tensor Trainer::RunStep(const nn::ModuleBase& model, const Steps& steps) const {
  if (options_.precision == TrainingPrecision::k32) return steps.step();
  const std::vector<Tensor> parameters = model.Parameters();
  const bool low = options_.precision == TrainingPrecision::kBFloat16Mixed;
  const AutocastMode autocast(parameters.empty() ? DeviceType::kCpu : parameters[0].device().type,
                              {.dtype = low ? kBFloat16 : kFloat16});
  return steps.step();
}

void Trainer::TrainBatch(const Steps& training) {
  if (accumulated_ == 0) fitting_->optimizer.ZeroGrad();
  const Tensor loss = RunStep(fitting_->model, training);
  if (!loss.defined() || loss.numel() != 1) {
    ThrowInvalidArgument(absl::StrCat("Trainer: a training step gives the loss, one element, not ",
                                      loss.defined() ? Describe(loss) : "nothing"));
  }
  const Tensor part = options_.accumulate_grad_batches == 1
                          ? loss
                          : loss / static_cast<double>(options_.accumulate_grad_batches);
  Backward(scaler_.enabled() ? scaler_.Scale(part) : part);
  ++accumulated_;
  Log("loss", loss);
  const bool last = batch_ + 1 == num_batches_;
  if (accumulated_ >= options_.accumulate_grad_batches || last) StepOptimizer();
  ++batch_;
  Call([this](Callback& callback) { callback.OnTrainBatchEnd(*this); });
  Call([this](Callback& callback) { callback.OnCheckpoint(*this); });
}

void Trainer::StepOptimizer() {
  accumulated_ = 0;
  if (scaler_.enabled()) scaler_.Unscale(fitting_->optimizer);
  Call([this](Callback& callback) { callback.OnBeforeOptimizerStep(*this); });
  if (options_.gradient_clip_norm > 0 || options_.gradient_clip_value > 0) {
    std::vector<Tensor> parameters;
    for (size_t group = 0; group < fitting_->optimizer.num_groups(); ++group) {
      const std::vector<Tensor>& params = fitting_->optimizer.params(group);
      parameters.insert(parameters.end(), params.begin(), params.end());
    }
    if (options_.gradient_clip_norm > 0) {
      optim::ClipGradNorm(parameters, options_.gradient_clip_norm);
    }
    if (options_.gradient_clip_value > 0) {
      optim::ClipGradValue(parameters, options_.gradient_clip_value);
    }
  }
  if (!scaler_.enabled() || scaler_.BeginStep(fitting_->optimizer)) {
    if (fitting_->step) {
      fitting_->step();
    } else {
      fitting_->optimizer.Step();
    }
  }
  if (scaler_.enabled()) scaler_.Update();
  if (fitting_->scheduler != nullptr && fitting_->scheduler_interval == Interval::kStep) {
    fitting_->scheduler->Step();
  }
  ++step_;
}

NamedNumbers Trainer::Evaluate(nn::ModuleBase& model, const Steps& steps, const std::string& prefix,
                               int64_t limit) {
  const Evaluating evaluating(model);
  Averages kept;
  std::swap(kept, averages_);
  prefix_ = prefix;
  const absl::Cleanup leave = [&] {
    prefix_.clear();
    std::swap(kept, averages_);
    steps.batches->End();
  };
  steps.batches->Begin(0);
  for (int64_t n = 0; n != limit && steps.batches->Next(); ++n) {
    const Tensor loss = RunStep(model, steps);
    if (loss.defined()) Log("loss", loss);
  }
  return ValuesOf(averages_);
}

NamedNumbers Trainer::Validate(nn::ModuleBase& model, const Steps& steps) {
  return Evaluate(model, steps, "val_", options_.limit_val_batches);
}

NamedNumbers Trainer::Test(nn::ModuleBase& model, const Steps& steps) {
  return Evaluate(model, steps, "test_", -1);
}

std::vector<Tensor> Trainer::Predict(nn::ModuleBase& model, const Steps& steps) {
  const Evaluating evaluating(model);
  std::vector<Tensor> predictions;
  steps.batches->Begin(0);
  const absl::Cleanup leave = [&] { steps.batches->End(); };
  while (steps.batches->Next()) predictions.push_back(RunStep(model, steps));
  return predictions;
}

}  // namespace neura::trainer
