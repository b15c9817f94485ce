// Reductions over dimensions of a tensor.
#ifndef NEURA_CUDA_KERNELS_REDUCE_INPUT_H_
#define NEURA_CUDA_KERNELS_REDUCE_INPUT_H_

#include "neura/cuda/kernels/numeric.h"
#include "neura/cuda/kernels/reduction.h"
#include "neura/cuda/kernels/strided.h"
#include "neura/tensor/iteration/reduce_plan.h"

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

// Step(acc, value, i) takes the elements of an output one by one, widened.
template <typename Step, typename T>
struct InputRows {
  struct Row {
    const T* data;
    const StridedIndex<1>& reduced;
    template <typename Acc>
    NEURA_DEVICE Acc operator()(Acc acc, int64_t i) const {
      return Step::Do(acc, Widen(data[reduced.At(i)[0]]), i);
    }
  };

  explicit InputRows(const ReducibleInput& input)
      : data(In<T>(input.tensor)), kept(input.plan.kept), reduced(input.plan.reduced) {}
  NEURA_DEVICE Row At(int64_t output) const { return {data + kept.At(output)[0], reduced}; }

  const T* data;
  StridedIndex<1> kept, reduced;
};

template <typename R, typename Step, typename T, typename Finish>
void ReduceInput(const KernelCall& call, const ReducibleInput& input, const Finish& finish) {
  RunReduction<R>(call, input.outputs(), input.count(), input.by(), InputRows<Step, T>(input),
                  finish);
}

}  // namespace neura::cuda

#endif  // NEURA_CUDA_KERNELS_REDUCE_INPUT_H_
