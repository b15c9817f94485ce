// Copies and conversions: options and identities.
#ifndef NEURA_TENSOR_OPS_OP_LIST_COPY_H_
#define NEURA_TENSOR_OPS_OP_LIST_COPY_H_

#include "neura/tensor/core/fields.h"
#include "neura/tensor/ops/schema.h"

namespace neura {

struct CastOptions {
  DType dtype = kFloat32;
  NEURA_FIELDS(dtype)
};

// The device is the call's, as it is of factories. `non_blocking`: see DeviceMemory::copy.
struct ToDeviceOptions {
  bool non_blocking = false;
  NEURA_FIELDS(non_blocking)
};

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
