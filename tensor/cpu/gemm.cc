#include "neura/tensor/cpu/gemm.h"

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "neura/tensor/cpu/scratch.h"
#include "neura/tensor/cpu/targets.h"  // IWYU pragma: keep
#include "neura/tensor/parallel/thread_pool.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/cpu/gemm.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "neura/tensor/cpu/dot-inl.h"
#include "neura/tensor/cpu/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace neura::cpu::HWY_NAMESPACE {

// Depth of one block: a packed panel of B (kTileColumns wide) and one of A stay in the two nearest
// caches. The same without packing, so that sums do not depend on which way is taken: how many rows
// are worth packing is the target's.
constexpr int64_t kBlockDepth = 256;
// Rows of A and columns of B packed at a time: bounds the scratch memory.
constexpr int64_t kPackedRows = 1024;
constexpr int64_t kPackedColumns = 1024;
// Multiplications that are worth an item of the thread pool.
constexpr int64_t kItemWork = 1 << 17;
// Up to so many rows of A, B comes faster from where it is than packed: always, and if its rows do
// not collide.
constexpr int64_t kUnpackedRows = 2 * kTileRows;
constexpr int64_t kUnpackedRowsOfSpreadB = 256;
// Rows that are a multiple of this apart collide: they compete for the same places in a cache.
constexpr int64_t kCacheWayBytes = 4096;

template <typename T>
bool RowsCollide(int64_t stride) {
  return stride * static_cast<int64_t>(sizeof(T)) % kCacheWayBytes == 0;
}

constexpr int64_t CeilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

// The size of the equal blocks that total is cut into so that none exceeds most.
constexpr int64_t BlockSize(int64_t total, int64_t most) {
  return total == 0 ? 0 : CeilDiv(total, CeilDiv(total, most));
}

// Calls body(begin, size) for the blocks of [0, total), once with size 0 if total is 0.
template <typename Body>
void ForBlocks(int64_t total, int64_t most, Body body) {
  const int64_t size = BlockSize(total, most);
  int64_t begin = 0;
  do {
    body(begin, std::min(size, total - begin));
    begin += size;
  } while (begin < total);
}

// What the first of several blocks over k does with C; later ones add to it.
template <typename T>
void SetEpilogue(const GemmArgs<T>& g, int64_t row, int64_t column, bool first, Tile<T>* tile) {
  tile->c = g.c + row * g.c_row_stride + column;
  tile->c_stride = g.c_row_stride;
  tile->accumulate = g.accumulate || !first;
  tile->row_bias = first && g.row_bias != nullptr ? g.row_bias + row : nullptr;
  tile->column_bias = first && g.column_bias != nullptr ? g.column_bias + column : nullptr;
}

// One block over k of columns [begin, end) of C. B's rows are contiguous and read in place, and so
// is A unless neither of its strides is 1.
template <typename T>
void UnpackedBlock(const GemmArgs<T>& g, int64_t k_begin, int64_t depth, int64_t begin,
                   int64_t end) {
  constexpr int kN = kLanes<T>;
  const RowTiles tiles(g.m);
  const int max_vectors = MaxTileVectors(tiles.Rows(0));
  Tile<T> tile;
  tile.depth = depth;
  for (int64_t t = 0; t < tiles.count; ++t) {
    const int64_t row = tiles.Begin(t);
    const int rows = tiles.Rows(t);
    tile.a = g.a + row * g.a_row_stride + k_begin * g.a_col_stride;
    const bool a_in_rows = g.a_col_stride == 1;
    tile.a_stride = a_in_rows ? g.a_row_stride : g.a_col_stride;
    if (!a_in_rows && g.a_row_stride != 1) {
      T* packed = Scratch<T>(ScratchSlot::kPackedA, depth * rows);
      Pack(depth, rows, tile.a, g.a_col_stride, g.a_row_stride, packed, rows);
      tile.a = packed;
      tile.a_stride = rows;
    }
    for (int64_t column = begin; column < end;) {
      const int64_t left = end - column;
      int vectors = max_vectors;
      while (vectors > 1 && vectors * kN > left) vectors /= 2;
      tile.columns = std::min<int64_t>(left, vectors * kN);
      tile.b = g.b + k_begin * g.b_row_stride + column;
      tile.b_stride = g.b_row_stride;
      if (!kHasMaskedMemory && tile.columns < kN) {
        T* packed = Scratch<T>(ScratchSlot::kPackedTail, depth * kN);
        PackPadded(depth, tile.columns, tile.b, g.b_row_stride, 1, packed, kN);
        tile.b = packed;
        tile.b_stride = kN;
      }
      SetEpilogue(g, row, column, k_begin == 0, &tile);
      if (a_in_rows) {
        Tiles<T, ALayout::kRows, BLayout::kStrided, 8>::Run(tile, rows, vectors);
      } else {
        Tiles<T, ALayout::kColumns, BLayout::kStrided, 8>::Run(tile, rows, vectors);
      }
      column += tile.columns;
    }
  }
}

