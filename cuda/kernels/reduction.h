// The shape of every reduction: an output's elements are cut into pieces of a fixed size, each is
// folded by a thread or by a block of them, and what comes out is reduced in the same way until one
// piece is left. No size depends on the device.
#ifndef NEURA_CUDA_KERNELS_REDUCTION_H_
#define NEURA_CUDA_KERNELS_REDUCTION_H_

#include <algorithm>
#include <cstdint>

#include "neura/cuda/kernels/launch.h"
#include "neura/cuda/kernels/support.h"

namespace neura::cuda {

// By kThreads, one thread folds a piece, and neighbouring threads fold neighbouring outputs: right
// where those are neighbours in memory, or where there are few elements to an output.
enum class FoldBy { kThreads, kBlocks };

namespace internal {

inline constexpr int64_t kThreadPiece = 128;
// A million elements keep every multiprocessor busy.
inline constexpr int64_t kBlockPiece = int64_t{kBlockThreads} * 16;

// Where the results of pieces lie.
struct PieceOrder {
  int64_t output_stride;
  int64_t piece_stride;
  NEURA_DEVICE int64_t At(int64_t output, int64_t piece) const {
    return output * output_stride + piece * piece_stride;
  }
};

inline PieceOrder OrderOf(FoldBy by, int64_t outputs, int64_t pieces) {
  if (by == FoldBy::kThreads) return {1, outputs};
  return {pieces, 1};
}

template <typename R>
struct FromPieces {
  const typename R::Acc* pieces;
  PieceOrder order;
  struct Row {
    const typename R::Acc* pieces;
    int64_t stride;
    NEURA_DEVICE typename R::Acc operator()(typename R::Acc acc, int64_t i) const {
      return R::Combine(acc, pieces[i * stride]);
    }
  };
  NEURA_DEVICE Row At(int64_t output) const {
    return {pieces + order.At(output, 0), order.piece_stride};
  }
};

// Where there is one piece its result is the output's; else it is kept for another round.
template <typename R, typename Finish>
struct Store {
  Finish finish;
  typename R::Acc* pieces;  // null where there is one
  PieceOrder order;
  NEURA_DEVICE void operator()(typename R::Acc acc, int64_t output, int64_t piece) const {
    if (pieces == nullptr) {
      finish(acc, output);
    } else {
      pieces[order.At(output, piece)] = acc;
    }
  }
};

template <typename R>
struct Combine {
  NEURA_DEVICE typename R::Acc operator()(typename R::Acc a, typename R::Acc b) const {
    return R::Combine(a, b);
  }
};

// One piece of one output; `count` elements belong to each output.
template <typename R, typename Source, typename Finish>
struct Fold {
  using Acc = typename R::Acc;
  int64_t outputs, count, pieces, piece_size;
  Source source;
  Store<R, Finish> store;

  NEURA_DEVICE int64_t Size(int64_t piece) const {
    const int64_t rest = count - piece * piece_size;
    return rest < piece_size ? rest : piece_size;
  }
  NEURA_DEVICE void operator()(int64_t i) const {
    const int64_t output = i % outputs, piece = i / outputs, size = Size(piece);
    const auto row = source.At(output);
    Acc acc = R::Init();
    for (int64_t k = 0; k < size; ++k) acc = row(acc, piece * piece_size + k);
    store(acc, output, piece);
  }
  NEURA_DEVICE void operator()(Block& block, int64_t i) const {
    const int64_t output = i / pieces, piece = i % pieces;
    const auto row = source.At(output);
    const Acc acc = block.Reduce(
        Size(piece), R::Init(),
        [&](Acc partial, int64_t k) { return row(partial, piece * piece_size + k); }, Combine<R>());
    block.Once([&] { store(acc, output, piece); });
  }

  void Run(const KernelCall& call, FoldBy by) const {
    if (by == FoldBy::kThreads) {
      ForEach(call, outputs * pieces, *this);
    } else {
      ForEachBlock(call, outputs * pieces, *this);
    }
  }
};

}  // namespace internal

// R: a type Acc, Init() and Combine(Acc, Acc). Folds source.At(output)(acc, i) over i < count for
// each output and calls finish(acc, output).
template <typename R, typename Source, typename Finish>
void RunReduction(const KernelCall& call, int64_t outputs, int64_t count, FoldBy by,
                  const Source& source, const Finish& finish) {
  using Acc = typename R::Acc;
  using Pieces = internal::FromPieces<R>;
  const int64_t size = by == FoldBy::kThreads ? internal::kThreadPiece : internal::kBlockPiece;
  const auto pieces_of = [size](int64_t n) { return std::max<int64_t>((n + size - 1) / size, 1); };
  int64_t pieces = pieces_of(count);
  Tensor partial;
  if (pieces > 1) partial = ScratchOf<Acc>(call, outputs * pieces);
  internal::Store<R, Finish> store{finish, Out<Acc>(partial),
                                   internal::OrderOf(by, outputs, pieces)};
  internal::Fold<R, Source, Finish>{outputs, count, pieces, size, source, store}.Run(call, by);
  while (pieces > 1) {
    const Tensor read = partial;  // until its kernel is queued
    const Pieces from{store.pieces, store.order};
    const int64_t rest = pieces;
    pieces = pieces_of(rest);
    partial = pieces > 1 ? ScratchOf<Acc>(call, outputs * pieces) : Tensor();
    store.pieces = Out<Acc>(partial);
    store.order = internal::OrderOf(by, outputs, pieces);
    internal::Fold<R, Pieces, Finish>{outputs, rest, pieces, size, from, store}.Run(call, by);
  }
}

}  // namespace neura::cuda

#endif  // NEURA_CUDA_KERNELS_REDUCTION_H_
