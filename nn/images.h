// Layers that resize and rearrange images. Options and defaults are PyTorch's.
#ifndef NEURA_NN_IMAGES_H_
#define NEURA_NN_IMAGES_H_

#include <optional>
#include <string>

#include "neura/nn/with_options.h"

namespace neura::nn {

struct UpsampleOptions {
  // One of both: the extents of the result, or how many times the input's they are.
  std::optional<Sizes> size = {};
  std::optional<double> scale_factor = {};
  std::string mode = "nearest";
  bool align_corners = false;
  bool recompute_scale_factor = false;
  NEURA_FIELDS(size, scale_factor, mode, align_corners, recompute_scale_factor)
};
// See neura::Interpolate.
class Upsample : public WithOptions<UpsampleOptions> {
 public:
  explicit Upsample(const UpsampleOptions& options = {});
  Tensor Forward(const Tensor& input) override;
  NEURA_MODULE()
};

struct UpsamplingOptions {
  std::optional<Sizes> size = {};
  std::optional<double> scale_factor = {};
  NEURA_FIELDS(size, scale_factor)
};
// Upsample of [N, C, H, W] in the mode "nearest".
class UpsamplingNearest2d : public WithOptions<UpsamplingOptions> {
 public:
  explicit UpsamplingNearest2d(const UpsamplingOptions& options = {}) : WithOptions(options) {}
  Tensor Forward(const Tensor& input) override;
  NEURA_MODULE()
};
// Upsample of [N, C, H, W] in the mode "bilinear" with align_corners.
class UpsamplingBilinear2d : public WithOptions<UpsamplingOptions> {
 public:
  explicit UpsamplingBilinear2d(const UpsamplingOptions& options = {}) : WithOptions(options) {}
  Tensor Forward(const Tensor& input) override;
  NEURA_MODULE()
};

struct PixelShuffleOptions {
  int64_t upscale_factor = 1;
  NEURA_FIELDS(upscale_factor)
};
// [..., C * r * r, H, W] to [..., C, H * r, W * r]. Shi et al., 2016 (arXiv:1609.05158).
class PixelShuffle : public WithOptions<PixelShuffleOptions> {
 public:
  explicit PixelShuffle(const PixelShuffleOptions& options);
  Tensor Forward(const Tensor& input) override;
  NEURA_MODULE()
};

struct PixelUnshuffleOptions {
  int64_t downscale_factor = 1;
  NEURA_FIELDS(downscale_factor)
};
// [..., C, H * r, W * r] to [..., C * r * r, H, W].
class PixelUnshuffle : public WithOptions<PixelUnshuffleOptions> {
 public:
  explicit PixelUnshuffle(const PixelUnshuffleOptions& options);
  Tensor Forward(const Tensor& input) override;
  NEURA_MODULE()
};

struct ChannelShuffleOptions {
  int64_t groups = 1;
  NEURA_FIELDS(groups)
};
// The channels of [N, C, ...], the first of each group first. Zhang et al., 2018
// (arXiv:1707.01083).
class ChannelShuffle : public WithOptions<ChannelShuffleOptions> {
 public:
  explicit ChannelShuffle(const ChannelShuffleOptions& options);
  Tensor Forward(const Tensor& input) override;
  NEURA_MODULE()
};

struct UnfoldOptions {
  Sizes kernel_size = 1;
  Sizes dilation = 1;
  Sizes padding = 0;
  Sizes stride = 1;
  NEURA_FIELDS(kernel_size, dilation, padding, stride)
};
// The windows of [N, C, H, W] or [C, H, W], a column each: [N, C * KH * KW, count].
class Unfold : public WithOptions<UnfoldOptions> {
 public:
  explicit Unfold(const UnfoldOptions& options);
  Tensor Forward(const Tensor& input) override;
  NEURA_MODULE()
};

struct FoldOptions {
  Sizes output_size = 1;
  Sizes kernel_size = 1;
  Sizes dilation = 1;
  Sizes padding = 0;
  Sizes stride = 1;
  NEURA_FIELDS(output_size, kernel_size, dilation, padding, stride)
};
// The sum of windows in their places: [N, C * KH * KW, count] or [C * KH * KW, count] to
// [N, C, H, W], the transpose of Unfold.
class Fold : public WithOptions<FoldOptions> {
 public:
  explicit Fold(const FoldOptions& options);
  Tensor Forward(const Tensor& input) override;
  NEURA_MODULE()
};

}  // namespace neura::nn

#endif  // NEURA_NN_IMAGES_H_
