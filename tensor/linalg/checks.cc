#include "neura/tensor/linalg/checks.h"

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/shape.h"

namespace neura::linalg {

void RequireFloating(std::string_view op, const Tensor& tensor) {
  RequireDefined(op, tensor);
  if (IsDifferentiable(tensor.dtype())) return;
  ThrowInvalidArgument(
      absl::StrCat(op, ": expected a floating point or complex dtype, got ", Describe(tensor)));
}

void RequireMatrices(std::string_view op, const Tensor& tensor) {
  RequireFloating(op, tensor);
  if (tensor.dim() >= 2) return;
  ThrowInvalidArgument(
      absl::StrCat(op, ": expected matrices, of at least 2 dimensions, got ", Describe(tensor)));
}

void RequireSquare(std::string_view op, const Tensor& tensor) {
  RequireMatrices(op, tensor);
  if (tensor.size(-1) == tensor.size(-2)) return;
  ThrowInvalidArgument(absl::StrCat(op, ": expected square matrices, got ", Describe(tensor)));
}

DimsView BatchOf(const Tensor& matrices) {
  return matrices.shape().first(matrices.shape().size() - 2);
}

Tensor ExpandBatch(const Tensor& matrices, DimsView batch) {
  if (BatchOf(matrices) == batch) return matrices;
  Dims shape(batch.begin(), batch.end());
  shape.push_back(matrices.size(-2));
  shape.push_back(matrices.size(-1));
  return Expand(matrices, shape);
}

Tensor Identities(const Tensor& like, DimsView batch, int64_t n) {
  return ExpandBatch(Eye(n, {.dtype = like.dtype(), .device = like.device()}), batch);
}

}  // namespace neura::linalg
