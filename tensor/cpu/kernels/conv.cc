// Convolution over tensors; the arithmetic is in tensor/cpu/conv2d.
#include "neura/tensor/cpu/conv2d.h"
#include "neura/tensor/cpu/kernels/dtype_switch.h"
#include "neura/tensor/cpu/kernels/kernels.h"
#include "neura/tensor/ops/op_list/image.h"

namespace neura::cpu {
namespace {

// From the shapes of the convolution's input, weight and output.
template <typename Options>
Conv2dGeometry Geometry(DimsView input, DimsView weight, DimsView output, const Options& options) {
  return {.batch = input[0],
          .in_channels = input[1],
          .in_height = input[2],
          .in_width = input[3],
          .out_channels = weight[0],
          .kernel_height = weight[2],
          .kernel_width = weight[3],
          .stride_height = options.stride.height,
          .stride_width = options.stride.width,
          .padding_height = options.padding.height,
          .padding_width = options.padding.width,
          .dilation_height = options.dilation.height,
          .dilation_width = options.dilation.width,
          .groups = options.groups,
          .out_height = output[2],
          .out_width = output[3]};
}

}  // namespace

void Conv2dKernel(KernelCall& call) {
  const Tensor input = ContiguousInput(call.input(0)), weight = ContiguousInput(call.input(1));
  const Tensor bias = OptionalInput(call, 2);
  const Tensor& output = call.output();
  const Conv2dGeometry geometry =
      Geometry(input.shape(), weight.shape(), output.shape(), call.Get<Conv2dOptions>());
  SwitchFloat(input.dtype(), [&]<typename T>(T) {
    Conv2dForward<T>(geometry, In<T>(input), In<T>(weight), In<T>(bias), Out<T>(output));
  });
}

void Conv2dInputGradKernel(KernelCall& call) {
  const Tensor grad = ContiguousInput(call.input(0)), weight = ContiguousInput(call.input(1));
  const Tensor& output = call.output();
  const Conv2dGeometry geometry =
      Geometry(output.shape(), weight.shape(), grad.shape(), call.Get<Conv2dGradOptions>());
  SwitchFloat(grad.dtype(), [&]<typename T>(T) {
    Conv2dInputGrad<T>(geometry, In<T>(weight), In<T>(grad), Out<T>(output));
  });
}

void Conv2dWeightGradKernel(KernelCall& call) {
  const Tensor grad = ContiguousInput(call.input(0)), input = ContiguousInput(call.input(1));
  const Tensor& output = call.output();
  const Conv2dGeometry geometry =
      Geometry(input.shape(), output.shape(), grad.shape(), call.Get<Conv2dGradOptions>());
  SwitchFloat(grad.dtype(), [&]<typename T>(T) {
    Conv2dWeightGrad<T>(geometry, In<T>(input), In<T>(grad), Out<T>(output));
  });
}

}  // namespace neura::cpu
