// Reductions and normalizations of the elements where a mask holds. What each does stands in its
// row of masked.inc, which declares it.
//
// The mask is bool, or not zero where it holds, and broadcasts to the input's shape; without one
// all elements count. What does not count is as the number that changes nothing: 0 of a sum, the
// least number of a maximum; where nothing counts, the result is what such numbers give. Functions
// throw InvalidArgument for a mask that does not broadcast to the input. `dtype` is that of the
// result. As in PyTorch's torch.masked.
#ifndef NEURA_TENSOR_MASKED_MASKED_H_
#define NEURA_TENSOR_MASKED_MASKED_H_

#include <optional>

#include "neura/tensor/core/tensor.h"

namespace neura::masked {

#define NEURA_COMPOSITE(space, Result, Name, name, parameters, python_parameters, doc) \
  Result Name parameters;
#define NEURA_COMPOSITE_AS(space, name, python_parameters, function, doc)
#include "neura/tensor/masked/masked.inc"
#undef NEURA_COMPOSITE
#undef NEURA_COMPOSITE_AS

}  // namespace neura::masked

#endif  // NEURA_TENSOR_MASKED_MASKED_H_
