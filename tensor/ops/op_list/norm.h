// Softmax and normalization: options and identities.
#ifndef NEURA_TENSOR_OPS_OP_LIST_NORM_H_
#define NEURA_TENSOR_OPS_OP_LIST_NORM_H_

#include <cstdint>

#include "neura/tensor/core/fields.h"
#include "neura/tensor/ops/schema.h"

namespace neura {

struct SoftmaxOptions {
  int64_t dim = -1;
  NEURA_FIELDS(dim)
};

struct BatchNormOptions {
  double eps = 1e-5;
  NEURA_FIELDS(eps)
};

// Over the last `num_dims` dimensions.
struct LayerNormOptions {
  int64_t num_dims = 1;
  double eps = 1e-5;
  NEURA_FIELDS(num_dims, eps)
};

namespace op {
#define NEURA_OP(Name, ...) Name,
struct NormList {
  enum : uint16_t {
#include "neura/tensor/ops/op_list/norm.inc"
  };
};
#undef NEURA_OP
#define NEURA_OP(Name, ...) inline constexpr OpId k##Name = IdIn(OpFamily::kNorm, NormList::Name);
#include "neura/tensor/ops/op_list/norm.inc"
#undef NEURA_OP
}  // namespace op

#define NEURA_OP(Name, name, Options, inputs, outputs, infer, flags, ...) \
  NEURA_DEFINE_CALL(Name, Options, flags, NEURA_UNPACK outputs)
#include "neura/tensor/ops/op_list/norm.inc"
#undef NEURA_OP

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_OP_LIST_NORM_H_
