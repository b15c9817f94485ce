#include "neura/tensor/ops/linalg.h"

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/dispatch.h"
#include "neura/tensor/ops/shape.h"

namespace neura {

Tensor MatMul(const Tensor& input, const Tensor& other) {
  if (input.defined() && other.defined() && (input.dim() == 0 || other.dim() == 0)) {
    ThrowInvalidArgument(absl::StrCat("matmul(", Describe(input), ", ", Describe(other),
                                      "): both inputs need at least one dimension"));
  }
  const bool row = input.defined() && input.dim() == 1,
             column = other.defined() && other.dim() == 1;
  if (!row && !column) return Call(OpId::kMatMul, nullptr, input, other);
  const Tensor result = Call(OpId::kMatMul, nullptr, row ? Unsqueeze(input, 0) : input,
                             column ? Unsqueeze(other, 1) : other);
  Dims dims;
  if (row) dims.push_back(-2);
  if (column) dims.push_back(-1);
  return Squeeze(result, dims);
}

Tensor Linear(const Tensor& input, const Tensor& weight, const Tensor& bias) {
  return Call(OpId::kLinear, nullptr, input, weight, bias);
}

}  // namespace neura
