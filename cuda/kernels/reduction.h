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
inline constexpr int64_t kBlockPiece = int64_t{kBlockThreads} * 64;

// Where the results of pieces lie.
struct PieceOrder {
  int64_t output_stride;
  int64_t piece_stride;
  NEURA_DEVICE int64_t At(int64_t output, int64_t piece) const {
    return output * output_stride + piece * piece_stride;
  }
};

template <typename R>
struct FromPieces {
  const typename R::Acc* pieces;
  PieceOrder order;
  NEURA_DEVICE typename R::Acc operator()(typename R::Acc acc, int64_t output, int64_t i) const {
    return R::Combine(acc, pieces[order.At(output, i)]);
  }
};

template <typename R>
struct ToPieces {
  typename R::Acc* pieces;
  PieceOrder order;
  NEURA_DEVICE void operator()(typename R::Acc acc, int64_t output, int64_t piece) const {
    pieces[order.At(output, piece)] = acc;
  }
};

template <typename R, typename Finish>
struct ToOutputs {
  Finish finish;
  NEURA_DEVICE void operator()(typename R::Acc acc, int64_t output, int64_t) const {
    finish(acc, output);
  }
};

template <typename R>
struct Combine {
  NEURA_DEVICE typename R::Acc operator()(typename R::Acc a, typename R::Acc b) const {
    return R::Combine(a, b);
  }
};

// One piece of one output; `count` elements belong to each output.
template <typename R, typename Source, typename Store>
struct Fold {
  using Acc = typename R::Acc;
  int64_t outputs, count, pieces, piece_size;
  Source source;
  Store store;

  NEURA_DEVICE int64_t Size(int64_t piece) const {
    const int64_t rest = count - piece * piece_size;
    return rest < piece_size ? rest : piece_size;
  }
  NEURA_DEVICE void operator()(int64_t i) const {
    const int64_t output = i % outputs, piece = i / outputs, size = Size(piece);
    Acc acc = R::Init();
    for (int64_t k = 0; k < size; ++k) acc = source(acc, output, piece * piece_size + k);
    store(acc, output, piece);
  }
  NEURA_DEVICE void operator()(Block& block, int64_t i) const {
    const int64_t output = i / pieces, piece = i % pieces;
    const Acc acc = block.Reduce(
        Size(piece), R::Init(),
        [&](Acc partial, int64_t k) { return source(partial, output, piece * piece_size + k); },
        Combine<R>());
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

// R: a type Acc, Init() and Combine(Acc, Acc). Folds source(acc, output, i) over i < count for each
// output and calls finish(acc, output).
template <typename R, typename Source, typename Finish>
void RunReduction(const KernelCall& call, int64_t outputs, int64_t count, FoldBy by,
                  const Source& source, const Finish& finish) {
  using Acc = typename R::Acc;
  using Last = internal::ToOutputs<R, Finish>;
  const int64_t size = by == FoldBy::kThreads ? internal::kThreadPiece : internal::kBlockPiece;
  const auto pieces_of = [size](int64_t n) { return std::max<int64_t>((n + size - 1) / size, 1); };
  int64_t pieces = pieces_of(count);
  if (pieces == 1) {
    internal::Fold<R, Source, Last>{outputs, count, 1, size, source, {finish}}.Run(call, by);
    return;
  }
  const auto order = [&]() -> internal::PieceOrder {
    if (by == FoldBy::kThreads) return {1, outputs};
    return {pieces, 1};
  };
  Tensor partial = ScratchOf<Acc>(call, outputs * pieces);
  internal::ToPieces<R> store{Out<Acc>(partial), order()};
  internal::Fold<R, Source, internal::ToPieces<R>>{outputs, count, pieces, size, source, store}.Run(
      call, by);
  for (;;) {
    const internal::FromPieces<R> from{store.pieces, store.order};
    const int64_t rest = pieces;
    pieces = pieces_of(rest);
    if (pieces == 1) {
      internal::Fold<R, internal::FromPieces<R>, Last>{outputs, rest, 1, size, from, {finish}}.Run(
          call, by);
      return;
    }
    const Tensor next = ScratchOf<Acc>(call, outputs * pieces);
    store = {Out<Acc>(next), order()};
    internal::Fold<R, internal::FromPieces<R>, internal::ToPieces<R>>{outputs, rest, pieces,
                                                                      size,    from, store}
        .Run(call, by);
    partial = next;
  }
}

}  // namespace neura::cuda

#endif  // NEURA_CUDA_KERNELS_REDUCTION_H_
