// Indexing: options and identities.
#ifndef NEURA_TENSOR_OPS_OP_LIST_INDEX_H_
#define NEURA_TENSOR_OPS_OP_LIST_INDEX_H_

#include "neura/tensor/ops/options/dims.h"
#include "neura/tensor/ops/options/index.h"
#include "neura/tensor/ops/schema.h"

namespace neura {

namespace op {
#define NEURA_OP(Name, ...) Name,
struct IndexList {
  enum : uint16_t {
#include "neura/tensor/ops/op_list/index.inc"
  };
};
#undef NEURA_OP
#define NEURA_OP(Name, ...) inline constexpr OpId k##Name = IdIn(OpFamily::kIndex, IndexList::Name);
#include "neura/tensor/ops/op_list/index.inc"
#undef NEURA_OP
}  // namespace op

#define NEURA_OP(Name, name, Options, inputs, outputs, infer, flags, ...) \
  NEURA_DEFINE_CALL(Name, Options, flags, NEURA_UNPACK outputs)
#include "neura/tensor/ops/op_list/index.inc"
#undef NEURA_OP

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_OP_LIST_INDEX_H_
