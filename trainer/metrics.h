// Metrics that are computed over many batches.
//
//   trainer::Accuracy accuracy({.top_k = 5});
//   for (const auto& [images, labels] : loader) accuracy.Update(net(images), labels);
//   std::cout << accuracy.Compute().Item<double>();
#ifndef NEURA_TRAINER_METRICS_H_
#define NEURA_TRAINER_METRICS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "neura/tensor/core/fields.h"
#include "neura/tensor/core/tensor.h"

namespace neura::trainer {

// Predictions of classes are scores [N, classes, ...], of which the highest counts, the first of
// equal ones, or integers [N, ...]; targets are integers [N, ...]. Both may be on any device;
// metrics are counted on the CPU, in integers or float64, so that the order of batches changes
// nothing but roundings.
class Metric {
 public:
  virtual ~Metric() = default;

  // Throws InvalidArgument, and changes nothing, for shapes or classes that do not fit.
  virtual void Update(const Tensor& predictions, const Tensor& targets) = 0;
  // Over all since the beginning or Reset(): float64 but where said. NaN where nothing was counted.
  virtual Tensor Compute() const = 0;
  virtual void Reset() = 0;
};

// How the values of several classes become one: "macro", their mean over the classes that occur in
// targets or predictions; "weighted", with the numbers of their targets as weights; "micro", of all
// together; "none", a vector.
struct ClassAverageOptions {
  int64_t num_classes = 0;
  std::string average = "macro";
  // Targets of this value do not count.
  std::optional<int64_t> ignore_index = {};
  NEURA_FIELDS(num_classes, average, ignore_index)
};

struct AccuracyOptions {
  int64_t top_k = 1;
  std::optional<int64_t> ignore_index = {};
  NEURA_FIELDS(top_k, ignore_index)
};
using PrecisionOptions = ClassAverageOptions;
using RecallOptions = ClassAverageOptions;
using F1ScoreOptions = ClassAverageOptions;
struct ConfusionMatrixOptions {
  int64_t num_classes = 0;
  std::optional<int64_t> ignore_index = {};
  NEURA_FIELDS(num_classes, ignore_index)
};
using MeanIoUOptions = ConfusionMatrixOptions;
using AUROCOptions = NoOptions;
struct PerplexityOptions {
  std::optional<int64_t> ignore_index = {};
  NEURA_FIELDS(ignore_index)
};
using MeanMetricOptions = NoOptions;

// The share of targets among the top_k classes with the highest scores.
class Accuracy final : public Metric {
 public:
  using Options = AccuracyOptions;
  explicit Accuracy(Options options = {});
  void Update(const Tensor& predictions, const Tensor& targets) override;
  Tensor Compute() const override;
  void Reset() override { correct_ = count_ = 0; }

 private:
  Options options_;
  int64_t correct_ = 0, count_ = 0;
};

// How often each class, the row, was predicted as each, the column: int64 [classes, classes].
class ConfusionMatrix : public Metric {
 public:
  using Options = ConfusionMatrixOptions;
  explicit ConfusionMatrix(Options options);
  void Update(const Tensor& predictions, const Tensor& targets) override;
  Tensor Compute() const override;
  void Reset() override;

 protected:
  int64_t classes() const { return options_.num_classes; }
  int64_t at(int64_t target, int64_t prediction) const;
  int64_t TargetsOf(int64_t c) const;
  int64_t PredictionsOf(int64_t c) const;
  // The mean of values of the classes that have one.
  static Tensor Average(const std::vector<double>& values);

 private:
  Options options_;
  std::vector<int64_t> counts_;
};

// The mean over classes of intersection over union of what is and what was predicted of it.
class MeanIoU final : public ConfusionMatrix {
 public:
  explicit MeanIoU(Options options) : ConfusionMatrix(options) {}
  Tensor Compute() const override;
};

namespace internal {

// A quotient of counts of a class: of (true positives, targets, predictions).
class ClassQuotient : public ConfusionMatrix {
 public:
  using Options = ClassAverageOptions;
  Tensor Compute() const override;

 protected:
  explicit ClassQuotient(Options options);
  struct Counts {
    double true_positives = 0, targets = 0, predictions = 0;
  };
  virtual double Of(const Counts& counts) const = 0;

 private:
  std::string average_;
};

}  // namespace internal

// Of what was predicted as a class, the share that is of it.
class Precision final : public internal::ClassQuotient {
 public:
  explicit Precision(Options options) : ClassQuotient(std::move(options)) {}

 private:
  double Of(const Counts& counts) const override;
};

// Of what is of a class, the share that was predicted as it.
class Recall final : public internal::ClassQuotient {
 public:
  explicit Recall(Options options) : ClassQuotient(std::move(options)) {}

 private:
  double Of(const Counts& counts) const override;
};

// The harmonic mean of precision and recall.
class F1Score final : public internal::ClassQuotient {
 public:
  explicit F1Score(Options options) : ClassQuotient(std::move(options)) {}

 private:
  double Of(const Counts& counts) const override;
};

// The area under the receiver operating characteristic: the probability that a positive example has
// the higher score, ties half (Fawcett, 2006). Predictions are scores [N], targets 0 or 1; all
// scores are kept.
class AUROC final : public Metric {
 public:
  using Options = AUROCOptions;
  explicit AUROC(Options = {}) {}
  void Update(const Tensor& predictions, const Tensor& targets) override;
  Tensor Compute() const override;
  void Reset() override;

 private:
  std::vector<double> positives_, negatives_;
};

// exp of the mean negative log probability of the targets. Predictions are logits [N, classes,
// ...].
class Perplexity final : public Metric {
 public:
  using Options = PerplexityOptions;
  explicit Perplexity(Options options = {}) : options_(options) {}
  void Update(const Tensor& predictions, const Tensor& targets) override;
  Tensor Compute() const override;
  void Reset() override { sum_ = count_ = 0; }

 private:
  Options options_;
  double sum_ = 0, count_ = 0;
};

// The mean of values, each with a weight, or 1 where the weights are undefined.
class MeanMetric final : public Metric {
 public:
  using Options = MeanMetricOptions;
  explicit MeanMetric(Options = {}) {}
  void Update(const Tensor& values, const Tensor& weights = {}) override;
  Tensor Compute() const override;
  void Reset() override { sum_ = weight_ = 0; }

 private:
  double sum_ = 0, weight_ = 0;
};

}  // namespace neura::trainer

#endif  // NEURA_TRAINER_METRICS_H_
