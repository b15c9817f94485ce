// Views: the result shares the input's memory: options.
#ifndef NEURA_TENSOR_OPS_OPTIONS_VIEW_H_
#define NEURA_TENSOR_OPS_OPTIONS_VIEW_H_

#include <cstdint>

#include "neura/tensor/core/fields.h"
#include "neura/tensor/ops/options/dims.h"

namespace neura {

// Elements start, start + step, ... below end of dimension `dim`; step is positive.
struct SliceOptions {
  int64_t dim = 0;
  int64_t start = 0;
  int64_t end = INT64_MAX;
  int64_t step = 1;
  NEURA_FIELDS(dim, start, end, step)
};

// The extents of the parts along dimension `dim`; they add up to its extent.
struct SplitOptions {
  Dims sizes = {};
  int64_t dim = 0;
  NEURA_FIELDS(sizes, dim)
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

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_OPTIONS_VIEW_H_
