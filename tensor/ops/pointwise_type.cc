#include "neura/tensor/ops/pointwise_type.h"

#include <optional>

namespace neura {

DType PromotedDType(TensorRefs tensors) {
  std::optional<DType> with_dims, without_dims;
  for (const Tensor* tensor : tensors) {
    std::optional<DType>& dtype = tensor->dim() > 0 ? with_dims : without_dims;
    dtype = dtype ? PromoteTypes(*dtype, tensor->dtype()) : tensor->dtype();
  }
  if (!with_dims) return *without_dims;
  if (!without_dims || CategoryOf(*without_dims) <= CategoryOf(*with_dims)) return *with_dims;
  return PromoteTypes(*with_dims, *without_dims);
}

DType ComputeDType(DTypeRule rule, DType common) {
  switch (rule) {
    case DTypeRule::kFloat:
      return IsDifferentiable(common) ? common : kFloat32;
    case DTypeRule::kLogical:
      return kBool;
    case DTypeRule::kNone:
    case DTypeRule::kSame:
    case DTypeRule::kTest:
      break;
  }
  return common;
}

DType ScalarDType(DType tensor, const Scalar& scalar) {
  if (scalar.category() <= CategoryOf(tensor)) return tensor;
  return PromoteTypes(tensor, scalar.default_dtype());
}

}  // namespace neura
