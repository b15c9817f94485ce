// Optimizer steps on one element of a parameter and of what goes with it.
#ifndef NEURA_TENSOR_ELEMENTS_STEPS_H_
#define NEURA_TENSOR_ELEMENTS_STEPS_H_

#include <cmath>

#include "neura/tensor/ops/op_list/step.h"

namespace neura::elements {

template <typename T>
struct SgdStep {
  explicit SgdStep(const SgdStepOptions& options)
      : lr(static_cast<T>(options.lr)),
        momentum(static_cast<T>(options.momentum)),
        damp(static_cast<T>(1 - options.dampening)),
        decay(static_cast<T>(options.weight_decay)),
        sign(options.maximize ? T(-1) : T(1)),
        nesterov(options.nesterov),
        first_step(options.first_step) {}

  constexpr void Plain(T grad, T& param) const { param -= lr * (sign * grad + decay * param); }

  constexpr void WithMomentum(T grad, T& param, T& buffer) const {
    const T g = sign * grad + decay * param;
    const T b = first_step ? g : momentum * buffer + damp * g;
    buffer = b;
    param -= lr * (nesterov ? g + momentum * b : b);
  }

  T lr, momentum, damp, decay, sign;
  bool nesterov, first_step;
};

template <typename T>
struct AdamStep {
  explicit AdamStep(const AdamStepOptions& options)
      : beta1(static_cast<T>(options.beta1)),
        rest1(static_cast<T>(1 - options.beta1)),
        beta2(static_cast<T>(options.beta2)),
        rest2(static_cast<T>(1 - options.beta2)),
        eps(static_cast<T>(options.eps)),
        sign(options.maximize ? T(-1) : T(1)) {
    const double step = static_cast<double>(options.step);
    rate = static_cast<T>(options.lr / (1 - std::pow(options.beta1, step)));
    scale = static_cast<T>(1 / std::sqrt(1 - std::pow(options.beta2, step)));
    const bool decoupled = options.decoupled_weight_decay;
    decay = static_cast<T>(decoupled ? 0 : options.weight_decay);
    keep = static_cast<T>(decoupled ? 1 - options.lr * options.weight_decay : 1);
  }

  constexpr void operator()(T grad, T& param, T& mean, T& square) const {
    const T p = param * keep;
    const T g = sign * grad + decay * p;
    const T m = beta1 * mean + rest1 * g;
    const T v = beta2 * square + rest2 * g * g;
    mean = m;
    square = v;
    param = p - rate * m / (std::sqrt(v) * scale + eps);
  }

  T beta1, rest1, beta2, rest2, eps, sign;
  T rate, scale, decay, keep;
};

}  // namespace neura::elements

#endif  // NEURA_TENSOR_ELEMENTS_STEPS_H_
