// Pooling over tensors; the arithmetic is in tensor/cpu/pool2d.
#include "absl/strings/str_cat.h"
#include "neura/tensor/cpu/kernels/dtype_switch.h"
#include "neura/tensor/cpu/kernels/kernels.h"
#include "neura/tensor/cpu/pool2d.h"
#include "neura/tensor/ops/op_list/image.h"

namespace neura::cpu {
namespace {

// Of pooling from planes of `input` to planes of `output`, both [N, C, H, W].
Pool2dGeometry Planes(const Tensor& input, const Tensor& output) {
  return {.planes = input.size(0) * input.size(1),
          .in_height = input.size(2),
          .in_width = input.size(3),
          .out_height = output.size(2),
          .out_width = output.size(3)};
}

template <typename Options>
Pool2dGeometry Windows(const Tensor& input, const Tensor& output, const Options& options) {
  Pool2dGeometry geometry = Planes(input, output);
  const Size2 stride = options.stride.value_or(options.kernel_size);
  geometry.kernel_height = options.kernel_size.height;
  geometry.kernel_width = options.kernel_size.width;
  geometry.stride_height = stride.height;
  geometry.stride_width = stride.width;
  geometry.padding_height = options.padding.height;
  geometry.padding_width = options.padding.width;
  return geometry;
}

// Both directions along indices: elements of [N, C, ...] planes.
template <typename Move>
void AlongIndices(KernelCall& call, int64_t plane_size, Move move) {
  const Tensor input = ContiguousInput(call.input(0)), indices = ContiguousInput(call.input(1));
  bool inside = true;
  SwitchFloat(input.dtype(), [&]<typename T>(T) {
    inside = move(In<T>(input), In<int64_t>(indices), Out<T>(call.output()));
  });
  if (!inside) {
    ThrowOutOfRange(absl::StrCat("an index is outside the ", plane_size, " elements of its plane"));
  }
}

}  // namespace

void MaxPool2dKernel(KernelCall& call) {
  const Tensor input = ContiguousInput(call.input(0));
  const auto& options = call.Get<MaxPool2dOptions>();
  // The indices alone are found by their values.
  const Tensor values =
      call.wants(0) ? call.output(0) : Tensor::Empty(call.output(1).shape(), input.dtype(), kCpu);
  Pool2dGeometry geometry = Windows(input, values, options);
  geometry.dilation_height = options.dilation.height;
  geometry.dilation_width = options.dilation.width;
  SwitchFloat(input.dtype(), [&]<typename T>(T) {
    MaxPool2d(geometry, In<T>(input), Out<T>(values), Out<int64_t>(call.output(1)));
  });
}

void MaxPool2dScatterKernel(KernelCall& call) {
  const Tensor& output = call.output();
  const int64_t planes = output.size(0) * output.size(1);
  const int64_t from = call.input(0).size(2) * call.input(0).size(3);
  const int64_t to = output.size(2) * output.size(3);
  AlongIndices(call, to, [&](const auto* input, const int64_t* indices, auto* out) {
    return MaxPool2dScatter(planes, from, to, input, indices, out);
  });
}

void MaxPool2dGatherKernel(KernelCall& call) {
  const Tensor& output = call.output();
  const int64_t planes = output.size(0) * output.size(1);
  const int64_t from = call.input(0).size(2) * call.input(0).size(3);
  const int64_t to = output.size(2) * output.size(3);
  AlongIndices(call, from, [&](const auto* input, const int64_t* indices, auto* out) {
    return MaxPool2dGather(planes, from, to, input, indices, out);
  });
}

void AvgPool2dKernel(KernelCall& call) {
  const Tensor input = ContiguousInput(call.input(0));
  const auto& options = call.Get<AvgPool2dOptions>();
  const Pool2dGeometry geometry = Windows(input, call.output(), options);
  SwitchFloat(input.dtype(), [&]<typename T>(T) {
    AvgPool2d(geometry, options.count_include_pad, In<T>(input), Out<T>(call.output()));
  });
}

void AvgPool2dGradKernel(KernelCall& call) {
  const Tensor grad = ContiguousInput(call.input(0));
  const auto& options = call.Get<AvgPool2dGradOptions>();
  const Pool2dGeometry geometry = Windows(call.output(), grad, options);
  SwitchFloat(grad.dtype(), [&]<typename T>(T) {
    AvgPool2dGrad(geometry, options.count_include_pad, In<T>(grad), Out<T>(call.output()));
  });
}

void AdaptiveAvgPool2dKernel(KernelCall& call) {
  const Tensor input = ContiguousInput(call.input(0));
  SwitchFloat(input.dtype(), [&]<typename T>(T) {
    AdaptiveAvgPool2d(Planes(input, call.output()), In<T>(input), Out<T>(call.output()));
  });
}

void AdaptiveAvgPool2dGradKernel(KernelCall& call) {
  const Tensor grad = ContiguousInput(call.input(0));
  SwitchFloat(grad.dtype(), [&]<typename T>(T) {
    AdaptiveAvgPool2dGrad(Planes(call.output(), grad), In<T>(grad), Out<T>(call.output()));
  });
}

}  // namespace neura::cpu
