// Copies and conversions: identities.
#ifndef NEURA_TENSOR_OPS_OP_LIST_COPY_H_
#define NEURA_TENSOR_OPS_OP_LIST_COPY_H_

#include "neura/tensor/ops/options/copy.h"
#include "neura/tensor/ops/schema.h"

namespace neura {

namespace op {
#define NEURA_OP(Name, ...) Name,
struct CopyList {
  enum : uint16_t {
#include "neura/tensor/ops/op_list/copy.inc"
  };
};
#undef NEURA_OP
#define NEURA_OP(Name, ...) inline constexpr OpId k##Name = IdIn(OpFamily::kCopy, CopyList::Name);
#include "neura/tensor/ops/op_list/copy.inc"
#undef NEURA_OP
}  // namespace op

#define NEURA_OP(Name, name, Options, inputs, outputs, infer, flags, ...) \
  NEURA_DEFINE_CALL(Name, Options, flags, NEURA_UNPACK outputs)
#include "neura/tensor/ops/op_list/copy.inc"
#undef NEURA_OP

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_OP_LIST_COPY_H_
