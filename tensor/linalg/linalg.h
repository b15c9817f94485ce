// Linear algebra: matrices are the last two dimensions, those before them a batch. What each
// function does stands in its row of linalg.inc, which declares it.
#ifndef NEURA_TENSOR_LINALG_LINALG_H_
#define NEURA_TENSOR_LINALG_LINALG_H_

#include <optional>
#include <string>
#include <vector>

#include "neura/tensor/core/result.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/linalg/error.h"
#include "neura/tensor/linalg/norm_order.h"

namespace neura::linalg {

#define NEURA_COMPOSITE(space, Result, Name, name, parameters, python_parameters, doc) \
  Result Name parameters;
#define NEURA_COMPOSITE_AS(space, name, python_parameters, function, doc)
#include "neura/tensor/linalg/linalg.inc"
#undef NEURA_COMPOSITE
#undef NEURA_COMPOSITE_AS

}  // namespace neura::linalg

#endif  // NEURA_TENSOR_LINALG_LINALG_H_
