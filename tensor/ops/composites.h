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

// ClampBetween, AddScaled and SubScaled, overwriting the input, which they return; they throw
// InvalidArgument where the result has another shape or a dtype of a higher category.
Tensor ClampBetweenInPlace(const Tensor& input, const std::optional<Operand>& min = {},
                           const std::optional<Operand>& max = {});
Tensor AddScaledInPlace(const Tensor& input, const Operand& other, const Scalar& alpha = 1);
Tensor SubScaledInPlace(const Tensor& input, const Operand& other, const Scalar& alpha = 1);

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_COMPOSITES_H_
