#include "neura/nn/pooling.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "neura/nn/layer_parts.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/image.h"

namespace neura::nn {
namespace {

using internal::EachOf;

// The functions of one, two and three dimensions.
constexpr decltype(&neura::MaxPool1d) kMaxPool[] = {&neura::MaxPool1d, &neura::MaxPool2d,
                                                    &neura::MaxPool3d};
constexpr decltype(&neura::AvgPool1d) kAvgPool[] = {&neura::AvgPool1d, &neura::AvgPool2d,
                                                    &neura::AvgPool3d};
constexpr decltype(&neura::AdaptiveAvgPool1d) kAdaptiveAvgPool[] = {
    &neura::AdaptiveAvgPool1d, &neura::AdaptiveAvgPool2d, &neura::AdaptiveAvgPool3d};

// Writes out sizes that one number gave.
template <typename Options>
void WriteOut(const std::string& layer, size_t dims, Options& options) {
  options.kernel_size = EachOf(layer, "kernel_size", options.kernel_size, dims);
  if (options.stride) options.stride = EachOf(layer, "stride", *options.stride, dims);
  options.padding = EachOf(layer, "padding", options.padding, dims);
}

}  // namespace

template <int kDims>
MaxPoolNd<kDims>::MaxPoolNd(const MaxPoolOptions& given) : WithOptions(given) {
  const std::string layer = absl::StrCat("MaxPool", kDims, "d");
  WriteOut(layer, kDims, options);
  options.dilation = EachOf(layer, "dilation", options.dilation, kDims);
}
template <int kDims>
Tensor MaxPoolNd<kDims>::Forward(const Tensor& input) {
  return kMaxPool[kDims - 1](input, options);
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
AdaptiveAvgPoolNd<kDims>::AdaptiveAvgPoolNd(const AdaptiveAvgPoolOptions& given)
    : WithOptions(given) {
  options.output_size = EachOf(absl::StrCat("AdaptiveAvgPool", kDims, "d"), "output_size",
                               options.output_size, kDims);
}
template <int kDims>
Tensor AdaptiveAvgPoolNd<kDims>::Forward(const Tensor& input) {
  return kAdaptiveAvgPool[kDims - 1](input, options.output_size);
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

}  // namespace neura::nn
