// Sorting along a dimension.
#include <cstdint>

#include "neura/tensor/cpu/kernels/dtype_switch.h"
#include "neura/tensor/cpu/kernels/kernels.h"
#include "neura/tensor/iteration/lane_order.h"
#include "neura/tensor/ops/op_list/reduce.h"

namespace neura::cpu {

void SortKernel(KernelCall& call) {
  const auto& options = call.Get<SortOptions>();
  const Tensor input = ContiguousInput(call.input(0));
  if (!HasLaneOrder(input.dtype())) FailForDType(input.dtype());
  const int64_t dim = NormalizeDim("sort", options.dim, input.dim());
  OrderLanes(input, dim, options.descending, input.dim() == 0 ? 1 : input.size(dim),
             call.wants(0) ? call.output(0).raw_data() : nullptr,
             call.wants(1) ? Out<int64_t>(call.output(1)) : nullptr);
}

}  // namespace neura::cpu
