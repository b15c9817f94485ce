#include "neura/tensor/cpu/kernels/reduce_loop.h"

#include <algorithm>
#include <cstddef>
#include <memory>

#include "neura/tensor/parallel/thread_pool.h"

namespace neura::cpu {
namespace {

constexpr int64_t kPiece = 1 << 15;  // elements of a task
// Of rows of neighbouring outputs, whose partial results are written and read once more.
constexpr int64_t kColumnsPiece = 1 << 16;
constexpr int64_t kWidth = 1024;  // neighbouring outputs of a task
constexpr int64_t kMaxAccSize = 8;

int64_t Pieces(int64_t count, int64_t size) { return (count + size - 1) / size; }

// Walks a reduction's input by bytes.
struct Source {
  Source(const ReducePlan& plan, const void* from, const FoldLoops& loops)
      : kept(plan.kept),
        reduced(plan.reduced),
        data(static_cast<const char*>(from)),
        item_size(static_cast<int64_t>(loops.item_size)),
        outputs(kept.Count()),
        count(reduced.Count()),
        row(reduced.LastExtent()),
        row_stride(reduced.extents.empty() ? 1 : reduced.LastStride()) {}

  // Neighbouring outputs are neighbours in memory: whole rows of outputs are walked together.
  bool by_columns() const { return kept.LastStride() == 1 && row_stride != 1; }

  const char* At(int64_t output, int64_t element) const {
    return data + (kept.OffsetOf(output) + reduced.OffsetOf(element)) * item_size;
  }

  const LoopDims<1>&kept, &reduced;
  const char* data;
  int64_t item_size;
  int64_t outputs, count;
  // The innermost of the reduced dimensions.
  int64_t row, row_stride;
};

// Blocks of neighbouring outputs, within runs that lie together.
struct Blocks {
  explicit Blocks(const Source& source)
      : inner(source.kept.LastExtent()),
        per_run(Pieces(inner, kWidth)),
        count(source.outputs / inner * per_run) {}
  int64_t First(int64_t block) const { return block / per_run * inner + block % per_run * kWidth; }
  int64_t Width(int64_t block) const { return std::min(kWidth, inner - block % per_run * kWidth); }

  int64_t inner, per_run, count;
};

// Partial results that pieces of work leave behind.
class Partials {
 public:
  Partials(const FoldLoops& loops, int64_t count)
      : size_(static_cast<int64_t>(loops.acc_size)),
        data_(new std::byte[static_cast<size_t>(count * size_)]) {}
  std::byte* At(int64_t i) { return data_.get() + i * size_; }

