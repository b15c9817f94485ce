// Adding at indices, always in the same order.
#ifndef NEURA_CUDA_KERNELS_ADD_AT_H_
#define NEURA_CUDA_KERNELS_ADD_AT_H_

#include <cstdint>

#include "neura/tensor/ops/backend.h"

namespace neura::cuda {

// Adds slices of a contiguous [outer, keys, inner] source to those of an [outer, extent, inner]
// output that lies contiguous: slice i of the source to slice keys[i] of the output, in the order
// of i where several meet. A key of `extent` adds nowhere.
void AddAt(const KernelCall& call, int64_t extent, int64_t inner, const Tensor& keys,
           const Tensor& source, const Tensor& output);

}  // namespace neura::cuda

#endif  // NEURA_CUDA_KERNELS_ADD_AT_H_
