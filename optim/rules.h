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

#include "absl/strings/str_cat.h"
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
  bool amsgrad = false;     // the largest second moment so far (Reddi et al., 2018)
  bool maximize = false;
  NEURA_FIELDS(lr, beta1, beta2, eps, weight_decay, amsgrad, maximize)
  static constexpr const char* kNotNegative = "lr, eps, weight_decay";
  static constexpr const char* kFractions = "beta1, beta2";
};

struct AdamWOptions {
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 1e-2;  // decoupled: shrinks the parameter by lr * weight_decay
  bool amsgrad = false;
  bool maximize = false;
  NEURA_FIELDS(lr, beta1, beta2, eps, weight_decay, amsgrad, maximize)
  static constexpr const char* kNotNegative = "lr, eps, weight_decay";
  static constexpr const char* kFractions = "beta1, beta2";
};

struct AdamaxOptions {
  double lr = 2e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0;  // L2 penalty, added to the gradient
  bool maximize = false;
  NEURA_FIELDS(lr, beta1, beta2, eps, weight_decay, maximize)
  static constexpr const char* kNotNegative = "lr, eps, weight_decay";
  static constexpr const char* kFractions = "beta1, beta2";
};

struct NAdamOptions {
  double lr = 2e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0;
  double momentum_decay = 4e-3;
  bool decoupled_weight_decay = false;
  bool maximize = false;
  NEURA_FIELDS(lr, beta1, beta2, eps, weight_decay, momentum_decay, decoupled_weight_decay,
               maximize)
  static constexpr const char* kNotNegative = "lr, eps, weight_decay, momentum_decay";
  static constexpr const char* kFractions = "beta1, beta2";
};

struct RAdamOptions {
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0;
  bool decoupled_weight_decay = false;
  bool maximize = false;
  NEURA_FIELDS(lr, beta1, beta2, eps, weight_decay, decoupled_weight_decay, maximize)
  static constexpr const char* kNotNegative = "lr, eps, weight_decay";
  static constexpr const char* kFractions = "beta1, beta2";
};

struct AdagradOptions {
  double lr = 1e-2;
  double lr_decay = 0;
  double weight_decay = 0;  // L2 penalty, added to the gradient
  double initial_accumulator_value = 0;
  double eps = 1e-10;
  bool maximize = false;
  NEURA_FIELDS(lr, lr_decay, weight_decay, initial_accumulator_value, eps, maximize)
  static constexpr const char* kNotNegative =
      "lr, lr_decay, weight_decay, initial_accumulator_value, eps";
  static constexpr const char* kFractions = "";
};

struct AdadeltaOptions {
  double lr = 1;
  double rho = 0.9;
  double eps = 1e-6;
  double weight_decay = 0;  // L2 penalty, added to the gradient
  bool maximize = false;
  NEURA_FIELDS(lr, rho, eps, weight_decay, maximize)
  static constexpr const char* kNotNegative = "lr, rho, eps, weight_decay";
  static constexpr const char* kFractions = "";
  void Check() const {
    if (rho > 1) ThrowInvalidArgument(absl::StrCat("Adadelta: rho = ", rho, " must be in [0, 1]"));
  }
};

struct RMSpropOptions {
  double lr = 1e-2;
  double alpha = 0.99;
  double eps = 1e-8;
  double weight_decay = 0;  // L2 penalty, added to the gradient
  double momentum = 0;
  bool centered = false;  // by the variance in the place of the mean square
  bool maximize = false;
  NEURA_FIELDS(lr, alpha, eps, weight_decay, momentum, centered, maximize)
  static constexpr const char* kNotNegative = "lr, alpha, eps, weight_decay, momentum";
  static constexpr const char* kFractions = "";
};

struct RpropOptions {
  double lr = 1e-2;  // the first step size
  double eta1 = 0.5, eta2 = 1.2;
  double step_size1 = 1e-6, step_size2 = 50;  // the least and the largest
  bool maximize = false;
  NEURA_FIELDS(lr, eta1, eta2, step_size1, step_size2, maximize)
  static constexpr const char* kNotNegative = "lr, eta1, eta2, step_size1, step_size2";
  static constexpr const char* kFractions = "eta1";
  void Check() const {
    if (eta1 == 0 || eta2 <= 1) {
      ThrowInvalidArgument(
          absl::StrCat("Rprop: etas = (", eta1, ", ", eta2, ") must be in (0, 1) and above 1"));
    }
  }
};

