// The inner loops of reductions, compiled for every instruction set.
#ifndef NEURA_TENSOR_CPU_KERNELS_FOLD_H_
#define NEURA_TENSOR_CPU_KERNELS_FOLD_H_

#include <cstddef>
#include <cstdint>

#include "neura/tensor/core/dtype.h"

namespace neura::cpu {

enum class Fold { kSum, kProd, kMax, kMin };

// Whatever the target, an output's elements are folded as by this many lanes: element i of a row
// goes to lane i % kFoldLanes, and the lanes meet in a tree. So results are the same everywhere.
inline constexpr int64_t kFoldLanes = 16;

// The loops of one fold over one dtype. Partial results have a type of their own: double and
// uint64_t for sums and products, the elements' for extrema. Strides are in elements.
struct FoldLoops {
  size_t item_size;
  size_t acc_size;
  // What folds of no elements give, `n` times.
  void (*fill)(int64_t n, void* acc);
  // Folds a row of n elements into kFoldLanes lanes.
  void (*row)(const void* x, int64_t n, int64_t stride, void* lanes);
  // Folds the lanes into the first.
  void (*merge)(void* lanes);
  // Folds rows of `width` neighbouring elements into as many partial results.
  void (*columns)(const void* x, int64_t rows, int64_t row_stride, int64_t width, void* acc);
  // acc[i] = acc[i] and other[i], folded.
  void (*combine)(int64_t n, const void* other, void* acc);

  // For extrema alone: the index of the first element of a row that is *value, or NaN; n where
  // there is none.
  int64_t (*find)(const void* x, int64_t n, int64_t stride, const void* value);
  // The same for `width` neighbouring rows' worth of columns: sets index[j] to the first such row
  // of column j, where it has one.
  void (*find_columns)(const void* x, int64_t rows, int64_t row_stride, int64_t width,
                       const void* values, int64_t* index);
};

// Null for dtypes without kernels. bool has extrema alone.
const FoldLoops* FoldLoopsOf(Fold fold, DType dtype);

}  // namespace neura::cpu

#endif  // NEURA_TENSOR_CPU_KERNELS_FOLD_H_
