// Convolution and pooling. Each is one operation over [N, C, ...] with one to three spatial
// dimensions; the functions for one, two or three of them take images without N, too, and give
// results without it. Those of convolutions also take complex numbers and integers, and those of
// averages integers, whose mean they cut off, exactly below 2^53.
#ifndef NEURA_TENSOR_OPS_IMAGE_H_
#define NEURA_TENSOR_OPS_IMAGE_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/options/image.h"
#include "neura/tensor/ops/reduce.h"

namespace neura {

// ---- in any number of dimensions -------------------------------------------------------------

// Cross-correlation. input [N, C, in...], weight [O, C / groups, kernel...], bias [O] or undefined;
// result [N, O, out...] with
//   out = (in + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1
// in each dimension.
Tensor Conv(const Tensor& input, const Tensor& weight, const Tensor& bias = {},
            const ConvOptions& options = {});
// Its gradients: grad is [N, O, out...], options.size the extents in... of the input, or kernel...
// of the weight.
Tensor ConvInputGrad(const Tensor& grad, const Tensor& weight, const ConvGradOptions& options);
Tensor ConvWeightGrad(const Tensor& grad, const Tensor& input, const ConvGradOptions& options);

// The values and the places of their sources in their channels, int64 (d * H + h) * W + w; both
// [N, C, out...].
ValuesAndIndices MaxPool(const Tensor& input, const MaxPoolOptions& options);
// The inverse direction: zeros of [N, C] + output_size to which each element is added at its index.
// Throws OutOfRange for an index outside the channel.
Tensor MaxPoolScatter(const Tensor& input, const Tensor& indices, const Sizes& output_size);
// The elements of each channel at `indices`.
Tensor MaxPoolGather(const Tensor& input, const Tensor& indices);

Tensor AvgPool(const Tensor& input, const AvgPoolOptions& options);
Tensor AvgPoolGrad(const Tensor& grad, const AvgPoolGradOptions& options);
// Output row i is the mean of input rows floor(i * in / out) to ceil((i + 1) * in / out), and so in
// each dimension; Sizes::kSame leaves one as it is.
Tensor AdaptiveAvgPool(const Tensor& input, const Sizes& output_size);
Tensor AdaptiveAvgPoolGrad(const Tensor& grad, const Sizes& input_size);

// ---- in one, two or three --------------------------------------------------------------------

// [N, C, W], [N, C, H, W] and [N, C, D, H, W], or without N.
Tensor Conv1d(const Tensor& input, const Tensor& weight, const Tensor& bias = {},
              const ConvOptions& options = {});
Tensor Conv2d(const Tensor& input, const Tensor& weight, const Tensor& bias = {},
              const ConvOptions& options = {});
Tensor Conv3d(const Tensor& input, const Tensor& weight, const Tensor& bias = {},
              const ConvOptions& options = {});

struct ConvTransposeOptions {
  Sizes stride = 1;
  Sizes padding = 0;
  Sizes output_padding = 0;  // elements more at the end
  int64_t groups = 1;
  Sizes dilation = 1;
};
// The transpose of a convolution, which enlarges: weight [C, O / groups, kernel...], result
// [N, O, out...] with
//   out = (in - 1) * stride - 2 * padding + dilation * (kernel - 1) + output_padding + 1.
// Throws InvalidArgument unless output_padding is below stride or dilation, and the bias is [O] in
// the input's dtype.
Tensor ConvTranspose1d(const Tensor& input, const Tensor& weight, const Tensor& bias = {},
                       const ConvTransposeOptions& options = {});
Tensor ConvTranspose2d(const Tensor& input, const Tensor& weight, const Tensor& bias = {},
                       const ConvTransposeOptions& options = {});
Tensor ConvTranspose3d(const Tensor& input, const Tensor& weight, const Tensor& bias = {},
                       const ConvTransposeOptions& options = {});

// The values alone, and both results.
Tensor MaxPool1d(const Tensor& input, const MaxPoolOptions& options);
Tensor MaxPool2d(const Tensor& input, const MaxPoolOptions& options);
Tensor MaxPool3d(const Tensor& input, const MaxPoolOptions& options);
ValuesAndIndices MaxPool1dWithIndices(const Tensor& input, const MaxPoolOptions& options);
ValuesAndIndices MaxPool2dWithIndices(const Tensor& input, const MaxPoolOptions& options);
ValuesAndIndices MaxPool3dWithIndices(const Tensor& input, const MaxPoolOptions& options);

// Maxima of the windows of AdaptiveAvgPool, of the last `dims` dimensions, and their places in
// their channels.
ValuesAndIndices AdaptiveMaxPool(const Tensor& input, const Sizes& output_size, int64_t dims);

// Maxima of output_size windows of kernel_size elements of each channel, at places that the
// samples, [N, C, dims] from 0 to 1, choose with steps that differ by one at most (Graham, 2014,
// arXiv:1412.6071); and their places in their channels. Of two or three dimensions, as many as
// there are samples for each channel.
ValuesAndIndices FractionalMaxPool(const Tensor& input, const Sizes& kernel_size,
                                   const Sizes& output_size, const Tensor& random_samples);

Tensor AvgPool1d(const Tensor& input, const AvgPoolOptions& options);
Tensor AvgPool2d(const Tensor& input, const AvgPoolOptions& options);
Tensor AvgPool3d(const Tensor& input, const AvgPoolOptions& options);
Tensor AdaptiveAvgPool1d(const Tensor& input, const Sizes& output_size);
Tensor AdaptiveAvgPool2d(const Tensor& input, const Sizes& output_size);
Tensor AdaptiveAvgPool3d(const Tensor& input, const Sizes& output_size);

// ---- with the arguments that PyTorch has -----------------------------------------------------

// How much a convolution is padded: as the sizes say, or by nothing ("valid"), or so that the
// result has the input's extents ("same").
struct ConvPadding {
  Sizes sizes = 0;
  std::string name = {};  // empty: the sizes

