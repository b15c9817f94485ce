// The shape of every reduction: which elements meet in which output, cut into tasks whose size does
// not depend on the number of threads, and combined in a fixed order.
#ifndef NEURA_TENSOR_CPU_KERNELS_REDUCE_LOOP_H_
#define NEURA_TENSOR_CPU_KERNELS_REDUCE_LOOP_H_

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "neura/tensor/cpu/kernels/fold.h"
#include "neura/tensor/iteration/reduce_plan.h"

namespace neura::cpu {

// Takes the folded elements of outputs [first, first + n), partial results of `loops`. Runs on
// several threads, each output once.
using FinishFold = absl::FunctionRef<void(int64_t first, int64_t n, const void* acc)>;

void RunReduction(const ReducePlan& plan, const void* data, const FoldLoops& loops,
                  FinishFold finish);

// Where each output's extremum stands first, counted in row-major order over what is reduced, which
// is one dimension or has a single stride. `extrema`: those of all outputs.
void FindExtrema(const ReducePlan& plan, const void* data, const FoldLoops& loops,
                 const void* extrema, int64_t* indices);

}  // namespace neura::cpu

#endif  // NEURA_TENSOR_CPU_KERNELS_REDUCE_LOOP_H_