struct ASGDOptions {
  double lr = 1e-2;
  double lambd = 1e-4;
  double alpha = 0.75;
  double t0 = 1e6;          // the step after which averages are taken
  double weight_decay = 0;  // L2 penalty, added to the gradient
  bool maximize = false;
  NEURA_FIELDS(lr, lambd, alpha, t0, weight_decay, maximize)
  static constexpr const char* kNotNegative = "lr, weight_decay";
  static constexpr const char* kFractions = "";
};

struct SparseAdamOptions {
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  bool maximize = false;
  NEURA_FIELDS(lr, beta1, beta2, eps, maximize)
  static constexpr const char* kNotNegative = "lr";
  static constexpr const char* kFractions = "beta1, beta2";
  void Check() const {
    if (!(lr > 0) || !(eps > 0)) {
      ThrowInvalidArgument(
          absl::StrCat("SparseAdam: lr = ", lr, " and eps = ", eps, " must be above 0"));
    }
  }
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

// What a step with a sparse gradient is: none, the rule's for the rows that the gradient names, or,
// where others change too, for all of them.
enum class SparseStep { kNone, kRows, kAll };

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
  static constexpr size_t kLeastStates = 0;
  static size_t NumStates(const optim::SgdOptions& o) { return o.momentum != 0; }
  // The momentum moves rows that were named before.
  static optim::SparseStep StepOfSparse(const optim::SgdOptions& o) {
    if (o.weight_decay != 0) {
      ThrowFailedPrecondition("SGD: weight_decay option is not compatible with sparse gradients");
    }
    return o.momentum != 0 ? optim::SparseStep::kAll : optim::SparseStep::kRows;
  }

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

// What Adam and its kin have in common: averages of the gradient and of its square, which begin at
// 0 and are divided by what weights they have, 1 - beta^step.
struct Moments {
  Moments() = default;
  template <typename Options>
  Moments(const Options& o, const optim::StepInfo& info)
      : beta1(o.beta1),
        beta2(o.beta2),
        weight1(1 - std::pow(o.beta1, static_cast<double>(info.step))),
        weight2(1 - std::pow(o.beta2, static_cast<double>(info.step))) {}

  template <typename E>
  void Average(E g, E& mean, E& square) const {
    mean = beta1 * mean + (1 - beta1) * g;
    square = beta2 * square + (1 - beta2) * g * g;
  }

  double beta1, beta2, weight1, weight2;
};

// Of the gradient's direction, and of the weight, which decays by itself or by the gradient of its
// penalty.
struct Decay {
  Decay() = default;
  template <typename Options>
  Decay(const Options& o, bool is_decoupled)
      : decay(is_decoupled ? o.lr * o.weight_decay : o.weight_decay),
        decoupled(is_decoupled),
        maximize(o.maximize) {}

  template <typename E>
  void Apply(E& p, E& g) const {
    if (maximize) g = -g;
    if (decay == 0) return;
    if (decoupled) {
      p = p * (1 - decay);
    } else {
      g = g + decay * p;
    }
  }

  double decay;
  bool decoupled, maximize;
};

// Adam and AdamW differ in where the weight decay acts.
template <typename Options, bool kDecoupled>
struct AdamLikeRule {
  AdamLikeRule() = default;
  AdamLikeRule(const Options& o, const optim::StepInfo& info)
      : moments(o, info),
        decay(o, kDecoupled),
        eps(o.eps),
        rate(o.lr / moments.weight1),
        scale(1 / std::sqrt(moments.weight2)),
        amsgrad(o.amsgrad) {}
  static constexpr size_t kLeastStates = 2;
  static size_t NumStates(const Options& o) { return o.amsgrad ? 3 : 2; }

  template <typename E>
  void operator()(E& p, E g, E& mean, E& square, E& largest) const {
    decay.Apply(p, g);
    moments.Average(g, mean, square);
    if (amsgrad) largest = Select(largest >= square, largest, square);
    p = p - rate * mean / (Sqrt(amsgrad ? largest : square) * scale + eps);
  }

