// How dtypes combine in pointwise operations.
#ifndef NEURA_TENSOR_OPS_POINTWISE_TYPE_H_
#define NEURA_TENSOR_OPS_POINTWISE_TYPE_H_

#include "neura/tensor/ops/dispatch.h"

namespace neura {

// The common dtype of several tensors. As in PyTorch, a tensor without dimensions only decides when
// its category (bool < integral < floating < complex) is above that of all tensors with dimensions.
DType PromotedDType(TensorRefs tensors);

// The dtype in which a pointwise operation computes, given the common dtype of its inputs.
DType ComputeDType(DTypeRule rule, DType common);

// The dtype that a number takes beside a tensor of dtype `tensor`: the tensor's own unless the
// number's category is above it.
DType ScalarDType(DType tensor, const Scalar& scalar);

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_POINTWISE_TYPE_H_
