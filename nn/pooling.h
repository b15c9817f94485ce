// Pooling as layers, in one, two and three dimensions: over [N, C, W], [N, C, H, W] and
// [N, C, D, H, W], or one image without N. Options and defaults are PyTorch's.
#ifndef NEURA_NN_POOLING_H_
#define NEURA_NN_POOLING_H_

#include <optional>

#include "neura/nn/with_options.h"
#include "neura/tensor/ops/options/image.h"

namespace neura::nn {

// The largest element of each window.
template <int kDims>
class MaxPoolNd : public WithOptions<MaxPoolOptions> {
 public:
  explicit MaxPoolNd(const MaxPoolOptions& options);
  Tensor Forward(const Tensor& input) override;
};
class MaxPool1d : public MaxPoolNd<1> {
 public:
  using MaxPoolNd::MaxPoolNd;
  NEURA_MODULE()
};
class MaxPool2d : public MaxPoolNd<2> {
 public:
  using MaxPoolNd::MaxPoolNd;
  NEURA_MODULE()
};
class MaxPool3d : public MaxPoolNd<3> {
 public:
  using MaxPoolNd::MaxPoolNd;
  NEURA_MODULE()
};

// PyTorch has no divisor here.
struct AvgPool1dOptions {
  Sizes kernel_size = 1;
  std::optional<Sizes> stride = {};
  Sizes padding = 0;
  bool ceil_mode = false;
  bool count_include_pad = true;
  NEURA_FIELDS(kernel_size, stride, padding, ceil_mode, count_include_pad)
};
// The mean of each window, or its sum over divisor_override.
template <int kDims, typename Options = AvgPoolOptions>
class AvgPoolNd : public WithOptions<Options> {
 public:
  explicit AvgPoolNd(const Options& options);
  Tensor Forward(const Tensor& input) override;
};
class AvgPool1d : public AvgPoolNd<1, AvgPool1dOptions> {
 public:
  using AvgPoolNd::AvgPoolNd;
  NEURA_MODULE()
};
class AvgPool2d : public AvgPoolNd<2> {
 public:
  using AvgPoolNd::AvgPoolNd;
  NEURA_MODULE()
};
class AvgPool3d : public AvgPoolNd<3> {
 public:
  using AvgPoolNd::AvgPoolNd;
  NEURA_MODULE()
};

struct AdaptiveAvgPoolOptions {
  Sizes output_size = 1;  // Sizes::kSame: as the input has it
  NEURA_FIELDS(output_size)
};
// The means of windows that divide each dimension into output_size parts.
template <int kDims>
class AdaptiveAvgPoolNd : public WithOptions<AdaptiveAvgPoolOptions> {
 public:
  explicit AdaptiveAvgPoolNd(const AdaptiveAvgPoolOptions& options);
  Tensor Forward(const Tensor& input) override;
};
class AdaptiveAvgPool1d : public AdaptiveAvgPoolNd<1> {
 public:
  using AdaptiveAvgPoolNd::AdaptiveAvgPoolNd;
  NEURA_MODULE()
};
class AdaptiveAvgPool2d : public AdaptiveAvgPoolNd<2> {
 public:
  using AdaptiveAvgPoolNd::AdaptiveAvgPoolNd;
  NEURA_MODULE()
};
class AdaptiveAvgPool3d : public AdaptiveAvgPoolNd<3> {
 public:
  using AdaptiveAvgPoolNd::AdaptiveAvgPoolNd;
  NEURA_MODULE()
};

}  // namespace neura::nn

#endif  // NEURA_NN_POOLING_H_
