#include "neura/tensor/ops/norm.h"

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/dispatch.h"
#include "neura/tensor/ops/op_list/norm.h"
#include "neura/tensor/ops/op_list/reduce.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"

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

Tensor Normalize(const Tensor& input, double p, const std::optional<Dims>& dim, double eps) {
  ReduceOptions over = {.keepdim = true};
  if (dim) over.dims = *dim;
  return input / Clamp(Norm(input, p, over), {.min = eps});
}

}  // namespace neura
