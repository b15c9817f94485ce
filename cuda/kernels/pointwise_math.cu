// Pointwise operations of one input that are computed in floating point.
#include "neura/cuda/kernels/kernels.h"
#include "neura/cuda/kernels/pointwise_ops.h"

namespace neura::cuda {

#define NEURA_UNARY_kSame NEURA_NO_KERNEL
#define NEURA_UNARY_kNumber NEURA_NO_KERNEL
#define NEURA_UNARY_kInteger NEURA_NO_KERNEL
#define NEURA_UNARY_kBits NEURA_NO_KERNEL
#define NEURA_UNARY_kFloat NEURA_UNARY_KERNEL
#define NEURA_UNARY_kTest NEURA_NO_KERNEL
#define NEURA_UNARY_kLogical NEURA_NO_KERNEL
#define NEURA_UNARY_WITH_kSame NEURA_NO_KERNEL
#define NEURA_UNARY_WITH_kNumber NEURA_NO_KERNEL
#define NEURA_UNARY_WITH_kInteger NEURA_NO_KERNEL
#define NEURA_UNARY_WITH_kBits NEURA_NO_KERNEL
#define NEURA_UNARY_WITH_kFloat NEURA_UNARY_WITH_KERNEL
#define NEURA_UNARY_WITH_kTest NEURA_NO_KERNEL
#define NEURA_UNARY_WITH_kLogical NEURA_NO_KERNEL
#define NEURA_UNARY(Name, name, rule, ...) NEURA_UNARY_##rule(Name, rule)
#define NEURA_UNARY_WITH(Name, name, Options, rule, ...) \
  NEURA_UNARY_WITH_##rule(Name, Options, rule)
#define NEURA_BINARY NEURA_NO_KERNEL
#include "neura/tensor/ops/op_list/pointwise.inc"

}  // namespace neura::cuda
