#include "neura/nn/pooling.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "neura/nn/layer_parts.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/image.h"

namespace neura::nn {
namespace {

using internal::EachAtLeast;
using internal::EachOf;

// The functions of one, two and three dimensions.
constexpr decltype(&neura::MaxPool1d) kMaxPool[] = {&neura::MaxPool1d, &neura::MaxPool2d,
                                                    &neura::MaxPool3d};
constexpr decltype(&neura::MaxPool1dWithIndices) kMaxPoolWithIndices[] = {
    &neura::MaxPool1dWithIndices, &neura::MaxPool2dWithIndices, &neura::MaxPool3dWithIndices};
constexpr decltype(&neura::AvgPool1d) kAvgPool[] = {&neura::AvgPool1d, &neura::AvgPool2d,
                                                    &neura::AvgPool3d};
constexpr decltype(&neura::AdaptiveAvgPool1d) kAdaptiveAvgPool[] = {
    &neura::AdaptiveAvgPool1d, &neura::AdaptiveAvgPool2d, &neura::AdaptiveAvgPool3d};

constexpr decltype(&neura::LpPool1d) kLpPool[] = {&neura::LpPool1d, &neura::LpPool2d,
                                                  &neura::LpPool3d};
constexpr decltype(&neura::MaxUnpool1d) kMaxUnpool[] = {&neura::MaxUnpool1d, &neura::MaxUnpool2d,
                                                        &neura::MaxUnpool3d};

// Writes out sizes that one number gave, and the stride.
template <typename Options>
void WriteOut(const std::string& layer, size_t dims, Options& options) {
  options.kernel_size = EachAtLeast(1, layer, "kernel_size", options.kernel_size, dims);
  options.stride =
      EachAtLeast(1, layer, "stride", options.stride.value_or(options.kernel_size), dims);
  options.padding = EachAtLeast(0, layer, "padding", options.padding, dims);
}

neura::MaxPoolOptions WindowsOf(const MaxPoolOptions& options) {
  return {.kernel_size = options.kernel_size,
          .stride = options.stride,
          .padding = options.padding,
          .dilation = options.dilation,
          .ceil_mode = options.ceil_mode};
}

}  // namespace

template <int kDims>
MaxPoolNd<kDims>::MaxPoolNd(const MaxPoolOptions& given) : WithOptions(given) {
  const std::string layer = absl::StrCat("MaxPool", kDims, "d");
  WriteOut(layer, kDims, options);
  options.dilation = EachAtLeast(1, layer, "dilation", options.dilation, kDims);
}
template <int kDims>
Tensor MaxPoolNd<kDims>::Forward(const Tensor& input) {
  return kMaxPool[kDims - 1](input, WindowsOf(options));
}
template <int kDims>
ValuesAndIndices MaxPoolNd<kDims>::ForwardWithIndices(const Tensor& input) {
  return kMaxPoolWithIndices[kDims - 1](input, WindowsOf(options));
}

template <int kDims, typename Options>
AvgPoolNd<kDims, Options>::AvgPoolNd(const Options& given) : WithOptions<Options>(given) {
  WriteOut(absl::StrCat("AvgPool", kDims, "d"), kDims, this->options);
}
template <int kDims, typename Options>
Tensor AvgPoolNd<kDims, Options>::Forward(const Tensor& input) {
  const Options& given = this->options;
  AvgPoolOptions options{.kernel_size = given.kernel_size,
                         .stride = given.stride,
                         .padding = given.padding,
                         .ceil_mode = given.ceil_mode,
                         .count_include_pad = given.count_include_pad};
  if constexpr (requires { given.divisor_override; }) {
    options.divisor_override = given.divisor_override;
  }
  return kAvgPool[kDims - 1](input, options);
}

template <int kDims>
AdaptiveAvgPoolNd<kDims>::AdaptiveAvgPoolNd(const AdaptivePoolOptions& given) : WithOptions(given) {
  options.output_size = EachOf(absl::StrCat("AdaptiveAvgPool", kDims, "d"), "output_size",
                               options.output_size, kDims);
}
template <int kDims>
Tensor AdaptiveAvgPoolNd<kDims>::Forward(const Tensor& input) {
  return kAdaptiveAvgPool[kDims - 1](input, options.output_size);
}

template <int kDims>
AdaptiveMaxPoolNd<kDims>::AdaptiveMaxPoolNd(const AdaptiveMaxPoolOptions& given)
    : WithOptions(given) {
  options.output_size = EachOf(absl::StrCat("AdaptiveMaxPool", kDims, "d"), "output_size",
                               options.output_size, kDims);
}
template <int kDims>
ValuesAndIndices AdaptiveMaxPoolNd<kDims>::ForwardWithIndices(const Tensor& input) {
  return AdaptiveMaxPool(input, options.output_size, kDims);
}

template <int kDims>
FractionalMaxPoolNd<kDims>::FractionalMaxPoolNd(const FractionalMaxPoolOptions& given)
    : WithOptions(given) {
  const std::string layer = absl::StrCat("FractionalMaxPool", kDims, "d");
  options.kernel_size = EachAtLeast(1, layer, "kernel_size", options.kernel_size, kDims);
  if (options.output_size.has_value() == options.output_ratio.has_value()) {
    ThrowInvalidArgument(
        absl::StrCat(layer, ": either output_size or output_ratio has to be given"));
  }
  if (options.output_size) {
    options.output_size = EachAtLeast(1, layer, "output_size", *options.output_size, kDims);
  } else if (!(*options.output_ratio > 0 && *options.output_ratio < 1)) {
    ThrowInvalidArgument(absl::StrCat(layer, ": output_ratio = ", *options.output_ratio,
                                      " must be between 0 and 1"));
  }
}
template <int kDims>
ValuesAndIndices FractionalMaxPoolNd<kDims>::ForwardWithIndices(const Tensor& input) {
  RequireDefined("fractional_max_pool", input);
  if (input.dim() != kDims + 1 && input.dim() != kDims + 2) {
    ThrowInvalidArgument(absl::StrCat("fractional_max_pool: expected [N, C, ...] or [C, ...] of ",
                                      kDims, " dimensions, got ", neura::Describe(input)));
  }
  Sizes size = options.output_size.value_or(Sizes(0).Each(kDims));
  for (size_t d = 0; d < kDims && options.output_ratio; ++d) {
    const auto extent = static_cast<double>(input.size(static_cast<int64_t>(d) - kDims));
    size.given()[d] = static_cast<int64_t>(extent * *options.output_ratio);
  }
  const int64_t batch = input.dim() == kDims + 1 ? 1 : input.size(0);
  const TensorOptions like{.dtype = IsFloating(input.dtype()) ? input.dtype() : kFloat32,
                           .device = input.device()};
  return FractionalMaxPool(input, options.kernel_size, size,
                           Rand({batch, input.size(-kDims - 1), kDims}, like));
}

template <int kDims>
LPPoolNd<kDims>::LPPoolNd(const LPPoolOptions& given) : WithOptions(given) {
  const std::string layer = absl::StrCat("LPPool", kDims, "d");
  options.kernel_size = EachAtLeast(1, layer, "kernel_size", options.kernel_size, kDims);
  if (options.stride) options.stride = EachAtLeast(1, layer, "stride", *options.stride, kDims);
}
template <int kDims>
Tensor LPPoolNd<kDims>::Forward(const Tensor& input) {
  return kLpPool[kDims - 1](input, options.norm_type, options.kernel_size, options.stride,
                            options.ceil_mode);
}

template <int kDims>
MaxUnpoolNd<kDims>::MaxUnpoolNd(const MaxUnpoolOptions& given) : WithOptions(given) {
  WriteOut(absl::StrCat("MaxUnpool", kDims, "d"), kDims, options);
}
template <int kDims>
Tensor MaxUnpoolNd<kDims>::Forward(const Tensor& input, const Tensor& indices,
                                   const std::optional<Dims>& output_size) {
  return kMaxUnpool[kDims - 1](input, indices, options.kernel_size, options.stride, options.padding,
                               output_size);
}

template class MaxPoolNd<1>;
template class MaxPoolNd<2>;
template class MaxPoolNd<3>;
template class AvgPoolNd<1, AvgPool1dOptions>;
template class AvgPoolNd<2>;
template class AvgPoolNd<3>;
template class AdaptiveAvgPoolNd<1>;
template class AdaptiveAvgPoolNd<2>;
template class AdaptiveAvgPoolNd<3>;
template class AdaptiveMaxPoolNd<1>;
template class AdaptiveMaxPoolNd<2>;
template class AdaptiveMaxPoolNd<3>;
template class FractionalMaxPoolNd<2>;
template class FractionalMaxPoolNd<3>;
template class LPPoolNd<1>;
template class LPPoolNd<2>;
template class LPPoolNd<3>;
template class MaxUnpoolNd<1>;
template class MaxUnpoolNd<2>;
template class MaxUnpoolNd<3>;

}  // namespace neura::nn
