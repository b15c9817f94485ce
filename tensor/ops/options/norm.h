// Softmax and normalization: options.
#ifndef NEURA_TENSOR_OPS_OPTIONS_NORM_H_
#define NEURA_TENSOR_OPS_OPTIONS_NORM_H_

#include <cstdint>

#include "neura/tensor/core/fields.h"

namespace neura {

struct SoftmaxOptions {
  int64_t dim = -1;
  NEURA_FIELDS(dim)
};

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

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_OPTIONS_NORM_H_
