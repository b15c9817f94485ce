// Options that operations of several families share.
#ifndef NEURA_TENSOR_OPS_OPTIONS_DIMS_H_
#define NEURA_TENSOR_OPS_OPTIONS_DIMS_H_

#include <cstdint>

#include "neura/tensor/core/fields.h"

namespace neura {

struct DimOptions {
  int64_t dim = 0;
  NEURA_FIELDS(dim)
};

struct ShapeOptions {
  Dims shape = {};
  NEURA_FIELDS(shape)
};

struct DimsOptions {
  Dims dims = {};
  NEURA_FIELDS(dims)
};

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_OPTIONS_DIMS_H_
