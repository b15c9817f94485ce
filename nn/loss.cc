#include "neura/nn/loss.h"

#include <numbers>

#include "absl/strings/str_cat.h"
#include "neura/autograd/autograd.h"
#include "neura/nn/loss_parts.h"
#include "neura/tensor/backend_api.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/autocast.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/index.h"
#include "neura/tensor/ops/norm.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"

namespace neura::nn {
namespace internal {

Tensor ReduceLoss(const char* loss, const Tensor& values, const std::string& reduction) {
  if (reduction == "none") return values;
  if (reduction == "sum") return Sum(values);
  if (reduction == "mean") return Mean(values);
  ThrowInvalidArgument(absl::StrCat(loss, ": reduction = \"", reduction,
                                    "\" must be \"none\", \"mean\" or \"sum\""));
}

void CheckSameShape(const char* loss, const Tensor& input, const Tensor& target) {
  if (input.defined() && target.defined() && input.shape() == target.shape()) return;
  ThrowInvalidArgument(absl::StrCat(loss, ": input and target must have one shape, got ",
                                    Describe(input), " and ", Describe(target)));
}

void CheckFloating(const char* loss, const Tensor& input, const Tensor& target) {
  if (IsFloating(input.dtype()) && IsFloating(target.dtype())) return;
  ThrowInvalidArgument(absl::StrCat(loss, ": input and target must be floating point, got ",
                                    Describe(input), " and ", Describe(target)));
}

}  // namespace internal

using internal::CheckFloating;
using internal::CheckSameShape;
using internal::ReduceLoss;

namespace {

[[noreturn]] void ThrowShapes(const char* loss, const Tensor& input, const Tensor& target) {
  ThrowInvalidArgument(absl::StrCat(loss, ": the input is ", Describe(input), " and the target ",
                                    Describe(target),
                                    "; expected [N, C, ...] and integer classes [N, ...], or for "
                                    "CrossEntropy probabilities of the "
                                    "input's shape"));
}

// The dimension of the classes, after checking what CrossEntropy and Nll ask of their input.
int64_t ClassDim(const char* loss, const Tensor& input, const Tensor& target,
                 const Tensor& weight) {
  if (!input.defined() || !target.defined() || input.dim() == 0 || !IsFloating(input.dtype())) {
    ThrowShapes(loss, input, target);
  }
  const int64_t dim = input.dim() == 1 ? 0 : 1;
  if (weight.defined() &&
      (weight.dim() != 1 || weight.numel() != input.size(dim) || weight.dtype() != input.dtype())) {
    ThrowInvalidArgument(absl::StrCat(loss, ": weight must be ", DTypeName(input.dtype()), " [",
                                      input.size(dim), "], got ", Describe(weight)));
  }
  return dim;
}

// Class indices as Gather takes them, after checking their shape.
Tensor ClassIndices(const char* loss, const Tensor& input, const Tensor& target, int64_t dim) {
  Dims expected(input.shape().begin(), input.shape().end());
  expected.erase(expected.begin() + dim);
  if (!IsIntegral(target.dtype()) || target.shape() != DimsView(expected)) {
    ThrowShapes(loss, input, target);
  }
  return target.dtype() == kInt64 || target.dtype() == kInt32 ? target : Cast(target, kInt64);
}

// The class weights shaped to multiply [N, C, ...].
Tensor AlongClasses(const Tensor& weight, const Tensor& input, int64_t dim) {
  Dims shape(static_cast<size_t>(input.dim()), 1);
  shape[static_cast<size_t>(dim)] = weight.numel();
  return Reshape(weight, shape);
}

Tensor WithProbabilities(const Tensor& log_p, const Tensor& target, int64_t dim,
                         const CrossEntropyOptions& options) {
  const double classes = static_cast<double>(log_p.size(dim));
  Tensor smooth = target;
  if (options.label_smoothing > 0) {
    smooth = target * (1 - options.label_smoothing) + options.label_smoothing / classes;
  }
  if (options.weight.defined()) smooth = smooth * AlongClasses(options.weight, log_p, dim);
  const Tensor losses = -Sum(smooth * log_p, {.dims = {dim}});
  return ReduceLoss("CrossEntropy", losses, options.reduction);
}

Tensor WithClasses(const char* loss, const Tensor& log_p, const Tensor& target, int64_t dim,
                   const CrossEntropyOptions& options) {
  const Tensor counts = target != options.ignore_index;
  const Tensor classes = Unsqueeze(Where(counts, target, 0), dim);
  // Chosen, not multiplied by 0: what is ignored may be infinite.
  const auto kept = [&counts](const Tensor& values) { return Where(counts, values, 0); };
  const auto of_target = [&](const Tensor& values) {
    try {
      return kept(Squeeze(Gather(values, dim, classes), {dim}));
    } catch (Error& error) {
      error.AddContext(absl::StrCat(loss, ": the target's classes"));
      throw;
    }
  };
  Tensor weights = Cast(counts, log_p.dtype());
  if (options.weight.defined()) {
    weights = of_target(Expand(AlongClasses(options.weight, log_p, dim), log_p.shape()));
  }
  Tensor losses = -of_target(log_p) * weights;
  if (options.label_smoothing > 0) {
    const Tensor weighted =
        options.weight.defined() ? log_p * AlongClasses(options.weight, log_p, dim) : log_p;
    const Tensor uniform = -kept(Mean(weighted, {.dims = {dim}}));
    losses = losses * (1 - options.label_smoothing) + uniform * options.label_smoothing;
  }
  if (options.reduction == "mean") return Sum(losses) / Sum(weights);
  return ReduceLoss(loss, losses, options.reduction);
}

// Throws InvalidArgument unless every element is a probability. Not on devices whose results wait
// in a queue, nor where a graph is captured, which would not look again.
void CheckProbabilities(const char* loss, const Tensor& input) {
  if (input.device().type != DeviceType::kCpu || input.numel() == 0 || IsWatched()) return;
  NoGradGuard no_grad;
  const double low = AMin(input).Item<double>(), high = AMax(input).Item<double>();
  if (low >= 0 && high <= 1) return;
  ThrowInvalidArgument(absl::StrCat(loss, ": the input must lie between 0 and 1, not reach from ",
                                    low, " to ", high, " in ", Describe(input)));
}

// log(p), but at least -100 and without the infinite derivative at 0, which times 0 would be NaN.
Tensor BoundedLog(const Tensor& p) {
  return Clamp(Log(MaskedFill(p, p == 0, 1e-45)), {.min = -100.0});
}

}  // namespace

Tensor CrossEntropy(const Tensor& input, const Tensor& target, const CrossEntropyOptions& options) {
  if (AutocastWidens({&input, &target})) {
    return CrossEntropy(Widened(input), Widened(target), options);
  }
  const int64_t dim = ClassDim("CrossEntropy", input, target, options.weight);
  if (!(options.label_smoothing >= 0 && options.label_smoothing <= 1)) {
    ThrowInvalidArgument(absl::StrCat("CrossEntropy: label_smoothing = ", options.label_smoothing,
                                      " must be between 0 and 1"));
  }
  if (IsFloating(target.dtype())) {
    if (target.shape() != input.shape()) ThrowShapes("CrossEntropy", input, target);
    return WithProbabilities(LogSoftmax(input, {.dim = dim}), target, dim, options);
  }
  const Tensor classes = ClassIndices("CrossEntropy", input, target, dim);
  return WithClasses("CrossEntropy", LogSoftmax(input, {.dim = dim}), classes, dim, options);
}

Tensor Nll(const Tensor& input, const Tensor& target, const NllOptions& options) {
  if (AutocastWidens({&input, &target})) {
    return Nll(Widened(input), Widened(target), options);
  }
  const int64_t dim = ClassDim("Nll", input, target, options.weight);
  const Tensor classes = ClassIndices("Nll", input, target, dim);
  return WithClasses("Nll", input, classes, dim,
                     {.weight = options.weight,
                      .ignore_index = options.ignore_index,
                      .reduction = options.reduction});
}

Tensor Mse(const Tensor& input, const Tensor& target, const MseOptions& options) {
  if (AutocastWidens({&input, &target})) {
    return Mse(Widened(input), Widened(target), options);
  }
  CheckSameShape("Mse", input, target);
  return ReduceLoss("Mse", Square(input - target), options.reduction);
}

Tensor L1(const Tensor& input, const Tensor& target, const L1Options& options) {
  if (AutocastWidens({&input, &target})) {
    return L1(Widened(input), Widened(target), options);
  }
  CheckSameShape("L1", input, target);
  return ReduceLoss("L1", Abs(input - target), options.reduction);
}

Tensor SmoothL1(const Tensor& input, const Tensor& target, const SmoothL1Options& options) {
  if (AutocastWidens({&input, &target})) {
    return SmoothL1(Widened(input), Widened(target), options);
  }
  CheckSameShape("SmoothL1", input, target);
  if (!(options.beta >= 0)) {
    ThrowInvalidArgument(absl::StrCat("SmoothL1: beta = ", options.beta, " must not be negative"));
  }
  if (options.beta == 0) return L1(input, target, {.reduction = options.reduction});
  // The part below beta squared, and what is above it as a line of slope 1.
  const Tensor distance = Abs(input - target);
  const Tensor near = Clamp(distance, {.max = options.beta});
  const Tensor losses = Square(near) / (2 * options.beta) + (distance - near);
  return ReduceLoss("SmoothL1", losses, options.reduction);
}

Tensor BinaryCrossEntropy(const Tensor& input, const Tensor& target,
                          const BinaryCrossEntropyOptions& options) {
  if (AutocastWidens({&input, &target})) {
    return BinaryCrossEntropy(Widened(input), Widened(target), options);
  }
  CheckSameShape("BinaryCrossEntropy", input, target);
  CheckFloating("BinaryCrossEntropy", input, target);
  CheckProbabilities("BinaryCrossEntropy", input);
  Tensor losses = -(target * BoundedLog(input) + (1 - target) * BoundedLog(1 - input));
  if (options.weight.defined()) losses = losses * options.weight;
  return ReduceLoss("BinaryCrossEntropy", losses, options.reduction);
}

Tensor BinaryCrossEntropyWithLogits(const Tensor& input, const Tensor& target,
                                    const BinaryCrossEntropyWithLogitsOptions& options) {
  if (AutocastWidens({&input, &target})) {
    return BinaryCrossEntropyWithLogits(Widened(input), Widened(target), options);
  }
  CheckSameShape("BinaryCrossEntropyWithLogits", input, target);
  CheckFloating("BinaryCrossEntropyWithLogits", input, target);
  // -log(sigmoid(x)) = softplus(-x), and -log(1 - sigmoid(x)) = x + softplus(-x).
  Tensor costs = Softplus(-input);
  if (options.pos_weight.defined()) {
    costs = costs * (1 + (options.pos_weight - 1) * target);
  }
  Tensor losses = (1 - target) * input + costs;
  if (options.weight.defined()) losses = losses * options.weight;
  return ReduceLoss("BinaryCrossEntropyWithLogits", losses, options.reduction);
}

Tensor KlDiv(const Tensor& input, const Tensor& target, const KlDivOptions& options) {
  if (AutocastWidens({&input, &target})) {
    return KlDiv(Widened(input), Widened(target), options);
  }
  CheckSameShape("KlDiv", input, target);
  const Tensor losses =
      options.log_target ? Exp(target) * (target - input) : XLogY(target, target) - target * input;
  if (options.reduction == "batchmean") {
    return Sum(losses) / (input.dim() == 0 ? 1 : input.size(0));
  }
  return ReduceLoss("KlDiv", losses, options.reduction);
}

Tensor Huber(const Tensor& input, const Tensor& target, const HuberOptions& options) {
  if (AutocastWidens({&input, &target})) {
    return Huber(Widened(input), Widened(target), options);
  }
  CheckSameShape("Huber", input, target);
  if (!(options.delta > 0)) {
    ThrowInvalidArgument(absl::StrCat("Huber: delta = ", options.delta, " must be positive"));
  }
  const Tensor distance = Abs(input - target);
  const Tensor near = Clamp(distance, {.max = options.delta});
  return ReduceLoss("Huber", Square(near) / 2 + (distance - near) * options.delta,
                    options.reduction);
}

Tensor PoissonNll(const Tensor& input, const Tensor& target, const PoissonNllOptions& options) {
  if (AutocastWidens({&input, &target})) {
    return PoissonNll(Widened(input), Widened(target), options);
  }
  CheckSameShape("PoissonNll", input, target);
  Tensor losses =
      options.log_input ? Exp(input) - target * input : input - target * Log(input + options.eps);
  if (options.full) {
    // Stirling's approximation of log(target!).
    const Tensor large = target > 1, t = Where(large, target, 1);
    const Tensor factorial = t * Log(t) - t + Log(t * (2 * std::numbers::pi)) * 0.5;
    losses = losses + Where(large, factorial, 0);
  }
  return ReduceLoss("PoissonNll", losses, options.reduction);
}

}  // namespace neura::nn
