// Pooling as layers, in one, two and three dimensions: over [N, C, W], [N, C, H, W] and
// [N, C, D, H, W], or one image without N. Options and defaults are PyTorch's.
#ifndef NEURA_NN_POOLING_H_
#define NEURA_NN_POOLING_H_

#include <optional>

#include "neura/nn/with_options.h"
#include "neura/tensor/ops/options/image.h"
#include "neura/tensor/ops/reduce.h"

namespace neura::nn {

// A pool that can tell where in the input its elements stood. Forward gives the elements, whatever
// its option return_indices says: that decides what Python's forward() gives.
class IndexingPool : public Module {
 public:
  virtual ValuesAndIndices ForwardWithIndices(const Tensor& input) = 0;
  virtual bool returns_indices() const = 0;
  Tensor Forward(const Tensor& input) override { return ForwardWithIndices(input).values; }
};

struct MaxPoolOptions {
  Sizes kernel_size = 1;
  std::optional<Sizes> stride = {};  // absent: kernel_size
  Sizes padding = 0;
  Sizes dilation = 1;
  bool return_indices = false;
  bool ceil_mode = false;
  NEURA_FIELDS(kernel_size, stride, padding, dilation, return_indices, ceil_mode)
};
// The largest element of each window.
template <int kDims>
class MaxPoolNd : public WithOptions<MaxPoolOptions, IndexingPool> {
 public:
  explicit MaxPoolNd(const MaxPoolOptions& options);
  Tensor Forward(const Tensor& input) override;
  ValuesAndIndices ForwardWithIndices(const Tensor& input) override;
  bool returns_indices() const override { return options.return_indices; }
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

struct AdaptivePoolOptions {
  Sizes output_size = 1;  // Sizes::kSame: as the input has it
  NEURA_FIELDS(output_size)
};
// The means of windows that divide each dimension into output_size parts.
template <int kDims>
class AdaptiveAvgPoolNd : public WithOptions<AdaptivePoolOptions> {
 public:
  explicit AdaptiveAvgPoolNd(const AdaptivePoolOptions& options);
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

struct AdaptiveMaxPoolOptions {
  Sizes output_size = 1;  // Sizes::kSame: as the input has it
  bool return_indices = false;
  NEURA_FIELDS(output_size, return_indices)
};
// The largest elements of windows that divide each dimension into output_size parts.
template <int kDims>
class AdaptiveMaxPoolNd : public WithOptions<AdaptiveMaxPoolOptions, IndexingPool> {
 public:
  explicit AdaptiveMaxPoolNd(const AdaptiveMaxPoolOptions& options);
  ValuesAndIndices ForwardWithIndices(const Tensor& input) override;
  bool returns_indices() const override { return options.return_indices; }
};
class AdaptiveMaxPool1d : public AdaptiveMaxPoolNd<1> {
 public:
  using AdaptiveMaxPoolNd::AdaptiveMaxPoolNd;
  NEURA_MODULE()
};
class AdaptiveMaxPool2d : public AdaptiveMaxPoolNd<2> {
 public:
  using AdaptiveMaxPoolNd::AdaptiveMaxPoolNd;
  NEURA_MODULE()
};
class AdaptiveMaxPool3d : public AdaptiveMaxPoolNd<3> {
 public:
  using AdaptiveMaxPoolNd::AdaptiveMaxPoolNd;
  NEURA_MODULE()
};

struct FractionalMaxPoolOptions {
  Sizes kernel_size = 1;
  // One of both: the extents of the result, or the part of the input's that they are.
  std::optional<Sizes> output_size = {};
  std::optional<double> output_ratio = {};
  bool return_indices = false;
  NEURA_FIELDS(kernel_size, output_size, output_ratio, return_indices)
};
// The largest elements of windows at random places; see neura::FractionalMaxPool.
template <int kDims>
class FractionalMaxPoolNd : public WithOptions<FractionalMaxPoolOptions, IndexingPool> {
 public:
  explicit FractionalMaxPoolNd(const FractionalMaxPoolOptions& options);
  ValuesAndIndices ForwardWithIndices(const Tensor& input) override;
  bool returns_indices() const override { return options.return_indices; }
};
class FractionalMaxPool2d : public FractionalMaxPoolNd<2> {
 public:
  using FractionalMaxPoolNd::FractionalMaxPoolNd;
  NEURA_MODULE()
};
class FractionalMaxPool3d : public FractionalMaxPoolNd<3> {
 public:
  using FractionalMaxPoolNd::FractionalMaxPoolNd;
  NEURA_MODULE()
};

struct LPPoolOptions {
  double norm_type = 2;
  Sizes kernel_size = 1;
  std::optional<Sizes> stride = {};
  bool ceil_mode = false;
  NEURA_FIELDS(norm_type, kernel_size, stride, ceil_mode)
};
// (sum x^p)^(1/p) of each window, for p = norm_type.
template <int kDims>
class LPPoolNd : public WithOptions<LPPoolOptions> {
 public:
  explicit LPPoolNd(const LPPoolOptions& options);
  Tensor Forward(const Tensor& input) override;
};
class LPPool1d : public LPPoolNd<1> {
 public:
  using LPPoolNd::LPPoolNd;
  NEURA_MODULE()
};
class LPPool2d : public LPPoolNd<2> {
 public:
  using LPPoolNd::LPPoolNd;
  NEURA_MODULE()
};
class LPPool3d : public LPPoolNd<3> {
 public:
  using LPPoolNd::LPPoolNd;
  NEURA_MODULE()
};

struct MaxUnpoolOptions {
  Sizes kernel_size = 1;
  std::optional<Sizes> stride = {};
  Sizes padding = 0;
  NEURA_FIELDS(kernel_size, stride, padding)
};
// What a MaxPool took back in its place, which `indices` of MaxPool1dWithIndices and so on say, and
// zeros elsewhere. output_size, the spatial extents or all of the result's, says which of those
// that a pool makes the same of is meant.
template <int kDims>
class MaxUnpoolNd
    : public WithOptions<MaxUnpoolOptions, ModuleOf<Tensor(const Tensor&, const Tensor&,
                                                           const std::optional<Dims>&)>> {
 public:
  explicit MaxUnpoolNd(const MaxUnpoolOptions& options);
  Tensor Forward(const Tensor& input, const Tensor& indices,
                 const std::optional<Dims>& output_size = {}) override;
};
class MaxUnpool1d : public MaxUnpoolNd<1> {
 public:
  using MaxUnpoolNd::MaxUnpoolNd;
  NEURA_MODULE()
};
class MaxUnpool2d : public MaxUnpoolNd<2> {
 public:
  using MaxUnpoolNd::MaxUnpoolNd;
  NEURA_MODULE()
};
class MaxUnpool3d : public MaxUnpoolNd<3> {
 public:
  using MaxUnpoolNd::MaxUnpoolNd;
  NEURA_MODULE()
};

}  // namespace neura::nn

#endif  // NEURA_NN_POOLING_H_
