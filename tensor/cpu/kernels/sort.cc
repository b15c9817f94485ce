// Sorting along a dimension.
#include <algorithm>
#include <cstdint>

#include "neura/tensor/cpu/kernels/dtype_switch.h"
#include "neura/tensor/cpu/kernels/kernels.h"
#include "neura/tensor/cpu/scratch.h"
#include "neura/tensor/elements/order.h"
#include "neura/tensor/iteration/reduce_plan.h"
#include "neura/tensor/ops/op_list/reduce.h"
#include "neura/tensor/parallel/thread_pool.h"

namespace neura::cpu {
namespace {

struct Placed {
  int64_t key, index;
  // No two are equal, so that the order does not depend on how it is found.
  friend bool operator<(const Placed& a, const Placed& b) {
    return a.key != b.key ? a.key < b.key : a.index < b.index;
  }
};

}  // namespace

void SortKernel(KernelCall& call) {
  const auto& options = call.Get<SortOptions>();
  const Tensor input = ContiguousInput(call.input(0));
  if (input.numel() == 0) return;
  const AroundDim around(input, NormalizeDim("sort", options.dim, input.dim()));
  const int64_t length = around.extent, inner = around.inner;
  SwitchAny(input.dtype(), [&]<typename T>(T) {
    const T* x = In<T>(input);
    T* const values = call.wants(0) ? Out<T>(call.output(0)) : nullptr;
    int64_t* const indices = call.wants(1) ? Out<int64_t>(call.output(1)) : nullptr;
    ParallelFor(around.outer * inner, [&](int64_t lane) {
      const int64_t base = lane / inner * inner * length + lane % inner;
      auto* const placed = Scratch<Placed>(ScratchSlot::kOrder, length);
      for (int64_t i = 0; i < length; ++i) {
        const int64_t key = elements::OrderKey(x[base + i * inner]);
        placed[i] = {elements::Directed(key, options.descending), i};
      }
      std::sort(placed, placed + length);
      for (int64_t i = 0; i < length; ++i) {
        const int64_t to = base + i * inner;
        if (values != nullptr) values[to] = x[base + placed[i].index * inner];
        if (indices != nullptr) indices[to] = placed[i].index;
      }
    });
  });
}

}  // namespace neura::cpu
