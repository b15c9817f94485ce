// Matrix products on raw memory.
#ifndef NEURA_TENSOR_CPU_GEMM_H_
#define NEURA_TENSOR_CPU_GEMM_H_

#include <cstdint>

namespace neura::cpu {

// C = A B + row_bias + column_bias, or with accumulate C += ..., where A is m x k, B k x n and C m
// x n. Element (i, j) of A is at a[i * a_row_stride + j * a_col_stride], and so B, with strides of
// any sign or zero, so a transpose is a swap of two numbers; rows of C are contiguous. C overlaps
// nothing else. k == 0 leaves the biases, or zeros.
template <typename T>
struct GemmArgs {
  int64_t m = 0;
  int64_t n = 0;
  int64_t k = 0;
  const T* a = nullptr;
  int64_t a_row_stride = 0;
  int64_t a_col_stride = 1;
  const T* b = nullptr;
  int64_t b_row_stride = 0;
  int64_t b_col_stride = 1;
  T* c = nullptr;
  int64_t c_row_stride = 0;
  bool accumulate = false;
  const T* row_bias = nullptr;     // m values, or null
  const T* column_bias = nullptr;  // n values, or null
};

// Independent products of one shape: product i reads a + i * a_stride and b + i * b_stride (0: the
// same matrix for all) and writes c + i * c_stride. The biases are shared.
template <typename T>
struct BatchedGemmArgs {
  GemmArgs<T> product;
  int64_t count = 0;
  int64_t a_stride = 0;
  int64_t b_stride = 0;
  int64_t c_stride = 0;
};

// Both run on the thread pool, with results that are the same for every number of threads. For
// float and double each element is a sum of fused products over k in blocks whose order depends on
// the shape and strides alone. Integers wrap.
void Gemm(const GemmArgs<float>& args);
void Gemm(const GemmArgs<double>& args);
void Gemm(const GemmArgs<int32_t>& args);
void Gemm(const GemmArgs<int64_t>& args);
void Gemm(const GemmArgs<uint8_t>& args);

void BatchedGemm(const BatchedGemmArgs<float>& args);
void BatchedGemm(const BatchedGemmArgs<double>& args);
void BatchedGemm(const BatchedGemmArgs<int32_t>& args);
void BatchedGemm(const BatchedGemmArgs<int64_t>& args);
void BatchedGemm(const BatchedGemmArgs<uint8_t>& args);

}  // namespace neura::cpu

#endif  // NEURA_TENSOR_CPU_GEMM_H_
