// The dimensions of matrix products that come before the matrices.
#ifndef NEURA_TENSOR_ITERATION_PRODUCT_DIMS_H_
#define NEURA_TENSOR_ITERATION_PRODUCT_DIMS_H_

#include "neura/tensor/core/tensor.h"
#include "neura/tensor/iteration/loop_dims.h"

namespace neura {

// The leading dimensions of a product's inputs, broadcast to those of its output and joined where
// both walk them evenly.
inline LoopDims<2> ProductBatchDims(const Tensor& left, const Tensor& right, const Tensor& output) {
  const DimsView batch = output.shape().first(output.shape().size() - 2);
  const auto strides = [&](const Tensor& tensor) {
    const size_t rank = tensor.shape().size() - 2;
    return BroadcastStrides(tensor.shape().first(rank), tensor.strides().first(rank), batch);
  };
  const Dims left_strides = strides(left), right_strides = strides(right);
  LoopDims<2> dims;
  for (size_t i = 0; i < batch.size(); ++i) {
    dims.Push(batch[i], {left_strides[i], right_strides[i]});
  }
  return dims;
}

}  // namespace neura

#endif  // NEURA_TENSOR_ITERATION_PRODUCT_DIMS_H_
