// Where extrema are.
#include "neura/cuda/kernels/kernels.h"
#include "neura/cuda/kernels/reduce_input.h"
#include "neura/tensor/ops/op_list/reduce.h"

namespace neura::cuda {
namespace {

template <typename T>
struct Candidate {
  T value;
  int64_t index;  // negative: none yet
};

// The first of equal ones; a NaN is more extreme than any number.
template <typename T, bool kMax>
struct ArgReducer {
  using Acc = Candidate<T>;
  NEURA_DEVICE static Acc Init() { return {T(0), -1}; }
  NEURA_DEVICE static Acc Combine(Acc a, Acc b) {
    if (a.index < 0) return b;
    if (b.index < 0) return a;
    const bool a_nan = IsNaN(a.value), b_nan = IsNaN(b.value);
    if (a_nan != b_nan) return a_nan ? a : b;
    if (!a_nan && a.value != b.value) return (kMax ? b.value < a.value : a.value < b.value) ? a : b;
    return a.index < b.index ? a : b;
  }
};

template <typename R, typename T>
struct NextCandidate {
  NEURA_DEVICE static Candidate<T> Do(Candidate<T> best, T x, int64_t i) {
    return R::Combine(best, {x, i});
  }
};

struct StoreIndex {
  int64_t* output;
  template <typename T>
  NEURA_DEVICE void operator()(Candidate<T> best, int64_t o) const {
    output[o] = best.index;
  }
};

template <bool kMax>
void ArgExtremum(const KernelCall& call) {
  const auto& options = call.Get<ArgReduceOptions>();
  Dims dims;
  if (options.dim && call.input(0).dim() > 0) dims.push_back(*options.dim);
  const ReducibleInput input = PrepareReduction(call, call.input(0), dims);
  SwitchAny(call.input(0).dtype(), [&]<typename T>(T) {
    using R = ArgReducer<Compute<T>, kMax>;
    ReduceInput<R, NextCandidate<R, Compute<T>>, T>(call, input,
                                                    StoreIndex{Out<int64_t>(call.output())});
  });
}

}  // namespace

void ArgMaxKernel(KernelCall& call) { ArgExtremum<true>(call); }
void ArgMinKernel(KernelCall& call) { ArgExtremum<false>(call); }

}  // namespace neura::cuda
