// Convolution and pooling of [N, C, ...] with one to three spatial dimensions: options.
#ifndef NEURA_TENSOR_OPS_OPTIONS_IMAGE_H_
#define NEURA_TENSOR_OPS_OPTIONS_IMAGE_H_

#include <cstdint>
#include <optional>

#include "neura/tensor/core/fields.h"

namespace neura {

struct ConvOptions {
  Sizes stride = 1;
  Sizes padding = 0;
  Sizes dilation = 1;
  int64_t groups = 1;
  NEURA_FIELDS(stride, padding, dilation, groups)
};

// `size` is what the gradient cannot tell by itself: the input's spatial extents for the gradient
// of the input, the kernel's for that of the weight.
struct ConvGradOptions {
  Sizes size = {};
  Sizes stride = 1;
  Sizes padding = 0;
  Sizes dilation = 1;
  int64_t groups = 1;
  NEURA_FIELDS(size, stride, padding, dilation, groups)
};

// `stride` is the kernel's size where it is absent.
struct MaxPoolOptions {
  Sizes kernel_size = 1;
  std::optional<Sizes> stride = {};
  Sizes padding = 0;
  Sizes dilation = 1;
  bool ceil_mode = false;
  NEURA_FIELDS(kernel_size, stride, padding, dilation, ceil_mode)
};

// Sums are divided by `divisor_override` where there is one, else by the number of elements.
struct AvgPoolOptions {
  Sizes kernel_size = 1;
  std::optional<Sizes> stride = {};
  Sizes padding = 0;
  bool ceil_mode = false;
  bool count_include_pad = true;
  std::optional<int64_t> divisor_override = {};
  NEURA_FIELDS(kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)
};

// As AvgPoolOptions, with the spatial extents of the pooled input.
struct AvgPoolGradOptions {
  Sizes size = {};
  Sizes kernel_size = 1;
  std::optional<Sizes> stride = {};
  Sizes padding = 0;
  bool ceil_mode = false;
  bool count_include_pad = true;
  std::optional<int64_t> divisor_override = {};
  NEURA_FIELDS(size, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)
};

// Spatial extents of a result.
struct SpatialSizeOptions {
  Sizes output_size = 1;
  NEURA_FIELDS(output_size)
};

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_OPTIONS_IMAGE_H_
