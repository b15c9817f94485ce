#include "neura/nn/adaptive_softmax.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "neura/nn/layer_parts.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/index.h"
#include "neura/tensor/ops/linalg.h"
#include "neura/tensor/ops/norm.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"

namespace neura::nn {
namespace {

constexpr char kAdaptiveName[] = "AdaptiveLogSoftmaxWithLoss";

Tensor LogProbOf(const Tensor& x) { return neura::LogSoftmax(x, {.dim = 1}); }
Tensor OfCluster(const Tensor& x, const std::pair<Tensor, Tensor>& weights) {
  return LogProbOf(neura::Linear(neura::Linear(x, weights.first), weights.second));
}

void CheckInput(const Tensor& input, const AdaptiveSoftmaxWeights& weights) {
  RequireDefined(kAdaptiveName, input);
  if (input.dim() == 2 && input.size(1) == weights.head_weight.size(1)) return;
  ThrowInvalidArgument(absl::StrCat(kAdaptiveName, ": expected [N, ", weights.head_weight.size(1),
                                    "], got ", Describe(input)));
}

// Throws InvalidArgument unless they rise from above 0 to below the number of classes.
void CheckOptions(const AdaptiveLogSoftmaxOptions& options) {
  internal::CheckAtLeast(0, kAdaptiveName, "in_features", options.in_features);
  internal::CheckPositive(kAdaptiveName, "n_classes", options.n_classes);
  int64_t last = 0;
  bool rises = !options.cutoffs.empty();
  for (const int64_t cutoff : options.cutoffs) {
    rises &= cutoff > last && cutoff < options.n_classes;
    last = cutoff;
  }
  if (!rises) {
    ThrowInvalidArgument(absl::StrCat(
        kAdaptiveName,
        ": cutoffs should be a sequence of unique, positive integers sorted in an increasing "
        "order, where each value is between 1 and n_classes - 1 = ",
        options.n_classes - 1, ", got ", ToString(options.cutoffs)));
  }
  if (!(options.div_value > 0) || !std::isfinite(options.div_value)) {
    ThrowInvalidArgument(absl::StrCat(
        kAdaptiveName, ": div_value must be finite and positive, got ", options.div_value));
  }
}

}  // namespace

AdaptiveSoftmaxLayers AdaptiveSoftmaxLayersOf(const AdaptiveLogSoftmaxOptions& options) {
  CheckOptions(options);
  const auto& [in_features, n_classes, cutoffs, div_value, head_bias] = options;
  AdaptiveSoftmaxLayers layers{
      .head = {.in_features = in_features,
               .out_features = cutoffs.front() + static_cast<int64_t>(cutoffs.size()),
               .bias = head_bias},
      .tail = {}};
  for (size_t i = 0; i < cutoffs.size(); ++i) {
    const double hidden = std::floor(static_cast<double>(in_features) /
                                     std::pow(div_value, static_cast<double>(i + 1)));
    // Beyond it a double tells no integer from the next.
    if (!(hidden < 0x1p53)) {
      ThrowInvalidArgument(absl::StrCat(kAdaptiveName, ": with div_value = ", div_value,
                                        " cluster ", i, " would have ", hidden,
                                        " hidden features"));
    }
    const int64_t end = i + 1 < cutoffs.size() ? cutoffs[i + 1] : n_classes;
    const auto width = static_cast<int64_t>(hidden);
    layers.tail.emplace_back(
        LinearOptions{.in_features = in_features, .out_features = width, .bias = false},
        LinearOptions{.in_features = width, .out_features = end - cutoffs[i], .bias = false});
  }
  return layers;
}

AdaptiveLogSoftmaxResult AdaptiveLogSoftmax(const Tensor& input, const Tensor& target,
                                            const AdaptiveSoftmaxWeights& weights,
                                            DimsView cutoffs) {
  RequireDefined(kAdaptiveName, target);
  RequireDefined(kAdaptiveName, input);
  if (input.dim() == 1 && target.dim() == 0) {
    AdaptiveLogSoftmaxResult one =
        AdaptiveLogSoftmax(Unsqueeze(input, 0), Unsqueeze(target, 0), weights, cutoffs);
    return {Squeeze(one.output, {0}), one.loss};
  }
  CheckInput(input, weights);
  if (target.shape() != DimsView({input.size(0)}) || IsFloating(target.dtype())) {
    ThrowInvalidArgument(absl::StrCat(kAdaptiveName, ": expected integer targets [", input.size(0),
                                      "] for the input ", Describe(input), ", got ",
                                      Describe(target)));
  }
  const Tensor label = Cast(target, kInt64);
  if (label.numel() > 0) {
    const auto least = AMin(label).Item<int64_t>(), most = AMax(label).Item<int64_t>();
    if (least < 0 || most >= cutoffs.back()) {
      ThrowOutOfRange(absl::StrCat(kAdaptiveName, ": target values should be in [0, ",
                                   cutoffs.back() - 1, "], but values in range [", least, ", ",
                                   most, "] were found"));
    }
  }
  // In the head each cluster comes after the common classes.
  Tensor cluster = Cast(label >= cutoffs[0], kInt64);
  for (size_t i = 1; i + 1 < cutoffs.size(); ++i) cluster = cluster + (label >= cutoffs[i]);
  const Tensor place = Where(cluster == 0, label, cluster + (cutoffs[0] - 1));
  const Tensor of_head = LogProbOf(neura::Linear(input, weights.head_weight, weights.head_bias));
  Tensor output = Squeeze(Gather(of_head, 1, Unsqueeze(place, 1)), {1});
  for (size_t i = 0; i < weights.tail.size(); ++i) {
    const Tensor rows = Squeeze(NonZero(cluster == static_cast<int64_t>(i) + 1), {1});
    if (rows.numel() == 0) continue;
    const Tensor own = OfCluster(IndexSelect(input, 0, rows), weights.tail[i]);
    const Tensor relative = Unsqueeze(IndexSelect(label, 0, rows) - cutoffs[i], 1);
    output = IndexAdd(output, 0, rows, Squeeze(Gather(own, 1, relative), {1}));
  }
  return {output, -Mean(output)};
}

Tensor AdaptiveLogProb(const Tensor& input, const AdaptiveSoftmaxWeights& weights,
                       DimsView cutoffs) {
  CheckInput(input, weights);
  const Tensor of_head = LogProbOf(neura::Linear(input, weights.head_weight, weights.head_bias));
  std::vector<Tensor> parts{Narrow(of_head, 1, 0, cutoffs[0])};
  for (size_t i = 0; i < weights.tail.size(); ++i) {
    parts.push_back(OfCluster(input, weights.tail[i]) +
                    Narrow(of_head, 1, cutoffs[0] + static_cast<int64_t>(i), 1));
  }
  return Cat(parts, 1);
}

AdaptiveLogSoftmaxWithLoss::AdaptiveLogSoftmaxWithLoss(const AdaptiveLogSoftmaxOptions& given)
    : AdaptiveLogSoftmaxWithLoss(given, AdaptiveSoftmaxLayersOf(given)) {}
AdaptiveLogSoftmaxWithLoss::AdaptiveLogSoftmaxWithLoss(const AdaptiveLogSoftmaxOptions& given,
                                                       const AdaptiveSoftmaxLayers& layers)
    : WithOptions(given), head(layers.head) {
  for (const auto& [first, second] : layers.tail) {
    tail.Append(Sequential(Linear(first), Linear(second)));
  }
}

Dims AdaptiveLogSoftmaxWithLoss::Cutoffs() const {
  Dims cutoffs = options.cutoffs;
  cutoffs.push_back(options.n_classes);
  return cutoffs;
}

AdaptiveSoftmaxWeights AdaptiveLogSoftmaxWithLoss::Weights() {
  AdaptiveSoftmaxWeights weights{.head_weight = head.weight, .head_bias = head.bias, .tail = {}};
  for (size_t i = 0; i < tail.size(); ++i) {
    auto& cluster = static_cast<Sequential&>(tail[i]);
    weights.tail.emplace_back(static_cast<Linear&>(cluster[0]).weight,
                              static_cast<Linear&>(cluster[1]).weight);
  }
  return weights;
}

AdaptiveLogSoftmaxResult AdaptiveLogSoftmaxWithLoss::Forward(const Tensor& input,
                                                             const Tensor& target) {
  return AdaptiveLogSoftmax(input, target, Weights(), Cutoffs());
}
Tensor AdaptiveLogSoftmaxWithLoss::LogProb(const Tensor& input) {
  return AdaptiveLogProb(input, Weights(), Cutoffs());
}
Tensor AdaptiveLogSoftmaxWithLoss::Predict(const Tensor& input) {
  return ArgMax(LogProb(input), {.dim = 1});
}

}  // namespace neura::nn
