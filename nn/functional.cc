#include "neura/nn/functional.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "absl/strings/str_cat.h"
#include "neura/autograd/autograd.h"
#include "neura/nn/loss_parts.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/index.h"
#include "neura/tensor/ops/norm.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"
#include "neura/tensor/ops/whole_calls.h"

namespace neura::nn {
namespace {

// Moves running statistics towards those of a batch, whose variance divides by count.
void MoveStatistics(const Tensor& running_mean, const Tensor& running_var, const Tensor& mean,
                    const Tensor& variance, int64_t count, double momentum) {
  NoGradGuard no_grad;
  const double unbias = static_cast<double>(count) / static_cast<double>(count - 1);
  if (running_mean.defined()) Assign(running_mean, Lerp(running_mean, mean, momentum));
  if (running_var.defined()) Assign(running_var, Lerp(running_var, variance * unbias, momentum));
}

void CheckChannels(const char* op, const Tensor& input) {
  RequireDefined(op, input);
  if (input.dim() >= 2) return;
  ThrowInvalidArgument(absl::StrCat(op, ": expected [N, C, ...], got ", Describe(input)));
}

}  // namespace

Tensor BatchNormalize(const Tensor& input, const Tensor& running_mean, const Tensor& running_var,
                      const Tensor& weight, const Tensor& bias, const NormalizingOptions& options) {
  // A batch of nothing stays what it is.
  if (input.defined() && input.dim() == 1 && input.numel() == 0) return Clone(input);
  CheckChannels("batch_norm", input);
  if (!options.training) {
    if (!running_mean.defined() || !running_var.defined()) {
      ThrowInvalidArgument("batch_norm: running_mean and running_var are needed in evaluation");
    }
    return BatchNormInference(input, running_mean, running_var, weight, bias, {.eps = options.eps});
  }
  const bool moves = running_mean.defined() || running_var.defined();
  const auto result = BatchNormTraining(input, weight, bias, {.eps = options.eps},
                                        moves ? OutputMask{0b1011} : OutputMask{0b1});
  if (moves) {
    MoveStatistics(running_mean, running_var, result.mean, result.variance,
                   input.numel() / std::max<int64_t>(input.size(1), 1), options.momentum);
  }
  return result.output;
}

namespace {

std::vector<Tensor> RunInstanceNorm(const OpCall& call) {
  const auto input = [&call](size_t i) { return call.has_input(i) ? call.input(i) : Tensor(); };
  return {InstanceNormalize(call.input(0), {}, {}, input(1), input(2),
                            {.training = true, .eps = call.Get<InstanceNormCall>().eps})};
}

}  // namespace

Tensor InstanceNormalize(const Tensor& input, const Tensor& running_mean, const Tensor& running_var,
                         const Tensor& weight, const Tensor& bias,
                         const NormalizingOptions& options) {
  CheckChannels("instance_norm", input);
  if (!options.training) {
    return BatchNormalize(input, running_mean, running_var, weight, bias, options);
  }
  if (!running_mean.defined() && !running_var.defined()) {
    const InstanceNormCall whole{options.eps};
    const Tensor* const inputs[] = {&input, &weight, &bias};
    const std::vector<Tensor> kept =
        KeptWhole(WholeFunction::kInstanceNorm, &RunInstanceNorm, &whole, inputs);
    if (!kept.empty()) return kept[0];
  }
  const int64_t batch = input.size(0), channels = input.size(1);
  const int64_t count = batch * channels == 0 ? 0 : input.numel() / (batch * channels);
  if (input.dim() < 3 || count == 1) {
    ThrowInvalidArgument(absl::StrCat(
        "instance_norm: more than one element for each channel is needed, got ", Describe(input)));
  }
  // Every channel of every example is a channel of one.
  Dims shape(input.shape().begin(), input.shape().end());
  shape[0] = 1;
  shape[1] = batch * channels;
  const auto each = [&](const Tensor& tensor) {
    return tensor.defined() ? Repeat(tensor, {batch}) : tensor;
  };
  const auto result = BatchNormTraining(Reshape(input, shape), each(weight), each(bias),
                                        {.eps = options.eps}, 0b1011);
  const auto average = [&](const Tensor& statistic) {
    return Mean(Reshape(statistic, {batch, channels}), {.dims = {0}});
  };
  if (running_mean.defined() || running_var.defined()) {
    MoveStatistics(running_mean, running_var, average(result.mean), average(result.variance), count,
                   options.momentum);
  }
  return Reshape(result.output, input.shape());
}

Tensor GumbelSoftmax(const Tensor& logits, double tau, bool hard, int64_t dim) {
  RequireDefined("gumbel_softmax", logits);
  if (!(tau > 0)) {
    ThrowInvalidArgument(absl::StrCat("gumbel_softmax: tau = ", tau, " must be positive"));
  }
  const TensorOptions options{.dtype = logits.dtype(), .device = logits.device()};
  const Tensor noise = -Log(Exponential(logits.shape(), 1, options));
  const Tensor soft = Softmax((logits + noise) / tau, {.dim = dim});
  if (!hard) return soft;
  const Tensor most = ArgMax(Detach(soft), {.dim = dim, .keepdim = true});
  const Tensor chosen = Scatter(ZerosLike(Detach(soft)), dim, most, 1.0);
  return chosen + (soft - Detach(soft));
}

Tensor GaussianNll(const Tensor& input, const Tensor& target, const Tensor& var,
                   const GaussianNllOptions& options) {
  RequireDefined("GaussianNll", input);
  RequireDefined("GaussianNll", target);
  RequireDefined("GaussianNll", var);
  const bool lacks_last = var.dim() + 1 == input.dim() &&
                          var.shape() == input.shape().first(static_cast<size_t>(var.dim()));
  const Tensor each = lacks_last && var.shape() != input.shape() ? Unsqueeze(var, -1) : var;
  {
    NoGradGuard no_grad;
    if (Any(each < 0).Item<bool>()) {
      ThrowInvalidArgument("GaussianNll: a variance is negative");
    }
  }
  // Lifted to eps without a change of the gradient.
  const Tensor lifted = each + Detach(ClampMin(each, options.eps) - each);
  Tensor losses = (Log(lifted) + Square(input - target) / lifted) * 0.5;
  if (options.full) losses = losses + 0.5 * std::log(2 * std::numbers::pi);
  return internal::ReduceLoss("GaussianNll", losses, options.reduction);
}

}  // namespace neura::nn
