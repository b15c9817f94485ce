// What has no CUDA kernel.
#ifndef NEURA_CUDA_GAPS_H_
#define NEURA_CUDA_GAPS_H_

#include "neura/tensor/ops/op_list.h"

namespace neura::cuda {

// Why the operation has no CUDA kernel; null where it has one, or needs none.
inline const char* GapOf(OpId op) {
#define NEURA_CUDA_GAP(Name, why) \
  if (op == op::k##Name) return why;
#include "neura/cuda/gaps.inc"
#undef NEURA_CUDA_GAP
  return nullptr;
}

}  // namespace neura::cuda

#endif  // NEURA_CUDA_GAPS_H_
