// Sums, products and extrema.
#include "neura/cuda/kernels/kernels.h"
#include "neura/cuda/kernels/reduce_input.h"
#include "neura/tensor/elements/reducers.h"
#include "neura/tensor/ops/op_list/reduce.h"

namespace neura::cuda {

ReducibleInput PrepareReduction(const KernelCall& call, const Tensor& input, DimsView dims) {
  ReducibleInput result{input, PlanReduction(input, dims)};
  const auto fits = [](const LoopDims<1>& loop) { return loop.extents.size() <= kMaxDims; };
  if (fits(result.plan.kept) && fits(result.plan.reduced)) return result;
  // A copy with the reduced dimensions last: one run of outputs, one of their elements.
  const int64_t outputs = result.outputs(), count = result.count();
  LoopDims<1> all = result.plan.kept;
  for (size_t d = 0; d < result.plan.reduced.extents.size(); ++d) {
    all.extents.push_back(result.plan.reduced.extents[d]);
    all.strides[0].push_back(result.plan.reduced.strides[0][d]);
  }
  const Tensor view = Tensor::View(input.storage(), input.storage_offset(), all.extents,
                                   all.strides[0], input.dtype());
  result.tensor = Contiguous(call, view);
  result.plan = {};
  result.plan.kept.Push(outputs, {count});
  result.plan.reduced.Push(count, {1});
  return result;
}

namespace {

// Reducers do not ask where an element stands.
template <typename R>
struct StepOf {
  NEURA_DEVICE static typename R::Acc Do(typename R::Acc acc, typename R::In x, int64_t) {
    return R::Combine(acc, static_cast<typename R::Acc>(x));
  }
};

template <typename T, typename Acc>
struct StoreNumber {
  T* output;
  double divisor;
  NEURA_DEVICE void operator()(Acc acc, int64_t o) const {
    if constexpr (std::is_integral_v<T>) {
      output[o] = static_cast<T>(acc);
    } else {
      output[o] = Narrow<T>(static_cast<Compute<T>>(acc / divisor));
    }
  }
};

template <typename T>
struct StoreAsIs {
  T* output;
  NEURA_DEVICE void operator()(Compute<T> acc, int64_t o) const { output[o] = Narrow<T>(acc); }
};

// In the dtype of the result.
template <template <typename> class Reducer>
void ReduceNumbers(const KernelCall& call, bool mean) {
  const Tensor converted = Converted(call, call.input(0), call.output().dtype());
  const ReducibleInput input = PrepareReduction(call, converted, call.Get<ReduceOptions>().dims);
  const double divisor = mean ? static_cast<double>(input.count()) : 1;
  SwitchNumber(converted.dtype(), [&]<typename T>(T) {
    using R = Reducer<Compute<T>>;
    ReduceInput<R, StepOf<R>, T>(call, input,
                                 StoreNumber<T, typename R::Acc>{Out<T>(call.output()), divisor});
  });
}

template <bool kMax>
void ReduceExtremum(const KernelCall& call) {
  const ReducibleInput input =
      PrepareReduction(call, call.input(0), call.Get<ReduceOptions>().dims);
  SwitchAny(call.input(0).dtype(), [&]<typename T>(T) {
    using R = elements::ExtremumReducer<Compute<T>, kMax>;
    ReduceInput<R, StepOf<R>, T>(call, input, StoreAsIs<T>{Out<T>(call.output())});
  });
}

// Whether all hold is the least truth value, whether any does the greatest.
template <bool kAll>
void ReduceLogical(const KernelCall& call) {
  const ReducibleInput input =
      PrepareReduction(call, Converted(call, call.input(0), kBool), call.Get<ReduceOptions>().dims);
  using R = elements::ExtremumReducer<bool, !kAll>;
  ReduceInput<R, StepOf<R>, bool>(call, input, StoreAsIs<bool>{Out<bool>(call.output())});
}

}  // namespace

void SumKernel(KernelCall& call) { ReduceNumbers<elements::SumReducer>(call, false); }
void MeanKernel(KernelCall& call) { ReduceNumbers<elements::SumReducer>(call, true); }
void ProdKernel(KernelCall& call) { ReduceNumbers<elements::ProdReducer>(call, false); }
void AMaxKernel(KernelCall& call) { ReduceExtremum<true>(call); }
void AMinKernel(KernelCall& call) { ReduceExtremum<false>(call); }
void AllKernel(KernelCall& call) { ReduceLogical<true>(call); }
void AnyKernel(KernelCall& call) { ReduceLogical<false>(call); }

}  // namespace neura::cuda
