// Inference of convolution and pooling over [N, C, ...].
#include <algorithm>

#include "neura/tensor/ops/infer.h"
#include "neura/tensor/ops/op_list/image.h"
#include "neura/tensor/ops/window.h"

namespace neura::infer {
namespace {

// Of a tensor [N, C, ...] or a weight [O, C / groups, K...].
DimsView Spatial(const Tensor& tensor) { return tensor.shape().subspan(2); }

void CheckSpatial(const OpCall& call, size_t input, std::string_view layout) {
  const int64_t dims = call.input(input).dim() - 2;
  if (dims < 1 || dims > static_cast<int64_t>(Sizes::kMostDims)) {
    Fail(call, "input ", input, " must be ", layout, " with one to three spatial dimensions");
  }
}

// Two inputs of as many spatial dimensions.
void CheckSpatial(const OpCall& call, std::string_view first, std::string_view second) {
  CheckSpatial(call, 0, first);
  CheckRank(call, 1, call.input(0).dim(), second);
}

void CheckSize(const OpCall& call, std::string_view name, const Sizes& size, size_t dims,
               int64_t at_least) {
  if (!size.AreOf(dims)) {
    Fail(call, name, " = ", ToString(size), " must be one number, or one for each of the ", dims,
         " spatial dimensions");
  }
  // Above this no product of two of them overflows.
  constexpr int64_t kMost = int64_t{1} << 31;
  for (int64_t number : size.given()) {
    if (number < at_least || number > kMost) {
      Fail(call, name, " = ", ToString(size), " must be from ", at_least, " to ", kMost);
    }
  }
}

Dims WindowCounts(const OpCall& call, DimsView extents, const Sizes& size, const Sizes& stride,
                  const Sizes& padding, const Sizes& dilation, bool ceil_mode) {
  // Beside sizes of at most 2^31, windows over it can be counted in 64 bits.
  constexpr int64_t kMost = int64_t{1} << 62;
  Dims counts;
  for (size_t d = 0; d < extents.size(); ++d) {
    if (extents[d] > kMost) Fail(call, "a channel of ", ToString(extents), " is too large");
    counts.push_back(
        WindowCount(extents[d], size[d], stride[d], padding[d], dilation[d], ceil_mode));
  }
  return counts;
}

bool AllAtLeastOne(DimsView extents) {
  return std::all_of(extents.begin(), extents.end(), [](int64_t extent) { return extent >= 1; });
}

// The first two extents of a result, and its spatial ones.
void SetShape(OutputSpec& output, int64_t first, int64_t second, DimsView spatial) {
  output.shape = {first, second};
  output.shape.insert(output.shape.end(), spatial.begin(), spatial.end());
}

// The options of a convolution with this kernel.
template <typename Options>
void CheckConv(const OpCall& call, const Options& options, const Sizes& kernel, size_t dims) {
  CheckSize(call, "stride", options.stride, dims, 1);
  CheckSize(call, "padding", options.padding, dims, 0);
  CheckSize(call, "dilation", options.dilation, dims, 1);
  CheckSize(call, "the kernel's size", kernel, dims, 1);
  if (options.groups < 1) Fail(call, "groups must be at least 1");
}

// `grad` must be what a convolution from `input` spatial extents gives.
void CheckConvGrad(const OpCall& call, const Tensor& grad, DimsView input, const Sizes& kernel) {
  const auto& options = call.Get<ConvGradOptions>();
  const Dims output = WindowCounts(call, input, kernel, options.stride, options.padding,
                                   options.dilation, /*ceil_mode=*/false);
  if (Spatial(grad) != DimsView(output)) {
    Fail(call, "the gradient does not have the shape of the convolution's output, [N, O] and ",
         ToString(output));
  }
}

template <typename Options>
Dims PooledSize(const OpCall& call, DimsView input, const Options& options, const Sizes& dilation) {
  const Sizes stride = options.stride.value_or(options.kernel_size);
  CheckSize(call, "kernel_size", options.kernel_size, input.size(), 1);
  CheckSize(call, "stride", stride, input.size(), 1);
  CheckSize(call, "padding", options.padding, input.size(), 0);
  CheckSize(call, "dilation", dilation, input.size(), 1);
  for (size_t d = 0; d < input.size(); ++d) {
    if (options.padding[d] * 2 > options.kernel_size[d]) {
      Fail(call, "padding must be at most half of kernel_size");
    }
  }
  Dims size = WindowCounts(call, input, options.kernel_size, stride, options.padding, dilation,
                           options.ceil_mode);
  if (!AllAtLeastOne(size)) Fail(call, "the window is larger than the padded input");
  return size;
}

void CheckDivisor(const OpCall& call, const std::optional<int64_t>& divisor) {
  if (divisor && *divisor == 0) Fail(call, "divisor_override must not be 0");
}

}  // namespace

void InferConv(const OpCall& call, OutputSpecs& outputs) {
  const Tensor &input = call.input(0), &weight = call.input(1);
  const auto& options = call.Get<ConvOptions>();
  CheckFloating(call);
  CheckSpatial(call, "[N, C, ...]", "[O, C / groups, K...]");
  const Sizes kernel(Spatial(weight));
  CheckConv(call, options, kernel, Spatial(input).size());
  if (input.size(1) % options.groups != 0 || input.size(1) / options.groups != weight.size(1) ||
      weight.size(0) % options.groups != 0) {
    Fail(call, "with groups = ", options.groups,
         " the weight must be [O, C / groups, K...] with C = ", input.size(1),
         " and O divisible by groups");
  }
  if (call.has_input(2) && (call.input(2).dim() != 1 || call.input(2).size(0) != weight.size(0))) {
    Fail(call, "the bias must have shape [", weight.size(0), "]");
  }
  const Dims size = WindowCounts(call, Spatial(input), kernel, options.stride, options.padding,
                                 options.dilation, /*ceil_mode=*/false);
  if (!AllAtLeastOne(size)) Fail(call, "the dilated kernel is larger than the padded input");
  outputs[0].dtype = input.dtype();
  SetShape(outputs[0], input.size(0), weight.size(0), size);
}

void InferConvInputGrad(const OpCall& call, OutputSpecs& outputs) {
  const Tensor &grad = call.input(0), &weight = call.input(1);
  const auto& options = call.Get<ConvGradOptions>();
  CheckFloating(call);
  CheckSpatial(call, "[N, O, ...]", "[O, C / groups, K...]");
  const size_t dims = Spatial(grad).size();
  const Sizes kernel(Spatial(weight));
  CheckConv(call, options, kernel, dims);
  CheckSize(call, "size", options.size, dims, 0);
  const Sizes size = options.size.Each(dims);
  CheckConvGrad(call, grad, size.given(), kernel);
  int64_t channels;
  if (grad.size(1) != weight.size(0) || weight.size(0) % options.groups != 0 ||
      __builtin_mul_overflow(weight.size(1), options.groups, &channels)) {
    Fail(call, "with groups = ", options.groups, " the weight must be [O, C / groups, K...] ",
         "with the gradient's O = ", grad.size(1), " divisible by groups");
  }
  outputs[0].dtype = grad.dtype();
  SetShape(outputs[0], grad.size(0), channels, size.given());
}

void InferConvWeightGrad(const OpCall& call, OutputSpecs& outputs) {
  const Tensor &grad = call.input(0), &input = call.input(1);
  const auto& options = call.Get<ConvGradOptions>();
  CheckFloating(call);
  CheckSpatial(call, "[N, O, ...]", "[N, C, ...]");
  const size_t dims = Spatial(grad).size();
  CheckConv(call, options, options.size, dims);
  CheckConvGrad(call, grad, Spatial(input), options.size);
  if (grad.size(0) != input.size(0) || input.size(1) % options.groups != 0 ||
      grad.size(1) % options.groups != 0) {
    Fail(call, "the gradient and the input must have one N, and O and C divisible by groups = ",
         options.groups);
  }
  outputs[0].dtype = grad.dtype();
  SetShape(outputs[0], grad.size(1), input.size(1) / options.groups,
           options.size.Each(dims).given());
}

void InferMaxPool(const OpCall& call, OutputSpecs& outputs) {
  const Tensor& input = call.input(0);
  const auto& options = call.Get<MaxPoolOptions>();
  CheckFloating(call);
  CheckSpatial(call, 0, "[N, C, ...]");
  const Dims size = PooledSize(call, Spatial(input), options, options.dilation);
  outputs[0].dtype = input.dtype();
  outputs[1].dtype = kInt64;
  SetShape(outputs[0], input.size(0), input.size(1), size);
  outputs[1].shape = outputs[0].shape;
}

void InferMaxPoolScatter(const OpCall& call, OutputSpecs& outputs) {
  const Tensor &input = call.input(0), &indices = call.input(1);
  const Sizes& size = call.Get<SpatialSizeOptions>().output_size;
  CheckSpatial(call, 0, "[N, C, ...]");
  const size_t dims = Spatial(input).size();
  CheckSize(call, "output_size", size, dims, 0);
  if (!IsFloating(input.dtype()) || indices.dtype() != kInt64 || indices.shape() != input.shape()) {
    Fail(call, "expects floating point values and int64 indices of the same shape");
  }
  outputs[0].dtype = input.dtype();
  SetShape(outputs[0], input.size(0), input.size(1), size.Each(dims).given());
}

void InferMaxPoolGather(const OpCall& call, OutputSpecs& outputs) {
  const Tensor &input = call.input(0), &indices = call.input(1);
  CheckSpatial(call, "[N, C, ...]", "[N, C, ...]");
  if (!IsFloating(input.dtype()) || indices.dtype() != kInt64 ||
      indices.shape().first(2) != input.shape().first(2)) {
    Fail(call, "expects floating point values and int64 indices with the same [N, C]");
  }
  outputs[0].dtype = input.dtype();
  outputs[0].shape.assign(indices.shape().begin(), indices.shape().end());
}

void InferAvgPool(const OpCall& call, OutputSpecs& outputs) {
  const Tensor& input = call.input(0);
  const auto& options = call.Get<AvgPoolOptions>();
  CheckFloating(call);
  CheckSpatial(call, 0, "[N, C, ...]");
  CheckDivisor(call, options.divisor_override);
  outputs[0].dtype = input.dtype();
  SetShape(outputs[0], input.size(0), input.size(1), PooledSize(call, Spatial(input), options, 1));
}

void InferAvgPoolGrad(const OpCall& call, OutputSpecs& outputs) {
  const Tensor& grad = call.input(0);
  const auto& options = call.Get<AvgPoolGradOptions>();
  CheckFloating(call);
  CheckSpatial(call, 0, "[N, C, ...]");
  CheckDivisor(call, options.divisor_override);
  const size_t dims = Spatial(grad).size();
  CheckSize(call, "size", options.size, dims, 0);
  const Sizes size = options.size.Each(dims);
  const Dims pooled = PooledSize(call, size.given(), options, 1);
  if (Spatial(grad) != DimsView(pooled)) {
    Fail(call, "the gradient must be that of [N, C] and ", ToString(pooled));
  }
  outputs[0].dtype = grad.dtype();
  SetShape(outputs[0], grad.size(0), grad.size(1), size.given());
}

void InferAdaptiveAvgPool(const OpCall& call, OutputSpecs& outputs) {
  const Tensor& input = call.input(0);
  CheckFloating(call);
  CheckSpatial(call, 0, "[N, C, ...]");
  const DimsView extents = Spatial(input);
  const Sizes& given = call.Get<SpatialSizeOptions>().output_size;
  Sizes size = given;
  if (given.AreOf(extents.size())) {
    size = given.Each(extents.size());
    for (size_t d = 0; d < extents.size(); ++d) {
      if (size[d] == Sizes::kSame) size.given()[d] = extents[d];
    }
  }
  if (!AllAtLeastOne(extents)) Fail(call, "the channels are empty");
  CheckSize(call, "output_size", size, extents.size(), 1);
  outputs[0].dtype = input.dtype();
  SetShape(outputs[0], input.size(0), input.size(1), size.given());
}

void InferAdaptiveAvgPoolGrad(const OpCall& call, OutputSpecs& outputs) {
  const Tensor& grad = call.input(0);
  const Sizes& size = call.Get<SpatialSizeOptions>().output_size;
  CheckFloating(call);
  CheckSpatial(call, 0, "[N, C, ...]");
  const size_t dims = Spatial(grad).size();
  CheckSize(call, "output_size", size, dims, 1);
  outputs[0].dtype = grad.dtype();
  SetShape(outputs[0], grad.size(0), grad.size(1), size.Each(dims).given());
}

}  // namespace neura::infer
