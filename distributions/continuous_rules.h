// Rules of distributions over intervals and of those that are made of gamma draws.
#ifndef NEURA_DISTRIBUTIONS_CONTINUOUS_RULES_H_
#define NEURA_DISTRIBUTIONS_CONTINUOUS_RULES_H_

#include <cmath>
#include <limits>
#include <numbers>
#include <string_view>

#include "neura/autograd/autograd.h"
#include "neura/distributions/constraint.h"
#include "neura/distributions/draws.h"
#include "neura/distributions/params.h"
#include "neura/distributions/shapes.h"
#include "neura/tensor/core/dtype_limits.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"
#include "neura/tensor/random/generator.h"

namespace neura::distributions {

inline constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct UniformRules {
  static void Prepare(Params& p) {
    if (!All(p[0] < p[1]).Item<bool>()) {
      ThrowInvalidArgument("Uniform: Uniform is not defined when low>= high");
    }
  }
  static Constraint Support(const Params& p) { return IntervalConstraint(p[0], p[1]); }
  static Tensor RSample(const Params& p, DimsView shape, Generator* generator) {
    return p[0] + Rand(shape, p.options(), generator) * (p[1] - p[0]);
  }
  static Tensor LogProb(const Params& p, const Tensor& x) {
    const Tensor inside = LogicalAnd(x >= p[0], x < p[1]);
    return Where(inside, -Log(p[1] - p[0]), -kInfinity);
  }
  static Tensor Cdf(const Params& p, const Tensor& x) {
    return Clamp((x - p[0]) / (p[1] - p[0]), {.min = 0.0, .max = 1.0});
  }
  static Tensor Icdf(const Params& p, const Tensor& x) { return x * (p[1] - p[0]) + p[0]; }
  static Tensor Entropy(const Params& p) { return Log(p[1] - p[0]); }
  static Tensor Mean(const Params& p) { return (p[0] + p[1]) * 0.5; }
  static Tensor Mode(const Params& p) { return p[1] * kNan; }
  static Tensor Variance(const Params& p) { return Square(p[1] - p[0]) / 12; }
};

struct ExponentialRules {
  static Tensor RSample(const Params& p, DimsView shape, Generator* generator) {
    return neura::Exponential(shape, 1, p.options(), generator) / p[0];
  }
  static Tensor LogProb(const Params& p, const Tensor& x) { return Log(p[0]) - p[0] * x; }
  static Tensor Cdf(const Params& p, const Tensor& x) { return -Expm1(-p[0] * x); }
  static Tensor Icdf(const Params& p, const Tensor& x) { return -Log1p(-x) / p[0]; }
  static Tensor Entropy(const Params& p) { return 1 - Log(p[0]); }
  static Tensor Mean(const Params& p) { return Reciprocal(p[0]); }
  static Tensor Mode(const Params& p) { return ZerosLike(p[0]); }
  static Tensor Variance(const Params& p) { return Reciprocal(Square(p[0])); }
};

struct LaplaceRules {
  static Tensor RSample(const Params& p, DimsView shape, Generator* generator) {
    return Icdf(p, Clamp(Rand(shape, p.options(), generator),
                         {.min = FloatLimitsOf(p.options().dtype).eps / 2}));
  }
  static Tensor LogProb(const Params& p, const Tensor& x) {
    return -Log(p[1] * 2) - Abs(x - p[0]) / p[1];
  }
  static Tensor Cdf(const Params& p, const Tensor& x) {
    const Tensor away = x - p[0];
    return 0.5 - Sign(away) * Expm1(-Abs(away) / p[1]) * 0.5;
  }
  static Tensor Icdf(const Params& p, const Tensor& x) {
    const Tensor side = x - 0.5;
    return p[0] - p[1] * Sign(side) * Log1p(Abs(side) * -2);
  }
  static Tensor Entropy(const Params& p) { return Log(p[1] * 2) + 1; }
  static Tensor Mean(const Params& p) { return p[0]; }
  static Tensor Mode(const Params& p) { return p[0]; }
  static Tensor Variance(const Params& p) { return Square(p[1]) * 2; }
};

struct GumbelRules {
  static Tensor RSample(const Params& p, DimsView shape, Generator* generator) {
    // -log() of a uniform number, which is never 0.
    return p[0] - p[1] * Log(neura::Exponential(shape, 1, p.options(), generator));
  }
  static Tensor LogProb(const Params& p, const Tensor& x) {
    const Tensor y = (p[0] - x) / p[1];
    return y - Exp(y) - Log(p[1]);
  }
  static Tensor Cdf(const Params& p, const Tensor& x) { return Exp(-Exp((p[0] - x) / p[1])); }
  static Tensor Icdf(const Params& p, const Tensor& x) { return p[0] - p[1] * Log(-Log(x)); }
  static Tensor Entropy(const Params& p) { return Log(p[1]) + (1 + std::numbers::egamma); }
  static Tensor Mean(const Params& p) { return p[0] + p[1] * std::numbers::egamma; }
  static Tensor Mode(const Params& p) { return p[0]; }
  static Tensor Variance(const Params& p) {
    return Square(p[1]) * (std::numbers::pi * std::numbers::pi / 6);
  }
};

// Angles around loc.
struct VonMisesRules {
  static Tensor Sample(const Params& p, DimsView shape, Generator* generator) {
    const Tensor around = VonMisesAngles(Expand(p[1], shape), generator) + p[0];
    constexpr double kPi = std::numbers::pi;
    return Remainder(around + kPi, 2 * kPi) - kPi;
  }
  static Tensor LogProb(const Params& p, const Tensor& x) {
    // log I0(k) is log(I0(k) exp(-k)) + k.
    return p[1] * (Cos(x - p[0]) - 1) - std::log(2 * std::numbers::pi) - Log(BesselI0e(p[1]));
  }
  static Tensor Mean(const Params& p) { return p[0]; }
  static Tensor Mode(const Params& p) { return p[0]; }
  // The circular one.
  static Tensor Variance(const Params& p) { return 1 - BesselI1e(p[1]) / BesselI0e(p[1]); }
};

struct GammaRules {
  static Tensor RSample(const Params& p, DimsView shape, Generator* generator) {
    return StandardGamma(Expand(p[0], shape), generator) / p[1];
  }
  static Tensor LogProb(const Params& p, const Tensor& x) {
    return XLogY(p[0], p[1]) + XLogY(p[0] - 1, x) - p[1] * x - Lgamma(p[0]);
  }
  static Tensor Cdf(const Params& p, const Tensor& x) { return GammaInc(p[0], p[1] * x); }
  static Tensor Entropy(const Params& p) {
    return p[0] - Log(p[1]) + Lgamma(p[0]) + (1 - p[0]) * Digamma(p[0]);
  }
  static Tensor Mean(const Params& p) { return p[0] / p[1]; }
  static Tensor Mode(const Params& p) { return ClampMin((p[0] - 1) / p[1], 0.0); }
  static Tensor Variance(const Params& p) { return p[0] / Square(p[1]); }
};

struct Chi2Rules {
  static constexpr const char* kDerived = "concentration, rate";
  static Tensor Derived(const Params& p, std::string_view name) {
    return AsGamma(p)[name == "concentration" ? 0 : 1];
  }
  static Params AsGamma(const Params& p) {
    return Params({p[0] * 0.5, FullLike(p[0], 0.5)}, ProbsForm::kNone);
  }
  static Tensor RSample(const Params& p, DimsView shape, Generator* generator) {
    return GammaRules::RSample(AsGamma(p), shape, generator);
  }
  static Tensor LogProb(const Params& p, const Tensor& x) {
    return GammaRules::LogProb(AsGamma(p), x);
  }
  static Tensor Cdf(const Params& p, const Tensor& x) { return GammaRules::Cdf(AsGamma(p), x); }
  static Tensor Entropy(const Params& p) { return GammaRules::Entropy(AsGamma(p)); }
  static Tensor Mean(const Params& p) { return p[0]; }
  static Tensor Mode(const Params& p) { return GammaRules::Mode(AsGamma(p)); }
  static Tensor Variance(const Params& p) { return p[0] * 2; }
};

struct StudentTRules {
  static Tensor RSample(const Params& p, DimsView shape, Generator* generator) {
    const Tensor normal = Randn(shape, p.options(), generator);
    const Tensor square = StandardGamma(Expand(p[0] * 0.5, shape), generator) * 2;
    return p[1] + p[2] * normal * Rsqrt(square / p[0]);
  }
  static Tensor LogProb(const Params& p, const Tensor& x) {
    const Tensor y = (x - p[1]) / p[2], half = (p[0] + 1) * 0.5;
    return Lgamma(half) - Lgamma(p[0] * 0.5) - Log(p[2]) -
           (Log(p[0]) + std::log(std::numbers::pi)) * 0.5 - half * Log1p(Square(y) / p[0]);
  }
  static Tensor Entropy(const Params& p) {
    const Tensor half = p[0] * 0.5, more = (p[0] + 1) * 0.5;
    return Log(p[2]) + more * (Digamma(more) - Digamma(half)) + Log(p[0]) * 0.5 + Lgamma(half) -
           Lgamma(more) + std::lgamma(0.5);
  }
  static Tensor Mean(const Params& p) { return Where(p[0] > 1, p[1], kNan); }
  static Tensor Mode(const Params& p) { return p[1]; }
  static Tensor Variance(const Params& p) {
    const Tensor finite = Square(p[2]) * p[0] / (p[0] - 2);
    return Where(p[0] > 2, finite,
                 Where(p[0] > 1, FullLike(p[0], kInfinity), FullLike(p[0], kNan)));
  }
};

struct DirichletRules {
  static constexpr int64_t kEventDims = 1;

