// Sums, products, extrema and running sums.
#include "neura/tensor/ops/op_list/reduce.h"

#include <algorithm>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "neura/tensor/cpu/kernels/dtype_switch.h"
#include "neura/tensor/cpu/kernels/kernels.h"
#include "neura/tensor/cpu/kernels/reduce_loop.h"
#include "neura/tensor/elements/reducers.h"
#include "neura/tensor/ops/op_list/dims.h"

namespace neura::cpu {
namespace {

// In the dtype of the result.
template <template <typename> class Reducer>
void ReduceNumbers(KernelCall& call, bool mean) {
  const Tensor input = Converted(call.input(0), call.output().dtype());
  const ReducePlan plan = PlanReduction(input, call.Get<ReduceOptions>().dims);
  const double count = static_cast<double>(plan.reduced.Count());
  SwitchNumber(input.dtype(), [&]<typename T>(T) {
    using Acc = typename Reducer<T>::Acc;
    T* out = Out<T>(call.output());
    RunReduction<Reducer<T>>(plan, In<T>(input), [&](Acc acc, int64_t o) {
      if constexpr (std::is_floating_point_v<T>) {
        out[o] = static_cast<T>(mean ? acc / count : acc);
      } else {
        out[o] = static_cast<T>(acc);
      }
    });
  });
}

template <bool kMax>
void ReduceExtremum(KernelCall& call) {
  const Tensor& input = call.input(0);
  const ReducePlan plan = PlanReduction(input, call.Get<ReduceOptions>().dims);
  SwitchAny(input.dtype(), [&]<typename T>(T) {
    T* out = Out<T>(call.output());
    RunReduction<elements::ExtremumReducer<T, kMax>>(plan, In<T>(input),
                                                     [&](T acc, int64_t o) { out[o] = acc; });
  });
}

template <bool kAll>
void ReduceLogical(KernelCall& call) {
  const Tensor input = Converted(call.input(0), kBool);
  bool* out = Out<bool>(call.output());
  RunReduction<elements::LogicalReducer<kAll>>(PlanReduction(input, call.Get<ReduceOptions>().dims),
                                               In<bool>(input),
                                               [&](bool acc, int64_t o) { out[o] = acc; });
}

template <bool kMax>
void ArgExtremum(KernelCall& call) {
  const auto& options = call.Get<ArgReduceOptions>();
  const Tensor input = options.dim ? call.input(0) : ContiguousInput(call.input(0));
  Dims dims;
  if (options.dim && input.dim() > 0) dims.push_back(*options.dim);
  const ReducePlan plan = PlanReduction(input, dims);
  const int64_t count = plan.reduced.Count();
  // One dimension, or all of a contiguous tensor: a single stride.
  const int64_t stride = plan.reduced.LastStride();
  int64_t* out = Out<int64_t>(call.output());
  SwitchAny(input.dtype(), [&]<typename T>(T) {
    const T* data = In<T>(input);
    constexpr int64_t kTaskElements = 1 << 14;
    const int64_t outputs = plan.kept.Count(),
                  per_task = std::max<int64_t>(kTaskElements / count, 1);
    ParallelFor((outputs + per_task - 1) / per_task, [&](int64_t task) {
      for (int64_t o = task * per_task; o < std::min((task + 1) * per_task, outputs); ++o) {
        const T* x = data + plan.kept.OffsetOf(o);
        int64_t best = 0;
        for (int64_t i = 1; i < count && x[best * stride] == x[best * stride]; ++i) {
          const T candidate = x[i * stride], current = x[best * stride];
          if ((kMax ? current < candidate : candidate < current) || candidate != candidate)
            best = i;
        }
        out[o] = best;
      }
    });
  });
}

}  // namespace

void SumKernel(KernelCall& call) { ReduceNumbers<elements::SumReducer>(call, false); }
void MeanKernel(KernelCall& call) { ReduceNumbers<elements::SumReducer>(call, true); }
void ProdKernel(KernelCall& call) { ReduceNumbers<elements::ProdReducer>(call, false); }
void AMaxKernel(KernelCall& call) { ReduceExtremum<true>(call); }
void AMinKernel(KernelCall& call) { ReduceExtremum<false>(call); }
void AllKernel(KernelCall& call) { ReduceLogical<true>(call); }
void AnyKernel(KernelCall& call) { ReduceLogical<false>(call); }
void ArgMaxKernel(KernelCall& call) { ArgExtremum<true>(call); }
void ArgMinKernel(KernelCall& call) { ArgExtremum<false>(call); }

void CumSumKernel(KernelCall& call) {
  const Tensor input = ContiguousInput(Converted(call.input(0), call.output().dtype()));
  if (input.numel() == 0) return;
  const int64_t dim = NormalizeDim("cumsum", call.Get<DimOptions>().dim, input.dim());
  const AroundDim around(input, dim);
  const int64_t length = around.extent, inner = around.inner;
  SwitchNumber(input.dtype(), [&]<typename T>(T) {
    const T* x = In<T>(input);
    T* out = Out<T>(call.output());
    ParallelFor(around.outer * inner, [&](int64_t lane) {
      const int64_t base = lane / inner * inner * length + lane % inner;
      elements::SumAcc<T> sum = 0;
      for (int64_t i = 0; i < length; ++i) {
        sum += static_cast<elements::SumAcc<T>>(x[base + i * inner]);
        out[base + i * inner] = static_cast<T>(sum);
      }
    });
  });
}

}  // namespace neura::cpu
