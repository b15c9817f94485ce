// Reading and adding at indices. Indices are int64 or int32 and must lie in [0, extent); one
// outside throws OutOfRange.
#ifndef NEURA_TENSOR_OPS_INDEX_H_
#define NEURA_TENSOR_OPS_INDEX_H_

#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/options/index.h"

namespace neura {

// The slices of `dim` that the 1-d `index` names, in its order.
Tensor IndexSelect(const Tensor& input, int64_t dim, const Tensor& index);
// A copy of input to whose slice index[i] of `dim` slice i of source is added.
Tensor IndexAdd(const Tensor& input, int64_t dim, const Tensor& index, const Tensor& source);
// Overwrites the slices of `dim` that `index` names with those of source, the last one where it
// names one twice; no other element is touched. Returns the input.
Tensor IndexAssign(const Tensor& input, int64_t dim, const Tensor& index, const Tensor& source);
// result[i][j] = input[index[i][j]][j] for dim 0, and so on; the result has the index's shape.
Tensor Gather(const Tensor& input, int64_t dim, const Tensor& index);
// A copy of input with result[index[i][j]][j] += source[i][j] for dim 0, and so on.
Tensor ScatterAdd(const Tensor& input, int64_t dim, const Tensor& index, const Tensor& source);
// A copy of input in which elements of source, of the input's dtype, stand at these places instead,
// or combined with what is there: see ScatterOptions.
Tensor ScatterElements(const Tensor& input, const Tensor& index, const Tensor& source,
                       const ScatterOptions& options = {});
// The rows of weight, [N, D], that the integers of input name: [..., D].
Tensor Embedding(const Tensor& input, const Tensor& weight);
// The positions of the elements that are not zero, in their order: int64 [count, dims].
Tensor NonZero(const Tensor& input);

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_INDEX_H_
