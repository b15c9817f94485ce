// Convolution and pooling over [N, C, H, W].
#ifndef NEURA_TENSOR_OPS_IMAGE_H_
#define NEURA_TENSOR_OPS_IMAGE_H_

#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/op_list/image.h"

namespace neura {

// Cross-correlation. input [N, C, H, W], weight [O, C / groups, KH, KW], bias [O] or undefined;
// result [N, O, OH, OW] with OH = (H + 2 * padding - dilation * (KH - 1) - 1) / stride + 1.
Tensor Conv2d(const Tensor& input, const Tensor& weight, const Tensor& bias = {},
              const Conv2dOptions& options = {});
// Its gradients: grad is [N, O, OH, OW], options.size the extents [H, W] of the input, or [KH, KW]
// of the weight.
Tensor Conv2dInputGrad(const Tensor& grad, const Tensor& weight, const Conv2dGradOptions& options);
Tensor Conv2dWeightGrad(const Tensor& grad, const Tensor& input, const Conv2dGradOptions& options);

Tensor MaxPool2d(const Tensor& input, const MaxPool2dOptions& options);
// The values and the indices, int64 h * W + w, of their sources; both [N, C, OH, OW].
MaxPool2dOutputs MaxPool2dWithIndices(const Tensor& input, const MaxPool2dOptions& options);
// The inverse direction: zeros of [N, C] + output_size to which each element is added at its index.
// Throws OutOfRange for an index outside the plane.
Tensor MaxPool2dScatter(const Tensor& input, const Tensor& indices, Size2 output_size);
// The elements of each plane at `indices`.
Tensor MaxPool2dGather(const Tensor& input, const Tensor& indices);

Tensor AvgPool2d(const Tensor& input, const AvgPool2dOptions& options);
Tensor AvgPool2dGrad(const Tensor& grad, const AvgPool2dGradOptions& options);
// Output row i is the mean of input rows floor(i * H / OH) to ceil((i + 1) * H / OH), and so the
// columns.
Tensor AdaptiveAvgPool2d(const Tensor& input, Size2 output_size);
Tensor AdaptiveAvgPool2dGrad(const Tensor& grad, Size2 input_size);

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_IMAGE_H_
