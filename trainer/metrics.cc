#include "neura/trainer/metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "neura/autograd/autograd.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/tensor.h"

namespace neura::trainer {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

Tensor Number(double value) { return Full({}, value, {.dtype = kFloat64, .device = kCpu}); }

// The elements on the CPU, in row-major order.
template <typename T>
std::vector<T> Elements(const Tensor& tensor) {
  const Tensor plain = Contiguous(Cast(To(Detach(tensor), kCpu), DTypeOf<T>));
  return std::vector<T>(plain.data<T>(), plain.data<T>() + plain.numel());
}

[[noreturn]] void FailForShapes(std::string_view metric, const Tensor& predictions,
                                const Tensor& targets, std::string_view expected) {
  ThrowInvalidArgument(absl::StrCat(metric, ": predictions ", Describe(predictions),
                                    " and targets ", Describe(targets), " do not fit: ", expected));
}

void RequireIntegers(std::string_view metric, const Tensor& targets) {
  if (targets.defined() && (IsIntegral(targets.dtype()) || targets.dtype() == kBool)) return;
  ThrowInvalidArgument(
      absl::StrCat(metric, ": targets are class indices, integers, not ", Describe(targets)));
}

// Whether the predictions are scores [N, classes, ...] of targets [N, ...].
bool AreScores(const Tensor& predictions, const Tensor& targets) {
  if (predictions.dim() != targets.dim() + 1 || predictions.dim() < 2) return false;
  Dims without(predictions.shape().begin(), predictions.shape().end());
  without.erase(without.begin() + 1);
  return targets.shape() == DimsView(without);
}

// [N, classes, ...] as [N, ..., classes].
Tensor ClassesLast(const Tensor& scores) { return MoveDim(scores, {1}, {-1}); }

// Whether the class of `own` is among the k with the highest scores; of equal ones the first.
bool IsAmongTop(const double* scores, int64_t classes, int64_t own, int64_t k) {
  int64_t before = 0;
  for (int64_t c = 0; c < classes; ++c) {
    before += scores[c] > scores[own] || (scores[c] == scores[own] && c < own);
  }
  return before < k && !std::isnan(scores[own]);
}

}  // namespace

// ---- Accuracy --------------------------------------------------------------------------------

Accuracy::Accuracy(Options options) : options_(options) {
  if (options.top_k < 1) {
    ThrowInvalidArgument(absl::StrCat("Accuracy: top_k must be positive, got ", options.top_k));
  }
}

void Accuracy::Update(const Tensor& predictions, const Tensor& targets) {
  RequireIntegers("Accuracy", targets);
  const std::vector<int64_t> own = Elements<int64_t>(targets);
  const auto counts = [&](int64_t target) { return target != options_.ignore_index; };
  int64_t correct = 0, count = 0;
  if (AreScores(predictions, targets)) {
    const int64_t classes = predictions.size(1);
    const std::vector<double> scores = Elements<double>(ClassesLast(predictions));
    for (size_t i = 0; i < own.size(); ++i) {
      if (!counts(own[i])) continue;
      if (own[i] < 0 || own[i] >= classes) {
        ThrowInvalidArgument(
            absl::StrCat("Accuracy: target ", own[i], " is none of ", classes, " classes"));
      }
      ++count;
      correct += IsAmongTop(scores.data() + static_cast<int64_t>(i) * classes, classes, own[i],
                            options_.top_k);
    }
  } else if (predictions.shape() == targets.shape() && options_.top_k == 1 &&
             (IsIntegral(predictions.dtype()) || predictions.dtype() == kBool)) {
    const std::vector<int64_t> chosen = Elements<int64_t>(predictions);
    for (size_t i = 0; i < own.size(); ++i) {
      if (!counts(own[i])) continue;
      ++count;
      correct += chosen[i] == own[i];
    }
  } else {
    FailForShapes("Accuracy", predictions, targets,
                  options_.top_k == 1 ? "scores [N, classes, ...] or integers [N, ...] are expected"
                                      : "scores [N, classes, ...] are expected for top_k");
  }
  correct_ += correct;
  count_ += count;
}

Tensor Accuracy::Compute() const {
  return Number(count_ == 0 ? kNaN : static_cast<double>(correct_) / static_cast<double>(count_));
}

// ---- ConfusionMatrix and what is computed of it ----------------------------------------------