template <typename T>
void UnpackedGemm(const GemmArgs<T>& g) {
  const int64_t widest = MaxTileVectors(RowTiles(g.m).Rows(0)) * kLanes<T>;
  const int64_t item_columns =
      widest * std::max<int64_t>(1, kItemWork / std::max<int64_t>(1, g.m * widest * g.k));
  ParallelFor(CeilDiv(g.n, item_columns), [&](int64_t item) HWY_ATTR {
    const int64_t begin = item * item_columns;
    const int64_t end = std::min(g.n, begin + item_columns);
    ForBlocks(g.k, kBlockDepth, [&](int64_t k_begin, int64_t depth) HWY_ATTR {
      UnpackedBlock(g, k_begin, depth, begin, end);
    });
  });
}

// One block of C (at most kPackedRows x kPackedColumns) for one block over k (at most
// kBlockDepth).
template <typename T>
struct PackedBlock {
  static constexpr int kPanel = kTileColumns<T>;

  const GemmArgs<T>& g;
  int64_t k_begin, depth;
  int64_t column_begin, columns;
  int64_t row_begin;
  RowTiles tiles;
  bool pack_a;  // else its rows are contiguous, and read in place
  bool pack_b;  // else it is the last block's, of the same columns
  T* packed_a;
  T* packed_b;

  int64_t PanelColumns(int64_t p) const { return std::min<int64_t>(kPanel, columns - p * kPanel); }
  int PanelVectors(int64_t p) const { return PanelColumns(p) > kLanes<T> ? kTileVectors : 1; }

  void PackAPanel(int64_t t) const {
    const T* from = g.a + (row_begin + tiles.Begin(t)) * g.a_row_stride + k_begin * g.a_col_stride;
    Pack(depth, tiles.Rows(t), from, g.a_col_stride, g.a_row_stride,
         packed_a + tiles.Begin(t) * depth, tiles.Rows(t));
  }

  void PackBPanel(int64_t p) const {
    const T* from = g.b + k_begin * g.b_row_stride + (column_begin + p * kPanel) * g.b_col_stride;
    PackPadded(depth, PanelColumns(p), from, g.b_row_stride, g.b_col_stride,
               packed_b + p * kPanel * depth, PanelVectors(p) * int64_t{kLanes<T>});
  }

  void Compute(int64_t t, int64_t p) const {
    Tile<T> tile;
    tile.depth = depth;
    tile.b = packed_b + p * kPanel * depth;
    tile.b_stride = PanelVectors(p) * kLanes<T>;
    tile.columns = PanelColumns(p);
    SetEpilogue(g, row_begin + tiles.Begin(t), column_begin + p * kPanel, k_begin == 0, &tile);
    if (pack_a) {
      tile.a = packed_a + tiles.Begin(t) * depth;
      tile.a_stride = tiles.Rows(t);
      Tiles<T, ALayout::kColumns, BLayout::kStrided, 8>::Run(tile, tiles.Rows(t), PanelVectors(p));
    } else {
      tile.a = g.a + (row_begin + tiles.Begin(t)) * g.a_row_stride + k_begin;
      tile.a_stride = g.a_row_stride;
      Tiles<T, ALayout::kRows, BLayout::kStrided, 8>::Run(tile, tiles.Rows(t), PanelVectors(p));
    }
  }

