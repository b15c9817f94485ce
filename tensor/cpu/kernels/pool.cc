// Pooling over tensors; the arithmetic is in tensor/cpu/pool.
#include "neura/tensor/cpu/pool.h"

#include "absl/strings/str_cat.h"
#include "neura/tensor/cpu/kernels/dtype_switch.h"
#include "neura/tensor/cpu/kernels/kernels.h"
#include "neura/tensor/cpu/kernels/window_axes.h"
#include "neura/tensor/ops/op_list/image.h"

namespace neura::cpu {
namespace {

// Of pooling from `input` to `output`, both [N, C, ...].
PoolGeometry Extents(const Tensor& input, const Tensor& output) {
  PoolGeometry geometry{.channels = input.size(0) * input.size(1)};
  AlongAxes(geometry, input.shape(), output.shape(), [](size_t, WindowAxis&) {});
  return geometry;
}

template <typename Options>
PoolGeometry Windows(const Tensor& input, const Tensor& output, const Options& options) {
  PoolGeometry geometry{.channels = input.size(0) * input.size(1)};
  const Sizes stride = options.stride.value_or(options.kernel_size);
  AlongAxes(geometry, input.shape(), output.shape(), [&](size_t d, WindowAxis& axis) {
    axis.kernel = options.kernel_size[d];
    axis.stride = stride[d];
    axis.padding = options.padding[d];
    if constexpr (requires { options.dilation; }) axis.dilation = options.dilation[d];
  });
  return geometry;
}

template <typename Options>
MeanOptions MeansOf(const Options& options) {
  return {.count_include_pad = options.count_include_pad, .divisor = options.divisor_override};
}

// The elements of one channel of [N, C, ...].
int64_t ChannelSize(const Tensor& tensor) { return NumElements(tensor.shape().subspan(2)); }

// Both directions along indices into channels of `size` elements.
template <typename Move>
void AlongIndices(KernelCall& call, int64_t size, Move move) {
  const Tensor input = ContiguousInput(call.input(0)), indices = ContiguousInput(call.input(1));
  const Tensor& output = call.output();
  bool inside = true;
  SwitchFloat(input.dtype(), [&]<typename T>(T) {
    inside = move(output.size(0) * output.size(1), ChannelSize(input), ChannelSize(output),
                  In<T>(input), In<int64_t>(indices), Out<T>(output));
  });
  if (!inside) {
    ThrowOutOfRange(absl::StrCat("an index is outside the ", size, " elements of its channel"));
  }
}

}  // namespace

void MaxPoolKernel(KernelCall& call) {
  const Tensor input = ContiguousInput(call.input(0));
  // The indices alone are found by their values.
  const Tensor values =
      call.wants(0) ? call.output(0) : Tensor::Empty(call.output(1).shape(), input.dtype(), kCpu);
  const PoolGeometry geometry = Windows(input, values, call.Get<MaxPoolOptions>());
  SwitchFloat(input.dtype(), [&]<typename T>(T) {
    MaxPool(geometry, In<T>(input), Out<T>(values), Out<int64_t>(call.output(1)));
  });
}

void MaxPoolScatterKernel(KernelCall& call) {
  AlongIndices(call, ChannelSize(call.output()),
               [](auto... arguments) { return MaxPoolScatter(arguments...); });
}

void MaxPoolGatherKernel(KernelCall& call) {
  AlongIndices(call, ChannelSize(call.input(0)),
               [](auto... arguments) { return MaxPoolGather(arguments...); });
}

void AvgPoolKernel(KernelCall& call) {
  const Tensor input = ContiguousInput(call.input(0));
  const auto& options = call.Get<AvgPoolOptions>();
  const PoolGeometry geometry = Windows(input, call.output(), options);
  SwitchFloat(input.dtype(), [&]<typename T>(T) {
    AvgPool(geometry, MeansOf(options), In<T>(input), Out<T>(call.output()));
  });
}

void AvgPoolGradKernel(KernelCall& call) {
  const Tensor grad = ContiguousInput(call.input(0));
  const auto& options = call.Get<AvgPoolGradOptions>();
  const PoolGeometry geometry = Windows(call.output(), grad, options);
  SwitchFloat(grad.dtype(), [&]<typename T>(T) {
    AvgPoolGrad(geometry, MeansOf(options), In<T>(grad), Out<T>(call.output()));
  });
}

void AdaptiveAvgPoolKernel(KernelCall& call) {
  const Tensor input = ContiguousInput(call.input(0));
  SwitchFloat(input.dtype(), [&]<typename T>(T) {
    AdaptiveAvgPool(Extents(input, call.output()), In<T>(input), Out<T>(call.output()));
  });
}

void AdaptiveAvgPoolGradKernel(KernelCall& call) {
  const Tensor grad = ContiguousInput(call.input(0));
  SwitchFloat(grad.dtype(), [&]<typename T>(T) {
    AdaptiveAvgPoolGrad(Extents(call.output(), grad), In<T>(grad), Out<T>(call.output()));
  });
}

}  // namespace neura::cpu