ConfusionMatrix::ConfusionMatrix(Options options) : options_(options) {
  // A table of so many classes takes 8 GB.
  constexpr int64_t kMostClasses = 1 << 15;
  if (options.num_classes < 1 || options.num_classes > kMostClasses) {
    ThrowInvalidArgument(absl::StrCat("num_classes must be from 1 to ", kMostClasses, ", got ",
                                      options.num_classes));
  }
  Reset();
}

void ConfusionMatrix::Reset() { counts_.assign(static_cast<size_t>(classes() * classes()), 0); }

int64_t ConfusionMatrix::at(int64_t target, int64_t prediction) const {
  return counts_[static_cast<size_t>(target * classes() + prediction)];
}

int64_t ConfusionMatrix::TargetsOf(int64_t c) const {
  int64_t sum = 0;
  for (int64_t p = 0; p < classes(); ++p) sum += at(c, p);
  return sum;
}

int64_t ConfusionMatrix::PredictionsOf(int64_t c) const {
  int64_t sum = 0;
  for (int64_t t = 0; t < classes(); ++t) sum += at(t, c);
  return sum;
}

void ConfusionMatrix::Update(const Tensor& predictions, const Tensor& targets) {
  RequireIntegers("ConfusionMatrix", targets);
  std::vector<int64_t> chosen;
  if (AreScores(predictions, targets)) {
    chosen = Elements<int64_t>(ArgMax(Detach(predictions), {.dim = 1}));
  } else if (predictions.shape() == targets.shape() &&
             (IsIntegral(predictions.dtype()) || predictions.dtype() == kBool)) {
    chosen = Elements<int64_t>(predictions);
  } else {
    FailForShapes("ConfusionMatrix", predictions, targets,
                  "scores [N, classes, ...] or integers [N, ...] are expected");
  }
  const std::vector<int64_t> own = Elements<int64_t>(targets);
  const auto counts = [&](size_t i) { return own[i] != options_.ignore_index; };
  for (size_t i = 0; i < own.size(); ++i) {
    if (!counts(i)) continue;
    for (const int64_t c : {own[i], chosen[i]}) {
      if (c < 0 || c >= classes()) {
        ThrowInvalidArgument(
            absl::StrCat("ConfusionMatrix: ", c, " is none of ", classes(), " classes"));
      }
    }
  }
  for (size_t i = 0; i < own.size(); ++i) {
    if (counts(i)) ++counts_[static_cast<size_t>(own[i] * classes() + chosen[i])];
  }
}

Tensor ConfusionMatrix::Compute() const { return FromVector(counts_, {classes(), classes()}); }

Tensor ConfusionMatrix::Average(const std::vector<double>& values) {
  double sum = 0, count = 0;
  for (const double value : values) {
    if (std::isnan(value)) continue;
    sum += value;
    ++count;
  }
  return Number(count == 0 ? kNaN : sum / count);
}

Tensor MeanIoU::Compute() const {
  std::vector<double> values;
  for (int64_t c = 0; c < classes(); ++c) {
    const auto both = static_cast<double>(at(c, c));
    const auto either = static_cast<double>(TargetsOf(c) + PredictionsOf(c)) - both;
    values.push_back(either == 0 ? kNaN : both / either);
  }
  return Average(values);
}

namespace internal {

ClassQuotient::ClassQuotient(Options options)
    : ConfusionMatrix({.num_classes = options.num_classes, .ignore_index = options.ignore_index}),
      average_(std::move(options.average)) {
  if (average_ != "macro" && average_ != "micro" && average_ != "weighted" && average_ != "none") {
    ThrowInvalidArgument(absl::StrCat(
        "average must be \"macro\", \"micro\", \"weighted\" or \"none\", got \"", average_, "\""));
  }
}

Tensor ClassQuotient::Compute() const {
  Counts all;
  std::vector<double> values, weights;
  for (int64_t c = 0; c < classes(); ++c) {
    const Counts own{.true_positives = static_cast<double>(at(c, c)),
                     .targets = static_cast<double>(TargetsOf(c)),
                     .predictions = static_cast<double>(PredictionsOf(c))};
    all.true_positives += own.true_positives;
    all.targets += own.targets;
    all.predictions += own.predictions;
    // Nothing predicted of a class that occurs, or the other way around, counts as 0.
    const double value = Of(own);
    const bool occurs = own.targets > 0 || own.predictions > 0;
    values.push_back(!occurs ? kNaN : std::isnan(value) ? 0 : value);
    weights.push_back(own.targets);
  }
  if (average_ == "micro") return Number(Of(all));
  if (average_ == "macro") return Average(values);
  if (average_ == "none") return FromVector(values, {classes()});
  double sum = 0;
  for (size_t c = 0; c < values.size(); ++c) {
    if (weights[c] > 0) sum += weights[c] * values[c];
  }
  return Number(sum / all.targets);
}

}  // namespace internal

