// Functions of other operations. What each does stands in its row of composites.inc, which declares
// it; they have gradients, every device and ONNX export by what they are made of.
#ifndef NEURA_TENSOR_OPS_COMPOSITES_H_
#define NEURA_TENSOR_OPS_COMPOSITES_H_

#include <optional>
#include <string>
#include <vector>

#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/operand.h"
#include "neura/tensor/random/generator.h"

namespace neura {

#define NEURA_COMPOSITE(where, Result, Name, name, parameters, python_parameters, doc) \
  Result Name parameters;
#include "neura/tensor/ops/composites.inc"

// ClampBetween(), overwriting the input; throws InvalidArgument where the result has a dtype of a
// higher category.
Tensor ClampBetweenInPlace(const Tensor& input, const std::optional<Operand>& min = {},
                           const std::optional<Operand>& max = {});

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_COMPOSITES_H_
