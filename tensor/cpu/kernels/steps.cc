// Optimizer steps, fused: one pass over a parameter and what goes with it, compiled for every
// target.
#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "neura/tensor/cpu/kernels/dtype_switch.h"
#include "neura/tensor/cpu/kernels/kernels.h"
#include "neura/tensor/cpu/targets.h"  // IWYU pragma: keep
#include "neura/tensor/ops/op_list/step.h"
#include "neura/tensor/parallel/thread_pool.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/cpu/kernels/steps.cc"
#include "hwy/foreach_target.h"  // before any other header of Highway
#include "hwy/highway.h"
#include "neura/tensor/cpu/lanes-inl.h"
#include "neura/tensor/elements/steps.h"

HWY_BEFORE_NAMESPACE();
namespace neura::cpu::HWY_NAMESPACE {
namespace {

namespace el = elements::HWY_NAMESPACE;

// Calls step(gradient, changed...) for vectors of n elements and for the numbers that fill none.
template <typename T, typename Step, typename... Changed>
HWY_INLINE void ForElements(int64_t n, Step step, const T* grad, Changed*... changed) {
  int64_t i = 0;
  const hn::ScalableTag<T> d;
  using V = Lanes<decltype(d)>;
  constexpr int64_t kN = static_cast<int64_t>(hn::MaxLanes(d));
  const auto on_vectors = [&](auto... x) HWY_ATTR {
    step(V(hn::LoadU(d, grad + i)), x...);
    (hn::StoreU(x.raw, d, changed + i), ...);
  };
  for (; i + kN <= n; i += kN) on_vectors(V(hn::LoadU(d, changed + i))...);
  for (; i < n; ++i) step(grad[i], changed[i]...);
}

template <typename T>
void Sgd(const SgdStepOptions& options, int64_t n, const T* grad, T* param, T* buffer) {
  const el::SgdStep<T> step(options);
  if (buffer != nullptr) {
    ForElements(
        n, [&](auto g, auto& p, auto& b) HWY_ATTR { step.WithMomentum(g, p, b); }, grad, param,
        buffer);
  } else {
    ForElements(
        n, [&](auto g, auto& p) HWY_ATTR { step.Plain(g, p); }, grad, param);
  }
}

template <typename T>
void Adam(const AdamStepOptions& options, int64_t n, const T* grad, T* param, T* mean, T* square) {
  const el::AdamStep<T> step(options);
  ForElements(
      n, [&](auto g, auto&... changed) HWY_ATTR { step(g, changed...); }, grad, param, mean,
      square);
}

void SgdFloat(const SgdStepOptions& options, int64_t n, const float* grad, float* param,
              float* buffer) {
  Sgd(options, n, grad, param, buffer);
}
void SgdDouble(const SgdStepOptions& options, int64_t n, const double* grad, double* param,
               double* buffer) {
  Sgd(options, n, grad, param, buffer);
}
void AdamFloat(const AdamStepOptions& options, int64_t n, const float* grad, float* param,
               float* mean, float* square) {
  Adam(options, n, grad, param, mean, square);
}
void AdamDouble(const AdamStepOptions& options, int64_t n, const double* grad, double* param,
                double* mean, double* square) {
  Adam(options, n, grad, param, mean, square);
}

}  // namespace
}  // namespace neura::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace neura::cpu {
namespace {

HWY_EXPORT(SgdFloat);
HWY_EXPORT(SgdDouble);
HWY_EXPORT(AdamFloat);
HWY_EXPORT(AdamDouble);

constexpr int64_t kTaskElements = 1 << 14;

// Calls f(begin, n) for the ranges of one task each.
template <typename F>
void ForRanges(int64_t count, F f) {
  ParallelFor((count + kTaskElements - 1) / kTaskElements, [&](int64_t task) {
    const int64_t begin = task * kTaskElements;
    f(begin, std::min(kTaskElements, count - begin));
  });
}

}  // namespace

void SgdStepKernel(KernelCall& call) {
  const auto& options = call.Get<SgdStepOptions>();
  const bool has_buffer = options.momentum != 0;
  SwitchFloat(call.input(0).dtype(), [&]<typename T>(T) {
    T* param = Out<T>(call.input(0));
    const T* grad = In<T>(call.input(1));
    T* buffer = has_buffer ? Out<T>(call.input(2)) : nullptr;
    ForRanges(call.input(0).numel(), [&](int64_t begin, int64_t n) {
      T* buffers = has_buffer ? buffer + begin : nullptr;
      if constexpr (std::is_same_v<T, float>) {
        HWY_DYNAMIC_DISPATCH(SgdFloat)(options, n, grad + begin, param + begin, buffers);
      } else {
        HWY_DYNAMIC_DISPATCH(SgdDouble)(options, n, grad + begin, param + begin, buffers);
      }
    });
  });
}

void AdamStepKernel(KernelCall& call) {
  const auto& options = call.Get<AdamStepOptions>();
  SwitchFloat(call.input(0).dtype(), [&]<typename T>(T) {
    T* param = Out<T>(call.input(0));
    const T* grad = In<T>(call.input(1));
    T *mean = Out<T>(call.input(2)), *square = Out<T>(call.input(3));
    ForRanges(call.input(0).numel(), [&](int64_t begin, int64_t n) {
      if constexpr (std::is_same_v<T, float>) {
        HWY_DYNAMIC_DISPATCH(AdamFloat)
        (options, n, grad + begin, param + begin, mean + begin, square + begin);
      } else {
        HWY_DYNAMIC_DISPATCH(AdamDouble)
        (options, n, grad + begin, param + begin, mean + begin, square + begin);
      }
    });
  });
}

}  // namespace neura::cpu
#endif
