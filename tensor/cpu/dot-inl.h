// Products of few rows with a matrix whose columns are contiguous (a linear layer's transposed
// weight): dot products at the speed of memory, without packing. Per target: see Highway's
// foreach_target.h.
#if defined(NEURA_TENSOR_CPU_DOT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NEURA_TENSOR_CPU_DOT_INL_H_
#undef NEURA_TENSOR_CPU_DOT_INL_H_
#else
#define NEURA_TENSOR_CPU_DOT_INL_H_
#endif

#include <algorithm>
#include <cstdint>

#include "hwy/highway.h"
#include "neura/tensor/cpu/dot_lanes-inl.h"
#include "neura/tensor/cpu/gemm.h"
#include "neura/tensor/cpu/scratch.h"
#include "neura/tensor/cpu/tile-inl.h"
#include "neura/tensor/parallel/thread_pool.h"

HWY_BEFORE_NAMESPACE();
namespace neura::cpu::HWY_NAMESPACE {

// With more rows packing B is cheaper than the sums across vectors.
inline constexpr int64_t kMaxDotRows = 8;
inline constexpr int64_t kDotDepth = 4096;
inline constexpr int64_t kDotItemBytes = 1 << 17;

// As many as have registers.
template <typename T>
inline constexpr int kDotColumns = kDotVectors<T> == 1 ? 4 : 2;

// sums[i * kColumns + j] = the dot product of row i of a and column j of b.
template <typename T, int kRows, int kColumns>
HWY_INLINE void DotTile(int64_t depth, const T* a, int64_t a_stride, const T* b, int64_t b_stride,
                        T* sums) {
  const DotTag<T> d;
  using V = hn::Vec<decltype(d)>;
  constexpr int kVectors = kDotVectors<T>, kN = kDotLanes<T> / kVectors;
  V acc[kRows][kColumns][kVectors];
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 16
    for (int j = 0; j < kColumns; ++j) {
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v) acc[i][j][v] = hn::Zero(d);
    }
  }
  // Adds the products of one vector each, which load(row of a or b, vector) gives.
  const auto add = [&](auto load) HWY_ATTR {
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) {
      V row[kRows];
#pragma GCC unroll 16
      for (int i = 0; i < kRows; ++i) row[i] = load(a + i * a_stride, v);
#pragma GCC unroll 16
      for (int j = 0; j < kColumns; ++j) {
        const V column = load(b + j * b_stride, v);
#pragma GCC unroll 16
        for (int i = 0; i < kRows; ++i) acc[i][j][v] = hn::MulAdd(row[i], column, acc[i][j][v]);
      }
    }
  };
  int64_t k = 0;
  for (; k + kDotLanes<T> <= depth; k += kDotLanes<T>) {
    add([&](const T* from, int v) HWY_ATTR { return hn::LoadU(d, from + k + v * kN); });
  }
  if (k < depth) {
    add([&](const T* from, int v) HWY_ATTR {
      HWY_ALIGN T lanes[kN] = {};
      for (int64_t i = v * kN; i < std::min<int64_t>(depth - k, (v + 1) * kN); ++i) {
        lanes[i - v * kN] = from[k + i];
      }
      return hn::Load(d, lanes);
    });
  }
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 16
    for (int j = 0; j < kColumns; ++j) {
      sums[i * kColumns + j] = SumOfDotLanes<T>(acc[i][j]);
    }
  }
}

// Rows [row, row + kRows) and columns [begin, end) of C.
template <typename T, int kRows>
void DotRows(const GemmArgs<T>& g, int64_t k_begin, int64_t depth, const T* a, int64_t a_stride,
             int64_t row, int64_t begin, int64_t end) {
  const bool first = k_begin == 0;
  for (int64_t column = begin; column < end;) {
    const T* b = g.b + column * g.b_col_stride + k_begin;
    T sums[kRows * kDotColumns<T>];
    int columns = kDotColumns<T>;
    if (column + kDotColumns<T> <= end) {
      DotTile<T, kRows, kDotColumns<T>>(depth, a, a_stride, b, g.b_col_stride, sums);
    } else {
      columns = 1;
      DotTile<T, kRows, 1>(depth, a, a_stride, b, g.b_col_stride, sums);
    }
    for (int i = 0; i < kRows; ++i) {
      T* c = g.c + (row + i) * g.c_row_stride + column;
      for (int j = 0; j < columns; ++j) {
        T sum = sums[i * columns + j];
        if (g.accumulate || !first) sum += c[j];
        if (first && g.row_bias != nullptr) sum += g.row_bias[row + i];
        if (first && g.column_bias != nullptr) sum += g.column_bias[column + j];
        c[j] = sum;
      }
    }
    column += columns;
  }
}

// g.m <= kMaxDotRows and g.b_row_stride == 1.
template <typename T>
void DotGemm(const GemmArgs<T>& g) {
  const int64_t column_bytes = static_cast<int64_t>(sizeof(T)) * (g.k + 1);
  const int64_t item_columns =
      std::max<int64_t>(1, kDotItemBytes / column_bytes / kDotColumns<T>) * kDotColumns<T>;
  int64_t k_begin = 0;
  do {
    const int64_t depth = std::min(g.k - k_begin, kDotDepth);
    const T* a = g.a + k_begin * g.a_col_stride;
    int64_t a_stride = g.a_row_stride;
    if (g.a_col_stride != 1) {
      T* packed = Scratch<T>(ScratchSlot::kPackedA, g.m * depth);
      Pack(g.m, depth, a, g.a_row_stride, g.a_col_stride, packed, depth);
      a = packed;
      a_stride = depth;
    }
    ParallelFor((g.n + item_columns - 1) / item_columns, [&](int64_t item) HWY_ATTR {
      const int64_t item_end = std::min(g.n, (item + 1) * item_columns);
      // All rows visit a few columns while these are in the cache.
      for (int64_t begin = item * item_columns; begin < item_end; begin += kDotColumns<T>) {
        const int64_t end = std::min(item_end, begin + kDotColumns<T>);
        int64_t row = 0;
        for (; row + 4 <= g.m; row += 4) {
          DotRows<T, 4>(g, k_begin, depth, a + row * a_stride, a_stride, row, begin, end);
        }
        for (; row < g.m; ++row) {
          DotRows<T, 1>(g, k_begin, depth, a + row * a_stride, a_stride, row, begin, end);
        }
      }
    });
    k_begin += depth;
  } while (k_begin < g.k);
}

}  // namespace neura::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // NEURA_TENSOR_CPU_DOT_INL_H_
