// Rules of distributions that stand in the place of choices, so that gradients flow.
#ifndef NEURA_DISTRIBUTIONS_RELAXED_RULES_H_
#define NEURA_DISTRIBUTIONS_RELAXED_RULES_H_

#include <cmath>
#include <numbers>

#include "neura/autograd/autograd.h"
#include "neura/distributions/continuous_rules.h"
#include "neura/distributions/discrete_rules.h"
#include "neura/tensor/ops/norm.h"

namespace neura::distributions {

// Loaiza-Ganem and Cunningham, "The continuous Bernoulli: fixing a pervasive error in variational
// autoencoders", 2019 (arXiv:1907.06845). Around 1/2, where their forms are 0 / 0, it goes by the
// first terms of their series.
struct ContinuousBernoulliRules {
  static constexpr ProbsForm kForm = ProbsForm::kOfOne;
  static constexpr double kNear = 1e-3;

  // Within the numbers beside 0 and 1, at which it has no density.
  static Tensor Probs(const Params& p) {
    const double eps = FloatLimitsOf(p.options().dtype).eps;
    return Clamp(p.probs(), {.min = eps, .max = 1 - eps});
  }
  static Tensor IsNear(const Tensor& probs) { return Abs(probs - 0.5) < kNear; }
  // The probabilities, elsewhere where they are near 1/2.
  static Tensor Away(const Params& p) {
    const Tensor probs = Probs(p);
    return Where(IsNear(probs), 0.5 - kNear, probs);
  }
  static Tensor LogOdds(const Tensor& probs) { return Log(probs) - Log1p(-probs); }

  static Tensor LogNorm(const Params& p) {
    const Tensor away = Away(p), square = Square(Probs(p) - 0.5);
    const Tensor form = Log(Abs(LogOdds(away))) - Log(Abs(1 - away * 2));
    return Where(IsNear(Probs(p)), (4.0 / 3 + square * (104.0 / 45)) * square + std::numbers::ln2,
                 form);
  }
  static Tensor RSample(const Params& p, DimsView shape, Generator* generator) {
    return Icdf(p, Rand(shape, p.options(), generator));
  }
  static Tensor LogProb(const Params& p, const Tensor& x) {
    return LogNorm(p) - CrossEntropyOfLogits(p.logits(), x);
  }
  // By the odds l of the side that falls, expm1(l x) / expm1(l), which does not overflow; around 0
  // the first terms.
  static Tensor Cdf(const Params& p, const Tensor& x) {
    const Tensor inside = Clamp(x, {.min = 0.0, .max = 1.0}), odds = p.logits();
    const Tensor rises = odds > 0, falling = Falling(odds);
    const Tensor y = Where(rises, 1 - inside, inside);
    const Tensor form = Expm1(falling * y) / Expm1(falling);
    return Where(IsFlat(odds), inside - odds * inside * (1 - inside) * 0.5,
                 Where(rises, 1 - form, form));
  }
  static Tensor Icdf(const Params& p, const Tensor& x) {
    const Tensor odds = p.logits();
    const Tensor rises = odds > 0, falling = Falling(odds);
    const Tensor form = Log1p(Where(rises, 1 - x, x) * Expm1(falling)) / falling;
    return Where(IsFlat(odds), x + odds * x * (1 - x) * 0.5, Where(rises, 1 - form, form));
  }
  static Tensor IsFlat(const Tensor& odds) { return Abs(odds) < 1e-4; }
  static Tensor Falling(const Tensor& odds) { return Where(IsFlat(odds), -1.0, -Abs(odds)); }
  static Tensor Entropy(const Params& p) {
    const Tensor logits = p.logits();
    return -LogSigmoid(-logits) - Mean(p) * logits - LogNorm(p);
  }
  static Tensor Mean(const Params& p) {
    const Tensor away = Away(p), x = Probs(p) - 0.5;
    return Where(IsNear(Probs(p)), (1.0 / 3 + Square(x) * (16.0 / 45)) * x + 0.5,
                 away / (away * 2 - 1) - Reciprocal(LogOdds(away)));
  }
  static Tensor Variance(const Params& p) {
    const Tensor away = Away(p), square = Square(Probs(p) - 0.5);
    return Where(IsNear(Probs(p)), 1.0 / 12 - (1.0 / 15 - square * (128.0 / 945)) * square,
                 away * (away - 1) / Square(1 - away * 2) + Reciprocal(Square(LogOdds(away))));
  }
};

// Maddison, Mnih and Teh, "The Concrete Distribution", 2016 (arXiv:1611.00712); Jang, Gu and Poole,
// "Categorical Reparameterization with Gumbel-Softmax", 2016 (arXiv:1611.01144). Of temperature,
// probs and logits.
struct RelaxedBernoulliRules {
  static constexpr ProbsForm kForm = ProbsForm::kOfOne;
  static Tensor Inside(const Tensor& x) {
    const FloatLimits limits = FloatLimitsOf(x.dtype());
    return Clamp(x, {.min = limits.smallest_normal, .max = 1 - limits.eps});
  }
  static Tensor RSample(const Params& p, DimsView shape, Generator* generator) {
    const double eps = FloatLimitsOf(p.options().dtype).eps;
    const Tensor u = Clamp(Rand(shape, p.options(), generator), {.min = eps, .max = 1 - eps});
    return Inside(Sigmoid((Log(u) - Log1p(-u) + p.logits()) / p[0]));
  }
  static Tensor LogProb(const Params& p, const Tensor& x) {
    const Tensor inside = Inside(x), log_x = Log(inside), log_rest = Log1p(-inside);
    const Tensor apart = p.logits() - (log_x - log_rest) * p[0];
    return Log(p[0]) + apart + LogSigmoid(-apart) * 2 - log_x - log_rest;
  }
};

struct RelaxedOneHotCategoricalRules {
  static constexpr ProbsForm kForm = ProbsForm::kOfMany;
  static constexpr int64_t kEventDims = 1;
  static Tensor Temperature(const Params& p) { return Unsqueeze(p[0], -1); }
  static Tensor RSample(const Params& p, DimsView shape, Generator* generator) {
    const Tensor gumbel = -Log(neura::Exponential(shape, 1, p.options(), generator));
    return Softmax((p.logits() + gumbel) / Temperature(p), {.dim = -1});
  }
  static Tensor LogProb(const Params& p, const Tensor& x) {
    const Tensor logits = p.logits(), log_x = Log(x);
    const double count = static_cast<double>(logits.size(-1));
    const Tensor score = LogSoftmax(logits - log_x * Temperature(p), {.dim = -1});
    return Sum(score - log_x, {.dims = {-1}}) + Log(p[0]) * (count - 1) + std::lgamma(count);
  }
};

// Bengio, Leonard and Courville, "Estimating or Propagating Gradients Through Stochastic Neurons",
// 2013 (arXiv:1308.3432).
struct OneHotCategoricalStraightThroughRules : OneHotCategoricalRules {
  static Tensor RSample(const Params& p, DimsView shape, Generator* generator) {
    const Tensor drawn = Sample(p, shape, generator), probs = p.probs();
    return drawn + (probs - Detach(probs));
  }
};

}  // namespace neura::distributions

#endif  // NEURA_DISTRIBUTIONS_RELAXED_RULES_H_
