#include "neura/nn/convolution.h"

#include <algorithm>
#include <string>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "neura/nn/layer_parts.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/image.h"

namespace neura::nn {
namespace {

using internal::CheckAtLeast;
using internal::CheckName;
using internal::CheckPositive;
using internal::EachAtLeast;
using internal::EachOf;
using internal::UniformByFanIn;

// The functions of one, two and three dimensions.
constexpr decltype(&neura::Conv1d) kConv[] = {&neura::Conv1d, &neura::Conv2d, &neura::Conv3d};
constexpr decltype(&neura::ConvTranspose1d) kConvTranspose[] = {
    &neura::ConvTranspose1d, &neura::ConvTranspose2d, &neura::ConvTranspose3d};

// Checks what both directions have, and writes out sizes that one number gave.
template <typename Options>
void CheckOptions(const std::string& layer, size_t dims, int64_t least_in, Options& options) {
  CheckAtLeast(least_in, layer, "in_channels", options.in_channels);
  CheckPositive(layer, "out_channels", options.out_channels);
  CheckPositive(layer, "groups", options.groups);
  options.kernel_size = EachAtLeast(1, layer, "kernel_size", options.kernel_size, dims);
  options.stride = EachAtLeast(1, layer, "stride", options.stride, dims);
  options.padding = EachOf(layer, "padding", options.padding, dims);
  options.dilation = EachAtLeast(1, layer, "dilation", options.dilation, dims);
  if (options.in_channels % options.groups == 0 && options.out_channels % options.groups == 0) {
    return;
  }
  ThrowInvalidArgument(absl::StrCat(layer, ": in_channels = ", options.in_channels,
                                    " and out_channels = ", options.out_channels,
                                    " must be divisible by groups = ", options.groups));
}

// Padding that keeps the input's extents is there for all dimensions or for none.
void CheckPadding(const std::string& layer, const ConvOptions& options) {
  const DimsView padding = options.padding.given(), stride = options.stride.given();
  const auto same = std::count(padding.begin(), padding.end(), Sizes::kSame);
  const bool moves = stride != DimsView(Dims(stride.size(), 1));
  if (same != 0 && moves) {
    ThrowInvalidArgument(absl::StrCat(
        layer, ": padding='same' is not supported for strided convolutions, and stride = ",
        ToString(options.stride)));
  }
  if (same != 0 && same != static_cast<int64_t>(padding.size())) {
    ThrowInvalidArgument(
        absl::StrCat(layer, ": padding='same' is for all dimensions, not ", same, " of them"));
  }
  if (same == 0) EachAtLeast(0, layer, "padding", options.padding, padding.size());
  CheckName(layer, "padding_mode", options.padding_mode,
            {"zeros", "reflect", "replicate", "circular"});
}

// What surrounds the input, two amounts for each dimension, the last one first.
Dims PaddingPairs(const ConvOptions& options, size_t dims) {
  Dims pairs;
  for (size_t d = dims; d-- > 0;) {
    const bool same = options.padding[d] == Sizes::kSame;
    const int64_t all =
        same ? options.dilation[d] * (options.kernel_size[d] - 1) : 2 * options.padding[d];
    pairs.push_back(all / 2);
    pairs.push_back(all - all / 2);
  }
  return pairs;
}

// A weight [first, second, kernel...], where each result sums `second` channels, and its bias.
template <typename Layer>
void Start(Layer& layer, int64_t first, int64_t second) {
  Dims shape = {first, second};
  int64_t fan_in = second;
  for (int64_t size : layer.options.kernel_size.given()) {
    shape.push_back(size);
    fan_in *= size;
  }
  layer.weight = UniformByFanIn(shape, fan_in);
  if (layer.options.bias) layer.bias = UniformByFanIn({layer.options.out_channels}, fan_in);
}

}  // namespace

template <int kDims>
ConvNd<kDims>::ConvNd(const ConvOptions& given) : WithOptions(given) {
  const std::string layer = absl::StrCat("Conv", kDims, "d");
  CheckOptions(layer, kDims, /*least_in=*/0, options);
  CheckPadding(layer, options);
  Start(*this, options.out_channels, options.in_channels / options.groups);
}
template <int kDims>
Tensor ConvNd<kDims>::Forward(const Tensor& input) {
  neura::ConvOptions conv{.stride = options.stride,
                          .padding = options.padding,
                          .dilation = options.dilation,
                          .groups = options.groups};
  Tensor padded = input;
  if (options.padding_mode != "zeros") {
    padded = PadByPairs(input, PaddingPairs(options, kDims), options.padding_mode);
    conv.padding = 0;
  } else if (options.padding[0] == Sizes::kSame) {
    std::tie(padded, conv.padding) =
        Padded(input, weight, options.stride, ConvPadding("same"), options.dilation);
  }
  return kConv[kDims - 1](padded, weight, bias, conv);
}

template <int kDims>
ConvTransposeNd<kDims>::ConvTransposeNd(const ConvTransposeOptions& given) : WithOptions(given) {
  const std::string layer = absl::StrCat("ConvTranspose", kDims, "d");
  CheckOptions(layer, kDims, /*least_in=*/1, options);
  EachAtLeast(0, layer, "padding", options.padding, kDims);
  options.output_padding = EachAtLeast(0, layer, "output_padding", options.output_padding, kDims);
  CheckName(layer, "padding_mode", options.padding_mode, {"zeros"});
  Start(*this, options.in_channels, options.out_channels / options.groups);
}
template <int kDims>
Tensor ConvTransposeNd<kDims>::Forward(const Tensor& input) {
  return kConvTranspose[kDims - 1](input, weight, bias,
                                   {.stride = options.stride,
                                    .padding = options.padding,
                                    .output_padding = options.output_padding,
                                    .groups = options.groups,
                                    .dilation = options.dilation});
}

template class ConvNd<1>;
template class ConvNd<2>;
template class ConvNd<3>;
template class ConvTransposeNd<1>;
template class ConvTransposeNd<2>;
template class ConvTransposeNd<3>;

}  // namespace neura::nn
