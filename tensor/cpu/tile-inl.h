// The micro-kernel of matrix products and convolutions: one tile of C in registers. Per target: see
// Highway's foreach_target.h.
#if defined(NEURA_TENSOR_CPU_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NEURA_TENSOR_CPU_TILE_INL_H_
#undef NEURA_TENSOR_CPU_TILE_INL_H_
#else
#define NEURA_TENSOR_CPU_TILE_INL_H_
#endif

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "hwy/highway.h"
#include "hwy/cache_control.h"
#include "neura/tensor/cpu/wasm_double-inl.h"

HWY_BEFORE_NAMESPACE();
namespace neura::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_AVX3 || (HWY_TARGET == HWY_NEON && HWY_ARCH_ARM_A64)
inline constexpr int kRegisters = 32;
#elif HWY_TARGET == HWY_WASM
// Without fused products each needs a register of its own, and engines keep some for themselves.
inline constexpr int kRegisters = 12;
#else
inline constexpr int kRegisters = 16;
#endif

// Whether masked loads and stores are one instruction that touches no memory behind the mask.
#if HWY_TARGET == HWY_AVX3
inline constexpr bool kHasMaskedMemory = true;
#else
inline constexpr bool kHasMaskedMemory = false;
#endif

template <typename T>
inline constexpr int kLanes = static_cast<int>(hn::MaxLanes(hn::ScalableTag<T>()));

// A tile of kTileRows x kTileVectors vectors fills the registers: its sums, a row of B, and an
// element of A.
inline constexpr int kTileVectors = 2;
inline constexpr int kTileRows = (kRegisters - kTileVectors - 1) / kTileVectors;
template <typename T>
inline constexpr int kTileColumns = kTileVectors* kLanes<T>;

// The width in vectors, a power of 2, of the widest tile with so many rows.
constexpr int MaxTileVectors(int rows) {
  int vectors = 8;
  while (vectors > kTileVectors && rows * vectors + vectors + 1 > kRegisters) vectors /= 2;
  return vectors;
}

// Rows are shared out evenly: 15 rows are tiles of 8 and 7, not of 14 and 1.
struct RowTiles {
  explicit RowTiles(int64_t rows)
      : count((rows + kTileRows - 1) / kTileRows),
        base(count == 0 ? 0 : rows / count),
        larger(count == 0 ? 0 : rows % count) {}
  int64_t Begin(int64_t tile) const { return tile * base + (tile < larger ? tile : larger); }
  int Rows(int64_t tile) const { return static_cast<int>(base + (tile < larger ? 1 : 0)); }

  int64_t count;
  int64_t base;
  int64_t larger;  // the first so many tiles have base + 1 rows
};

enum class ALayout {
  kColumns,  // element (i, k) at a[k * a_stride + i]
  kIndexed,  // element (i, k) at a[a_offsets[k] + i]
  kRows,     // element (i, k) at a[a_offsets[i] + k], or a[i * a_stride + k] without offsets
};
enum class BLayout {
  kStrided,  // row k begins at b + k * b_stride
  kIndexed,  // row k begins at b + b_offsets[k]
};

// C (+)= A B + row_bias + column_bias for a tile. B's rows are readable up to a whole vector,
// unless the tile is one vector wide and kHasMaskedMemory.
template <typename T>
struct Tile {
  int64_t depth = 0;  // columns of A, rows of B
  const T* a = nullptr;
  int64_t a_stride = 0;
  const int64_t* a_offsets = nullptr;
  // kRows: A is a sequence of segments of depth columns each, a_segment_stride apart; B's rows run
  // on through all.
  int64_t segments = 1;
  int64_t a_segment_stride = 0;
  const T* b = nullptr;
  int64_t b_stride = 0;
  const int64_t* b_offsets = nullptr;
  T* c = nullptr;
  int64_t c_stride = 0;
  int64_t columns = 0;  // more than vectors - 1 vectors, at most vectors
  bool accumulate = false;
  const T* row_bias = nullptr;
  const T* column_bias = nullptr;
};

