// Linear algebra: options and identities.
#ifndef NEURA_TENSOR_OPS_OP_LIST_LINALG_H_
#define NEURA_TENSOR_OPS_OP_LIST_LINALG_H_

#include "neura/tensor/ops/options/linalg.h"
#include "neura/tensor/ops/schema.h"

namespace neura {

// Of which matrices are decomposed.
inline constexpr DTypes kMatrixDTypes = kDifferentiableDTypes;

namespace op {
#define NEURA_OP(Name, ...) Name,
struct LinearAlgebraList {
  enum : uint16_t {
#include "neura/tensor/ops/op_list/linalg.inc"
  };
};
#undef NEURA_OP
#define NEURA_OP(Name, ...) \
  inline constexpr OpId k##Name = IdIn(OpFamily::kLinearAlgebra, LinearAlgebraList::Name);
#include "neura/tensor/ops/op_list/linalg.inc"
#undef NEURA_OP
}  // namespace op

#define NEURA_OP(Name, name, Options, inputs, outputs, infer, flags, ...) \
  NEURA_DEFINE_CALL(Name, Options, flags, NEURA_UNPACK outputs)
#include "neura/tensor/ops/op_list/linalg.inc"
#undef NEURA_OP

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_OP_LIST_LINALG_H_
