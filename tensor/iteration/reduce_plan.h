// How kernels see a tensor of which some dimensions are special.
#ifndef NEURA_TENSOR_ITERATION_REDUCE_PLAN_H_
#define NEURA_TENSOR_ITERATION_REDUCE_PLAN_H_

#include <cstdint>

#include "absl/container/inlined_vector.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/iteration/loop_dims.h"

namespace neura {

struct ReducePlan {
  LoopDims<1> kept;     // dimensions of the result; strides in elements
  LoopDims<1> reduced;  // dimensions that disappear
};

// Empty `dims` reduces all.
inline ReducePlan PlanReduction(const Tensor& input, DimsView dims) {
  absl::InlinedVector<bool, 6> is_reduced(input.shape().size() + 1, dims.empty());
  for (int64_t dim : dims) {
    is_reduced[static_cast<size_t>(dim < 0 ? dim + input.dim() : dim)] = true;
  }
  ReducePlan plan;
  for (size_t i = 0; i < input.shape().size(); ++i) {
    (is_reduced[i] ? plan.reduced : plan.kept).Push(input.shape()[i], {input.strides()[i]});
  }
  return plan;
}

// A contiguous tensor as [outer, extent, inner] around `dim`, which is not negative.
struct AroundDim {
  AroundDim(const Tensor& tensor, int64_t dim) {
    for (int64_t i = 0; i < tensor.dim(); ++i) {
      (i < dim ? outer : i == dim ? extent : inner) *= tensor.size(i);
    }
  }
  int64_t outer = 1, extent = 1, inner = 1;
};

}  // namespace neura

#endif  // NEURA_TENSOR_ITERATION_REDUCE_PLAN_H_
