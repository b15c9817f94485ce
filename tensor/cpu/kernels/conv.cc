// Convolution over tensors; the arithmetic is in tensor/cpu/conv.
#include "neura/tensor/cpu/conv.h"

#include "neura/tensor/cpu/kernels/dtype_switch.h"
#include "neura/tensor/cpu/kernels/kernels.h"
#include "neura/tensor/cpu/kernels/window_axes.h"
#include "neura/tensor/ops/linked_ops.h"
#include "neura/tensor/ops/op_list/image.h"

namespace neura::cpu {
namespace {

// From the shapes of the convolution's input, weight and output.
template <typename Options>
ConvGeometry Geometry(DimsView input, DimsView weight, DimsView output, const Options& options) {
  ConvGeometry geometry{.batch = input[0],
                        .in_channels = input[1],
                        .out_channels = weight[0],
                        .groups = options.groups};
  AlongAxes(geometry, input, output, [&](size_t d, WindowAxis& axis) {
    axis.kernel = weight[d + 2];
    axis.stride = options.stride[d];
    axis.padding = options.padding[d];
    axis.dilation = options.dilation[d];
  });
  return geometry;
}

}  // namespace

void ConvKernel(KernelCall& call) {
  const Tensor input = ContiguousInput(call.input(0)), weight = ContiguousInput(call.input(1));
  const Tensor bias = OptionalInput(call, 2);
  const Tensor& output = call.output();
  const ConvGeometry geometry =
      Geometry(input.shape(), weight.shape(), output.shape(), call.Get<ConvOptions>());
  SwitchFloat<IsLinked("Conv.kFloat64")>(input.dtype(), [&]<typename T>(T) {
    ConvForward<T>(geometry, In<T>(input), In<T>(weight), In<T>(bias), Out<T>(output));
  });
}

void ConvInputGradKernel(KernelCall& call) {
  const Tensor grad = ContiguousInput(call.input(0)), weight = ContiguousInput(call.input(1));
  const Tensor& output = call.output();
  const ConvGeometry geometry =
      Geometry(output.shape(), weight.shape(), grad.shape(), call.Get<ConvGradOptions>());
  SwitchFloat(grad.dtype(), [&]<typename T>(T) {
    ConvInputGrad<T>(geometry, In<T>(weight), In<T>(grad), Out<T>(output));
  });
}

void ConvWeightGradKernel(KernelCall& call) {
  const Tensor grad = ContiguousInput(call.input(0)), input = ContiguousInput(call.input(1));
  const Tensor& output = call.output();
  const ConvGeometry geometry =
      Geometry(input.shape(), output.shape(), grad.shape(), call.Get<ConvGradOptions>());
  SwitchFloat(grad.dtype(), [&]<typename T>(T) {
    ConvWeightGrad<T>(geometry, In<T>(input), In<T>(grad), Out<T>(output));
  });
}

}  // namespace neura::cpu
