// Inference of convolution and pooling over [N, C, H, W].
#include "neura/tensor/ops/infer.h"
#include "neura/tensor/ops/op_list/image.h"
#include "neura/tensor/ops/window.h"

namespace neura::infer {
namespace {

void CheckSize(const OpCall& call, std::string_view name, Size2 size, int64_t at_least) {
  // Above this no product of two of them overflows.
  constexpr int64_t kMost = int64_t{1} << 31;
  if (size.height < at_least || size.width < at_least || size.height > kMost ||
      size.width > kMost) {
    Fail(call, name, " = [", size.height, ", ", size.width, "] must be at least ", at_least);
  }
}

Size2 Spatial(const Tensor& tensor) { return {tensor.size(2), tensor.size(3)}; }

Size2 WindowCounts(const OpCall& call, Size2 extent, Size2 size, Size2 stride, Size2 padding,
                   Size2 dilation, bool ceil_mode) {
  // Beside sizes of at most 2^31, windows over it can be counted in 64 bits.
  constexpr int64_t kMost = int64_t{1} << 62;
  if (extent.height > kMost || extent.width > kMost) {
    Fail(call, "the plane [", extent.height, ", ", extent.width, "] is too large");
  }
  return {WindowCount(extent.height, size.height, stride.height, padding.height, dilation.height,
                      ceil_mode),
          WindowCount(extent.width, size.width, stride.width, padding.width, dilation.width,
                      ceil_mode)};
}

// The options of a convolution with this kernel.
template <typename Options>
void CheckConv(const OpCall& call, const Options& options, Size2 kernel) {
  CheckSize(call, "stride", options.stride, 1);
  CheckSize(call, "padding", options.padding, 0);
  CheckSize(call, "dilation", options.dilation, 1);
  CheckSize(call, "the kernel's size", kernel, 1);
  if (options.groups < 1) Fail(call, "groups must be at least 1");
}

// `grad` must be what a convolution from `input` spatial extents gives.
void CheckConvGrad(const OpCall& call, const Tensor& grad, Size2 input, Size2 kernel) {
  const auto& options = call.Get<Conv2dGradOptions>();
  const Size2 output = WindowCounts(call, input, kernel, options.stride, options.padding,
                                    options.dilation, /*ceil_mode=*/false);
  if (!(Spatial(grad) == output)) {
    Fail(call, "the gradient does not have the shape of the convolution's output, [N, O, ",
         output.height, ", ", output.width, "]");
  }
}

template <typename Options>
Size2 PooledSize(const OpCall& call, Size2 input, const Options& options, Size2 dilation) {
  const Size2 stride = options.stride.value_or(options.kernel_size);
  CheckSize(call, "kernel_size", options.kernel_size, 1);
  CheckSize(call, "stride", stride, 1);
  CheckSize(call, "padding", options.padding, 0);
  CheckSize(call, "dilation", dilation, 1);
  if (options.padding.height * 2 > options.kernel_size.height ||
      options.padding.width * 2 > options.kernel_size.width) {
    Fail(call, "padding must be at most half of kernel_size");
  }
  const Size2 size = WindowCounts(call, input, options.kernel_size, stride, options.padding,
                                  dilation, options.ceil_mode);
  if (size.height < 1 || size.width < 1) Fail(call, "the window is larger than the padded input");
  return size;
}

}  // namespace

void InferConv2d(const OpCall& call, OutputSpecs& outputs) {
  const Tensor &input = call.input(0), &weight = call.input(1);
  const auto& options = call.Get<Conv2dOptions>();
  CheckFloating(call);
  CheckRank(call, 0, 4, "[N, C, H, W]");
  CheckRank(call, 1, 4, "[O, C / groups, KH, KW]");
  CheckConv(call, options, Spatial(weight));
  if (input.size(1) % options.groups != 0 || input.size(1) / options.groups != weight.size(1) ||
      weight.size(0) % options.groups != 0) {
    Fail(call, "with groups = ", options.groups,
         " the weight must be [O, C / groups, KH, KW] with C = ", input.size(1),
         " and O divisible by groups");
  }
  if (call.has_input(2) && (call.input(2).dim() != 1 || call.input(2).size(0) != weight.size(0))) {
    Fail(call, "the bias must have shape [", weight.size(0), "]");
  }
  const Size2 size = WindowCounts(call, Spatial(input), Spatial(weight), options.stride,
                                  options.padding, options.dilation, /*ceil_mode=*/false);
  if (size.height < 1 || size.width < 1) {
    Fail(call, "the dilated kernel is larger than the padded input");
  }
  outputs[0].dtype = input.dtype();
  outputs[0].shape = {input.size(0), weight.size(0), size.height, size.width};
}

void InferConv2dInputGrad(const OpCall& call, OutputSpecs& outputs) {
  const Tensor &grad = call.input(0), &weight = call.input(1);
  const auto& options = call.Get<Conv2dGradOptions>();
  CheckFloating(call);
  CheckRank(call, 0, 4, "[N, O, H, W]");
  CheckRank(call, 1, 4, "[O, C / groups, KH, KW]");
  CheckConv(call, options, Spatial(weight));
  CheckSize(call, "size", options.size, 0);
  CheckConvGrad(call, grad, options.size, Spatial(weight));
  int64_t channels;
  if (grad.size(1) != weight.size(0) || weight.size(0) % options.groups != 0 ||
      __builtin_mul_overflow(weight.size(1), options.groups, &channels)) {
    Fail(call, "with groups = ", options.groups, " the weight must be [O, C / groups, KH, KW] ",
         "with the gradient's O = ", grad.size(1), " divisible by groups");
  }
  outputs[0].dtype = grad.dtype();
  outputs[0].shape = {grad.size(0), channels, options.size.height, options.size.width};
}

void InferConv2dWeightGrad(const OpCall& call, OutputSpecs& outputs) {
  const Tensor &grad = call.input(0), &input = call.input(1);
  const auto& options = call.Get<Conv2dGradOptions>();
  CheckFloating(call);
  CheckRank(call, 0, 4, "[N, O, H, W]");
  CheckRank(call, 1, 4, "[N, C, H, W]");
  CheckConv(call, options, options.size);
  CheckConvGrad(call, grad, Spatial(input), options.size);
  if (grad.size(0) != input.size(0) || input.size(1) % options.groups != 0 ||
      grad.size(1) % options.groups != 0) {
    Fail(call, "the gradient and the input must have one N, and O and C divisible by groups = ",
         options.groups);
  }
  outputs[0].dtype = grad.dtype();
  outputs[0].shape = {grad.size(1), input.size(1) / options.groups, options.size.height,
                      options.size.width};
}

void InferMaxPool2d(const OpCall& call, OutputSpecs& outputs) {
  const Tensor& input = call.input(0);
  const auto& options = call.Get<MaxPool2dOptions>();
  CheckFloating(call);
  CheckRank(call, 0, 4, "[N, C, H, W]");
  const Size2 size = PooledSize(call, Spatial(input), options, options.dilation);
  outputs[0].dtype = input.dtype();
  outputs[1].dtype = kInt64;
  outputs[0].shape = outputs[1].shape = {input.size(0), input.size(1), size.height, size.width};
}

void InferMaxPool2dScatter(const OpCall& call, OutputSpecs& outputs) {
  const Tensor &input = call.input(0), &indices = call.input(1);
  const Size2 size = call.Get<SpatialSizeOptions>().output_size;
  CheckRank(call, 0, 4, "[N, C, H, W]");
  CheckSize(call, "output_size", size, 0);
  if (!IsFloating(input.dtype()) || indices.dtype() != kInt64 || indices.shape() != input.shape()) {
    Fail(call, "expects floating point values and int64 indices of the same shape");
  }
  outputs[0].dtype = input.dtype();
  outputs[0].shape = {input.size(0), input.size(1), size.height, size.width};
}

void InferMaxPool2dGather(const OpCall& call, OutputSpecs& outputs) {
  const Tensor &input = call.input(0), &indices = call.input(1);
  CheckRank(call, 0, 4, "[N, C, H, W]");
  CheckRank(call, 1, 4, "[N, C, H, W]");
  if (!IsFloating(input.dtype()) || indices.dtype() != kInt64 ||
      indices.shape().first(2) != input.shape().first(2)) {
    Fail(call, "expects floating point values and int64 indices with the same [N, C]");
  }
  outputs[0].dtype = input.dtype();
  outputs[0].shape.assign(indices.shape().begin(), indices.shape().end());
}

void InferAvgPool2d(const OpCall& call, OutputSpecs& outputs) {
  const Tensor& input = call.input(0);
  CheckFloating(call);
  CheckRank(call, 0, 4, "[N, C, H, W]");
  const Size2 size = PooledSize(call, Spatial(input), call.Get<AvgPool2dOptions>(), 1);
  outputs[0].dtype = input.dtype();
  outputs[0].shape = {input.size(0), input.size(1), size.height, size.width};
}

void InferAvgPool2dGrad(const OpCall& call, OutputSpecs& outputs) {
  const Tensor& grad = call.input(0);
  const auto& options = call.Get<AvgPool2dGradOptions>();
  CheckFloating(call);
  CheckRank(call, 0, 4, "[N, C, H, W]");
  CheckSize(call, "size", options.size, 0);
  const Size2 pooled = PooledSize(call, options.size, options, 1);
  if (!(Spatial(grad) == pooled)) {
    Fail(call, "the gradient must be that of [N, C, ", pooled.height, ", ", pooled.width, "]");
  }
  outputs[0].dtype = grad.dtype();
  outputs[0].shape = {grad.size(0), grad.size(1), options.size.height, options.size.width};
}

void InferAdaptiveAvgPool2d(const OpCall& call, OutputSpecs& outputs) {
  const Tensor& input = call.input(0);
  const Size2 size = call.Get<SpatialSizeOptions>().output_size;
  CheckFloating(call);
  CheckRank(call, 0, 4, "[N, C, H, W]");
  CheckSize(call, "output_size", size, 1);
  if (input.size(2) < 1 || input.size(3) < 1) Fail(call, "the planes are empty");
  outputs[0].dtype = input.dtype();
  outputs[0].shape = {input.size(0), input.size(1), size.height, size.width};
}

void InferAdaptiveAvgPool2dGrad(const OpCall& call, OutputSpecs& outputs) {
  const Tensor& grad = call.input(0);
  const Size2 size = call.Get<SpatialSizeOptions>().output_size;
  CheckFloating(call);
  CheckRank(call, 0, 4, "[N, C, H, W]");
  CheckSize(call, "output_size", size, 1);
  outputs[0].dtype = grad.dtype();
  outputs[0].shape = {grad.size(0), grad.size(1), size.height, size.width};
}

}  // namespace neura::infer
