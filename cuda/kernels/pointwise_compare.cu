// Pointwise comparisons and logic of two inputs.
#include "neura/cuda/kernels/kernels.h"
#include "neura/cuda/kernels/pointwise_ops.h"

namespace neura::cuda {

#define NEURA_BINARY_kSame NEURA_NO_KERNEL
#define NEURA_BINARY_kNumber NEURA_NO_KERNEL
#define NEURA_BINARY_kInteger NEURA_NO_KERNEL
#define NEURA_BINARY_kBits NEURA_NO_KERNEL
#define NEURA_BINARY_kFloat NEURA_NO_KERNEL
#define NEURA_BINARY_kTest NEURA_BINARY_KERNEL
#define NEURA_BINARY_kLogical NEURA_BINARY_KERNEL
#define NEURA_UNARY NEURA_NO_KERNEL
#define NEURA_UNARY_WITH NEURA_NO_KERNEL
#define NEURA_BINARY(Name, name, rule, ...) NEURA_BINARY_##rule(Name, rule)
#include "neura/tensor/ops/op_list/pointwise.inc"

}  // namespace neura::cuda