  Moments moments;
  Decay decay;
  double eps, rate, scale;
  bool amsgrad;
};
using AdamRule = AdamLikeRule<optim::AdamOptions, false>;
using AdamWRule = AdamLikeRule<optim::AdamWOptions, true>;

// Adam of the rows that a sparse gradient names: the averages of others stay what they are.
struct SparseAdamRule {
  SparseAdamRule() = default;
  SparseAdamRule(const optim::SparseAdamOptions& o, const optim::StepInfo& info)
      : moments(o, info),
        eps(o.eps),
        rate(o.lr * std::sqrt(moments.weight2) / moments.weight1),
        maximize(o.maximize) {}
  static constexpr bool kTakesDense = false;
  static optim::SparseStep StepOfSparse(const optim::SparseAdamOptions&) {
    return optim::SparseStep::kRows;
  }

  template <typename E>
  void operator()(E& p, E g, E& mean, E& square) const {
    if (maximize) g = -g;
    moments.Average(g, mean, square);
    p = p - rate * mean / (Sqrt(square) + eps);
  }

  Moments moments;
  double eps, rate;
  bool maximize;
};

// By the largest gradient, which decays.
struct AdamaxRule {
  AdamaxRule() = default;
  AdamaxRule(const optim::AdamaxOptions& o, const optim::StepInfo& info)
      : decay(o, false),
        beta1(o.beta1),
        beta2(o.beta2),
        eps(o.eps),
        rate(o.lr / (1 - std::pow(o.beta1, static_cast<double>(info.step)))) {}

  template <typename E>
  void operator()(E& p, E g, E& mean, E& largest) const {
    decay.Apply(p, g);
    mean = beta1 * mean + (1 - beta1) * g;
    const E kept = beta2 * largest, now = Abs(g) + eps;
    largest = Select(kept > now, kept, now);
    p = p - rate * mean / largest;
  }

  Decay decay;
  double beta1, beta2, eps, rate;
};

// Nesterov's momentum in Adam, with a momentum that grows to beta1.
struct NAdamRule {
  NAdamRule() = default;
  NAdamRule(const optim::NAdamOptions& o, const optim::StepInfo& info)
      : moments(o, info),
        decay(o, o.decoupled_weight_decay),
        eps(o.eps),
        scale(1 / std::sqrt(moments.weight2)) {
    const auto momentum = [&](int64_t step) {
      return o.beta1 * (1 - 0.5 * std::pow(0.96, static_cast<double>(step) * o.momentum_decay));
    };
    // Below that, nothing of it is left in 1 - product.
    double product = 1;
    for (int64_t step = 1; step <= info.step && product > 1e-20; ++step) product *= momentum(step);
    const double now = momentum(info.step), next = momentum(info.step + 1);
    grad_rate = o.lr * (1 - now) / (1 - product);
    mean_rate = o.lr * next / (1 - product * next);
  }

  template <typename E>
  void operator()(E& p, E g, E& mean, E& square) const {
    decay.Apply(p, g);
    moments.Average(g, mean, square);
    p = p - (grad_rate * g + mean_rate * mean) / (Sqrt(square) * scale + eps);
  }

  Moments moments;
  Decay decay;
  double eps, scale, grad_rate, mean_rate;
};

// Adam from where the variance of its rate is known; before, with momentum alone.
struct RAdamRule {
  RAdamRule() = default;
  RAdamRule(const optim::RAdamOptions& o, const optim::StepInfo& info)
      : moments(o, info),
        decay(o, o.decoupled_weight_decay),
        eps(o.eps),
        rate(o.lr / moments.weight1) {
    const double limit = 2 / (1 - o.beta2) - 1;
    const double length =
        limit - 2 * static_cast<double>(info.step) * (1 - moments.weight2) / moments.weight2;
    rectified = length > 5;
    if (rectified) {
      rate *= std::sqrt(moments.weight2 * (length - 4) * (length - 2) * limit /
                        ((limit - 4) * (limit - 2) * length));
    }
  }

  template <typename E>
  void operator()(E& p, E g, E& mean, E& square) const {
    decay.Apply(p, g);
    moments.Average(g, mean, square);
    p = p - (rectified ? rate * mean / (Sqrt(square) + eps) : rate * mean);
  }

