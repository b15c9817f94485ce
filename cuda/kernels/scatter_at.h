// Writing and combining at indices, always in the same order.
#ifndef NEURA_CUDA_KERNELS_SCATTER_AT_H_
#define NEURA_CUDA_KERNELS_SCATTER_AT_H_

#include <cstdint>
#include <string_view>

#include "neura/tensor/ops/backend.h"

namespace neura::cuda {

// Combines slices of a contiguous [outer, keys, inner] source with those of an [outer, extent,
// inner] output that lies contiguous: slice i of the source with slice keys[i] of the output, in
// the order of i where several meet. A key of `extent` means no slice. `reduction` is one of
// ScatterOptions.
void ScatterAt(const KernelCall& call, std::string_view reduction, int64_t extent, int64_t inner,
               const Tensor& keys, const Tensor& source, const Tensor& output);

}  // namespace neura::cuda

#endif  // NEURA_CUDA_KERNELS_SCATTER_AT_H_
