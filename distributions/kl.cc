#include "neura/distributions/kl.h"

#include <cmath>
#include <limits>
#include <map>
#include <numbers>
#include <utility>

#include "absl/strings/str_cat.h"
#include "neura/distributions/continuous_rules.h"
#include "neura/distributions/discrete_rules.h"
#include "neura/distributions/distributions.h"
#include "neura/distributions/matrix_rules.h"
#include "neura/distributions/normal_rules.h"
#include "neura/distributions/positive_rules.h"
#include "neura/distributions/relaxed_rules.h"
#include "neura/distributions/row_distribution.h"
#include "neura/distributions/shapes.h"
#include "neura/distributions/transformed.h"
#include "neura/tensor/core/error.h"

namespace neura::distributions {
namespace {

using RowFunction = Tensor (*)(const Params& p, const Params& q);
using Pair = std::pair<std::string, std::string>;

Tensor Infinite(const Params& p, const Params& q) {
  return Full(BroadcastShapes("kl_divergence", p.batch(), q.batch()), kInfinity, p.options());
}

// ---- two of one kind --------------------------------------------------------------------------

Tensor KlNormal(const Params& p, const Params& q) {
  const Tensor ratio = Square(p[1] / q[1]), away = Square((p[0] - q[0]) / q[1]);
  return (ratio + away - 1 - Log(ratio)) * 0.5;
}
Tensor KlHalfNormal(const Params& p, const Params& q) {
  return KlNormal(HalfNormalRules::Whole(p), HalfNormalRules::Whole(q));
}
Tensor KlMultivariateNormal(const Params& p, const Params& q) {
  const Tensor &of_p = p[3], &of_q = q[3];
  const Dims batch = BroadcastShapes("kl_divergence", p.batch(), q.batch());
  const int64_t size = of_p.size(-1);
  const Tensor wide_p = Expand(of_p, Joined(batch, Dims{size, size}));
  const Tensor wide_q = Expand(of_q, Joined(batch, Dims{size, size}));
  const Tensor trace =
      Sum(Square(linalg::SolveTriangular(wide_q, wide_p, false)), {.dims = {-2, -1}});
  const Tensor away =
      Sum(Square(linalg::SolveTriangular(
              wide_q, Unsqueeze(Expand(q[0] - p[0], Joined(batch, Dims{size})), -1), false)),
          {.dims = {-2, -1}});
  return MultivariateNormalRules::LogDeterminantOfFactor(of_q) -
         MultivariateNormalRules::LogDeterminantOfFactor(of_p) +
         (trace + away - static_cast<double>(size)) * 0.5;
}
// Chyzak and Nielsen, "A closed-form formula for the Kullback-Leibler divergence between Cauchy
// distributions", 2019 (arXiv:1905.10965).
Tensor KlCauchy(const Params& p, const Params& q) {
  return Log(Square(p[1] + q[1]) + Square(p[0] - q[0])) - Log(p[1] * q[1] * 4);
}
// The logarithm of what its density divides by, less that of the logits' sum.
Tensor ContinuousConstant(const Params& p) {
  return ContinuousBernoulliRules::LogNorm(p) + LogSigmoid(-p.logits());
}
Tensor KlContinuousBernoulli(const Params& p, const Params& q) {
  return ContinuousBernoulliRules::Mean(p) * (p.logits() - q.logits()) + ContinuousConstant(p) -
         ContinuousConstant(q);
}
Tensor KlPareto(const Params& p, const Params& q) {
  const Tensor ratio = q[1] / p[1];
  return Where(p[0] < q[0], kInfinity, q[1] * Log(p[0] / q[0]) - Log(ratio) + ratio - 1);
}
Tensor KlWishart(const Params& p, const Params& q) {
  const int64_t size = WishartRules::Size(p);
  const double n = static_cast<double>(size);
  const Dims shape = BroadcastShapes("kl_divergence", p[3].shape(), q[3].shape());
  const Tensor solved = linalg::SolveTriangular(Expand(q[3], shape), Expand(p[3], shape), false);
  const Tensor apart = MultivariateNormalRules::LogDeterminantOfFactor(q[3]) -
                       MultivariateNormalRules::LogDeterminantOfFactor(p[3]);
  return q[0] * apart + p[0] * (Sum(Square(solved), {.dims = {-2, -1}}) - n) * 0.5 +
         MultiGammaLn(q[0] * 0.5, size) - MultiGammaLn(p[0] * 0.5, size) +
         (p[0] - q[0]) * 0.5 * WishartRules::MultiDigamma(p[0] * 0.5, size);
}
Tensor KlUniform(const Params& p, const Params& q) {
  const Tensor inside = LogicalAnd(q[0] <= p[0], q[1] >= p[1]);
  return Where(inside, Log((q[1] - q[0]) / (p[1] - p[0])), kInfinity);
}
Tensor KlExponential(const Params& p, const Params& q) {
  const Tensor ratio = q[0] / p[0];
  return ratio - Log(ratio) - 1;
}
Tensor KlLaplace(const Params& p, const Params& q) {
  const Tensor away = Abs(p[0] - q[0]);
  return Log(q[1] / p[1]) + away / q[1] + p[1] / q[1] * Exp(-away / p[1]) - 1;
}
Tensor KlGumbel(const Params& p, const Params& q) {
  const Tensor ratio = p[1] / q[1], away = (q[0] - p[0]) / q[1];
  return -Log(ratio) - away + ratio * std::numbers::egamma + Exp(away + Lgamma(ratio + 1)) -
         (1 + std::numbers::egamma);
}
Tensor KlGamma(const Params& p, const Params& q) {
  return q[0] * Log(p[1] / q[1]) + Lgamma(q[0]) - Lgamma(p[0]) + (p[0] - q[0]) * Digamma(p[0]) +
         (q[1] - p[1]) * (p[0] / p[1]);
}
Tensor KlDirichlet(const Params& p, const Params& q) {
  const Tensor all_p = DirichletRules::Total(p[0]), all_q = DirichletRules::Total(q[0]);
  const Tensor away = Digamma(p[0]) - Unsqueeze(Digamma(all_p), -1);
  return Lgamma(all_p) - Lgamma(all_q) - DirichletRules::Total(Lgamma(p[0]) - Lgamma(q[0])) +
         DirichletRules::Total((p[0] - q[0]) * away);
}
Tensor KlBeta(const Params& p, const Params& q) {
  return KlDirichlet(BetaRules::AsDirichlet(p), BetaRules::AsDirichlet(q));
}
// x * (log x - log y), 0 at 0 and infinite where y alone is 0.
Tensor Excess(const Tensor& x, const Tensor& y) {
  return Where(x == 0, 0.0, Where(y == 0, kInfinity, x * Log(x / y)));
}
Tensor KlBernoulli(const Params& p, const Params& q) {
  const Tensor a = p.probs(), b = q.probs();
  return Excess(a, b) + Excess(1 - a, 1 - b);
}
Tensor KlGeometric(const Params& p, const Params& q) {
  return -GeometricRules::Entropy(p) - Log1p(-q.probs()) / p.probs() - q.logits();
}
Tensor KlPoisson(const Params& p, const Params& q) {
  return XLogY(p[0], p[0] / q[0]) - (p[0] - q[0]);
}
Tensor KlBinomial(const Params& p, const Params& q) {
  const Tensor kl =
      p[0] * (p.probs() * (p.logits() - q.logits()) + Log1p(-p.probs()) - Log1p(-q.probs()));
  if (Any(p[0] < q[0]).Item<bool>()) {
    ThrowUnimplemented(
        "kl_divergence: KL between Binomials where q.total_count > p.total_count is not "
        "implemented");
  }
  return Where(p[0] > q[0], kInfinity, kl);
}
Tensor KlCategorical(const Params& p, const Params& q) {
  const Tensor a = p.probs(), b = q.probs();
  if (a.size(-1) != b.size(-1)) {
    ThrowInvalidArgument(
        absl::StrCat("kl_divergence: ", a.size(-1), " choices beside ", b.size(-1)));
  }
  const Tensor kl = a * (p.logits() - q.logits());
  return Sum(Where(a == 0, 0.0, Where(b == 0, kInfinity, kl)), {.dims = {-1}});
}

// ---- two kinds --------------------------------------------------------------------------------

Tensor KlBernoulliPoisson(const Params& p, const Params& q) {
  return -BernoulliRules::Entropy(p) - (p.probs() * Log(q[0]) - q[0]);
}
Tensor KlExponentialGamma(const Params& p, const Params& q) {
  const Tensor ratio = q[1] / p[0];
  return -q[0] * Log(ratio) + ratio + Lgamma(q[0]) + q[0] * std::numbers::egamma -
         (1 + std::numbers::egamma);
}
Tensor KlExponentialGumbel(const Params& p, const Params& q) {
  const Tensor rate = p[0] * q[1], moved = q[0] / q[1];
  return Log(rate) - 1 + Exp(moved) * rate / (rate + 1) - moved + Reciprocal(rate);
}
Tensor KlExponentialNormal(const Params& p, const Params& q) {
  const Tensor variance = Square(q[1]), square = Square(p[0]);
  return (Log(square * variance * (2 * std::numbers::pi)) * 0.5 - 1) +
         (Reciprocal(square) - q[0] / p[0] + Square(q[0]) * 0.5) / variance;
}
Tensor KlGammaExponential(const Params& p, const Params& q) {
  return -GammaRules::Entropy(p) - Log(q[0]) + q[0] * p[0] / p[1];
}
Tensor KlGammaGumbel(const Params& p, const Params& q) {
  const Tensor rate = p[1] * q[1], moved = q[0] / q[1];
  return (p[0] - 1) * Digamma(p[0]) - Lgamma(p[0]) - p[0] + p[0] / rate + Log(rate) +
         Exp(moved) * Pow(Reciprocal(rate) + 1, -p[0]) - moved;
}
Tensor KlGammaNormal(const Params& p, const Params& q) {
  const Tensor variance = Square(q[1]), rate2 = Square(p[1]);
  return Log(rate2 * variance * (2 * std::numbers::pi)) * 0.5 - p[0] - Lgamma(p[0]) +
         (p[0] - 1) * Digamma(p[0]) +
         ((p[0] * (p[0] + 1)) / rate2 * 0.5 - q[0] * p[0] / p[1] + Square(q[0]) * 0.5) / variance;
}
Tensor KlGumbelNormal(const Params& p, const Params& q) {
  const Tensor ratio = p[1] / q[1];
  const double second = std::numbers::pi * std::numbers::pi / 12;
  return kLogOfTwoPi / 2 - Log(ratio) + Square(ratio) * second +
         Square((p[0] + p[1] * std::numbers::egamma - q[0]) / q[1]) * 0.5 -
         (1 + std::numbers::egamma);
}
Tensor KlLaplaceNormal(const Params& p, const Params& q) {
  const Tensor variance = Square(q[1]), ratio = Square(p[1]) / variance;
  return Log(ratio * (2 / std::numbers::pi)) * -0.5 + ratio + Square(p[0]) * 0.5 / variance -
         p[0] * q[0] / variance + Square(q[0]) * 0.5 / variance - 1;
}
Tensor KlNormalGumbel(const Params& p, const Params& q) {
  const Tensor away = (p[0] - q[0]) / q[1], ratio = Square(p[1] / q[1]);
  return -Log(ratio) * 0.5 + away + Exp(-away + ratio * 0.5) - (0.5 + kLogOfTwoPi / 2);
}
Tensor KlNormalLaplace(const Params& p, const Params& q) {
  const Tensor away = p[0] - q[0], ratio = p[1] / q[1], z = away / p[1];
  const Tensor expected = Exp(Square(z) * -0.5) * p[1] * std::sqrt(2 / std::numbers::pi) +
                          away * Erf(z * std::sqrt(0.5));
  return -Log(ratio) + expected / q[1] - (0.5 + std::log(std::numbers::pi / 2) / 2);
}
Tensor KlBetaExponential(const Params& p, const Params& q) {
  return -BetaRules::Entropy(p) - Log(q[0]) + q[0] * BetaRules::Mean(p);
}
Tensor KlBetaGamma(const Params& p, const Params& q) {
  return -BetaRules::Entropy(p) + Lgamma(q[0]) - q[0] * Log(q[1]) -
         (q[0] - 1) * (Digamma(p[0]) - Digamma(p[0] + p[1])) + q[1] * BetaRules::Mean(p);
}
Tensor KlBetaNormal(const Params& p, const Params& q) {
  const Tensor mean = BetaRules::Mean(p);
  const Tensor second = BetaRules::Variance(p) + Square(mean);
  return -BetaRules::Entropy(p) + Log(q[1]) + kLogOfTwoPi / 2 +
         (second * 0.5 - mean * q[0] + Square(q[0]) * 0.5) / Square(q[1]);
}
Tensor KlBetaUniform(const Params& p, const Params& q) {
  const Tensor inside = LogicalAnd(q[0] <= 0, q[1] >= 1);
  return Where(inside, Log(q[1] - q[0]) - BetaRules::Entropy(p), kInfinity);
}
Tensor KlUniformBeta(const Params& p, const Params& q) {
  const Tensor width = p[1] - p[0];
  const auto plain = [](const Tensor& x) { return XLogY(x, x); };
  const Tensor below = (q[0] - 1) * (plain(p[1]) - plain(p[0]) - width) / width;
  const Tensor above = (q[1] - 1) * (plain(1 - p[1]) - plain(1 - p[0]) + width) / width;
  const Tensor kl = Lgamma(q[0]) + Lgamma(q[1]) - Lgamma(q[0] + q[1]) - Log(width) - below + above;
  return Where(LogicalOr(p[1] > 1, p[0] < 0), kInfinity, kl);
}
Tensor KlUniformExponential(const Params& p, const Params& q) {
  const Tensor kl = q[0] * (p[1] + p[0]) * 0.5 - Log((p[1] - p[0]) * q[0]);
  return Where(p[0] < 0, kInfinity, kl);
}
Tensor KlUniformGamma(const Params& p, const Params& q) {
  const Tensor width = p[1] - p[0];
  const Tensor logs = (XLogY(p[1], p[1]) - XLogY(p[0], p[0]) - width) / width;
  const Tensor kl = -Log(width) - q[0] * Log(q[1]) + Lgamma(q[0]) + (1 - q[0]) * logs +
                    q[1] * (p[1] + p[0]) * 0.5;
  return Where(p[0] < 0, kInfinity, kl);
}
Tensor KlUniformGumbel(const Params& p, const Params& q) {
  const Tensor width = p[1] - p[0];
  const Tensor high = (p[1] - q[0]) / q[1], low = (p[0] - q[0]) / q[1];
  return Log(q[1] / width) + (high + low) * 0.5 + q[1] / width * (Exp(-low) - Exp(-high));
}
Tensor KlUniformNormal(const Params& p, const Params& q) {
  const Tensor width = p[1] - p[0];
  const Tensor second = Square(width) / 12 + Square((p[1] + p[0] - q[0] * 2) * 0.5);
  return Log(q[1] / width) + kLogOfTwoPi / 2 + second / (Square(q[1]) * 2);
}

// -log(q) of a normal q, expected under what has this mean and variance.
Tensor CrossEntropyOfNormal(const Tensor& mean, const Tensor& variance, const Params& q) {
  return Log(q[1]) + kLogOfTwoPi / 2 + (variance + Square(mean - q[0])) * 0.5 / Square(q[1]);
}
Tensor KlContinuousBernoulliExponential(const Params& p, const Params& q) {
  return -ContinuousBernoulliRules::Entropy(p) - Log(q[0]) +
         q[0] * ContinuousBernoulliRules::Mean(p);
}
Tensor KlContinuousBernoulliNormal(const Params& p, const Params& q) {
  return -ContinuousBernoulliRules::Entropy(p) +
         CrossEntropyOfNormal(ContinuousBernoulliRules::Mean(p),
                              ContinuousBernoulliRules::Variance(p), q);
}
Tensor KlContinuousBernoulliUniform(const Params& p, const Params& q) {
  const Tensor inside = LogicalAnd(q[0] <= 0, q[1] >= 1);
  return Where(inside, Log(q[1] - q[0]) - ContinuousBernoulliRules::Entropy(p), kInfinity);
}
Tensor KlBetaContinuousBernoulli(const Params& p, const Params& q) {
  return -BetaRules::Entropy(p) - BetaRules::Mean(p) * q.logits() - ContinuousConstant(q);
}
Tensor KlUniformContinuousBernoulli(const Params& p, const Params& q) {
  const Tensor kl =
      -UniformRules::Entropy(p) - UniformRules::Mean(p) * q.logits() - ContinuousConstant(q);
  return Where(LogicalOr(p[1] > 1, p[0] < 0), kInfinity, kl);
}
Tensor KlUniformPareto(const Params& p, const Params& q) {
  const Tensor width = p[1] - p[0];
  const Tensor logs = (XLogY(p[1], p[1]) - XLogY(p[0], p[0]) - width) / width;
  const Tensor kl = logs * (q[1] + 1) - Log(q[1] * width) - q[1] * Log(q[0]);
  return Where(p[0] < q[0], kInfinity, kl);
}
// The expected logarithm of a Pareto draw.
Tensor LogOfPareto(const Params& p) { return Log(p[0]) + Reciprocal(p[1]); }
Tensor KlParetoExponential(const Params& p, const Params& q) {
  const Tensor kl = -ParetoRules::Entropy(p) - Log(q[0]) + q[0] * ParetoRules::Mean(p);
  return Where(p[1] <= 1, kInfinity, kl);
}
Tensor KlParetoGamma(const Params& p, const Params& q) {
  const Tensor kl = -ParetoRules::Entropy(p) + Lgamma(q[0]) - q[0] * Log(q[1]) +
                    (1 - q[0]) * LogOfPareto(p) + q[1] * ParetoRules::Mean(p);
  return Where(p[1] <= 1, kInfinity, kl);
}
Tensor KlParetoNormal(const Params& p, const Params& q) {
  const Tensor kl = -ParetoRules::Entropy(p) +
                    CrossEntropyOfNormal(ParetoRules::Mean(p), ParetoRules::Variance(p), q);
  return Where(p[1] <= 2, kInfinity, kl);
}

const std::map<Pair, RowFunction>& Rows() {
  static const auto* const rows = new std::map<Pair, RowFunction>{
      {{"Normal", "Normal"}, KlNormal},
      {{"LogNormal", "LogNormal"}, KlNormal},
      {{"HalfNormal", "HalfNormal"}, KlHalfNormal},
      {{"MultivariateNormal", "MultivariateNormal"}, KlMultivariateNormal},
      {{"Cauchy", "Cauchy"}, KlCauchy},
      {{"Uniform", "Uniform"}, KlUniform},
      {{"Exponential", "Exponential"}, KlExponential},
      {{"Laplace", "Laplace"}, KlLaplace},
      {{"Gumbel", "Gumbel"}, KlGumbel},
      {{"Gamma", "Gamma"}, KlGamma},
      {{"Beta", "Beta"}, KlBeta},
      {{"Dirichlet", "Dirichlet"}, KlDirichlet},
      {{"Bernoulli", "Bernoulli"}, KlBernoulli},
      {{"Geometric", "Geometric"}, KlGeometric},
      {{"Poisson", "Poisson"}, KlPoisson},
      {{"Binomial", "Binomial"}, KlBinomial},
      {{"Categorical", "Categorical"}, KlCategorical},
      {{"OneHotCategorical", "OneHotCategorical"}, KlCategorical},
      {{"ContinuousBernoulli", "ContinuousBernoulli"}, KlContinuousBernoulli},
      {{"Pareto", "Pareto"}, KlPareto},
      {{"Wishart", "Wishart"}, KlWishart},
      {{"Bernoulli", "Poisson"}, KlBernoulliPoisson},
      {{"Exponential", "Gamma"}, KlExponentialGamma},
      {{"Exponential", "Gumbel"}, KlExponentialGumbel},
      {{"Exponential", "Normal"}, KlExponentialNormal},
      {{"Gamma", "Exponential"}, KlGammaExponential},
      {{"Gamma", "Gumbel"}, KlGammaGumbel},
      {{"Gamma", "Normal"}, KlGammaNormal},
      {{"Gumbel", "Normal"}, KlGumbelNormal},
      {{"Laplace", "Normal"}, KlLaplaceNormal},
      {{"Normal", "Gumbel"}, KlNormalGumbel},
      {{"Normal", "Laplace"}, KlNormalLaplace},
      {{"Beta", "Exponential"}, KlBetaExponential},
      {{"Beta", "Gamma"}, KlBetaGamma},
      {{"Beta", "Normal"}, KlBetaNormal},
      {{"Beta", "Uniform"}, KlBetaUniform},
      {{"Uniform", "Beta"}, KlUniformBeta},
      {{"Uniform", "Exponential"}, KlUniformExponential},
      {{"Uniform", "Gamma"}, KlUniformGamma},
      {{"Uniform", "Gumbel"}, KlUniformGumbel},
      {{"Uniform", "Normal"}, KlUniformNormal},
      {{"Beta", "ContinuousBernoulli"}, KlBetaContinuousBernoulli},
      {{"ContinuousBernoulli", "Exponential"}, KlContinuousBernoulliExponential},
      {{"ContinuousBernoulli", "Normal"}, KlContinuousBernoulliNormal},
      {{"ContinuousBernoulli", "Uniform"}, KlContinuousBernoulliUniform},
      {{"Pareto", "Exponential"}, KlParetoExponential},
      {{"Pareto", "Gamma"}, KlParetoGamma},
      {{"Pareto", "Normal"}, KlParetoNormal},
      {{"Uniform", "ContinuousBernoulli"}, KlUniformContinuousBernoulli},
      {{"Uniform", "Pareto"}, KlUniformPareto},
      // Where p goes, q does not.
      {{"Exponential", "Beta"}, Infinite},
      {{"Exponential", "Uniform"}, Infinite},
      {{"Gamma", "Beta"}, Infinite},
      {{"Gamma", "Uniform"}, Infinite},
      {{"Gumbel", "Beta"}, Infinite},
      {{"Gumbel", "Exponential"}, Infinite},
      {{"Gumbel", "Gamma"}, Infinite},
      {{"Gumbel", "Uniform"}, Infinite},
      {{"Laplace", "Beta"}, Infinite},
      {{"Laplace", "Exponential"}, Infinite},
      {{"Laplace", "Gamma"}, Infinite},
      {{"Laplace", "Uniform"}, Infinite},
      {{"Normal", "Beta"}, Infinite},
      {{"Normal", "Exponential"}, Infinite},
      {{"Normal", "Gamma"}, Infinite},
      {{"Normal", "Uniform"}, Infinite},
      {{"Exponential", "ContinuousBernoulli"}, Infinite},
      {{"Exponential", "Pareto"}, Infinite},
      {{"Gamma", "ContinuousBernoulli"}, Infinite},
      {{"Gamma", "Pareto"}, Infinite},
      {{"Gumbel", "ContinuousBernoulli"}, Infinite},
      {{"Gumbel", "Pareto"}, Infinite},
      {{"Laplace", "ContinuousBernoulli"}, Infinite},
      {{"Laplace", "Pareto"}, Infinite},
      {{"Normal", "ContinuousBernoulli"}, Infinite},
      {{"Normal", "Pareto"}, Infinite},
      {{"Beta", "Pareto"}, Infinite},
      {{"ContinuousBernoulli", "Pareto"}, Infinite},
      {{"Pareto", "Beta"}, Infinite},
      {{"Pareto", "ContinuousBernoulli"}, Infinite},
      {{"Pareto", "Uniform"}, Infinite},
      {{"Poisson", "Bernoulli"}, Infinite},
      {{"Poisson", "Binomial"}, Infinite},
  };
  return *rows;
}
// Before threads are: a fork must not find one of them making it.
[[maybe_unused]] const auto& kMadeRows = Rows();

std::map<Pair, KlFunction>& Registered() {
  static auto* const registered = new std::map<Pair, KlFunction>();
  return *registered;
}
[[maybe_unused]] const auto& kMadeRegistered = Registered();

// What a row is as one that has a form: a Chi2 is a Gamma.
struct Known {
  std::string name;
  Params params;
};
Known AsKnown(const RowDistribution& distribution) {
  const std::string name = distribution.name();
  const Params& params = distribution.params();
  if (name == "Chi2") return {"Gamma", Chi2Rules::AsGamma(params)};
  if (name == "OneHotCategoricalStraightThrough") return {"OneHotCategorical", params};
  if (name == "LowRankMultivariateNormal") {
    const MultivariateNormal whole(
        {.loc = params[0], .scale_tril = LowRankMultivariateNormalRules::Factor(params)}, false);
    return {whole.name(), whole.params()};
  }
  return {name, params};
}

[[noreturn]] void NoForm(const Distribution& p, const Distribution& q) {
  ThrowUnimplemented(
      absl::StrCat("No KL(p || q) is implemented for p type ", p.name(), " and q type ", q.name()));
}

}  // namespace

void RegisterKl(const std::string& p, const std::string& q, KlFunction function) {
  Registered()[{p, q}] = std::move(function);
}

std::vector<Pair> KlPairs() {
  std::vector<Pair> pairs;
  for (const auto& [pair, function] : Rows()) pairs.push_back(pair);
  for (const auto& [pair, function] : Registered()) pairs.push_back(pair);
  return pairs;
}

Tensor KlDivergence(const Distribution& p, const Distribution& q) {
  const auto registered = Registered().find({p.name(), q.name()});
  if (registered != Registered().end()) return registered->second(p, q);
  const auto* const row_p = dynamic_cast<const RowDistribution*>(&p);
  const auto* const row_q = dynamic_cast<const RowDistribution*>(&q);
  if (row_p != nullptr && row_q != nullptr) {
    const Known known_p = AsKnown(*row_p), known_q = AsKnown(*row_q);
    const auto found = Rows().find({known_p.name, known_q.name});
    if (found == Rows().end()) NoForm(p, q);
    return found->second(known_p.params, known_q.params);
  }
  const auto* const independent_p = dynamic_cast<const Independent*>(&p);
  const auto* const independent_q = dynamic_cast<const Independent*>(&q);
  if (independent_p != nullptr && independent_q != nullptr) {
    const int64_t count = independent_p->reinterpreted_batch_ndims();
    if (count != independent_q->reinterpreted_batch_ndims()) NoForm(p, q);
    return SumRightmost(KlDivergence(*independent_p->base(), *independent_q->base()), count);
  }
  const auto* const moved_p = dynamic_cast<const TransformedDistribution*>(&p);
  const auto* const moved_q = dynamic_cast<const TransformedDistribution*>(&q);
  if (moved_p != nullptr && moved_q != nullptr && p.event_shape() == q.event_shape() &&
      ComposeTransform(moved_p->transforms())->Equals(*ComposeTransform(moved_q->transforms()))) {
    return KlDivergence(*moved_p->base(), *moved_q->base());
  }
  NoForm(p, q);
}

}  // namespace neura::distributions
