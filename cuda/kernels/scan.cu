// Running sums, products and extrema, and searches in what is sorted.
#include "neura/cuda/kernels/kernels.h"
#include "neura/cuda/kernels/numeric.h"
#include "neura/cuda/kernels/support.h"
#include "neura/tensor/elements/log_sum.h"
#include "neura/tensor/elements/order.h"
#include "neura/tensor/elements/reducers.h"
#include "neura/tensor/iteration/reduce_plan.h"
#include "neura/tensor/ops/op_list/reduce.h"
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

// Products are rare: one thread for each lane.
template <typename T, typename Acc>
struct RunningProducts {
  Lanes lanes;
  const T* x;
  T* output;
  NEURA_DEVICE void operator()(int64_t lane) const {
    const int64_t base = lanes.Base(lane);
    Acc product = 1;
    for (int64_t k = 0; k < lanes.length; ++k) {
      product *= static_cast<Acc>(Widen(x[base + k * lanes.inner]));
      output[base + k * lanes.inner] = Narrow<T>(static_cast<Compute<T>>(product));
    }
  }
};

template <typename T>
struct RunningLogSums {
  Lanes lanes;
  const T* x;
  T* output;
  NEURA_DEVICE void operator()(int64_t lane) const {
    const int64_t base = lanes.Base(lane);
    elements::LogSum<double> sum;
    for (int64_t k = 0; k < lanes.length; ++k) {
      sum.Add(static_cast<double>(Widen(x[base + k * lanes.inner])));
      output[base + k * lanes.inner] = Narrow<T>(static_cast<Compute<T>>(sum.Value()));
    }
  }
};

template <bool kLargest, typename T>
struct RunningExtrema {
  Lanes lanes;
  const T* x;
  T* values;  // null, as indices may be, where they are not wanted
  int64_t* indices;
  NEURA_DEVICE void operator()(int64_t lane) const {
    const int64_t base = lanes.Base(lane);
    int64_t best = 0;
    for (int64_t k = 0; k < lanes.length; ++k) {
      const int64_t at = base + k * lanes.inner;
      if (elements::TakesOver<kLargest>(Widen(x[at]), Widen(x[base + best * lanes.inner])))
        best = k;
      if (values != nullptr) values[at] = x[base + best * lanes.inner];
      if (indices != nullptr) indices[at] = best;
    }
  }
};

// The lanes along the call's dim, each in one piece.
Lanes LanesOf(const KernelCall& call, const Tensor& input) {
  const AroundDim around(
      input, NormalizeDim(call.call.schema().name, call.Get<DimOptions>().dim, input.dim()));
  return {around.outer * around.inner, around.extent, around.inner, 1};
}

template <bool kLargest>
void RunningExtremum(KernelCall& call) {
  const Tensor input = Contiguous(call, call.input(0));
  if (input.numel() == 0) return;
  const Lanes lanes = LanesOf(call, input);
  SwitchAny(input.dtype(), [&]<typename T>(T) {
    ForEach(call, lanes.count,
            RunningExtrema<kLargest, T>{lanes, In<T>(input),
                                        call.wants(0) ? Out<T>(call.output(0)) : nullptr,
                                        call.wants(1) ? Out<int64_t>(call.output(1)) : nullptr});
  });
}

template <typename T>
struct Search {
  const T* sorted;
  const T* values;
  int64_t length, row;
  bool right;
  int64_t* output;
  NEURA_DEVICE void operator()(int64_t i) const {
    const T* const own = sorted + i / row * length;
    output[i] = elements::PlaceOf(
        elements::OrderKey(Widen(values[i])), length,
        [own](int64_t k) { return elements::OrderKey(Widen(own[k])); }, right);
  }
};

}  // namespace

void CumProdKernel(KernelCall& call) {
  const Tensor input = Contiguous(call, Converted(call, call.input(0), call.output().dtype()));
  if (input.numel() == 0) return;
  const Lanes lanes = LanesOf(call, input);
  SwitchNumber(input.dtype(), [&]<typename T>(T) {
    ForEach(call, lanes.count,
            RunningProducts<T, elements::SumAcc<Compute<T>>>{lanes, In<T>(input),
                                                             Out<T>(call.output())});
  });
}

void LogCumSumExpKernel(KernelCall& call) {
  const Tensor input = Contiguous(call, Converted(call, call.input(0), call.output().dtype()));
  if (input.numel() == 0) return;
  const Lanes lanes = LanesOf(call, input);
  SwitchFloat(input.dtype(), [&]<typename T>(T) {
    ForEach(call, lanes.count, RunningLogSums<T>{lanes, In<T>(input), Out<T>(call.output())});
  });
}

void CumMaxKernel(KernelCall& call) { RunningExtremum<true>(call); }
void CumMinKernel(KernelCall& call) { RunningExtremum<false>(call); }

void SearchSortedKernel(KernelCall& call) {
  const Tensor sorted = Contiguous(call, call.input(0)), values = Contiguous(call, call.input(1));
  if (values.numel() == 0) return;
  const int64_t row = sorted.dim() == 1 ? values.numel() : values.size(-1);
  SwitchAny(sorted.dtype(), [&]<typename T>(T) {
    ForEach(call, values.numel(),
            Search<T>{In<T>(sorted), In<T>(values), sorted.size(-1), row,
                      call.Get<SearchSortedOptions>().right, Out<int64_t>(call.output())});
  });
}

void CumSumKernel(KernelCall& call) {
  const Tensor input = Contiguous(call, Converted(call, call.input(0), call.output().dtype()));
  if (input.numel() == 0) return;
  Lanes lanes = LanesOf(call, input);
  lanes.pieces = (lanes.length + kPiece - 1) / kPiece;
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
