// The optimizers: for each its options, and the rule by which it steps, written once for whatever
// computes like a number. Traced it is the program of a fused_update; compiled over vectors, the
// loop that the CPU runs in the program's place.
//
// A rule is made from the options and what is known of the step, and keeps what follows from these
// in doubles. Called, it overwrites an element of the parameter and of each state. It is trivially
// copyable, and decides by what it keeps alone.
#ifndef NEURA_OPTIM_RULES_H_OPTIONS_
#define NEURA_OPTIM_RULES_H_OPTIONS_

#include <cmath>
#include <cstdint>

#include "neura/tensor/core/error.h"
#include "neura/tensor/core/fields.h"

namespace neura::optim {

// Beside NEURA_FIELDS, options name those that must not be negative and those that must be in
// [0, 1). What else they must fulfil, Check() throws as InvalidArgument.

struct SgdOptions {
  double lr = 1e-3;
  double momentum = 0;
  double dampening = 0;
  double weight_decay = 0;  // L2 penalty, added to the gradient
  bool nesterov = false;
  bool maximize = false;
  NEURA_FIELDS(lr, momentum, dampening, weight_decay, nesterov, maximize)
  static constexpr const char* kNotNegative = "lr, momentum, weight_decay";
  static constexpr const char* kFractions = "";
  void Check() const {
    if (nesterov && (momentum == 0 || dampening != 0)) {
      ThrowInvalidArgument("SGD: nesterov needs momentum and no dampening");
    }
  }
};

struct AdamOptions {
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0;  // L2 penalty, added to the gradient
  bool maximize = false;
  NEURA_FIELDS(lr, beta1, beta2, eps, weight_decay, maximize)
  static constexpr const char* kNotNegative = "lr, eps, weight_decay";
  static constexpr const char* kFractions = "beta1, beta2";
};

struct AdamWOptions {
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 1e-2;  // decoupled: shrinks the parameter by lr * weight_decay
  bool maximize = false;
  NEURA_FIELDS(lr, beta1, beta2, eps, weight_decay, maximize)
  static constexpr const char* kNotNegative = "lr, eps, weight_decay";
  static constexpr const char* kFractions = "beta1, beta2";
};

struct LionOptions {
  double lr = 1e-4;
  double beta1 = 0.9;
  double beta2 = 0.99;
  double weight_decay = 0;  // decoupled: shrinks the parameter by lr * weight_decay
  bool maximize = false;
  NEURA_FIELDS(lr, beta1, beta2, weight_decay, maximize)
  static constexpr const char* kNotNegative = "lr, weight_decay";
  static constexpr const char* kFractions = "beta1, beta2";
};

// What a rule knows beside the options.
struct StepInfo {
  int64_t step = 1;    // counts from 1
  bool first = false;  // the states are zeros that no step has written yet
};

}  // namespace neura::optim

#endif  // NEURA_OPTIM_RULES_H_OPTIONS_

#if defined(NEURA_OPTIM_RULES_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NEURA_OPTIM_RULES_H_
#undef NEURA_OPTIM_RULES_H_
#else
#define NEURA_OPTIM_RULES_H_
#endif

#include "neura/tensor/elements/math.h"
#include "neura/tensor/elements/pointwise.h"
#include "neura/tensor/elements/select.h"
#include "neura/tensor/elements/target.h"

NEURA_BEFORE_ELEMENTS()

// What elements have as functions, of numbers and vectors too.
template <typename T>
constexpr T Sign(T x) {
  return SignOp::Do(x);
}

// b = momentum * b + (1 - dampening) * g, b = g at the first step with momentum; Nesterov steps
// along g + momentum * b.
struct SGDRule {
  SGDRule() = default;
  SGDRule(const optim::SgdOptions& o, const optim::StepInfo& info)
      : lr(o.lr),
        momentum(o.momentum),
        damp(1 - o.dampening),
        decay(o.weight_decay),
        nesterov(o.nesterov),
        maximize(o.maximize),
        first(info.first) {}
  // Without, there is no state.
  static bool KeepsState(const optim::SgdOptions& o) { return o.momentum != 0; }

  template <typename E>
  void operator()(E& p, E g, E& buffer) const {
    if (maximize) g = -g;
    if (decay != 0) g = g + decay * p;
    if (momentum != 0) {
      buffer = first ? g : momentum * buffer + damp * g;
      g = nesterov ? g + momentum * buffer : buffer;
    }
    p = p - lr * g;
  }

  double lr, momentum, damp, decay;
  bool nesterov, maximize, first;
};

// Adam and AdamW differ in where the weight decay acts.
template <typename Options, bool kDecoupled>
struct AdamLikeRule {
  AdamLikeRule() = default;
  AdamLikeRule(const Options& o, const optim::StepInfo& info)
      : beta1(o.beta1),
        beta2(o.beta2),
        eps(o.eps),
        rate(o.lr / (1 - std::pow(o.beta1, static_cast<double>(info.step)))),
        scale(1 / std::sqrt(1 - std::pow(o.beta2, static_cast<double>(info.step)))),
        decay(kDecoupled ? o.lr * o.weight_decay : o.weight_decay),
        maximize(o.maximize) {}

  template <typename E>
  void operator()(E& p, E g, E& mean, E& square) const {
    if (maximize) g = -g;
    if (decay != 0) {
      if constexpr (kDecoupled) {
        p = p * (1 - decay);
      } else {
        g = g + decay * p;
      }
    }
    mean = beta1 * mean + (1 - beta1) * g;
    square = beta2 * square + (1 - beta2) * g * g;
    p = p - rate * mean / (Sqrt(square) * scale + eps);
  }

  double beta1, beta2, eps, rate, scale, decay;
  bool maximize;
};
using AdamRule = AdamLikeRule<optim::AdamOptions, false>;
using AdamWRule = AdamLikeRule<optim::AdamWOptions, true>;

// Steps of one size in the direction of the averages.
struct LionRule {
  LionRule() = default;
  LionRule(const optim::LionOptions& o, const optim::StepInfo&)
      : lr(o.lr), beta1(o.beta1), beta2(o.beta2), decay(o.weight_decay), maximize(o.maximize) {}

  template <typename E>
  void operator()(E& p, E g, E& mean) const {
    if (maximize) g = -g;
    p = p * (1 - lr * decay) - lr * Sign(beta1 * mean + (1 - beta1) * g);
    mean = beta2 * mean + (1 - beta2) * g;
  }

  double lr, beta1, beta2, decay;
  bool maximize;
};

NEURA_AFTER_ELEMENTS();

#endif  // NEURA_OPTIM_RULES_H_