  static Tensor Total(const Tensor& x) { return Sum(x, {.dims = {-1}}); }
  static Tensor Share(const Tensor& x) { return x / Sum(x, {.dims = {-1}, .keepdim = true}); }

  static Tensor RSample(const Params& p, DimsView shape, Generator* generator) {
    return StandardDirichlet(Expand(p[0], shape), generator);
  }
  static Tensor LogProb(const Params& p, const Tensor& x) {
    return Total(XLogY(p[0] - 1, x)) + Lgamma(Total(p[0])) - Total(Lgamma(p[0]));
  }
  static Tensor Entropy(const Params& p) {
    const Tensor all = Total(p[0]);
    const double count = static_cast<double>(p[0].size(-1));
    return Total(Lgamma(p[0])) - Lgamma(all) - (count - all) * Digamma(all) -
           Total((p[0] - 1) * Digamma(p[0]));
  }
  static Tensor Mean(const Params& p) { return Share(p[0]); }
  // Where no concentration is above 1 the density has its peaks at the corners: the first of them.
  static Tensor Mode(const Params& p) {
    const Tensor inner = Share(ClampMin(p[0] - 1, 0.0));
    const Tensor corner = Cast(OneHot(ArgMax(inner, {.dim = -1}), p[0].size(-1)), p[0].dtype());
    return Where(All(p[0] < 1, {.dims = {-1}, .keepdim = true}), corner, inner);
  }
  static Tensor Variance(const Params& p) {
    const Tensor all = Sum(p[0], {.dims = {-1}, .keepdim = true});
    return p[0] * (all - p[0]) / (Square(all) * (all + 1));
  }
};

// The first of two shares.
struct BetaRules {
  static Params AsDirichlet(const Params& p) {
    return Params({Stack(std::vector<Tensor>{p[0], p[1]}, -1)}, ProbsForm::kNone);
  }
  static Tensor RSample(const Params& p, DimsView shape, Generator* generator) {
    const Dims both = Joined(shape, Dims{2});
    return Select(StandardDirichlet(Expand(AsDirichlet(p)[0], both), generator), -1, 0);
  }
  static Tensor LogProb(const Params& p, const Tensor& x) {
    return XLogY(p[0] - 1, x) + XLogY(p[1] - 1, 1 - x) + Lgamma(p[0] + p[1]) - Lgamma(p[0]) -
           Lgamma(p[1]);
  }
  static Tensor Entropy(const Params& p) { return DirichletRules::Entropy(AsDirichlet(p)); }
  static Tensor Mean(const Params& p) { return p[0] / (p[0] + p[1]); }
  static Tensor Mode(const Params& p) {
    return Select(DirichletRules::Mode(AsDirichlet(p)), -1, 0);
  }
  static Tensor Variance(const Params& p) {
    const Tensor all = p[0] + p[1];
    return p[0] * p[1] / (Square(all) * (all + 1));
  }
};

}  // namespace neura::distributions

#endif  // NEURA_DISTRIBUTIONS_CONTINUOUS_RULES_H_
