// Sums, products and extrema.
#include "neura/tensor/ops/op_list/reduce.h"

#include <complex>
#include <cstring>
#include <type_traits>

#include "neura/tensor/cpu/kernels/dtype_switch.h"
#include "neura/tensor/cpu/kernels/fold.h"
#include "neura/tensor/cpu/kernels/kernels.h"
#include "neura/tensor/cpu/kernels/reduce_loop.h"
#include "neura/tensor/elements/reducers.h"
#include "neura/tensor/parallel/thread_pool.h"

namespace neura::cpu {
namespace {

const FoldLoops& LoopsFor(Fold fold, const Tensor& input) {
  const FoldLoops* loops = FoldLoopsOf(fold, input.dtype());
  if (loops == nullptr) FailForDType(input.dtype());
  return *loops;
}

// Complex numbers are summed by their parts, which are one more dimension that stays.
ReducePlan PlanSum(const Tensor& input, const Tensor& parts, DimsView given) {
  if (parts.dim() == input.dim()) return PlanReduction(input, given);
  // A number is a vector of one.
  const Tensor vectors = input.dim() > 0 ? parts
                                         : Tensor::View(parts.storage(), parts.storage_offset(),
                                                        {1, 2}, {2, 1}, parts.dtype());
  Dims dims;
  for (int64_t dim : given) dims.push_back(dim < 0 ? dim + vectors.dim() - 1 : dim);
  for (int64_t dim = 0; given.empty() && dim + 1 < vectors.dim(); ++dim) dims.push_back(dim);
  return PlanReduction(vectors, dims);
}

// In the dtype of the result; floats are summed in double as they are.
void FoldNumbers(KernelCall& call, Fold fold, bool mean) {
  const DType dtype = call.output().dtype();
  const bool widens = fold == Fold::kSum && dtype == kFloat64 && call.input(0).dtype() == kFloat32;
  const Tensor input = widens ? call.input(0) : Converted(call.input(0), dtype);
  const Tensor parts = RealView(input);
  const ReducePlan plan = PlanSum(input, parts, call.Get<ReduceOptions>().dims);
  const double divisor = mean ? static_cast<double>(plan.reduced.Count()) : 1;
  const FoldLoops& loops = LoopsFor(fold, parts);
  SwitchNumber(widens ? dtype : parts.dtype(), [&]<typename T>(T) {
    T* out = Out<T>(call.output());
    RunReduction(plan, parts.raw_data(), loops, [&](int64_t first, int64_t n, const void* acc) {
      const auto* folded = static_cast<const elements::SumAcc<T>*>(acc);
      for (int64_t i = 0; i < n; ++i) {
        if constexpr (std::is_floating_point_v<T>) {
          out[first + i] = static_cast<T>(folded[i] / divisor);
        } else {
          out[first + i] = static_cast<T>(folded[i]);
        }
      }
    });
  });
}

// One after another.
template <typename T>
void MultiplyComplex(KernelCall& call) {
  const Tensor input = Converted(call.input(0), call.output().dtype());
  const ReducePlan plan = PlanReduction(input, call.Get<ReduceOptions>().dims);
  const T* const x = In<T>(input);
  T* const out = Out<T>(call.output());
  ParallelFor(plan.kept.Count(), [&](int64_t i) {
    const T* const row = x + plan.kept.OffsetOf(i);
    std::complex<double> product = 1;
    for (int64_t k = 0; k < plan.reduced.Count(); ++k) {
      product *= std::complex<double>(row[plan.reduced.OffsetOf(k)]);
    }
    out[i] = static_cast<T>(product);
  });
}

// Extrema of `input` over `dims`, whose dtype they have.
void FoldExtrema(const Tensor& input, const ReducePlan& plan, const FoldLoops& loops, void* out) {
  RunReduction(plan, input.raw_data(), loops, [&](int64_t first, int64_t n, const void* acc) {
    std::memcpy(static_cast<char*>(out) + static_cast<size_t>(first) * loops.item_size, acc,
                static_cast<size_t>(n) * loops.item_size);
  });
}

void ReduceExtremum(KernelCall& call, Fold fold) {
  const Tensor& input = call.input(0);
  const FoldLoops& loops = LoopsFor(fold, input);
  FoldExtrema(input, PlanReduction(input, call.Get<ReduceOptions>().dims), loops,
              call.output().raw_data());
}

// Whether all hold is the least truth value, whether any does the greatest.
void ReduceLogical(KernelCall& call, Fold fold) {
  const Tensor input = Converted(call.input(0), kBool);
  FoldExtrema(input, PlanReduction(input, call.Get<ReduceOptions>().dims), LoopsFor(fold, input),
              call.output().raw_data());
}

void ArgExtremum(KernelCall& call, Fold fold) {
  const auto& options = call.Get<ArgReduceOptions>();
  // One dimension, or all of a contiguous tensor: a single stride.
  const Tensor input = options.dim ? call.input(0) : ContiguousInput(call.input(0));
  Dims dims;
  if (options.dim && input.dim() > 0) dims.push_back(*options.dim);
  const ReducePlan plan = PlanReduction(input, dims);
  const FoldLoops& loops = LoopsFor(fold, input);
  const Tensor extrema = Tensor::Empty(call.output().shape(), input.dtype(), kCpu);
  FoldExtrema(input, plan, loops, extrema.raw_data());
  FindExtrema(plan, input.raw_data(), loops, extrema.raw_data(), Out<int64_t>(call.output()));
}

}  // namespace

void SumKernel(KernelCall& call) { FoldNumbers(call, Fold::kSum, false); }
void MeanKernel(KernelCall& call) { FoldNumbers(call, Fold::kSum, true); }
void ProdKernel(KernelCall& call) {
  switch (call.output().dtype()) {
    case kComplex64:
      return MultiplyComplex<std::complex<float>>(call);
    case kComplex128:
      return MultiplyComplex<std::complex<double>>(call);
    default:
      return FoldNumbers(call, Fold::kProd, false);
  }
}
void AMaxKernel(KernelCall& call) { ReduceExtremum(call, Fold::kMax); }
void AMinKernel(KernelCall& call) { ReduceExtremum(call, Fold::kMin); }
void AllKernel(KernelCall& call) { ReduceLogical(call, Fold::kMin); }
void AnyKernel(KernelCall& call) { ReduceLogical(call, Fold::kMax); }
void ArgMaxKernel(KernelCall& call) { ArgExtremum(call, Fold::kMax); }
void ArgMinKernel(KernelCall& call) { ArgExtremum(call, Fold::kMin); }

}  // namespace neura::cpu
