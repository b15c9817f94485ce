// Running sums.
#include "neura/cuda/kernels/kernels.h"
#include "neura/cuda/kernels/numeric.h"
#include "neura/cuda/kernels/support.h"
#include "neura/tensor/elements/reducers.h"
#include "neura/tensor/iteration/reduce_plan.h"
#include "neura/tensor/ops/options/dims.h"

namespace neura::cuda {
namespace {

// Elements that one thread sums in order. Longer lanes are cut into pieces of so many.
constexpr int64_t kPiece = 256;

// Lanes of `length` elements, `inner` apart.
struct Lanes {
  int64_t count, length, inner, pieces;

  NEURA_DEVICE int64_t Base(int64_t lane) const {
    return lane / inner * inner * length + lane % inner;
  }
  NEURA_DEVICE int64_t Begin(int64_t piece) const { return piece * kPiece; }
  NEURA_DEVICE int64_t End(int64_t piece) const {
    return Begin(piece) + kPiece < length ? Begin(piece) + kPiece : length;
  }
};

// The sum of each piece. Neighbouring threads have neighbouring lanes.
template <typename T, typename Acc>
struct SumPieces {
  Lanes lanes;
  const T* x;
  Acc* sums;
  NEURA_DEVICE void operator()(int64_t i) const {
    const int64_t lane = i % lanes.count, piece = i / lanes.count, base = lanes.Base(lane);
    Acc sum = 0;
    for (int64_t k = lanes.Begin(piece); k < lanes.End(piece); ++k) {
      sum += static_cast<Acc>(Widen(x[base + k * lanes.inner]));
    }
    sums[i] = sum;
  }
};

// From the sum of each piece to that of all before it.
template <typename Acc>
struct SumBefore {
  Lanes lanes;
  Acc* sums;
  NEURA_DEVICE void operator()(int64_t lane) const {
    Acc before = 0;
    for (int64_t piece = 0; piece < lanes.pieces; ++piece) {
      Acc& sum = sums[piece * lanes.count + lane];
      const Acc own = sum;
      sum = before;
      before += own;
    }
  }
};

template <typename T, typename Acc>
struct RunningSums {
  Lanes lanes;
  const T* x;
  const Acc* before;  // null where there is one piece
  T* output;
  NEURA_DEVICE void operator()(int64_t i) const {
    const int64_t lane = i % lanes.count, piece = i / lanes.count, base = lanes.Base(lane);
    Acc sum = before != nullptr ? before[i] : 0;
    for (int64_t k = lanes.Begin(piece); k < lanes.End(piece); ++k) {
      sum += static_cast<Acc>(Widen(x[base + k * lanes.inner]));
      output[base + k * lanes.inner] = Narrow<T>(static_cast<Compute<T>>(sum));
    }
  }
};

}  // namespace

void CumSumKernel(KernelCall& call) {
  const Tensor input = Contiguous(call, Converted(call, call.input(0), call.output().dtype()));
  if (input.numel() == 0) return;
  const AroundDim around(input, NormalizeDim("cumsum", call.Get<DimOptions>().dim, input.dim()));
  const Lanes lanes{around.outer * around.inner, around.extent, around.inner,
                    (around.extent + kPiece - 1) / kPiece};
  SwitchNumber(input.dtype(), [&]<typename T>(T) {
    using Acc = elements::SumAcc<Compute<T>>;
    const T* x = In<T>(input);
    Tensor sums;
    if (lanes.pieces > 1) {
      sums = ScratchOf<Acc>(call, lanes.count * lanes.pieces);
      ForEach(call, lanes.count * lanes.pieces, SumPieces<T, Acc>{lanes, x, Out<Acc>(sums)});
      ForEach(call, lanes.count, SumBefore<Acc>{lanes, Out<Acc>(sums)});
    }
    ForEach(call, lanes.count * lanes.pieces,
            RunningSums<T, Acc>{lanes, x, In<Acc>(sums), Out<T>(call.output())});
  });
}

}  // namespace neura::cuda