  Moments moments;
  Decay decay;
  double eps, rate;
  bool rectified;
};

// By the root of the sum of all squares.
struct AdagradRule {
  AdagradRule() = default;
  AdagradRule(const optim::AdagradOptions& o, const optim::StepInfo& info)
      : decay(o, false),
        rate(o.lr / (1 + static_cast<double>(info.step - 1) * o.lr_decay)),
        initial(info.first ? o.initial_accumulator_value : 0),
        eps(o.eps) {}
  static optim::SparseStep StepOfSparse(const optim::AdagradOptions& o) {
    if (o.weight_decay != 0) {
      ThrowFailedPrecondition(
          "Adagrad: weight_decay option is not compatible with sparse gradients");
    }
    return optim::SparseStep::kRows;
  }
  static double InitialState(const optim::AdagradOptions& o) { return o.initial_accumulator_value; }

  template <typename E>
  void operator()(E& p, E g, E& sum) const {
    decay.Apply(p, g);
    sum = initial + sum + g * g;
    p = p - rate * g / (Sqrt(sum) + eps);
  }

  Decay decay;
  double rate, initial, eps;
};

// In units of the parameter: the root of the average square of its changes over that of its
// gradients.
struct AdadeltaRule {
  AdadeltaRule() = default;
  AdadeltaRule(const optim::AdadeltaOptions& o, const optim::StepInfo&)
      : decay(o, false), lr(o.lr), rho(o.rho), eps(o.eps) {}

  template <typename E>
  void operator()(E& p, E g, E& square, E& changes) const {
    decay.Apply(p, g);
    square = rho * square + (1 - rho) * g * g;
    const E change = Sqrt(changes + eps) / Sqrt(square + eps) * g;
    changes = rho * changes + (1 - rho) * change * change;
    p = p - lr * change;
  }

  Decay decay;
  double lr, rho, eps;
};

struct RMSpropRule {
  RMSpropRule() = default;
  RMSpropRule(const optim::RMSpropOptions& o, const optim::StepInfo&)
      : decay(o, false),
        lr(o.lr),
        alpha(o.alpha),
        eps(o.eps),
        momentum(o.momentum),
        centered(o.centered) {}
  static constexpr size_t kLeastStates = 1;
  static size_t NumStates(const optim::RMSpropOptions& o) {
    return o.centered ? 3 : o.momentum > 0 ? 2 : 1;
  }

  template <typename E>
  void operator()(E& p, E g, E& square, E& buffer, E& mean) const {
    decay.Apply(p, g);
    square = alpha * square + (1 - alpha) * g * g;
    E spread = square;
    if (centered) {
      mean = alpha * mean + (1 - alpha) * g;
      spread = square - mean * mean;
    }
    g = g / (Sqrt(spread) + eps);
    if (momentum > 0) {
      buffer = momentum * buffer + g;
      g = buffer;
    }
    p = p - lr * g;
  }

  Decay decay;
  double lr, alpha, eps, momentum;
  bool centered;
};

// A step size for each element, which grows while the gradient keeps its sign.
struct RpropRule {
  RpropRule() = default;
  RpropRule(const optim::RpropOptions& o, const optim::StepInfo& info)
      : first_size(o.lr),
        shrink(o.eta1),
        grow(o.eta2),
        least(o.step_size1),
        largest(o.step_size2),
        first(info.first),
        maximize(o.maximize) {}

  template <typename E>
  void operator()(E& p, E g, E& previous, E& size) const {
    if (maximize) g = -g;
    const E turn = g * previous, zero(0.0), smallest(least), greatest(largest);
    if (first) size = E(first_size);
    size = size * Select(turn > zero, E(grow), Select(turn < zero, E(shrink), E(1.0)));
    size = Select(size < smallest, smallest, Select(size > greatest, greatest, size));
    g = Select(turn < zero, zero, g);  // turned: no step
    p = p - Sign(g) * size;
    previous = g;
  }

  double first_size, shrink, grow, least, largest;
  bool first, maximize;
};

// The average of the parameter is a state, ax.
struct ASGDRule {
  ASGDRule() = default;
  ASGDRule(const optim::ASGDOptions& o, const optim::StepInfo& info)
      : decay(o, false),
        rate(o.lr / std::pow(1 + o.lambd * o.lr * static_cast<double>(info.step - 1), o.alpha)),
        shrink(1 - o.lambd * rate),
        weight(1 / std::fmax(1, static_cast<double>(info.step - 1) - o.t0)) {}

  template <typename E>
  void operator()(E& p, E g, E& average) const {
    decay.Apply(p, g);
    p = p * shrink - rate * g;
    average = weight == 1 ? p : average + weight * (p - average);
  }

  Decay decay;
  double rate, shrink, weight;
};

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
