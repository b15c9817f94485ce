// Special functions, element by element. What each does stands in its row of special.inc, which
// declares it; those that operations are, it gives to Python alone.
#ifndef NEURA_TENSOR_SPECIAL_SPECIAL_H_
#define NEURA_TENSOR_SPECIAL_SPECIAL_H_

#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/operand.h"

namespace neura::special {

#define NEURA_COMPOSITE(space, Result, Name, name, parameters, python_parameters, doc) \
  Result Name parameters;
#define NEURA_COMPOSITE_AS(space, name, python_parameters, function, doc)
#include "neura/tensor/special/special.inc"
#undef NEURA_COMPOSITE
#undef NEURA_COMPOSITE_AS

}  // namespace neura::special

#endif  // NEURA_TENSOR_SPECIAL_SPECIAL_H_
