// Reductions over dimensions of a tensor.
#ifndef NEURA_CUDA_KERNELS_REDUCE_INPUT_H_
#define NEURA_CUDA_KERNELS_REDUCE_INPUT_H_

#include "neura/cuda/kernels/numeric.h"
#include "neura/cuda/kernels/reduction.h"
#include "neura/cuda/kernels/strided.h"
#include "neura/tensor/core/reduce_plan.h"

namespace neura::cuda {

// An input whose dimensions can be walked by a kernel, and how.
struct ReducibleInput {
  Tensor tensor;
  ReducePlan plan;

  int64_t outputs() const { return plan.kept.Count(); }
  int64_t count() const { return plan.reduced.Count(); }
  FoldBy by() const {
    constexpr int64_t kFew = 32;
    const bool columns = plan.kept.LastStride() == 1 && plan.reduced.LastStride() != 1;
    return columns || count() <= kFew ? FoldBy::kThreads : FoldBy::kBlocks;
  }
};

// Empty `dims` reduces all.
ReducibleInput PrepareReduction(const KernelCall& call, const Tensor& input, DimsView dims);

// R::Step takes the elements, widened, one by one.
template <typename R, typename T>
struct StepOverInput {
  const T* data;
  StridedIndex<1> kept, reduced;
  NEURA_DEVICE typename R::Acc operator()(typename R::Acc acc, int64_t output, int64_t i) const {
    return R::Step(acc, Widen(data[kept.At(output)[0] + reduced.At(i)[0]]));
  }
};

template <typename R, typename T, typename Finish>
void ReduceInput(const KernelCall& call, const ReducibleInput& input, const Finish& finish) {
  const StepOverInput<R, T> source{In<T>(input.tensor), StridedIndex<1>(input.plan.kept),
                                   StridedIndex<1>(input.plan.reduced)};
  RunReduction<R>(call, input.outputs(), input.count(), input.by(), source, finish);
}

}  // namespace neura::cuda

#endif  // NEURA_CUDA_KERNELS_REDUCE_INPUT_H_
