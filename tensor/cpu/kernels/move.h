// The inner loops of copies and conversions, compiled for a few instruction sets.
#ifndef NEURA_TENSOR_CPU_KERNELS_MOVE_H_
#define NEURA_TENSOR_CPU_KERNELS_MOVE_H_

#include <cstddef>
#include <cstdint>

#include "neura/tensor/core/dtype.h"

namespace neura::cpu {

// Converts n contiguous elements as Convert() does each. `from` and `to` differ.
using ConvertLoop = void (*)(int64_t n, const void* from, void* to);
ConvertLoop ConvertLoopOf(DType from, DType to);

// to[i * to_stride + j] = from[j * from_stride + i] for i < rows and j < columns. Strides are in
// elements.
using TransposeLoop = void (*)(int64_t rows, int64_t columns, const void* from, int64_t from_stride,
                               void* to, int64_t to_stride);
TransposeLoop TransposeLoopOf(size_t item_size);

// Writes the element at `from` n times to `to`, which is aligned to 64 bytes, and as often as whole
// vectors have it after that: at most 64 bytes more. Whole vectors, because what reads them by
// vectors would wait for narrower ones to reach the cache.
using RepeatLoop = void (*)(int64_t n, const void* from, void* to);
RepeatLoop RepeatLoopOf(size_t item_size);

// Copies n elements that lie `from_stride` bytes apart to places `to_stride` bytes apart, at any
// address.
void CopyStrided(int64_t n, size_t item_size, const char* from, int64_t from_stride, char* to,
                 int64_t to_stride);

}  // namespace neura::cpu

#endif  // NEURA_TENSOR_CPU_KERNELS_MOVE_H_
