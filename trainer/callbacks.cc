#include "neura/trainer/callbacks.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "neura/nn/summary.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/io/atomic_file.h"
#include "neura/tensor/tensor.h"
#include "neura/trainer/line_chart.h"
#include "neura/trainer/trainer.h"

namespace neura::trainer {
namespace {

// Of the record that has just been made; throws where there is none of the name.
double Monitored(const Trainer& trainer, std::string_view callback, const std::string& name) {
  const EpochRecord& record = trainer.records().back();
  std::vector<std::string> names;
  for (const auto& [other, value] : record.numbers) {
    if (other == name) return value;
    names.push_back(other);
  }
  ThrowInvalidArgument(absl::StrCat(callback, ": there is no \"", name, "\" in epoch ",
                                    record.epoch, ", only ", absl::StrJoin(names, ", ")));
}

// Whether the epoch has the number: without validation there is nothing to compare.
bool IsMeasured(const Trainer& trainer, const std::string& monitor) {
  const int64_t epoch = trainer.records().back().epoch;
  return !absl::StartsWith(monitor, "val_") ||
         (epoch + 1) % trainer.options().check_val_every_n_epoch == 0;
}

bool IsBetter(double value, double than, Mode mode, double by = 0) {
  return mode == Mode::kMin ? value < than - by : value > than + by;
}

NamedTensors Numbers(const std::vector<std::pair<std::string, double>>& numbers) {
  NamedTensors tensors;
  for (const auto& [name, value] : numbers) {
    tensors.emplace_back(name, Full({}, value, {.dtype = kFloat64, .device = kCpu}));
  }
  return tensors;
}

std::optional<double> Find(const NamedTensors& state, std::string_view name) {
  for (const auto& [other, tensor] : state) {
    if (other == name) return tensor.Item<double>();
  }
  return std::nullopt;
}

// "loss 0.3121  accuracy 0.886"
std::string Line(const NamedNumbers& numbers) {
  return absl::StrJoin(numbers, "  ", [](std::string* out, const auto& number) {
    absl::StrAppendFormat(out, "%s %.4g", number.first, number.second);
  });
}

}  // namespace

// ---- ModelCheckpoint -------------------------------------------------------------------------

ModelCheckpoint::ModelCheckpoint(Options options) : options_(std::move(options)) {
  if (options_.every_n_steps < 0) {
    ThrowInvalidArgument(absl::StrCat("ModelCheckpoint: every_n_steps must not be negative, got ",
                                      options_.every_n_steps));
  }
  std::error_code error;
  std::filesystem::create_directories(options_.folder, error);
  if (error) {
    throw Error(absl::ErrnoToStatusCode(error.value()),
                absl::StrCat("ModelCheckpoint: cannot make the folder ", options_.folder, ": ",
                             error.message()));
  }
}

std::string ModelCheckpoint::last_path() const {
  return absl::StrCat(options_.folder, "/last.safetensors");
}
std::string ModelCheckpoint::best_path() const {
  return absl::StrCat(options_.folder, "/best.safetensors");
}

void ModelCheckpoint::OnFitStart(Trainer& trainer) { saved_step_ = trainer.step(); }

void ModelCheckpoint::OnTrainBatchEnd(Trainer& trainer) {
  if (options_.every_n_steps == 0 || trainer.step() - saved_step_ < options_.every_n_steps) return;
  save_last_ = true;
}

void ModelCheckpoint::OnTrainEpochEnd(Trainer& trainer) {
  save_last_ = true;
  if (!options_.monitor.empty() && IsMeasured(trainer, options_.monitor)) {
    const double value = Monitored(trainer, "ModelCheckpoint", options_.monitor);
    save_best_ = !std::isnan(value) && (!best_ || IsBetter(value, *best_, options_.mode));
    if (save_best_) best_ = value;
  }
}

void ModelCheckpoint::OnCheckpoint(Trainer& trainer) {
  if (!save_last_) return;
  saved_step_ = trainer.step();
  // In this order: a run that goes on from the last one has come to the best one, too.
  if (save_best_) trainer.SaveCheckpoint(best_path());
  trainer.SaveCheckpoint(last_path());
  save_last_ = save_best_ = false;
}

std::string ModelCheckpoint::StateKey() const {
  return absl::StrCat("ModelCheckpoint.", options_.monitor);
}
NamedTensors ModelCheckpoint::StateDict() const {
  return best_ ? Numbers({{"best", *best_}}) : NamedTensors();
}
void ModelCheckpoint::LoadStateDict(const NamedTensors& state) { best_ = Find(state, "best"); }

// ---- EarlyStopping ---------------------------------------------------------------------------

EarlyStopping::EarlyStopping(Options options) : options_(std::move(options)) {
  if (!(options_.min_delta >= 0) || options_.patience < 0) {
    ThrowInvalidArgument(absl::StrCat("EarlyStopping: min_delta = ", options_.min_delta,
                                      " and patience = ", options_.patience,
                                      " must not be negative"));
  }
}

void EarlyStopping::OnFitStart(Trainer& trainer) {
  if (waited_ > 0 && waited_ >= options_.patience) trainer.Stop();
}

void EarlyStopping::OnTrainEpochEnd(Trainer& trainer) {
  if (!IsMeasured(trainer, options_.monitor)) return;
  const double value = Monitored(trainer, "EarlyStopping", options_.monitor);
  if (!std::isnan(value) &&
      (!best_ || IsBetter(value, *best_, options_.mode, options_.min_delta))) {
    best_ = value;
    waited_ = 0;
  } else {
    // Nothing comes after NaN.
    waited_ = std::isnan(value) ? std::max(options_.patience, int64_t{1}) : waited_ + 1;
    if (waited_ >= options_.patience) trainer.Stop();
  }
}

std::string EarlyStopping::StateKey() const {
  return absl::StrCat("EarlyStopping.", options_.monitor);
}
NamedTensors EarlyStopping::StateDict() const {
  std::vector<std::pair<std::string, double>> numbers = {{"waited", static_cast<double>(waited_)}};
  if (best_) numbers.emplace_back("best", *best_);
  return Numbers(numbers);
}
void EarlyStopping::LoadStateDict(const NamedTensors& state) {
  best_ = Find(state, "best");
  waited_ = static_cast<int64_t>(Find(state, "waited").value_or(0));
}

// ---- LearningRateMonitor ---------------------------------------------------------------------

void LearningRateMonitor::OnBeforeOptimizerStep(Trainer& trainer) {
  const optim::Optimizer& optimizer = trainer.optimizer();
  for (size_t group = 0; group < optimizer.num_groups(); ++group) {
    trainer.Log(optimizer.num_groups() == 1 ? "lr" : absl::StrCat("lr.", group),
                optimizer.lr(group));
  }
}

// ---- ModelSummaryCallback --------------------------------------------------------------------

void ModelSummaryCallback::OnFitStart(Trainer& trainer) {
  const std::string table = nn::internal::Summarizer(trainer.model()).Finish({}).ToString();
  std::fputs(table.c_str(), stdout);
  std::fflush(stdout);
}

// ---- ProgressBarCallback ---------------------------------------------------------------------

ProgressBar& ProgressBarCallback::bar(Trainer& trainer) {
  // A run that goes on in mid-epoch has no start of it.
  if (!bar_) {
    bar_.emplace(absl::StrFormat("Epoch %d/%d", trainer.epoch() + 1, trainer.options().max_epochs),
                 trainer.num_batches());
  }
  return *bar_;
}

void ProgressBarCallback::OnTrainEpochStart(Trainer& trainer) {
  bar_.reset();
  bar(trainer);
}

void ProgressBarCallback::OnTrainBatchEnd(Trainer& trainer) {
  bar(trainer).Update(trainer.batch(), [&] { return Line(trainer.numbers()); });
}

void ProgressBarCallback::OnTrainEpochEnd(Trainer& trainer) {
  if (bar_) bar_->Finish(Line(trainer.records().back().numbers));
  bar_.reset();
}

void ProgressBarCallback::OnException(Trainer& trainer, const std::exception& /*error*/) {
  // The error's message begins on a line of its own.
  if (bar_) bar_->Leave(Line(trainer.numbers()));
  bar_.reset();
}

// ---- CsvLogger -------------------------------------------------------------------------------

CsvLogger::CsvLogger(Options options) : options_(std::move(options)) {}

void CsvLogger::OnTrainEpochEnd(Trainer& trainer) {
  // In the order in which they first appeared.
  std::vector<std::string> columns;
  for (const EpochRecord& record : trainer.records()) {
    for (const auto& [name, value] : record.numbers) {
      if (std::find(columns.begin(), columns.end(), name) == columns.end()) columns.push_back(name);
    }
  }
  std::string text = "epoch,step";
  for (const std::string& name : columns) {
    // RFC 4180: quoted where it has to be.
    const bool plain = name.find_first_of(",\"\r\n") == std::string::npos;
    absl::StrAppend(
        &text, ",",
        plain ? name : absl::StrCat("\"", absl::StrReplaceAll(name, {{"\"", "\"\""}}), "\""));
  }
  absl::StrAppend(&text, "\n");
  for (const EpochRecord& record : trainer.records()) {
    absl::StrAppend(&text, record.epoch, ",", record.step);
    for (const std::string& name : columns) {
      const double value = record[name];
      absl::StrAppend(&text, ",", std::isnan(value) ? "" : absl::StrFormat("%.9g", value));
    }
    absl::StrAppend(&text, "\n");
  }
  WriteFileAtomically(options_.path, {std::string_view(text)});
}

// ---- CurvesCallback --------------------------------------------------------------------------

CurvesCallback::CurvesCallback(Options options) : options_(std::move(options)) {}

void CurvesCallback::OnTrainEpochEnd(Trainer& trainer) {
  std::vector<Chart> charts;
  for (const EpochRecord& record : trainer.records()) {
    for (const auto& [name, value] : record.numbers) {
      const std::string title(absl::StartsWith(name, "val_") ? name.substr(4) : name);
      auto chart = std::find_if(charts.begin(), charts.end(),
                                [&](const Chart& other) { return other.title == title; });
      if (chart == charts.end()) {
        chart = charts.insert(chart, {.title = title, .x_label = "epoch", .curves = {}});
      }
      auto curve = std::find_if(chart->curves.begin(), chart->curves.end(),
                                [&](const Curve& other) { return other.name == name; });
      if (curve == chart->curves.end()) {
        curve = chart->curves.insert(curve, {.name = name, .x = {}, .y = {}});
      }
      curve->x.push_back(static_cast<double>(record.epoch + 1));
      curve->y.push_back(value);
    }
  }
  const std::string picture = DrawCharts(charts);
  WriteFileAtomically(options_.path, {std::string_view(picture)});
}

}  // namespace neura::trainer