// The first count lanes; zero behind them.
template <class D, class M, typename T = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> LoadFirst(D d, M mask, int64_t count, const T* from) {
  if constexpr (kHasMaskedMemory) return hn::MaskedLoad(mask, d, from);
  constexpr int kN = static_cast<int>(hn::MaxLanes(D()));
  if (count == kN) return hn::LoadU(d, from);
  HWY_ALIGN T lanes[kN] = {};
  for (int64_t i = 0; i < count; ++i) lanes[i] = from[i];
  return hn::Load(d, lanes);
}

template <class D, class M, typename T = hn::TFromD<D>>
HWY_INLINE void StoreFirst(D d, M mask, int64_t count, hn::Vec<D> v, T* to) {
  if constexpr (kHasMaskedMemory) {
    hn::BlendedStore(v, mask, d, to);
  } else if (count == kLanes<T>) {
    hn::StoreU(v, d, to);
  } else {
    HWY_ALIGN T lanes[kLanes<T>];
    hn::Store(v, d, lanes);
    for (int64_t i = 0; i < count; ++i) to[i] = lanes[i];
  }
}

template <class D, class M, int kVectors, typename T = hn::TFromD<D>>
HWY_INLINE void LoadRow(D d, M mask, const T* row, hn::Vec<D> (&vectors)[kVectors]) {
  if constexpr (kVectors == 1 && kHasMaskedMemory) {
    vectors[0] = hn::MaskedLoad(mask, d, row);
  } else {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) vectors[v] = hn::LoadU(d, row + v * kLanes<T>);
  }
}

// The hardware does not foresee the rows of a wide matrix.
inline constexpr int64_t kPrefetchRows = 12;

template <typename T, int kVectors>
HWY_INLINE void PrefetchRow(const T* row) {
#pragma GCC unroll 8
  for (int v = 0; v < kVectors; ++v) hwy::Prefetch(row + v * kLanes<T>);
}

template <typename T, int kRows, int kVectors, ALayout kALayout, BLayout kBLayout>
void RunTile(const Tile<T>& tile) {
  const hn::ScalableTag<T> d;
  using V = hn::Vec<decltype(d)>;
  constexpr int kN = kLanes<T>;
  constexpr int kLast = kVectors - 1;
  const int64_t tail = tile.columns - kLast * kN;
  const auto mask = hn::FirstN(d, static_cast<size_t>(tail));

  V sums[kRows][kVectors];
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) sums[i][v] = hn::Zero(d);
  }
  if (tile.accumulate) {
    for (int i = 0; i < kRows; ++i) PrefetchRow<T, kVectors>(tile.c + i * tile.c_stride);
  }
  if (tile.row_bias != nullptr) {
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) {
        sums[i][v] = hn::Add(sums[i][v], hn::Set(d, tile.row_bias[i]));
      }
    }
  }
  if (tile.column_bias != nullptr) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      const T* from = tile.column_bias + v * kN;
      const V bias = v == kLast ? LoadFirst(d, mask, tail, from) : hn::LoadU(d, from);
