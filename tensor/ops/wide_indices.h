// Indices of every integer dtype as int64.
#ifndef NEURA_TENSOR_OPS_WIDE_INDICES_H_
#define NEURA_TENSOR_OPS_WIDE_INDICES_H_

#include <string_view>

#include "neura/tensor/core/tensor.h"

namespace neura::internal {

// Throws OutOfRange for a number that int64 does not hold, which would count from the end.
Tensor WideIndices(std::string_view op, const Tensor& index);

}  // namespace neura::internal

#endif  // NEURA_TENSOR_OPS_WIDE_INDICES_H_
