// Sparse tensors in coordinate form (COO): values at places, zeros elsewhere. They are tensors of
// the device kSparse, whose storage holds these parts. What computes with them is in
// "neura/tensor/sparse/sparse.h"; every other operation refuses them.
#ifndef NEURA_TENSOR_CORE_SPARSE_PARTS_H_
#define NEURA_TENSOR_CORE_SPARSE_PARTS_H_

#include <string_view>

#include "neura/tensor/core/tensor.h"

namespace neura {

struct SparseParts {
  Tensor indices;          // int64 [sparse dims, nnz]: the place of each value, a column
  Tensor values;           // [nnz, extents of the dense dims ...]; those of one place add up
  Dims shape;              // extents of the sparse dims, then of the dense ones
  bool coalesced = false;  // places are in row-major order, and no two are the same
};

inline bool IsSparse(const Tensor& tensor) {
  return tensor.defined() && tensor.device().type == DeviceType::kSparse;
}

// A sparse tensor of the values' dtype. The caller guarantees that the parts fit together, on one
// device, and that every place lies inside the shape.
Tensor SparseOver(SparseParts parts);
// They live as long as the tensor's storage. Throws FailedPrecondition naming `op` unless the
// tensor is sparse.
const SparseParts& PartsOf(std::string_view op, const Tensor& tensor);
// Throws Unimplemented naming `op` where the tensor is sparse.
void RequireDense(std::string_view op, const Tensor& tensor);

}  // namespace neura

#endif  // NEURA_TENSOR_CORE_SPARSE_PARTS_H_
