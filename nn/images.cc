#include "neura/nn/images.h"

#include <vector>

#include "neura/nn/layer_parts.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/image.h"

namespace neura::nn {
namespace {

using internal::CheckName;
using internal::CheckPositive;
using internal::EachAtLeast;

Tensor Resize(const Tensor& input, const UpsampleOptions& options) {
  InterpolateOptions resize{.mode = options.mode,
                            .align_corners = options.align_corners,
                            .recompute_scale_factor = options.recompute_scale_factor};
  if (options.size) {
    const DimsView size = options.size->given();
    resize.size = Dims(size.begin(), size.end());
  }
  if (options.scale_factor) resize.scale_factor = std::vector<double>{*options.scale_factor};
  return Interpolate(input, resize);
}

// Writes out sizes that one number gave.
template <typename Options>
void WriteOut(const char* layer, Options& options) {
  options.kernel_size = EachAtLeast(1, layer, "kernel_size", options.kernel_size, 2);
  options.dilation = EachAtLeast(1, layer, "dilation", options.dilation, 2);
  options.padding = EachAtLeast(0, layer, "padding", options.padding, 2);
  options.stride = EachAtLeast(1, layer, "stride", options.stride, 2);
}

}  // namespace

Upsample::Upsample(const UpsampleOptions& options) : WithOptions(options) {
  CheckName("Upsample", "mode", options.mode,
            {"nearest", "nearest-exact", "linear", "bilinear", "bicubic", "trilinear", "area"});
}
Tensor Upsample::Forward(const Tensor& input) { return Resize(input, options); }
Tensor UpsamplingNearest2d::Forward(const Tensor& input) {
  RequireDims("UpsamplingNearest2d", input, 4);
  return Resize(input, {.size = options.size, .scale_factor = options.scale_factor});
}
Tensor UpsamplingBilinear2d::Forward(const Tensor& input) {
  RequireDims("UpsamplingBilinear2d", input, 4);
  return Resize(input, {.size = options.size,
                        .scale_factor = options.scale_factor,
                        .mode = "bilinear",
                        .align_corners = true});
}

PixelShuffle::PixelShuffle(const PixelShuffleOptions& options) : WithOptions(options) {
  CheckPositive("PixelShuffle", "upscale_factor", options.upscale_factor);
}
Tensor PixelShuffle::Forward(const Tensor& input) {
  return neura::PixelShuffle(input, options.upscale_factor);
}

PixelUnshuffle::PixelUnshuffle(const PixelUnshuffleOptions& options) : WithOptions(options) {
  CheckPositive("PixelUnshuffle", "downscale_factor", options.downscale_factor);
}
Tensor PixelUnshuffle::Forward(const Tensor& input) {
  return neura::PixelUnshuffle(input, options.downscale_factor);
}

ChannelShuffle::ChannelShuffle(const ChannelShuffleOptions& options) : WithOptions(options) {
  CheckPositive("ChannelShuffle", "groups", options.groups);
}
Tensor ChannelShuffle::Forward(const Tensor& input) {
  return neura::ChannelShuffle(input, options.groups);
}

Unfold::Unfold(const UnfoldOptions& given) : WithOptions(given) { WriteOut("Unfold", options); }
Tensor Unfold::Forward(const Tensor& input) {
  return UnfoldWindows(input, options.kernel_size, options.dilation, options.padding,
                       options.stride);
}

Fold::Fold(const FoldOptions& given) : WithOptions(given) {
  options.output_size = EachAtLeast(1, "Fold", "output_size", options.output_size, 2);
  WriteOut("Fold", options);
}
Tensor Fold::Forward(const Tensor& input) {
  return FoldWindows(input, options.output_size, options.kernel_size, options.dilation,
                     options.padding, options.stride);
}

}  // namespace neura::nn