  ConvPadding() = default;
  ConvPadding(const Sizes& given) : sizes(given) {}
  ConvPadding(std::string named) : name(std::move(named)) {}
};
// The input, with one element more at the end of dimensions that "same" cannot pad evenly, and the
// padding left. Throws InvalidArgument for other names, and for "same" with strides.
std::pair<Tensor, Sizes> Padded(const Tensor& input, const Tensor& weight, const Sizes& stride,
                                const ConvPadding& padding, const Sizes& dilation);

template <auto kFunction>
Tensor ConvFrom(const Tensor& input, const Tensor& weight, const std::optional<Tensor>& bias,
                const Sizes& stride, const ConvPadding& padding, const Sizes& dilation,
                int64_t groups) {
  const auto [padded, sizes] = Padded(input, weight, stride, padding, dilation);
  return kFunction(padded, weight, bias.value_or(Tensor()),
                   {.stride = stride, .padding = sizes, .dilation = dilation, .groups = groups});
}

template <auto kFunction>
Tensor ConvTransposeFrom(const Tensor& input, const Tensor& weight,
                         const std::optional<Tensor>& bias, const Sizes& stride,
                         const Sizes& padding, const Sizes& output_padding, int64_t groups,
                         const Sizes& dilation) {
  return kFunction(input, weight, bias.value_or(Tensor()),
                   {.stride = stride,
                    .padding = padding,
                    .output_padding = output_padding,
                    .groups = groups,
                    .dilation = dilation});
}

template <auto kFunction>
Tensor AvgPoolFrom(const Tensor& input, const Sizes& kernel_size,
                   const std::optional<Sizes>& stride, const Sizes& padding, bool ceil_mode,
                   bool count_include_pad, const std::optional<int64_t>& divisor_override) {
  return kFunction(input, {.kernel_size = kernel_size,
                           .stride = stride,
                           .padding = padding,
                           .ceil_mode = ceil_mode,
                           .count_include_pad = count_include_pad,
                           .divisor_override = divisor_override});
}

// Of [N, C, ...] with one to three spatial dimensions: to `size`, or times `scale_factor`, one
// number for all of them or one for each. align_corners: the middles of the outer elements stay
// where they are instead of their edges, for linear and cubic modes.
struct InterpolateOptions {
  std::optional<Dims> size = {};
  std::optional<std::vector<double>> scale_factor = {};
  // "nearest", "nearest-exact", "linear" (1 dimension), "bilinear", "bicubic" (2), "trilinear" (3)
  // or "area".
  std::string mode = "nearest";
  bool align_corners = false;
  bool recompute_scale_factor = false;  // from the sizes, rounded as they are
};
Tensor Interpolate(const Tensor& input, const InterpolateOptions& options);

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_IMAGE_H_
