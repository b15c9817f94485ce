// The loops behind pointwise operations, by operation and dtype.
#ifndef NEURA_TENSOR_CPU_KERNELS_POINTWISE_TABLE_H_
#define NEURA_TENSOR_CPU_KERNELS_POINTWISE_TABLE_H_

#include <cstddef>

#include "neura/tensor/core/dtype.h"
#include "neura/tensor/ops/schema.h"

namespace neura::cpu {

// n contiguous elements of each input to n contiguous elements of output. The output may be the
// memory of an input.
using PointwiseLoop = void (*)(size_t n, const void* const* inputs, void* output,
                               const void* options);

// Loops by operation and by the dtype in which it computes; null where there is none.
struct PointwiseTable {
  static constexpr int kNumOps = static_cast<int>(OpFamily::kCopy);  // those of the first family
  PointwiseLoop loops[kNumOps][kNumDTypes] = {};
  PointwiseLoop& At(OpId op, DType dtype) {
    return loops[static_cast<int>(op)][static_cast<int>(dtype)];
  }
};

// The loop of an operation in a dtype; null where there is none.
PointwiseLoop PointwiseLoopOf(OpId op, DType dtype);

// Loops over numbers, then loops over vectors in the place of some of them.
void FillScalarLoops(PointwiseTable& table);
void FillVectorLoops(PointwiseTable& table);

}  // namespace neura::cpu

#endif  // NEURA_TENSOR_CPU_KERNELS_POINTWISE_TABLE_H_
