// Stable ordering of keys.
#ifndef NEURA_CUDA_KERNELS_SORT_H_
#define NEURA_CUDA_KERNELS_SORT_H_

#include <cstdint>

#include "neura/tensor/ops/backend.h"

namespace neura::cuda {

struct SortedKeys {
  Tensor keys;       // int64, ascending
  Tensor positions;  // int64, where each of them stood; equal keys stay in their order
};

// `keys` is contiguous int64, each in [0, bound], or of any value where `bound` is -1.
SortedKeys StableSort(const KernelCall& call, const Tensor& keys, int64_t bound);

}  // namespace neura::cuda

#endif  // NEURA_CUDA_KERNELS_SORT_H_