  void Run() const {
    const int64_t panels = CeilDiv(columns, kPanel);
    const int64_t panels_to_pack = pack_b ? panels : 0;
    // Packing moves about as much memory for 64 elements as an item of products does for one.
    const int64_t pack_group = std::max<int64_t>(1, kItemWork / 8 / (depth * kPanel + 1));
    const int64_t a_items = pack_a ? CeilDiv(tiles.count, 2 * pack_group) : 0;
    const int64_t b_items = CeilDiv(panels_to_pack, pack_group);
    ParallelFor(a_items + b_items, [&](int64_t item) HWY_ATTR {
      if (item < a_items) {
        const int64_t end = std::min(tiles.count, (item + 1) * 2 * pack_group);
        for (int64_t t = item * 2 * pack_group; t < end; ++t) PackAPanel(t);
      } else {
        const int64_t end = std::min(panels_to_pack, (item - a_items + 1) * pack_group);
        for (int64_t p = (item - a_items) * pack_group; p < end; ++p) PackBPanel(p);
      }
    });
    // Groups of panels and, within one, of tiles: many enough to balance, large enough to be worth
    // claiming.
    const int64_t tile_work = depth * kPanel * tiles.Rows(0);
    const int64_t group_panels = std::min<int64_t>(panels, 4);
    const int64_t group_tiles =
        std::max<int64_t>(1, std::min(CeilDiv(tiles.count * CeilDiv(panels, group_panels), 16),
                                      4 * kItemWork / (tile_work * group_panels + 1)));
    const int64_t row_groups = CeilDiv(tiles.count, group_tiles);
    const int64_t column_groups = CeilDiv(panels, group_panels);
    ParallelFor(row_groups * column_groups, [&](int64_t item) HWY_ATTR {
      const int64_t t_begin = item % row_groups * group_tiles;
      const int64_t t_end = std::min(tiles.count, t_begin + group_tiles);
      const int64_t p_begin = item / row_groups * group_panels;
      const int64_t p_end = std::min(panels, p_begin + group_panels);
      for (int64_t p = p_begin; p < p_end; ++p) {
        for (int64_t t = t_begin; t < t_end; ++t) Compute(t, p);
      }
    });
  }
};

template <typename T>
void PackedGemm(const GemmArgs<T>& g) {
  constexpr int kPanel = kTileColumns<T>;
  const int64_t depth = BlockSize(g.k, kBlockDepth);
  const int64_t padded_columns = CeilDiv(BlockSize(g.n, kPackedColumns), kPanel) * kPanel;
  const bool pack_a = g.a_col_stride != 1 || RowsCollide<T>(g.a_row_stride);
  T* packed_a =
      pack_a ? Scratch<T>(ScratchSlot::kPackedA, depth * BlockSize(g.m, kPackedRows)) : nullptr;
  T* packed_b = Scratch<T>(ScratchSlot::kPackedB, depth * padded_columns);
  ForBlocks(g.n, kPackedColumns, [&](int64_t column_begin, int64_t columns) HWY_ATTR {
    ForBlocks(g.k, kBlockDepth, [&](int64_t k_begin, int64_t block_depth) HWY_ATTR {
      ForBlocks(g.m, kPackedRows, [&](int64_t row_begin, int64_t rows) HWY_ATTR {
        PackedBlock<T>{g,
                       k_begin,
                       block_depth,
                       column_begin,
                       columns,
                       row_begin,
                       RowTiles(rows),
                       pack_a,
                       /*pack_b=*/row_begin == 0,
                       packed_a,
                       packed_b}
            .Run();
      });
    });
  });
}

template <typename T>
void GemmImpl(const GemmArgs<T>& g) {
  if (g.m == 0 || g.n == 0) return;
  if (g.m <= kMaxDotRows && g.b_row_stride == 1 && g.b_col_stride != 1) {
    DotGemm(g);
  } else if (g.b_col_stride == 1 && (g.m <= kUnpackedRows || (g.m <= kUnpackedRowsOfSpreadB &&
                                                              !RowsCollide<T>(g.b_row_stride)))) {
    UnpackedGemm(g);
  } else {
    PackedGemm(g);
  }
}

