// Reductions, scans and orders: options and identities.
#ifndef NEURA_TENSOR_OPS_OP_LIST_REDUCE_H_
#define NEURA_TENSOR_OPS_OP_LIST_REDUCE_H_

#include <cstdint>
#include <optional>

#include "neura/tensor/core/fields.h"
#include "neura/tensor/ops/op_list/dims.h"
#include "neura/tensor/ops/schema.h"

namespace neura {

// Empty `dims` reduces over all of them. `dtype` is that of the accumulation and the result;
// without it, bool and integers are summed in int64. Only sums, products and means take one.
struct ReduceOptions {
  Dims dims = {};
  bool keepdim = false;
  std::optional<DType> dtype = {};
  NEURA_FIELDS(dims, keepdim, dtype)
};

// Without `dim`, over the flattened tensor.
struct ArgReduceOptions {
  std::optional<int64_t> dim = {};
  bool keepdim = false;
  NEURA_FIELDS(dim, keepdim)
};

// Equal elements stay in their order whether `stable` asks for it or not.
struct SortOptions {
  int64_t dim = -1;
  bool descending = false;
  bool stable = false;
  NEURA_FIELDS(dim, descending, stable)
};

namespace op {
#define NEURA_OP(Name, ...) Name,
struct ReduceList {
  enum : uint16_t {
#include "neura/tensor/ops/op_list/reduce.inc"
  };
};
#undef NEURA_OP
#define NEURA_OP(Name, ...) \
  inline constexpr OpId k##Name = IdIn(OpFamily::kReduce, ReduceList::Name);
#include "neura/tensor/ops/op_list/reduce.inc"
#undef NEURA_OP
}  // namespace op

#define NEURA_OP(Name, name, Options, inputs, outputs, infer, flags, ...) \
  NEURA_DEFINE_CALL(Name, Options, flags, NEURA_UNPACK outputs)
#include "neura/tensor/ops/op_list/reduce.inc"
#undef NEURA_OP

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_OP_LIST_REDUCE_H_
