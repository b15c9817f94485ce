// Softmax and normalization.
#ifndef NEURA_TENSOR_OPS_NORM_H_
#define NEURA_TENSOR_OPS_NORM_H_

#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/op_list/norm.h"

namespace neura {

Tensor Softmax(const Tensor& input, const SoftmaxOptions& options = {});
// The dimension that PyTorch's softmax takes where none is given: 0 of up to one and of three, else
// 1.
int64_t ImplicitSoftmaxDim(const Tensor& input);
Tensor LogSoftmax(const Tensor& input, const SoftmaxOptions& options = {});
Tensor SoftmaxGrad(const Tensor& grad, const Tensor& output, const SoftmaxOptions& options);
Tensor LogSoftmaxGrad(const Tensor& grad, const Tensor& output, const SoftmaxOptions& options);

// Of several outputs those are computed that are `wanted`.
//
// input [N, C, ...]; weight, bias, mean, rstd, variance [C]; weight and bias may be undefined. rstd
// is 1 / sqrt(variance + eps); the variance divides by the count (biased). Ioffe and Szegedy, 2015
// (arXiv:1502.03167).
BatchNormTrainingOutputs BatchNormTraining(const Tensor& input, const Tensor& weight,
                                           const Tensor& bias, const BatchNormOptions& options = {},
                                           OutputMask wanted = kAllOutputs);
BatchNormTrainingGradOutputs BatchNormTrainingGrad(const Tensor& grad, const Tensor& input,
                                                   const Tensor& weight, const Tensor& mean,
                                                   const Tensor& rstd,
                                                   OutputMask wanted = kAllOutputs);
Tensor BatchNormInference(const Tensor& input, const Tensor& mean, const Tensor& variance,
                          const Tensor& weight, const Tensor& bias,
                          const BatchNormOptions& options = {});

// Over the last options.num_dims dimensions, which weight and bias (may be undefined) have.
// Ba, Kiros and Hinton, 2016 (arXiv:1607.06450).
LayerNormOutputs LayerNorm(const Tensor& input, const Tensor& weight, const Tensor& bias,
                           const LayerNormOptions& options = {}, OutputMask wanted = kAllOutputs);
LayerNormGradOutputs LayerNormGrad(const Tensor& grad, const Tensor& input, const Tensor& weight,
                                   const Tensor& mean, const Tensor& rstd,
                                   const LayerNormOptions& options,
                                   OutputMask wanted = kAllOutputs);

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_NORM_H_
