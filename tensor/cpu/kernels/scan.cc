// Running sums, products and extrema, and searches in what is sorted.
#include <algorithm>
#include <cstdint>

#include "neura/tensor/cpu/kernels/dtype_switch.h"
#include "neura/tensor/cpu/kernels/kernels.h"
#include "neura/tensor/elements/log_sum.h"
#include "neura/tensor/elements/order.h"
#include "neura/tensor/elements/reducers.h"
#include "neura/tensor/iteration/reduce_plan.h"
#include "neura/tensor/ops/op_list/reduce.h"
#include "neura/tensor/ops/options/dims.h"
#include "neura/tensor/parallel/thread_pool.h"

namespace neura::cpu {
namespace {

// f(base) for each lane, whose elements are `around.inner` apart from there.
template <typename F>
void ForLanes(const AroundDim& around, const F& f) {
  ParallelFor(around.outer * around.inner, [&](int64_t lane) {
    f(lane / around.inner * around.inner * around.extent + lane % around.inner);
  });
}

template <template <typename> class Reducer>
void RunningTotals(KernelCall& call) {
  const Tensor input = ContiguousInput(Converted(call.input(0), call.output().dtype()));
  if (input.numel() == 0) return;
  const int64_t dim =
      NormalizeDim(call.call.schema().name, call.Get<DimOptions>().dim, input.dim());
  const AroundDim around(input, dim);
  SwitchAnyOrComplex(input.dtype(), [&]<typename T>(T) {
    using Acc = typename Reducer<T>::Acc;
    const T* x = In<T>(input);
    T* out = Out<T>(call.output());
    ForLanes(around, [&](int64_t base) {
      Acc total = Reducer<T>::Init();
      for (int64_t i = 0; i < around.extent; ++i) {
        total = Reducer<T>::Combine(total, static_cast<Acc>(x[base + i * around.inner]));
        out[base + i * around.inner] = static_cast<T>(total);
      }
    });
  });
}

template <bool kLargest>
void RunningExtremum(KernelCall& call) {
  const Tensor input = ContiguousInput(call.input(0));
  if (input.numel() == 0) return;
  const int64_t dim =
      NormalizeDim(call.call.schema().name, call.Get<DimOptions>().dim, input.dim());
  const AroundDim around(input, dim);
  SwitchAny(input.dtype(), [&]<typename T>(T) {
    const T* x = In<T>(input);
    T* const values = call.wants(0) ? Out<T>(call.output(0)) : nullptr;
    int64_t* const indices = call.wants(1) ? Out<int64_t>(call.output(1)) : nullptr;
    ForLanes(around, [&](int64_t base) {
      int64_t best = 0;
      for (int64_t i = 0; i < around.extent; ++i) {
        const int64_t at = base + i * around.inner;
        if (elements::TakesOver<kLargest>(x[at], x[base + best * around.inner])) best = i;
        if (values != nullptr) values[at] = x[base + best * around.inner];
        if (indices != nullptr) indices[at] = best;
      }
    });
  });
}

}  // namespace

void CumSumKernel(KernelCall& call) { RunningTotals<elements::SumReducer>(call); }
void CumProdKernel(KernelCall& call) { RunningTotals<elements::ProdReducer>(call); }
void LogCumSumExpKernel(KernelCall& call) {
  const Tensor input = ContiguousInput(call.input(0));
  if (input.numel() == 0) return;
  const AroundDim around(input,
                         NormalizeDim("logcumsumexp", call.Get<DimOptions>().dim, input.dim()));
  SwitchFloat(input.dtype(), [&]<typename T>(T) {
    const T* x = In<T>(input);
    T* out = Out<T>(call.output());
    ForLanes(around, [&](int64_t base) {
      elements::LogSum<double> sum;
      for (int64_t i = 0; i < around.extent; ++i) {
        sum.Add(static_cast<double>(x[base + i * around.inner]));
        out[base + i * around.inner] = static_cast<T>(sum.Value());
      }
    });
  });
}
void CumMaxKernel(KernelCall& call) { RunningExtremum<true>(call); }
void CumMinKernel(KernelCall& call) { RunningExtremum<false>(call); }

void SearchSortedKernel(KernelCall& call) {
  const Tensor sorted = ContiguousInput(call.input(0)), values = ContiguousInput(call.input(1));
  if (values.numel() == 0) return;
  const bool right = call.Get<SearchSortedOptions>().right;
  const int64_t length = sorted.size(-1),
                row = sorted.dim() == 1 ? values.numel() : values.size(-1);
  SwitchAny(sorted.dtype(), [&]<typename T>(T) {
    const T *s = In<T>(sorted), *v = In<T>(values);
    auto* out = Out<int64_t>(call.output());
    constexpr int64_t kPerTask = 1 << 10;
    ParallelFor((values.numel() + kPerTask - 1) / kPerTask, [&](int64_t task) {
      const int64_t end = std::min((task + 1) * kPerTask, values.numel());
      for (int64_t i = task * kPerTask; i < end; ++i) {
        const T* const own = s + i / row * length;
        out[i] = elements::PlaceOf(
            elements::OrderKey(v[i]), length,
            [own](int64_t k) { return elements::OrderKey(own[k]); }, right);
      }
    });
  });
}

}  // namespace neura::cpu
