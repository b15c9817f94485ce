// Optimizer steps on one element of a parameter and of what goes with it, or on vectors of them.
#if defined(NEURA_TENSOR_ELEMENTS_STEPS_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NEURA_TENSOR_ELEMENTS_STEPS_H_
#undef NEURA_TENSOR_ELEMENTS_STEPS_H_
#else
#define NEURA_TENSOR_ELEMENTS_STEPS_H_
#endif

#include <cmath>

#include "neura/tensor/elements/math.h"
#include "neura/tensor/elements/target.h"
#include "neura/tensor/ops/op_list/step.h"

NEURA_BEFORE_ELEMENTS()

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

  template <typename V>
  constexpr void Plain(V grad, V& param) const {
    param = param - V(lr) * (V(sign) * grad + V(decay) * param);
  }

  template <typename V>
  constexpr void WithMomentum(V grad, V& param, V& buffer) const {
    const V g = V(sign) * grad + V(decay) * param;
    const V b = first_step ? g : V(momentum) * buffer + V(damp) * g;
    buffer = b;
    param = param - V(lr) * (nesterov ? g + V(momentum) * b : b);
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

  template <typename V>
  constexpr void operator()(V grad, V& param, V& mean, V& square) const {
    const V p = param * V(keep);
    const V g = V(sign) * grad + V(decay) * p;
    const V m = V(beta1) * mean + V(rest1) * g;
    const V v = V(beta2) * square + V(rest2) * g * g;
    mean = m;
    square = v;
    param = p - V(rate) * m / (Sqrt(v) * V(scale) + V(eps));
  }

  T beta1, rest1, beta2, rest2, eps, sign;
  T rate, scale, decay, keep;
};

NEURA_AFTER_ELEMENTS();

#endif  // NEURA_TENSOR_ELEMENTS_STEPS_H_
