// Optimizer steps, fused: one pass over a parameter and what goes with it.
#include "neura/tensor/elements/steps.h"

#include <algorithm>

#include "neura/tensor/cpu/kernels/dtype_switch.h"
#include "neura/tensor/cpu/kernels/kernels.h"
#include "neura/tensor/ops/op_list/step.h"
#include "neura/tensor/parallel/thread_pool.h"

namespace neura::cpu {
namespace {

constexpr int64_t kTaskElements = 1 << 14;

template <typename F>
void ForRanges(int64_t count, F f) {
  ParallelFor((count + kTaskElements - 1) / kTaskElements, [&](int64_t task) {
    f(task * kTaskElements, std::min((task + 1) * kTaskElements, count));
  });
}

}  // namespace

void SgdStepKernel(KernelCall& call) {
  const auto& options = call.Get<SgdStepOptions>();
  const int64_t count = call.input(0).numel();
  SwitchFloat(call.input(0).dtype(), [&]<typename T>(T) {
    T* param = static_cast<T*>(call.input(0).raw_data());
    const T* grad = static_cast<const T*>(call.input(1).raw_data());
    T* buffer = options.momentum != 0 ? static_cast<T*>(call.input(2).raw_data()) : nullptr;
    const elements::SgdStep<T> step(options);
    ForRanges(count, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        if (buffer != nullptr) {
          step.WithMomentum(grad[i], param[i], buffer[i]);
        } else {
          step.Plain(grad[i], param[i]);
        }
      }
    });
  });
}

void AdamStepKernel(KernelCall& call) {
  const auto& options = call.Get<AdamStepOptions>();
  const int64_t count = call.input(0).numel();
  SwitchFloat(call.input(0).dtype(), [&]<typename T>(T) {
    T* param = static_cast<T*>(call.input(0).raw_data());
    const T* grad = static_cast<const T*>(call.input(1).raw_data());
    T* mean = static_cast<T*>(call.input(2).raw_data());
    T* square = static_cast<T*>(call.input(3).raw_data());
    const elements::AdamStep<T> step(options);
    ForRanges(count, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) step(grad[i], param[i], mean[i], square[i]);
    });
  });
}

}  // namespace neura::cpu
