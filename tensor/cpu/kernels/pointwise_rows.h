// How the rows of the pointwise operations fill the table of their loops.
#ifndef NEURA_TENSOR_CPU_KERNELS_POINTWISE_ROWS_H_
#define NEURA_TENSOR_CPU_KERNELS_POINTWISE_ROWS_H_

#include "neura/tensor/ops/linked_ops.h"         // IWYU pragma: export
#include "neura/tensor/ops/op_list/pointwise.h"  // IWYU pragma: export

// For a file that defines
//   Unary<DTypeRule, Op>, UnaryWith<DTypeRule, Op, Options> and Binary<DTypeRule, Op>(table, id)
// each row's call of one of them, unless the program is built without the operation.
#define NEURA_FILL_UNARY(Name, name, rule, ...) \
  if constexpr (IsLinked(#Name)) Unary<DTypeRule::rule, el::Name##Op>(table, op::k##Name);
#define NEURA_FILL_UNARY_WITH(Name, name, Options, rule, ...) \
  if constexpr (IsLinked(#Name))                              \
    UnaryWith<DTypeRule::rule, el::Name##Op, Options>(table, op::k##Name);
#define NEURA_FILL_BINARY(Name, name, rule, ...) \
  if constexpr (IsLinked(#Name)) Binary<DTypeRule::rule, el::Name##Op>(table, op::k##Name);

#endif  // NEURA_TENSOR_CPU_KERNELS_POINTWISE_ROWS_H_
