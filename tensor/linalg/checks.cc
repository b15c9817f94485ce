#include "neura/tensor/linalg/checks.h"

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"

namespace neura::linalg {

void RequireFloating(std::string_view op, const Tensor& tensor) {
  RequireDefined(op, tensor);
  if (IsDifferentiable(tensor.dtype())) return;
  ThrowInvalidArgument(
      absl::StrCat(op, ": expected a floating point or complex dtype, got ", Describe(tensor)));
}

}  // namespace neura::linalg