#pragma GCC unroll 16
      for (int i = 0; i < kRows; ++i) sums[i][v] = hn::Add(sums[i][v], bias);
    }
  }

  const T* b_row = tile.b;
  if constexpr (kALayout != ALayout::kRows) {
    const T* a = tile.a;
    for (int64_t k = 0; k < tile.depth; ++k) {
      if constexpr (kALayout == ALayout::kIndexed) a = tile.a + tile.a_offsets[k];
      if constexpr (kBLayout == BLayout::kIndexed) b_row = tile.b + tile.b_offsets[k];
      V b[kVectors];
      LoadRow(d, mask, b_row, b);
      if constexpr (kBLayout == BLayout::kStrided) {
        PrefetchRow<T, kVectors>(b_row + kPrefetchRows * tile.b_stride);
      }
#pragma GCC unroll 16
      for (int i = 0; i < kRows; ++i) {
        const V element = hn::Set(d, a[i]);
#pragma GCC unroll 8
        for (int v = 0; v < kVectors; ++v) sums[i][v] = hn::MulAdd(element, b[v], sums[i][v]);
      }
      hwy::Prefetch(a + kPrefetchRows * tile.a_stride);
      a += tile.a_stride;
      b_row += tile.b_stride;
    }
  } else {
    static_assert(kBLayout == BLayout::kStrided);
    const T* a[kRows];
    for (int i = 0; i < kRows; ++i) {
      a[i] = tile.a + (tile.a_offsets != nullptr ? tile.a_offsets[i] : i * tile.a_stride);
    }
    int64_t segment_begin = 0;
    for (int64_t segment = 0; segment < tile.segments; ++segment) {
      const int64_t segment_end = segment_begin + tile.depth;
      for (int64_t k = segment_begin; k < segment_end; ++k) {
        V b[kVectors];
        LoadRow(d, mask, b_row, b);
        PrefetchRow<T, kVectors>(b_row + kPrefetchRows * tile.b_stride);
#pragma GCC unroll 16
        for (int i = 0; i < kRows; ++i) {
          const V element = hn::Set(d, a[i][k]);
#pragma GCC unroll 8
          for (int v = 0; v < kVectors; ++v) sums[i][v] = hn::MulAdd(element, b[v], sums[i][v]);
        }
        b_row += tile.b_stride;
      }
      segment_begin += tile.a_segment_stride;
    }
  }

  if (tile.accumulate) {
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
      const T* row = tile.c + i * tile.c_stride;
#pragma GCC unroll 8
      for (int v = 0; v < kLast; ++v) {
        sums[i][v] = hn::Add(sums[i][v], hn::LoadU(d, row + v * kN));
      }
      sums[i][kLast] = hn::Add(sums[i][kLast], LoadFirst(d, mask, tail, row + kLast * kN));
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) {
    T* row = tile.c + i * tile.c_stride;
#pragma GCC unroll 8
    for (int v = 0; v < kLast; ++v) hn::StoreU(sums[i][v], d, row + v * kN);
    StoreFirst(d, mask, tail, sums[i][kLast], row + kLast * kN);
  }
}

template <typename T>
using TileFunction = void (*)(const Tile<T>&);

template <typename T, ALayout kALayout, BLayout kBLayout, int kMaxVectors, int kRows,
          int kLogVectors>
constexpr TileFunction<T> TileFor() {
  constexpr int kVectors = 1 << kLogVectors;
  if constexpr (kVectors <= MaxTileVectors(kRows) && kVectors <= kMaxVectors) {
    return &RunTile<T, kRows, kVectors, kALayout, kBLayout>;
  } else {
    return nullptr;
  }
}

// The tiles by [rows - 1][log2(vectors)], compiled up to kMaxVectors wide.
template <typename T, ALayout kALayout, BLayout kBLayout, int kMaxVectors>
struct Tiles {
  using Row = std::array<TileFunction<T>, 4>;

  template <int... kRowIndex>
  static constexpr std::array<Row, kTileRows> Make(std::integer_sequence<int, kRowIndex...>) {
    return {Row{TileFor<T, kALayout, kBLayout, kMaxVectors, kRowIndex + 1, 0>(),
                TileFor<T, kALayout, kBLayout, kMaxVectors, kRowIndex + 1, 1>(),
                TileFor<T, kALayout, kBLayout, kMaxVectors, kRowIndex + 1, 2>(),
                TileFor<T, kALayout, kBLayout, kMaxVectors, kRowIndex + 1, 3>()}...};
  }
  static constexpr std::array<Row, kTileRows> kTable =
      Make(std::make_integer_sequence<int, kTileRows>());

