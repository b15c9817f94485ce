#include "neura/tensor/ops/norm.h"

#include "neura/tensor/ops/dispatch.h"

namespace neura {

Tensor Softmax(const Tensor& input, const SoftmaxOptions& options) {
  return Call(OpId::kSoftmax, &options, input);
}
Tensor LogSoftmax(const Tensor& input, const SoftmaxOptions& options) {
  return Call(OpId::kLogSoftmax, &options, input);
}
Tensor SoftmaxGrad(const Tensor& grad, const Tensor& output, const SoftmaxOptions& options) {
  return Call(OpId::kSoftmaxGrad, &options, grad, output);
}
Tensor LogSoftmaxGrad(const Tensor& grad, const Tensor& output, const SoftmaxOptions& options) {
  return Call(OpId::kLogSoftmaxGrad, &options, grad, output);
}

namespace {

// For the operations of three outputs.
template <typename Result, size_t N>
Result CallForThree(OpId op, const void* options, const Tensor* const (&inputs)[N]) {
  Tensor outputs[3];
  Dispatch(op, options, inputs, absl::MakeSpan(outputs));
  return {outputs[0], outputs[1], outputs[2]};
}

}  // namespace

Normalized BatchNormTraining(const Tensor& input, const Tensor& weight, const Tensor& bias,
                             const BatchNormOptions& options) {
  return CallForThree<Normalized>(OpId::kBatchNormTraining, &options, {&input, &weight, &bias});
}
NormGrads BatchNormTrainingGrad(const Tensor& grad, const Tensor& input, const Tensor& weight,
                                const Tensor& mean, const Tensor& rstd) {
  return CallForThree<NormGrads>(OpId::kBatchNormTrainingGrad, nullptr,
                                 {&grad, &input, &weight, &mean, &rstd});
}
Tensor BatchNormInference(const Tensor& input, const Tensor& mean, const Tensor& variance,
                          const Tensor& weight, const Tensor& bias,
                          const BatchNormOptions& options) {
  return Call(OpId::kBatchNormInference, &options, input, mean, variance, weight, bias);
}
Normalized LayerNorm(const Tensor& input, const Tensor& weight, const Tensor& bias,
                     const LayerNormOptions& options) {
  return CallForThree<Normalized>(OpId::kLayerNorm, &options, {&input, &weight, &bias});
}
NormGrads LayerNormGrad(const Tensor& grad, const Tensor& input, const Tensor& weight,
                        const Tensor& mean, const Tensor& rstd, const LayerNormOptions& options) {
  return CallForThree<NormGrads>(OpId::kLayerNormGrad, &options,
                                 {&grad, &input, &weight, &mean, &rstd});
}

}  // namespace neura
