// The options of operations, as users write them: Sum(x, {.dims = {0}, .keepdim = true}). Names and
// defaults are PyTorch's.
#ifndef NEURA_TENSOR_OPS_OPTIONS_H_
#define NEURA_TENSOR_OPS_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "neura/tensor/ops/fields.h"

namespace neura {

// ---- pointwise -------------------------------------------------------------------------------

struct CastOptions {
  DType dtype = kFloat32;
  NEURA_FIELDS(dtype)
};

// The device is the call's, as it is of factories. `non_blocking`: see DeviceMemory::copy.
struct ToDeviceOptions {
  bool non_blocking = false;
  NEURA_FIELDS(non_blocking)
};

// Bounds that are absent do not bind; a NaN makes everything NaN. A bound of a higher category than
// the input's raises the dtype as it would in arithmetic: integers beside 2.5 become float32.
struct ClampOptions {
  std::optional<Scalar> min = {};
  std::optional<Scalar> max = {};
  bool open = false;  // no gradient flows at a bound itself, as hardtanh has it
  NEURA_FIELDS(min, max, open)
};

// "none": x * Phi(x). "tanh": the approximation of Hendrycks and Gimpel, 2016 (arXiv:1606.08415).
struct GeluOptions {
  std::string approximate = "none";
  NEURA_FIELDS(approximate)
};

struct LeakyReluOptions {
  double negative_slope = 0.01;
  NEURA_FIELDS(negative_slope)
};

// ---- reductions ------------------------------------------------------------------------------

// Empty `dims` reduces over all of them. `dtype` is that of the accumulation and the result;
// without it, bool and integers are summed in int64. Only sums, products and means take one.
struct ReduceOptions {
  Dims dims = {};
  bool keepdim = false;
  std::optional<DType> dtype = {};
  NEURA_FIELDS(dims, keepdim, dtype)
};

// Without `dim`, over the flattened tensor.
struct ArgReduceOptions {
  std::optional<int64_t> dim = {};
  bool keepdim = false;
  NEURA_FIELDS(dim, keepdim)
};

struct DimOptions {
  int64_t dim = 0;
  NEURA_FIELDS(dim)
};

struct SoftmaxOptions {
  int64_t dim = -1;
  NEURA_FIELDS(dim)
};

// ---- convolution and pooling -----------------------------------------------------------------

struct Conv2dOptions {
  Size2 stride = 1;
  Size2 padding = 0;
  Size2 dilation = 1;
  int64_t groups = 1;
  NEURA_FIELDS(stride, padding, dilation, groups)
};

// `size` is what the gradient cannot tell by itself: the input's spatial extents for the gradient
// of the input, the kernel's for that of the weight.
struct Conv2dGradOptions {
  Size2 size = {};
  Size2 stride = 1;
  Size2 padding = 0;
  Size2 dilation = 1;
  int64_t groups = 1;
  NEURA_FIELDS(size, stride, padding, dilation, groups)
};

// `stride` is the kernel's size where it is absent.
struct MaxPool2dOptions {
  Size2 kernel_size = 1;
  std::optional<Size2> stride = {};
  Size2 padding = 0;
  Size2 dilation = 1;
  bool ceil_mode = false;
  NEURA_FIELDS(kernel_size, stride, padding, dilation, ceil_mode)
};

struct AvgPool2dOptions {
  Size2 kernel_size = 1;
  std::optional<Size2> stride = {};
  Size2 padding = 0;
  bool ceil_mode = false;
  bool count_include_pad = true;
  NEURA_FIELDS(kernel_size, stride, padding, ceil_mode, count_include_pad)
};

// As AvgPool2dOptions, with the spatial extents of the pooled input.
struct AvgPool2dGradOptions {
  Size2 size = {};
  Size2 kernel_size = 1;
  std::optional<Size2> stride = {};
  Size2 padding = 0;
  bool ceil_mode = false;
  bool count_include_pad = true;
  NEURA_FIELDS(size, kernel_size, stride, padding, ceil_mode, count_include_pad)
};

// Spatial extents of a result.
struct SpatialSizeOptions {
  Size2 output_size = 1;
  NEURA_FIELDS(output_size)
};

// ---- normalization ---------------------------------------------------------------------------

struct BatchNormOptions {
  double eps = 1e-5;
  NEURA_FIELDS(eps)
};

// Over the last `num_dims` dimensions.
struct LayerNormOptions {
  int64_t num_dims = 1;
  double eps = 1e-5;
  NEURA_FIELDS(num_dims, eps)
};

// ---- views and shapes ------------------------------------------------------------------------

struct ShapeOptions {
  Dims shape = {};
  NEURA_FIELDS(shape)
};

struct DimsOptions {
  Dims dims = {};
  NEURA_FIELDS(dims)
};

// Elements start, start + step, ... below end of dimension `dim`; step is positive.
struct SliceOptions {
  int64_t dim = 0;
  int64_t start = 0;
  int64_t end = INT64_MAX;
  int64_t step = 1;
  NEURA_FIELDS(dim, start, end, step)
};

struct DiagonalOptions {
  int64_t offset = 0;
  int64_t dim1 = 0;
  int64_t dim2 = 1;
  NEURA_FIELDS(offset, dim1, dim2)
};

struct UnfoldOptions {
  int64_t dim = 0;
  int64_t size = 1;
  int64_t step = 1;
  NEURA_FIELDS(dim, size, step)
};

// A view with these extents, strides and offset (all in elements of contiguous memory).
struct AsStridedOptions {
  Dims shape = {};
  Dims strides = {};
  int64_t offset = 0;
  NEURA_FIELDS(shape, strides, offset)
};

// As AsStridedOptions, and the extents of the tensor that was viewed.
struct AsStridedGradOptions {
  Dims input_shape = {};
  Dims strides = {};
  int64_t offset = 0;
  NEURA_FIELDS(input_shape, strides, offset)
};

// Elements added before and after each dimension.
struct PadOptions {
  Dims before = {};
  Dims after = {};
  Scalar value = 0;
  NEURA_FIELDS(before, after, value)
};

struct TriangleOptions {
  int64_t diagonal = 0;
  NEURA_FIELDS(diagonal)
};

// ---- factories -------------------------------------------------------------------------------

struct FullOptions {
  Dims shape = {};
  Scalar value = {};
  DType dtype = kFloat32;
  NEURA_FIELDS(shape, value, dtype)
};

// start + i * step for i in [0, length).
struct RangeOptions {
  Scalar start = {};
  Scalar step = {};
  int64_t length = 0;
  DType dtype = kInt64;
  NEURA_FIELDS(start, step, length, dtype)
};

// Numbers of a counter-based generator: element i depends on seed, offset and i alone.
struct RandomOptions {
  Dims shape = {};
  // Integers for RandomInt.
  Scalar low = 0.0;   // mean of a normal distribution, probability of a Bernoulli one
  Scalar high = 1.0;  // standard deviation of a normal distribution
  DType dtype = kFloat32;
  uint64_t seed = 0;
  uint64_t offset = 0;
  NEURA_FIELDS(shape, low, high, dtype, seed, offset)
};

// ---- optimizer steps -------------------------------------------------------------------------

struct SgdStepOptions {
  double lr = 0;
  double momentum = 0;
  double dampening = 0;
  double weight_decay = 0;
  bool nesterov = false;
  bool maximize = false;
  bool first_step = false;  // the momentum buffer is set, not updated
  NEURA_FIELDS(lr, momentum, dampening, weight_decay, nesterov, maximize, first_step)
};

struct AdamStepOptions {
  double lr = 0;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0;
  bool decoupled_weight_decay = false;  // AdamW
  bool maximize = false;
  int64_t step = 1;  // counts from 1
  NEURA_FIELDS(lr, beta1, beta2, eps, weight_decay, decoupled_weight_decay, maximize, step)
};

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_OPTIONS_H_
