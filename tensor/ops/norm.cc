#include "neura/tensor/ops/norm.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/dtype_limits.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/dispatch.h"
#include "neura/tensor/ops/op_list/norm.h"
#include "neura/tensor/ops/op_list/reduce.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"
#include "neura/tensor/ops/whole_calls.h"

namespace neura {

Tensor Softmax(const Tensor& input, const SoftmaxOptions& options) {
  return Call<op::kSoftmax>(options, input);
}
int64_t ImplicitSoftmaxDim(const Tensor& input) {
  return input.defined() && (input.dim() == 2 || input.dim() > 3) ? 1 : 0;
}
Tensor LogSoftmax(const Tensor& input, const SoftmaxOptions& options) {
  return Call<op::kLogSoftmax>(options, input);
}
Tensor SoftmaxGrad(const Tensor& grad, const Tensor& output, const SoftmaxOptions& options) {
  return Call<op::kSoftmaxGrad>(options, grad, output);
}
Tensor LogSoftmaxGrad(const Tensor& grad, const Tensor& output, const SoftmaxOptions& options) {
  return Call<op::kLogSoftmaxGrad>(options, grad, output);
}

BatchNormTrainingOutputs BatchNormTraining(const Tensor& input, const Tensor& weight,
                                           const Tensor& bias, const BatchNormOptions& options,
                                           OutputMask wanted) {
  return CallFor<op::kBatchNormTraining>(wanted, options, input, weight, bias);
}
BatchNormTrainingGradOutputs BatchNormTrainingGrad(const Tensor& grad, const Tensor& input,
                                                   const Tensor& weight, const Tensor& mean,
                                                   const Tensor& rstd, OutputMask wanted) {
  return CallFor<op::kBatchNormTrainingGrad>(wanted, {}, grad, input, weight, mean, rstd);
}
Tensor BatchNormInference(const Tensor& input, const Tensor& mean, const Tensor& variance,
                          const Tensor& weight, const Tensor& bias,
                          const BatchNormOptions& options) {
  return Call<op::kBatchNormInference>(options, input, mean, variance, weight, bias);
}
LayerNormOutputs LayerNorm(const Tensor& input, const Tensor& weight, const Tensor& bias,
                           const LayerNormOptions& options, OutputMask wanted) {
  return CallFor<op::kLayerNorm>(wanted, options, input, weight, bias);
}
LayerNormGradOutputs LayerNormGrad(const Tensor& grad, const Tensor& input, const Tensor& weight,
                                   const Tensor& mean, const Tensor& rstd,
                                   const LayerNormOptions& options, OutputMask wanted) {
  return CallFor<op::kLayerNormGrad>(wanted, options, grad, input, weight, mean, rstd);
}

Tensor LayerNormOver(const Tensor& input, const Dims& normalized_shape,
                     const std::optional<Tensor>& weight, const std::optional<Tensor>& bias,
                     double eps) {
  RequireDefined("layer_norm", input);
  const DimsView view = normalized_shape;
  if (input.shape().size() < view.size() || input.shape().last(view.size()) != view) {
    ThrowInvalidArgument(absl::StrCat("layer_norm: the last dimensions of ", Describe(input),
                                      " must be ", ToString(view)));
  }
  return LayerNorm(input, weight.value_or(Tensor()), bias.value_or(Tensor()),
                   {.num_dims = static_cast<int64_t>(view.size()), .eps = eps}, 0b1)
      .output;
}

namespace {

std::optional<Tensor> InputOf(const OpCall& call, size_t i) {
  return call.has_input(i) ? std::optional<Tensor>(call.input(i)) : std::nullopt;
}

std::vector<Tensor> RunGroupNorm(const OpCall& call) {
  const auto& options = call.Get<GroupNormCall>();
  return {GroupNorm(call.input(0), options.num_groups, InputOf(call, 1), InputOf(call, 2),
                    options.eps)};
}
std::vector<Tensor> RunRmsNorm(const OpCall& call) {
  const auto& options = call.Get<RmsNormCall>();
  const DimsView shape = call.input(0).shape().last(static_cast<size_t>(options.num_dims));
  return {RmsNorm(call.input(0), Dims(shape.begin(), shape.end()), InputOf(call, 1), options.eps)};
}

}  // namespace

Tensor GroupNorm(const Tensor& input, int64_t num_groups, const std::optional<Tensor>& weight,
                 const std::optional<Tensor>& bias, double eps) {
  RequireDefined("group_norm", input);
  if (input.dim() < 2 || num_groups < 1 || input.size(1) % num_groups != 0) {
    ThrowInvalidArgument(
        absl::StrCat("group_norm: ", Describe(input),
                     " must be [N, C, ...] with C a multiple of num_groups = ", num_groups));
  }
  const GroupNormCall whole{num_groups, eps};
  const Tensor absent;
  const Tensor* const inputs[] = {&input, weight ? &*weight : &absent, bias ? &*bias : &absent};
  const std::vector<Tensor> kept =
      KeptWhole(WholeFunction::kGroupNorm, &RunGroupNorm, &whole, inputs);
  if (!kept.empty()) return kept[0];
  const int64_t channels = input.size(1);
  const int64_t rows = input.size(0) * num_groups;
  const int64_t each = channels / num_groups * NumElements(input.shape().subspan(2));
  Tensor result = Reshape(
      LayerNorm(Reshape(input, {rows, each}), {}, {}, {.num_dims = 1, .eps = eps}, 0b1).output,
      input.shape());
  Dims shape(static_cast<size_t>(input.dim()), 1);
  shape[1] = channels;
  for (const auto& [parameter, name] : {std::pair{&weight, "weight"}, std::pair{&bias, "bias"}}) {
    if (!parameter->has_value() || !(*parameter)->defined()) continue;
    if ((*parameter)->dim() != 1 || (*parameter)->numel() != channels) {
      ThrowInvalidArgument(absl::StrCat("group_norm: the ", name, " ", Describe(**parameter),
                                        " must have one element for each of ", channels,
                                        " channels"));
    }
    const Tensor each_channel = Reshape(**parameter, shape);
    result = parameter == &weight ? result * each_channel : result + each_channel;
  }
  return result;
}

Tensor RmsNorm(const Tensor& input, const Dims& normalized_shape,
               const std::optional<Tensor>& weight, const std::optional<double>& eps) {
  RequireDefined("rms_norm", input);
  const DimsView view = normalized_shape;
  if (view.empty() || input.shape().size() < view.size() ||
      input.shape().last(view.size()) != view) {
    ThrowInvalidArgument(absl::StrCat("rms_norm: the last dimensions of ", Describe(input),
                                      " must be ", ToString(view)));
  }
  if (!IsFloating(input.dtype())) {
    ThrowInvalidArgument(
        absl::StrCat("rms_norm: expected floating point numbers, got ", Describe(input)));
  }
  if (weight && weight->defined() && weight->shape() != view) {
    ThrowInvalidArgument(
        absl::StrCat("rms_norm: the weight ", Describe(*weight), " must be ", ToString(view)));
  }
  const RmsNormCall whole{static_cast<int64_t>(view.size()), eps};
  const Tensor absent;
  const Tensor* const inputs[] = {&input, weight ? &*weight : &absent};
  const std::vector<Tensor> kept = KeptWhole(WholeFunction::kRmsNorm, &RunRmsNorm, &whole, inputs);
  if (!kept.empty()) return kept[0];
  ReduceOptions over{.keepdim = true};
  for (size_t d = 1; d <= view.size(); ++d) over.dims.push_back(-static_cast<int64_t>(d));
  // The squares of float16 would soon be infinite.
  const Tensor x = Cast(input, WideDType(input.dtype()));
  const double least = eps ? *eps : FloatLimitsOf(x.dtype()).eps;
  const Tensor result = Cast(x * Rsqrt(Mean(Square(x), over) + least), input.dtype());
  return weight && weight->defined() ? result * *weight : result;
}

Tensor Renorm(const Tensor& input, double p, int64_t dim, double maxnorm) {
  RequireDefined("renorm", input);
  const int64_t kept = NormalizeDim("renorm", dim, input.dim());
  if (input.dim() < 2 || maxnorm < 0) {
    ThrowInvalidArgument(absl::StrCat(
        "renorm(", Describe(input),
        "): expected at least two dimensions and a maxnorm of at least 0, got ", maxnorm));
  }
  ReduceOptions over = {.keepdim = true};
  for (int64_t d = 0; d < input.dim(); ++d) {
    if (d != kept) over.dims.push_back(d);
  }
  const Tensor norm = Norm(input, p, over);
  return input * Where(norm > maxnorm, maxnorm / (norm + 1e-7), 1);
}

Tensor Normalize(const Tensor& input, double p, const std::optional<Dims>& dim, double eps) {
  ReduceOptions over = {.keepdim = true};
  if (dim) over.dims = *dim;
  return input / Clamp(Norm(input, p, over), {.min = eps});
}

}  // namespace neura