void GemmFloat(const GemmArgs<float>& g) { GemmImpl(g); }
void GemmDouble(const GemmArgs<double>& g) { GemmImpl(g); }

}  // namespace neura::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace neura::cpu {
namespace {

HWY_EXPORT(GemmFloat);
HWY_EXPORT(GemmDouble);

void Run(const GemmArgs<float>& args) { HWY_DYNAMIC_DISPATCH(GemmFloat)(args); }
void Run(const GemmArgs<double>& args) { HWY_DYNAMIC_DISPATCH(GemmDouble)(args); }

// Integer products serve indexing arithmetic, not the bulk of a model's work.
template <typename T>
requires std::is_integral_v<T>
void Run(const GemmArgs<T>& g) {
  using U = std::make_unsigned_t<T>;  // wraps by definition
  ParallelFor(g.m, [&](int64_t i) {
    T* c = g.c + i * g.c_row_stride;
    for (int64_t j = 0; j < g.n; ++j) {
      U sum = g.accumulate ? static_cast<U>(c[j]) : U{0};
      if (g.row_bias != nullptr) sum += static_cast<U>(g.row_bias[i]);
      if (g.column_bias != nullptr) sum += static_cast<U>(g.column_bias[j]);
      c[j] = static_cast<T>(sum);
    }
    for (int64_t k = 0; k < g.k; ++k) {
      const U a = static_cast<U>(g.a[i * g.a_row_stride + k * g.a_col_stride]);
      const T* b = g.b + k * g.b_row_stride;
      for (int64_t j = 0; j < g.n; ++j) {
        c[j] = static_cast<T>(static_cast<U>(c[j]) + a * static_cast<U>(b[j * g.b_col_stride]));
      }
    }
  });
}

// C' = B' A' makes a column vector a row vector, which has its own fast ways.
template <typename T>
void RunTransposed(const GemmArgs<T>& g) {
  GemmArgs<T> t;
  t.m = 1;
  t.n = g.m;
  t.k = g.k;
  t.a = g.b;
  t.a_row_stride = g.b_col_stride;
  t.a_col_stride = g.b_row_stride;
  t.b = g.a;
  t.b_row_stride = g.a_col_stride;
  t.b_col_stride = g.a_row_stride;
  t.c = g.c;
  t.c_row_stride = g.m;
  t.accumulate = g.accumulate;
  t.row_bias = g.column_bias;
  t.column_bias = g.row_bias;
  Run(t);
}

template <typename T>
void GemmAny(const GemmArgs<T>& g) {
  if (g.n == 1 && g.m > 1 && g.c_row_stride == 1) {
    RunTransposed(g);
  } else {
    Run(g);
  }
}

// Products that are worth the whole pool each run one after another.
constexpr int64_t kLargeProduct = int64_t{1} << 24;
constexpr int64_t kBatchItemWork = 1 << 17;

template <typename T>
void BatchedGemmAny(const BatchedGemmArgs<T>& batch) {
  const GemmArgs<T>& product = batch.product;
  if (batch.count == 0 || product.m == 0 || product.n == 0) return;
  const bool one_tall_product = batch.b_stride == 0 && product.row_bias == nullptr &&
                                batch.a_stride == product.m * product.a_row_stride &&
                                batch.c_stride == product.m * product.c_row_stride;
  if (one_tall_product) {
    GemmArgs<T> tall = product;
    tall.m *= batch.count;
    GemmAny(tall);
    return;
  }
  const auto run = [&](int64_t i) {
    GemmArgs<T> one = product;
    one.a += i * batch.a_stride;
    one.b += i * batch.b_stride;
    one.c += i * batch.c_stride;
    GemmAny(one);
  };
  const int64_t work = product.m * product.n * std::max<int64_t>(1, product.k);
  if (work >= kLargeProduct) {
    for (int64_t i = 0; i < batch.count; ++i) run(i);
    return;
  }
  const int64_t per_item = std::max<int64_t>(1, kBatchItemWork / work);
  ParallelFor((batch.count + per_item - 1) / per_item, [&](int64_t item) {
    const int64_t end = std::min(batch.count, (item + 1) * per_item);
    for (int64_t i = item * per_item; i < end; ++i) run(i);
  });
}

}  // namespace

void Gemm(const GemmArgs<float>& args) { GemmAny(args); }
void Gemm(const GemmArgs<double>& args) { GemmAny(args); }
void Gemm(const GemmArgs<int32_t>& args) { GemmAny(args); }
void Gemm(const GemmArgs<int64_t>& args) { GemmAny(args); }
void Gemm(const GemmArgs<uint8_t>& args) { GemmAny(args); }

void BatchedGemm(const BatchedGemmArgs<float>& args) { BatchedGemmAny(args); }
void BatchedGemm(const BatchedGemmArgs<double>& args) { BatchedGemmAny(args); }
void BatchedGemm(const BatchedGemmArgs<int32_t>& args) { BatchedGemmAny(args); }
void BatchedGemm(const BatchedGemmArgs<int64_t>& args) { BatchedGemmAny(args); }
void BatchedGemm(const BatchedGemmArgs<uint8_t>& args) { BatchedGemmAny(args); }

}  // namespace neura::cpu
#endif  // HWY_ONCE
