// Rules of distributions with one tail: lifetimes, incomes, ratios.
#ifndef NEURA_DISTRIBUTIONS_POSITIVE_RULES_H_
#define NEURA_DISTRIBUTIONS_POSITIVE_RULES_H_

#include <numbers>

#include "neura/distributions/continuous_rules.h"
#include "neura/distributions/normal_rules.h"

namespace neura::distributions {

struct HalfCauchyRules {
  static Params Whole(const Params& p) { return Params({ZerosLike(p[0]), p[0]}, ProbsForm::kNone); }
  static Tensor RSample(const Params& p, DimsView shape, Generator* generator) {
    return Abs(neura::Cauchy(shape, 0, 1, p.options(), generator)) * p[0];
  }
  static Tensor LogProb(const Params& p, const Tensor& x) {
    return Where(x >= 0, CauchyRules::LogProb(Whole(p), x) + std::numbers::ln2, -kInfinity);
  }
  static Tensor Cdf(const Params& p, const Tensor& x) {
    return CauchyRules::Cdf(Whole(p), x) * 2 - 1;
  }
  static Tensor Icdf(const Params& p, const Tensor& x) {
    return CauchyRules::Icdf(Whole(p), (x + 1) * 0.5);
  }
  static Tensor Entropy(const Params& p) {
    return CauchyRules::Entropy(Whole(p)) - std::numbers::ln2;
  }
  static Tensor Mean(const Params& p) { return FullLike(p[0], kInfinity); }
  static Tensor Mode(const Params& p) { return ZerosLike(p[0]); }
  static Tensor Variance(const Params& p) { return FullLike(p[0], kInfinity); }
};

// Of scale and concentration.
struct WeibullRules {
  // The expectation of the power k of a sample over scale^k.
  static Tensor Moment(const Params& p, double k) { return Exp(Lgamma(1 + k / p[1])); }
  static Tensor RSample(const Params& p, DimsView shape, Generator* generator) {
    return p[0] * Pow(neura::Exponential(shape, 1, p.options(), generator), Reciprocal(p[1]));
  }
  static Tensor LogProb(const Params& p, const Tensor& x) {
    const Tensor y = x / p[0];
    return Log(p[1] / p[0]) + XLogY(p[1] - 1, y) - Pow(y, p[1]);
  }
  static Tensor Cdf(const Params& p, const Tensor& x) { return -Expm1(-Pow(x / p[0], p[1])); }
  static Tensor Icdf(const Params& p, const Tensor& x) {
    return p[0] * Pow(-Log1p(-x), Reciprocal(p[1]));
  }
  static Tensor Entropy(const Params& p) {
    return (1 - Reciprocal(p[1])) * std::numbers::egamma + Log(p[0] / p[1]) + 1;
  }
  static Tensor Mean(const Params& p) { return p[0] * Moment(p, 1); }
  static Tensor Mode(const Params& p) {
    return p[0] * Pow(ClampMin((p[1] - 1) / p[1], 0.0), Reciprocal(p[1]));
  }
  static Tensor Variance(const Params& p) {
    return Square(p[0]) * (Moment(p, 2) - Square(Moment(p, 1)));
  }
};

// Of scale, where it begins, and alpha.
struct ParetoRules {
  static Constraint Support(const Params& p) { return GreaterThanEqConstraint(p[0]); }
  static Tensor RSample(const Params& p, DimsView shape, Generator* generator) {
    return p[0] * Exp(neura::Exponential(shape, 1, p.options(), generator) / p[1]);
  }
  static Tensor LogProb(const Params& p, const Tensor& x) {
    return Log(p[1]) + p[1] * Log(p[0]) - (p[1] + 1) * Log(x);
  }
  static Tensor Cdf(const Params& p, const Tensor& x) { return -Expm1(p[1] * Log(p[0] / x)); }
  static Tensor Icdf(const Params& p, const Tensor& x) { return p[0] * Exp(-Log1p(-x) / p[1]); }
  static Tensor Entropy(const Params& p) { return Log(p[0] / p[1]) + 1 + Reciprocal(p[1]); }
  static Tensor Mean(const Params& p) {
    const Tensor a = ClampMin(p[1], 1.0);  // infinite from there on
    return a * p[0] / (a - 1);
  }
  static Tensor Mode(const Params& p) { return p[0]; }
  static Tensor Variance(const Params& p) {
    const Tensor a = ClampMin(p[1], 2.0);
    return Square(p[0]) * a / (Square(a - 1) * (a - 2));
  }
};

// Kumaraswamy, "A generalized probability density function for double-bounded random processes",
// 1980.
struct KumaraswamyRules {
  // The expectation of the power k of a sample.
  static Tensor Moment(const Params& p, double k) {
    const Tensor& b = p[1];
    const Tensor a = 1 + k / p[0];
    return Exp(Log(b) + Lgamma(a) + Lgamma(b) - Lgamma(a + b));
  }
  static Tensor RSample(const Params& p, DimsView shape, Generator* generator) {
    const double eps = FloatLimitsOf(p.options().dtype).eps;
    return Icdf(p, Clamp(Rand(shape, p.options(), generator), {.min = eps, .max = 1 - eps}));
  }
  static Tensor LogProb(const Params& p, const Tensor& x) {
    return Log(p[0]) + Log(p[1]) + XLogY(p[0] - 1, x) + (p[1] - 1) * Log1p(-Pow(x, p[0]));
  }
  static Tensor Cdf(const Params& p, const Tensor& x) {
    return -Expm1(p[1] * Log1p(-Pow(x, p[0])));
  }
  static Tensor Icdf(const Params& p, const Tensor& x) {
    return Pow(-Expm1(Log1p(-x) / p[1]), Reciprocal(p[0]));
  }
  static Tensor Entropy(const Params& p) {
    const Tensor harmonic = Digamma(p[1] + 1) + std::numbers::egamma;
    return (1 - Reciprocal(p[1])) + (1 - Reciprocal(p[0])) * harmonic - Log(p[0]) - Log(p[1]);
  }
  static Tensor Mean(const Params& p) { return Moment(p, 1); }
  // At the ends where one concentration is below 1.
  static Tensor Mode(const Params& p) {
    const Tensor inner = Pow((p[0] - 1) / (p[0] * p[1] - 1), Reciprocal(p[0]));
    return Where(LogicalOr(p[0] < 1, p[1] < 1), kNan, inner);
  }
  static Tensor Variance(const Params& p) { return Moment(p, 2) - Square(Moment(p, 1)); }
};

// The ratio of two Chi2 draws, each over its degrees of freedom.
struct FisherSnedecorRules {
  static Tensor RSample(const Params& p, DimsView shape, Generator* generator) {
    const Tensor above = StandardGamma(Expand(p[0] * 0.5, shape), generator) / p[0];
    const Tensor below = StandardGamma(Expand(p[1] * 0.5, shape), generator) / p[1];
    const double least = FloatLimitsOf(p.options().dtype).smallest_normal;
    return ClampMin(above / ClampMin(below, least), least);
  }
  static Tensor LogProb(const Params& p, const Tensor& x) {
    const Tensor a = p[0] * 0.5, b = p[1] * 0.5, ratio = p[0] / p[1];
    return Lgamma(a + b) - Lgamma(a) - Lgamma(b) + a * Log(ratio) + XLogY(a - 1, x) -
           (a + b) * Log1p(ratio * x);
  }
  static Tensor Mean(const Params& p) { return Where(p[1] > 2, p[1] / (p[1] - 2), kNan); }
  static Tensor Mode(const Params& p) {
    return Where(p[0] > 2, (p[0] - 2) / p[0] * (p[1] / (p[1] + 2)), kNan);
  }
  static Tensor Variance(const Params& p) {
    const Tensor finite =
        Square(p[1]) * 2 * (p[0] + p[1] - 2) / (p[0] * Square(p[1] - 2) * (p[1] - 4));
    return Where(p[1] > 4, finite, kNan);
  }
};

}  // namespace neura::distributions

#endif  // NEURA_DISTRIBUTIONS_POSITIVE_RULES_H_
