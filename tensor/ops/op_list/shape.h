// Joining and arranging: options and identities.
#ifndef NEURA_TENSOR_OPS_OP_LIST_SHAPE_H_
#define NEURA_TENSOR_OPS_OP_LIST_SHAPE_H_

#include <cstdint>

#include "neura/tensor/core/fields.h"
#include "neura/tensor/ops/op_list/dims.h"
#include "neura/tensor/ops/schema.h"

namespace neura {

// Elements added before and after each dimension.
struct PadOptions {
  Dims before = {};
  Dims after = {};
  Scalar value = 0;
  NEURA_FIELDS(before, after, value)
};

struct TriangleOptions {
  int64_t diagonal = 0;
  NEURA_FIELDS(diagonal)
};

namespace op {
#define NEURA_OP(Name, ...) Name,
struct ShapeList {
  enum : uint16_t {
#include "neura/tensor/ops/op_list/shape.inc"
  };
};
#undef NEURA_OP
#define NEURA_OP(Name, ...) inline constexpr OpId k##Name = IdIn(OpFamily::kShape, ShapeList::Name);
#include "neura/tensor/ops/op_list/shape.inc"
#undef NEURA_OP
}  // namespace op

#define NEURA_OP(Name, name, Options, inputs, outputs, infer, flags, ...) \
  NEURA_DEFINE_CALL(Name, Options, flags, NEURA_UNPACK outputs)
#include "neura/tensor/ops/op_list/shape.inc"
#undef NEURA_OP

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_OP_LIST_SHAPE_H_
