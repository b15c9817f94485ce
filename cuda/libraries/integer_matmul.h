// Matrix products of integers, for which cuBLAS has no kernel.
#ifndef NEURA_CUDA_LIBRARIES_INTEGER_MATMUL_H_
#define NEURA_CUDA_LIBRARIES_INTEGER_MATMUL_H_

#include <cstdint>

#include "neura/cuda/runtime/stream.h"

namespace neura::cuda {

// c[m, n] = a[m, k] b[k, n], with any strides in a and b; sums wrap around.
template <typename T>
struct IntegerProduct {
  int64_t m, n, k;
  const T* a;
  int64_t a_row_stride, a_col_stride;
  const T* b;
  int64_t b_row_stride, b_col_stride;
  T* c;  // contiguous
};

// For uint8_t, int32_t and int64_t.
template <typename T>
void IntegerMatMul(const IntegerProduct<T>& product, CUstream_st* stream);

}  // namespace neura::cuda

#endif  // NEURA_CUDA_LIBRARIES_INTEGER_MATMUL_H_
