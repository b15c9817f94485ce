// Joining and arranging: options.
#ifndef NEURA_TENSOR_OPS_OPTIONS_SHAPE_H_
#define NEURA_TENSOR_OPS_OPTIONS_SHAPE_H_

#include <cstdint>

#include "neura/tensor/core/fields.h"
#include "neura/tensor/ops/options/dims.h"

namespace neura {

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

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_OPTIONS_SHAPE_H_