double Precision::Of(const Counts& counts) const {
  return counts.true_positives / counts.predictions;
}
double Recall::Of(const Counts& counts) const { return counts.true_positives / counts.targets; }
double F1Score::Of(const Counts& counts) const {
  return 2 * counts.true_positives / (counts.targets + counts.predictions);
}

// ---- AUROC -----------------------------------------------------------------------------------

void AUROC::Reset() {
  positives_.clear();
  negatives_.clear();
}

void AUROC::Update(const Tensor& predictions, const Tensor& targets) {
  RequireIntegers("AUROC", targets);
  if (predictions.shape() != targets.shape() || !IsFloating(predictions.dtype())) {
    FailForShapes("AUROC", predictions, targets, "scores and targets of one shape are expected");
  }
  const std::vector<double> scores = Elements<double>(predictions);
  const std::vector<int64_t> own = Elements<int64_t>(targets);
  for (size_t i = 0; i < own.size(); ++i) {
    if (own[i] != 0 && own[i] != 1) {
      ThrowInvalidArgument(absl::StrCat("AUROC: targets are 0 or 1, got ", own[i]));
    }
    if (std::isnan(scores[i])) ThrowInvalidArgument("AUROC: a score is NaN");
  }
  for (size_t i = 0; i < own.size(); ++i) {
    (own[i] == 1 ? positives_ : negatives_).push_back(scores[i]);
  }
}

Tensor AUROC::Compute() const {
  std::vector<double> negatives = negatives_;
  std::sort(negatives.begin(), negatives.end());
  double won = 0;
  for (const double score : positives_) {
    const auto below = std::lower_bound(negatives.begin(), negatives.end(), score);
    const auto above = std::upper_bound(below, negatives.end(), score);
    won +=
        static_cast<double>(below - negatives.begin()) + 0.5 * static_cast<double>(above - below);
  }
  const double pairs =
      static_cast<double>(positives_.size()) * static_cast<double>(negatives.size());
  return Number(pairs == 0 ? kNaN : won / pairs);
}

// ---- Perplexity ------------------------------------------------------------------------------

void Perplexity::Update(const Tensor& predictions, const Tensor& targets) {
  RequireIntegers("Perplexity", targets);
  if (!AreScores(predictions, targets) || !IsFloating(predictions.dtype())) {
    FailForShapes("Perplexity", predictions, targets, "logits [N, classes, ...] are expected");
  }
  const int64_t classes = predictions.size(1);
  const std::vector<double> logs = Elements<double>(
      LogSoftmax(Cast(To(ClassesLast(Detach(predictions)), kCpu), kFloat64), {.dim = -1}));
  double sum = 0, count = 0;
  const std::vector<int64_t> own = Elements<int64_t>(targets);
  for (size_t i = 0; i < own.size(); ++i) {
    if (own[i] == options_.ignore_index) continue;
    if (own[i] < 0 || own[i] >= classes) {
      ThrowInvalidArgument(
          absl::StrCat("Perplexity: target ", own[i], " is none of ", classes, " classes"));
    }
    sum -= logs[i * static_cast<size_t>(classes) + static_cast<size_t>(own[i])];
    ++count;
  }
  sum_ += sum;
  count_ += count;
}

Tensor Perplexity::Compute() const { return Number(count_ == 0 ? kNaN : std::exp(sum_ / count_)); }

// ---- MeanMetric ------------------------------------------------------------------------------

void MeanMetric::Update(const Tensor& values, const Tensor& weights) {
  const std::vector<double> numbers = Elements<double>(values);
  const std::vector<double> factors = weights.defined()
                                          ? Elements<double>(Expand(weights, values.shape()))
                                          : std::vector<double>(numbers.size(), 1);
  for (size_t i = 0; i < numbers.size(); ++i) {
    sum_ += numbers[i] * factors[i];
    weight_ += factors[i];
  }
}

Tensor MeanMetric::Compute() const { return Number(weight_ == 0 ? kNaN : sum_ / weight_); }

}  // namespace neura::trainer
