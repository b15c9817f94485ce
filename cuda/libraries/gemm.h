// Matrix products of floating point matrices by cuBLASLt.
#ifndef NEURA_CUDA_LIBRARIES_GEMM_H_
#define NEURA_CUDA_LIBRARIES_GEMM_H_

#include <cstdint>
#include <optional>

#include "neura/tensor/ops/backend.h"

namespace neura::cuda {

// A matrix whose rows, or whose columns if `transposed`, are runs of elements that start `leading`
// elements apart; in a batch, `batch_stride` elements after the one before.
struct Matrix {
  const void* data = nullptr;
  int64_t leading = 0;
  bool transposed = false;
  int64_t batch_stride = 0;
};

// The [rows, cols] matrix with these strides, in elements; nothing where neither its rows nor its
// columns are runs.
std::optional<Matrix> AsMatrix(int64_t rows, int64_t cols, int64_t row_stride, int64_t col_stride);

enum class Epilogue { kNone, kBias, kBiasRelu, kBiasGelu };

// c = epilogue(a b), or c += a b, for `count` products of [m, k] by [k, n] into contiguous c. All
// of m, n, k and count are positive.
struct Gemm {
  DType dtype = kFloat32;
  int64_t m = 0, n = 0, k = 0, count = 1;
  Matrix a = {}, b = {};
  void* c = nullptr;
  const void* bias = nullptr;  // n elements
  Epilogue epilogue = Epilogue::kNone;
  bool accumulate = false;
};

// Queues it on the current stream. False, with nothing queued, where cuBLASLt cannot do it.
bool RunGemm(const KernelCall& call, const Gemm& gemm);

}  // namespace neura::cuda

#endif  // NEURA_CUDA_LIBRARIES_GEMM_H_
