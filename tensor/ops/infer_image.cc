// Inference of convolution and pooling over [N, C, H, W].
#include "neura/tensor/ops/infer.h"
#include "neura/tensor/ops/options.h"
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

template <typename Options>
void CheckConvOptions(const OpCall& call, const Options& options) {
  CheckSize(call, "stride", options.stride, 1);
  CheckSize(call, "padding", options.padding, 0);
  CheckSize(call, "dilation", options.dilation, 1);
  if (options.groups < 1) Fail(call, "groups must be at least 1");
}

template <typename Options>
Size2 PooledSize(const OpCall& call, const Tensor& input, const Options& options, Size2 dilation) {
  CheckSize(call, "kernel_size", options.kernel_size, 1);
  CheckSize(call, "stride", options.stride.value_or(options.kernel_size), 1);
  CheckSize(call, "padding", options.padding, 0);
  CheckSize(call, "dilation", dilation, 1);
  if (options.padding.height * 2 > options.kernel_size.height ||
      options.padding.width * 2 > options.kernel_size.width) {
    Fail(call, "padding must be at most half of kernel_size");
  }
  const Size2 stride = options.stride.value_or(options.kernel_size);
  const Size2 size = {WindowCount(input.size(2), options.kernel_size.height, stride.height,
                                  options.padding.height, dilation.height, options.ceil_mode),
                      WindowCount(input.size(3), options.kernel_size.width, stride.width,
                                  options.padding.width, dilation.width, options.ceil_mode)};
  if (size.height < 1 || size.width < 1) Fail(call, "the window is larger than the padded input");
  return size;
}

}  // namespace

void InferConv2d(const OpCall& call, absl::Span<OutputSpec> outputs) {
  const Tensor &input = call.input(0), &weight = call.input(1);
  const auto& options = call.Get<Conv2dOptions>();
  CheckFloating(call);
  CheckRank(call, 0, 4, "[N, C, H, W]");
  CheckRank(call, 1, 4, "[O, C / groups, KH, KW]");
  CheckConvOptions(call, options);
  if (input.size(1) != weight.size(1) * options.groups || weight.size(0) % options.groups != 0) {
    Fail(call, "with groups = ", options.groups, " the weight must be [O, ",
         input.size(1) / options.groups, ", KH, KW] with O divisible by groups");
  }
  if (call.has_input(2) && (call.input(2).dim() != 1 || call.input(2).size(0) != weight.size(0))) {
    Fail(call, "the bias must have shape [", weight.size(0), "]");
  }
  const int64_t height = WindowCount(input.size(2), weight.size(2), options.stride.height,
                                     options.padding.height, options.dilation.height, false);
  const int64_t width = WindowCount(input.size(3), weight.size(3), options.stride.width,
                                    options.padding.width, options.dilation.width, false);
  if (height < 1 || width < 1) Fail(call, "the dilated kernel is larger than the padded input");
  outputs[0].dtype = input.dtype();
  outputs[0].shape = {input.size(0), weight.size(0), height, width};
}

void InferConv2dInputGrad(const OpCall& call, absl::Span<OutputSpec> outputs) {
  const Tensor &grad = call.input(0), &weight = call.input(1);
  const auto& options = call.Get<Conv2dGradOptions>();
  CheckFloating(call);
  CheckRank(call, 0, 4, "[N, O, H, W]");
  CheckRank(call, 1, 4, "[O, C / groups, KH, KW]");
  CheckConvOptions(call, options);
  CheckSize(call, "size", options.size, 0);
  if (grad.size(1) != weight.size(0) || weight.size(0) % options.groups != 0 ||
      grad.size(2) != WindowCount(options.size.height, weight.size(2), options.stride.height,
                                  options.padding.height, options.dilation.height, false) ||
      grad.size(3) != WindowCount(options.size.width, weight.size(3), options.stride.width,
                                  options.padding.width, options.dilation.width, false)) {
    Fail(call, "the gradient does not have the shape of the convolution's output");
  }
  outputs[0].dtype = grad.dtype();
  outputs[0].shape = {grad.size(0), weight.size(1) * options.groups, options.size.height,
                      options.size.width};
}