 private:
  int64_t size_;
  std::unique_ptr<std::byte[]> data_;
};

void ReduceColumns(const Source& source, const FoldLoops& loops, FinishFold finish) {
  const Blocks blocks(source);
  const int64_t rows_per_piece =
      std::max<int64_t>(kColumnsPiece / std::min(blocks.inner, kWidth), 1);
  const int64_t pieces = Pieces(source.count, rows_per_piece);
  const auto reduce_piece = [&](int64_t block, int64_t piece, void* acc) {
    const int64_t first = blocks.First(block), width = blocks.Width(block);
    loops.fill(width, acc);
    const int64_t end = std::min((piece + 1) * rows_per_piece, source.count);
    for (int64_t r = piece * rows_per_piece; r < end;) {
      const int64_t n = std::min(source.row - r % source.row, end - r);
      loops.columns(source.At(first, r), n, source.row_stride, width, acc);
      r += n;
    }
  };
  if (pieces == 1) {
    ParallelFor(blocks.count, [&](int64_t block) {
      alignas(64) std::byte acc[kWidth * kMaxAccSize];
      reduce_piece(block, 0, acc);
      finish(blocks.First(block), blocks.Width(block), acc);
    });
    return;
  }
  Partials partials(loops, pieces * source.outputs);
  ParallelFor(blocks.count * pieces, [&](int64_t task) {
    const int64_t block = task / pieces, piece = task % pieces;
    reduce_piece(block, piece, partials.At(piece * source.outputs + blocks.First(block)));
  });
  ParallelFor(blocks.count, [&](int64_t block) {
    const int64_t first = blocks.First(block), width = blocks.Width(block);
    for (int64_t p = 1; p < pieces; ++p) {
      loops.combine(width, partials.At(p * source.outputs + first), partials.At(first));
    }
    finish(first, width, partials.At(first));
  });
}

// Each output walks rows of its own elements.
void ReduceRows(const Source& source, const FoldLoops& loops, FinishFold finish) {
  const int64_t pieces_per_row = Pieces(source.row, kPiece);
  const int64_t rows = source.count / source.row;
  const int64_t rows_per_piece = std::max<int64_t>(kPiece / source.row, 1);
  const int64_t pieces = pieces_per_row * Pieces(rows, rows_per_piece);
  const auto reduce_piece = [&](int64_t output, int64_t piece, void* acc) {
    const int64_t begin = piece % pieces_per_row * kPiece;
    const int64_t n = std::min(kPiece, source.row - begin);
    const int64_t first = piece / pieces_per_row * rows_per_piece;
    const int64_t last = std::min(first + rows_per_piece, rows);
    alignas(64) std::byte lanes[kFoldLanes * kMaxAccSize];
    loops.fill(kFoldLanes, lanes);
    for (int64_t r = first; r < last; ++r) {
      loops.row(source.At(output, r * source.row + begin), n, source.row_stride, lanes);
    }
    loops.merge(lanes);
    std::copy_n(lanes, loops.acc_size, static_cast<std::byte*>(acc));
  };
  if (pieces == 1) {
    const int64_t per_task = std::clamp<int64_t>(kPiece / source.count, 1, kWidth);
    ParallelFor(Pieces(source.outputs, per_task), [&](int64_t task) {
      alignas(64) std::byte acc[kWidth * kMaxAccSize];
      const int64_t begin = task * per_task, end = std::min(begin + per_task, source.outputs);
      for (int64_t o = begin; o < end; ++o) {
        reduce_piece(o, 0, acc + (o - begin) * static_cast<int64_t>(loops.acc_size));
      }
      finish(begin, end - begin, acc);
    });
    return;
  }
  Partials partials(loops, pieces * source.outputs);
  ParallelFor(pieces * source.outputs,
              [&](int64_t task) { reduce_piece(task / pieces, task % pieces, partials.At(task)); });
  for (int64_t o = 0; o < source.outputs; ++o) {
    for (int64_t p = 1; p < pieces; ++p) {
      loops.combine(1, partials.At(o * pieces + p), partials.At(o * pieces));
    }
    finish(o, 1, partials.At(o * pieces));
  }
}

}  // namespace

void RunReduction(const ReducePlan& plan, const void* data, const FoldLoops& loops,
                  FinishFold finish) {
  const Source source(plan, data, loops);
  if (source.outputs == 0) return;
  if (source.count == 0) {
    Partials none(loops, source.outputs);
    loops.fill(source.outputs, none.At(0));
    finish(0, source.outputs, none.At(0));
  } else if (source.by_columns()) {
    ReduceColumns(source, loops, finish);
  } else {
    ReduceRows(source, loops, finish);
  }
}

void FindExtrema(const ReducePlan& plan, const void* data, const FoldLoops& loops,
                 const void* extrema, int64_t* indices) {
  const Source source(plan, data, loops);
  if (source.outputs == 0) return;
  const auto extremum = [&](int64_t output) {
    return static_cast<const char*>(extrema) + output * source.item_size;
  };
  if (source.by_columns()) {
    const Blocks blocks(source);
    ParallelFor(blocks.count, [&](int64_t block) {
      const int64_t first = blocks.First(block);
      loops.find_columns(source.At(first, 0), source.count, source.row_stride, blocks.Width(block),
                         extremum(first), indices + first);
    });
    return;
  }
  const int64_t pieces = Pieces(source.count, kPiece);
  if (pieces == 1) {
    const int64_t per_task = std::max<int64_t>(kPiece / source.count, 1);
    ParallelFor(Pieces(source.outputs, per_task), [&](int64_t task) {
      const int64_t end = std::min((task + 1) * per_task, source.outputs);
      for (int64_t o = task * per_task; o < end; ++o) {
        indices[o] = loops.find(source.At(o, 0), source.count, source.row_stride, extremum(o));
      }
    });
    return;
  }
  // Every piece is searched, so that no thread waits for another.
  const auto found = std::make_unique<int64_t[]>(static_cast<size_t>(pieces * source.outputs));
  ParallelFor(pieces * source.outputs, [&](int64_t task) {
    const int64_t output = task / pieces, begin = task % pieces * kPiece;
    const int64_t n = std::min(kPiece, source.count - begin);
    const int64_t at = loops.find(source.At(output, begin), n, source.row_stride, extremum(output));
    found[static_cast<size_t>(task)] = at < n ? begin + at : source.count;
  });
  for (int64_t o = 0; o < source.outputs; ++o) {
    const int64_t* of = found.get() + o * pieces;
    indices[o] = *std::min_element(of, of + pieces);
  }
}

}  // namespace neura::cpu
