// The elements along a dimension in order, all of them or the first few.
#ifndef NEURA_TENSOR_ITERATION_LANE_ORDER_H_
#define NEURA_TENSOR_ITERATION_LANE_ORDER_H_

#include <cstdint>

#include "neura/tensor/core/tensor.h"

namespace neura {

// Whether OrderLanes knows the order of the dtype: real numbers of 32 and 64 bits, uint8 and bool.
bool HasLaneOrder(DType dtype);

// Of each lane of `input`, a contiguous tensor in the CPU's memory, along `dim` (not negative) the
// first `count` elements in order: the least first, NaN above all numbers, -0 equal to 0; the other
// way round with `descending`. Of equal elements the one that stood first comes first in either.
// `values` and `indices` are contiguous, of the input's shape with the extent `count` at dim;
// either may be null.
void OrderLanes(const Tensor& input, int64_t dim, bool descending, int64_t count, void* values,
                int64_t* indices);

}  // namespace neura

#endif  // NEURA_TENSOR_ITERATION_LANE_ORDER_H_