void InferConv2dWeightGrad(const OpCall& call, absl::Span<OutputSpec> outputs) {
  const Tensor &grad = call.input(0), &input = call.input(1);
  const auto& options = call.Get<Conv2dGradOptions>();
  CheckFloating(call);
  CheckRank(call, 0, 4, "[N, O, H, W]");
  CheckRank(call, 1, 4, "[N, C, H, W]");
  CheckConvOptions(call, options);
  CheckSize(call, "size", options.size, 1);
  if (grad.size(0) != input.size(0) || input.size(1) % options.groups != 0 ||
      grad.size(1) % options.groups != 0 ||
      grad.size(2) != WindowCount(input.size(2), options.size.height, options.stride.height,
                                  options.padding.height, options.dilation.height, false) ||
      grad.size(3) != WindowCount(input.size(3), options.size.width, options.stride.width,
                                  options.padding.width, options.dilation.width, false)) {
    Fail(call, "the gradient does not have the shape of the convolution's output");
  }
  outputs[0].dtype = grad.dtype();
  outputs[0].shape = {grad.size(1), input.size(1) / options.groups, options.size.height,
                      options.size.width};
}

void InferMaxPool2d(const OpCall& call, absl::Span<OutputSpec> outputs) {
  const Tensor& input = call.input(0);
  const auto& options = call.Get<MaxPool2dOptions>();
  CheckFloating(call);
  CheckRank(call, 0, 4, "[N, C, H, W]");
  const Size2 size = PooledSize(call, input, options, options.dilation);
  outputs[0].dtype = input.dtype();
  outputs[1].dtype = kInt64;
  outputs[0].shape = outputs[1].shape = {input.size(0), input.size(1), size.height, size.width};
}

void InferMaxPool2dScatter(const OpCall& call, absl::Span<OutputSpec> outputs) {
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

void InferMaxPool2dGather(const OpCall& call, absl::Span<OutputSpec> outputs) {
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

void InferAvgPool2d(const OpCall& call, absl::Span<OutputSpec> outputs) {
  const Tensor& input = call.input(0);
  CheckFloating(call);
  CheckRank(call, 0, 4, "[N, C, H, W]");
  const Size2 size = PooledSize(call, input, call.Get<AvgPool2dOptions>(), 1);
  outputs[0].dtype = input.dtype();
  outputs[0].shape = {input.size(0), input.size(1), size.height, size.width};
}

void InferAvgPool2dGrad(const OpCall& call, absl::Span<OutputSpec> outputs) {
  const Tensor& grad = call.input(0);
  const auto& options = call.Get<AvgPool2dGradOptions>();
  CheckFloating(call);
  CheckRank(call, 0, 4, "[N, C, H, W]");
  CheckSize(call, "size", options.size, 0);
  outputs[0].dtype = grad.dtype();
  outputs[0].shape = {grad.size(0), grad.size(1), options.size.height, options.size.width};
}

void InferAdaptiveAvgPool2d(const OpCall& call, absl::Span<OutputSpec> outputs) {
  const Tensor& input = call.input(0);
  const Size2 size = call.Get<SpatialSizeOptions>().output_size;
  CheckFloating(call);
  CheckRank(call, 0, 4, "[N, C, H, W]");
  CheckSize(call, "output_size", size, 1);
  if (input.size(2) < 1 || input.size(3) < 1) Fail(call, "the planes are empty");
  outputs[0].dtype = input.dtype();
  outputs[0].shape = {input.size(0), input.size(1), size.height, size.width};
}

void InferAdaptiveAvgPool2dGrad(const OpCall& call, absl::Span<OutputSpec> outputs) {
  const Tensor& grad = call.input(0);
  const Size2 size = call.Get<SpatialSizeOptions>().output_size;
  CheckFloating(call);
  CheckRank(call, 0, 4, "[N, C, H, W]");
  CheckSize(call, "output_size", size, 1);
  outputs[0].dtype = grad.dtype();
  outputs[0].shape = {grad.size(0), grad.size(1), size.height, size.width};
}

}  // namespace neura::infer
