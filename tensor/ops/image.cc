#include "neura/tensor/ops/image.h"

#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/dispatch.h"
#include "neura/tensor/ops/op_list/image.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/shape.h"

namespace neura {

Tensor Conv2d(const Tensor& input, const Tensor& weight, const Tensor& bias,
              const Conv2dOptions& options) {
  return Call<op::kConv2d>(options, input, weight, bias);
}
Tensor Conv2dInputGrad(const Tensor& grad, const Tensor& weight, const Conv2dGradOptions& options) {
  return Call<op::kConv2dInputGrad>(options, grad, weight);
}
Tensor Conv2dWeightGrad(const Tensor& grad, const Tensor& input, const Conv2dGradOptions& options) {
  return Call<op::kConv2dWeightGrad>(options, grad, input);
}

MaxPool2dOutputs MaxPool2dWithIndices(const Tensor& input, const MaxPool2dOptions& options) {
  return Call<op::kMaxPool2d>(options, input);
}
Tensor MaxPool2d(const Tensor& input, const MaxPool2dOptions& options) {
  return CallFor<op::kMaxPool2d>(0b1, options, input).values;
}
Tensor MaxPool2dScatter(const Tensor& input, const Tensor& indices, Size2 output_size) {
  return Call<op::kMaxPool2dScatter>({.output_size = output_size}, input, indices);
}
Tensor MaxPool2dGather(const Tensor& input, const Tensor& indices) {
  return Call<op::kMaxPool2dGather>({}, input, indices);
}

Tensor AvgPool2d(const Tensor& input, const AvgPool2dOptions& options) {
  return Call<op::kAvgPool2d>(options, input);
}
Tensor AvgPool2dGrad(const Tensor& grad, const AvgPool2dGradOptions& options) {
  return Call<op::kAvgPool2dGrad>(options, grad);
}
Tensor AdaptiveAvgPool2d(const Tensor& input, Size2 output_size) {
  return Call<op::kAdaptiveAvgPool2d>({.output_size = output_size}, input);
}
Tensor AdaptiveAvgPool2dGrad(const Tensor& grad, Size2 input_size) {
  return Call<op::kAdaptiveAvgPool2dGrad>({.output_size = input_size}, grad);
}

Tensor ConvTranspose2d(const Tensor& input, const Tensor& weight, const std::optional<Tensor>& bias,
                       Size2 stride, Size2 padding, Size2 output_padding, int64_t groups,
                       Size2 dilation) {
  RequireDims("conv_transpose2d", input, 4);
  RequireDims("conv_transpose2d", weight, 4);
  const auto extent = [&](int64_t dim, int64_t Size2::*side) {
    return (input.size(dim) - 1) * stride.*side - 2 * padding.*side +
           dilation.*side * (weight.size(dim) - 1) + output_padding.*side + 1;
  };
  const Tensor result =
      Conv2dInputGrad(input, weight,
                      {.size = Size2(extent(2, &Size2::height), extent(3, &Size2::width)),
                       .stride = stride,
                       .padding = padding,
                       .dilation = dilation,
                       .groups = groups});
  return bias ? result + Reshape(*bias, {1, -1, 1, 1}) : result;
}

}  // namespace neura
