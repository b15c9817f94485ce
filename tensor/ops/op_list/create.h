// Factories: options and identities.
#ifndef NEURA_TENSOR_OPS_OP_LIST_CREATE_H_
#define NEURA_TENSOR_OPS_OP_LIST_CREATE_H_

#include <cstdint>

#include "neura/tensor/core/fields.h"
#include "neura/tensor/ops/schema.h"

namespace neura {

struct FullOptions {
  Dims shape = {};
  Scalar value = {};
  DType dtype = kFloat32;
  NEURA_FIELDS(shape, value, dtype)
};

// start + i * step for i in [0, length).
struct RangeOptions {
  Scalar start = {};
  Scalar step = {};
  int64_t length = 0;
  DType dtype = kInt64;
  NEURA_FIELDS(start, step, length, dtype)
};

// Numbers of a counter-based generator: element i depends on seed, offset and i alone.
struct RandomOptions {
  Dims shape = {};
  // Integers for RandomInt.
  Scalar low = 0.0;   // mean of a normal distribution, probability of a Bernoulli one
  Scalar high = 1.0;  // standard deviation of a normal distribution
  DType dtype = kFloat32;
  uint64_t seed = 0;
  uint64_t offset = 0;
  NEURA_FIELDS(shape, low, high, dtype, seed, offset)
};

namespace op {
#define NEURA_OP(Name, ...) Name,
struct CreateList {
  enum : uint16_t {
#include "neura/tensor/ops/op_list/create.inc"
  };
};
#undef NEURA_OP
#define NEURA_OP(Name, ...) \
  inline constexpr OpId k##Name = IdIn(OpFamily::kCreate, CreateList::Name);
#include "neura/tensor/ops/op_list/create.inc"
#undef NEURA_OP
}  // namespace op

#define NEURA_OP(Name, name, Options, inputs, outputs, infer, flags, ...) \
  NEURA_DEFINE_CALL(Name, Options, flags, NEURA_UNPACK outputs)
#include "neura/tensor/ops/op_list/create.inc"
#undef NEURA_OP

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_OP_LIST_CREATE_H_
