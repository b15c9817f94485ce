// Optimizer steps, fused: one pass over a parameter and what goes with it.
#include <algorithm>
#include <cmath>

#include "neura/tensor/cpu_backend/dtype_switch.h"
#include "neura/tensor/cpu_backend/kernels.h"
#include "neura/tensor/ops/options.h"
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
    const T lr = static_cast<T>(options.lr), momentum = static_cast<T>(options.momentum);
    const T damp = static_cast<T>(1 - options.dampening);
    const T decay = static_cast<T>(options.weight_decay);
    const T sign = options.maximize ? T(-1) : T(1);
    ForRanges(count, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        T g = sign * grad[i] + decay * param[i];
        if (buffer != nullptr) {
          const T b = options.first_step ? g : momentum * buffer[i] + damp * g;
          buffer[i] = b;
          g = options.nesterov ? g + momentum * b : b;
        }
        param[i] -= lr * g;
      }
    });
  });
}

void AdamStepKernel(KernelCall& call) {
  const auto& options = call.Get<AdamStepOptions>();
  const int64_t count = call.input(0).numel();
  const double step = static_cast<double>(options.step);
  const double correction1 = 1 - std::pow(options.beta1, step);
  const double correction2 = 1 - std::pow(options.beta2, step);
  SwitchFloat(call.input(0).dtype(), [&]<typename T>(T) {
    T* param = static_cast<T*>(call.input(0).raw_data());
    const T* grad = static_cast<const T*>(call.input(1).raw_data());
    T* mean = static_cast<T*>(call.input(2).raw_data());
    T* square = static_cast<T*>(call.input(3).raw_data());
    const T beta1 = static_cast<T>(options.beta1), rest1 = static_cast<T>(1 - options.beta1);
    const T beta2 = static_cast<T>(options.beta2), rest2 = static_cast<T>(1 - options.beta2);
    const T rate = static_cast<T>(options.lr / correction1), eps = static_cast<T>(options.eps);
    const T scale = static_cast<T>(1 / std::sqrt(correction2));
    const T sign = options.maximize ? T(-1) : T(1);
    const bool decoupled = options.decoupled_weight_decay;
    const T decay = static_cast<T>(decoupled ? 0 : options.weight_decay);
    const T keep = static_cast<T>(decoupled ? 1 - options.lr * options.weight_decay : 1);
    ForRanges(count, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const T p = param[i] * keep;
        const T g = sign * grad[i] + decay * p;
        const T m = beta1 * mean[i] + rest1 * g;
        const T v = beta2 * square[i] + rest2 * g * g;
        mean[i] = m;
        square[i] = v;
        param[i] = p - rate * m / (std::sqrt(v) * scale + eps);
      }
    });
  });
}

}  // namespace neura::cpu
