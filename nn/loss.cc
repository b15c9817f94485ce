#include "neura/nn/loss.h"

#include "absl/strings/str_cat.h"
#include "neura/tensor/tensor.h"

namespace neura::nn {
namespace {

Tensor Reduce(const char* loss, const Tensor& values, const std::string& reduction) {
  if (reduction == "none") return values;
  if (reduction == "sum") return Sum(values);
  if (reduction == "mean") return Mean(values);
  ThrowInvalidArgument(absl::StrCat(loss, ": reduction = \"", reduction,
                                    "\" must be \"none\", \"mean\" or \"sum\""));
}

[[noreturn]] void ThrowShapes(const Tensor& input, const Tensor& target) {
  ThrowInvalidArgument(absl::StrCat("CrossEntropy: the input is ", Describe(input),
                                    " and the target ", Describe(target),
                                    "; expected [N, C, ...] and integer classes [N, ...], or "
                                    "probabilities of the input's shape"));
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
  return Reduce("CrossEntropy", losses, options.reduction);
}

Tensor WithClasses(const Tensor& log_p, const Tensor& target, int64_t dim,
                   const CrossEntropyOptions& options) {
  const Tensor counts = target != options.ignore_index;
  const Tensor classes = Unsqueeze(Where(counts, target, 0), dim);
  // Chosen, not multiplied by 0: what is ignored may be infinite.
  const auto kept = [&counts](const Tensor& values) { return Where(counts, values, 0); };
  const auto of_target = [&](const Tensor& values) {
    return kept(Squeeze(Gather(values, dim, classes), {dim}));
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
  return Reduce("CrossEntropy", losses, options.reduction);
}

}  // namespace

Tensor CrossEntropy(const Tensor& input, const Tensor& target, const CrossEntropyOptions& options) {
  if (!input.defined() || !target.defined() || input.dim() == 0 || !IsFloating(input.dtype())) {
    ThrowShapes(input, target);
  }
  const int64_t dim = input.dim() == 1 ? 0 : 1;
  if (options.weight.defined() &&
      (options.weight.dim() != 1 || options.weight.numel() != input.size(dim) ||
       options.weight.dtype() != input.dtype())) {
    ThrowInvalidArgument(absl::StrCat("CrossEntropy: weight must be ", DTypeName(input.dtype()),
                                      " [", input.size(dim), "], got ", Describe(options.weight)));
  }
  if (!(options.label_smoothing >= 0 && options.label_smoothing <= 1)) {
    ThrowInvalidArgument(absl::StrCat("CrossEntropy: label_smoothing = ", options.label_smoothing,
                                      " must be between 0 and 1"));
  }
  const Tensor log_p = LogSoftmax(input, {.dim = dim});
  if (IsFloating(target.dtype())) {
    if (target.shape() != input.shape()) ThrowShapes(input, target);
    return WithProbabilities(log_p, target, dim, options);
  }
  Dims expected(input.shape().begin(), input.shape().end());
  expected.erase(expected.begin() + dim);
  if (!IsIntegral(target.dtype()) || target.shape() != DimsView(expected)) {
    ThrowShapes(input, target);
  }
  const bool is_index = target.dtype() == kInt64 || target.dtype() == kInt32;
  return WithClasses(log_p, is_index ? target : Cast(target, kInt64), dim, options);
}

Tensor Mse(const Tensor& input, const Tensor& target, const MseOptions& options) {
  if (!input.defined() || !target.defined() || input.shape() != target.shape()) {
    ThrowInvalidArgument(absl::StrCat("Mse: input and target must have one shape, got ",
                                      Describe(input), " and ", Describe(target)));
  }
  return Reduce("Mse", Square(input - target), options.reduction);
}

}  // namespace neura::nn