  static void Run(const Tile<T>& tile, int rows, int vectors) {
    kTable[rows - 1][std::countr_zero(static_cast<unsigned>(vectors))](tile);
  }
};

// dst[k * dst_stride + i] = src[k * k_stride + i * i_stride] for k < depth and i < width.
template <typename T>
void Pack(int64_t depth, int64_t width, const T* HWY_RESTRICT src, int64_t k_stride,
          int64_t i_stride, T* HWY_RESTRICT dst, int64_t dst_stride) {
  int64_t k = 0;
  if (i_stride == 1) {
    const hn::ScalableTag<T> d;
    constexpr int kN = kLanes<T>;
    for (; k < depth; ++k) {
      const T* from = src + k * k_stride;
      T* to = dst + k * dst_stride;
      int64_t i = 0;
      for (; i + kN <= width; i += kN) hn::StoreU(hn::LoadU(d, from + i), d, to + i);
      for (; i < width; ++i) to[i] = from[i];
    }
    return;
  }
#if HWY_TARGET != HWY_SCALAR
  const hn::Full128<T> d;
  constexpr int kBlock = static_cast<int>(hn::MaxLanes(d));
  if (k_stride == 1 && width >= kBlock) {
    for (; k + kBlock <= depth; k += kBlock) {
      for (int64_t begin = 0; begin < width; begin += kBlock) {
        // The last block of a width that is no multiple repeats a few rows.
        const int64_t i = begin + kBlock <= width ? begin : width - kBlock;
        const T* from = src + i * i_stride + k;
        T* to = dst + k * dst_stride + i;
        const auto row0 = hn::LoadU(d, from);
        const auto row1 = hn::LoadU(d, from + i_stride);
        if constexpr (kBlock == 2) {
          hn::StoreU(hn::InterleaveLower(d, row0, row1), d, to);
          hn::StoreU(hn::InterleaveUpper(d, row0, row1), d, to + dst_stride);
        } else {
          const auto row2 = hn::LoadU(d, from + 2 * i_stride);
          const auto row3 = hn::LoadU(d, from + 3 * i_stride);
          const auto even_low = hn::InterleaveLower(d, row0, row2);
          const auto odd_low = hn::InterleaveLower(d, row1, row3);
          const auto even_high = hn::InterleaveUpper(d, row0, row2);
          const auto odd_high = hn::InterleaveUpper(d, row1, row3);
          hn::StoreU(hn::InterleaveLower(d, even_low, odd_low), d, to);
          hn::StoreU(hn::InterleaveUpper(d, even_low, odd_low), d, to + dst_stride);
          hn::StoreU(hn::InterleaveLower(d, even_high, odd_high), d, to + 2 * dst_stride);
          hn::StoreU(hn::InterleaveUpper(d, even_high, odd_high), d, to + 3 * dst_stride);
        }
      }
    }
  }
#endif
  for (; k < depth; ++k) {
    for (int64_t i = 0; i < width; ++i) dst[k * dst_stride + i] = src[k * k_stride + i * i_stride];
  }
}

template <typename T>
HWY_INLINE void FillZero(T* to, int64_t count) {
  const hn::ScalableTag<T> d;
  constexpr int kN = kLanes<T>;
  int64_t i = 0;
  for (; i + kN <= count; i += kN) hn::StoreU(hn::Zero(d), d, to + i);
  for (; i < count; ++i) to[i] = T{0};
}

// As Pack, with zeros up to padded_width, which is also the stride.
template <typename T>
void PackPadded(int64_t depth, int64_t width, const T* src, int64_t k_stride, int64_t i_stride,
                T* dst, int64_t padded_width) {
  if (width < padded_width) FillZero(dst, depth * padded_width);
  Pack(depth, width, src, k_stride, i_stride, dst, padded_width);
}

}  // namespace neura::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // NEURA_TENSOR_CPU_TILE_INL_H_
