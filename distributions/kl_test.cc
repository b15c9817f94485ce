// Divergences beside integrals of p (log p - log q) over a fine grid, or sums over all values.
#include "neura/distributions/kl.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "neura/distributions/distributions.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"

namespace neura::distributions {
namespace {

using neura::testing::ErrorOf;
using ::testing::HasSubstr;

Tensor Double(double value) { return ScalarTensor(value, {.dtype = kFloat64}); }

// Of single numbers, two of each kind; and where nearly all of the first one lies.
struct Pair {
  DistributionRef p, q;
  double low, high;
  bool discrete = false;
};

template <typename D, typename P>
DistributionRef Make(const P& params) {
  return std::make_shared<D>(params);
}

std::vector<Pair> Kinds() {
  return {
      {Make<Normal>(NormalParams{.loc = Double(0.3), .scale = 0.7}),
       Make<Normal>(NormalParams{.loc = Double(-0.2), .scale = 1.1}), -8, 9},
      {Make<LogNormal>(LogNormalParams{.loc = Double(0.3), .scale = 0.4}),
       Make<LogNormal>(LogNormalParams{.loc = Double(-0.2), .scale = 0.6}), 1e-6, 30},
      {Make<HalfNormal>(HalfNormalParams{.scale = Double(0.7)}),
       Make<HalfNormal>(HalfNormalParams{.scale = Double(1.3)}), 0, 9},
      {Make<Cauchy>(CauchyParams{.loc = Double(0), .scale = 0.01}),
       Make<Cauchy>(CauchyParams{.loc = Double(0.01), .scale = 0.02}), -150, 150},
      {Make<Uniform>(UniformParams{.low = Double(0.1), .high = 0.8}),
       Make<Uniform>(UniformParams{.low = Double(-0.5), .high = 1.5}), 0.1, 0.8},
      {Make<Exponential>(ExponentialParams{.rate = Double(1.5)}),
       Make<Exponential>(ExponentialParams{.rate = Double(0.8)}), 0, 25},
      {Make<Laplace>(LaplaceParams{.loc = Double(0.3), .scale = 0.7}),
       Make<Laplace>(LaplaceParams{.loc = Double(-0.2), .scale = 0.9}), -20, 20},
      {Make<Gumbel>(GumbelParams{.loc = Double(0.3), .scale = 0.7}),
       Make<Gumbel>(GumbelParams{.loc = Double(-0.2), .scale = 0.9}), -5, 28},
      {Make<Gamma>(GammaParams{.concentration = Double(2.5), .rate = 1.5}),
       Make<Gamma>(GammaParams{.concentration = Double(1.5), .rate = 0.9}), 1e-9, 30},
      {Make<Chi2>(Chi2Params{.df = Double(5)}), Make<Chi2>(Chi2Params{.df = Double(3)}), 1e-9, 90},
      {Make<Beta>(BetaParams{.concentration1 = Double(2.5), .concentration0 = 3.5}),
       Make<Beta>(BetaParams{.concentration1 = Double(1.5), .concentration0 = 2.0}), 1e-9,
       1 - 1e-9},
      {Make<ContinuousBernoulli>(ContinuousBernoulliParams{.probs = Double(0.3)}),
       Make<ContinuousBernoulli>(ContinuousBernoulliParams{.probs = Double(0.8)}), 0, 1},
      {Make<Pareto>(ParetoParams{.scale = Double(0.09), .alpha = 9.0}),
       Make<Pareto>(ParetoParams{.scale = Double(0.05), .alpha = 2.0}), 0.09, 2.5},
      {Make<Bernoulli>(BernoulliParams{.probs = Double(0.3)}),
       Make<Bernoulli>(BernoulliParams{.probs = Double(0.6)}), 0, 1, true},
      {Make<Geometric>(GeometricParams{.probs = Double(0.3)}),
       Make<Geometric>(GeometricParams{.probs = Double(0.6)}), 0, 120, true},
      {Make<Poisson>(PoissonParams{.rate = Double(3)}),
       Make<Poisson>(PoissonParams{.rate = Double(2)}), 0, 60, true},
      {Make<Binomial>(BinomialParams{.total_count = 6, .probs = Double(0.3)}),
       Make<Binomial>(BinomialParams{.total_count = 6, .probs = Double(0.6)}), 0, 6, true},
      {Make<Categorical>(CategoricalParams{.probs = FromList<double>({1, 2, 3})}),
       Make<Categorical>(CategoricalParams{.probs = FromList<double>({3, 2, 2})}), 0, 2, true},
  };
}

double Integral(const Pair& pair, const Distribution& q) {
  const int64_t points = pair.discrete ? static_cast<int64_t>(pair.high - pair.low) + 1 : 400'000;
  const double step = pair.discrete ? 1 : (pair.high - pair.low) / static_cast<double>(points);
  const Tensor x = Arange(0, points, 1, {.dtype = kFloat64}) * step +
                   (pair.low + (pair.discrete ? 0 : step / 2));
  const Tensor log_p = pair.p->LogProb(x);
  return Sum(Exp(log_p) * (log_p - q.LogProb(x))).Item<double>() * step;
}

TEST(KlTest, PairsAreIntegrals) {
  const std::vector<Pair> kinds = Kinds();
  std::set<std::pair<std::string, std::string>> seen;
  const auto known = KlPairs();
  const std::set<std::pair<std::string, std::string>> pairs(known.begin(), known.end());
  for (const Pair& one : kinds) {
    for (const Pair& other : kinds) {
      const std::pair<std::string, std::string> names = {one.p->name(), other.q->name()};
      if (!pairs.contains(names)) continue;
      seen.insert(names);
      const double kl = KlDivergence(*one.p, *other.q).Item<double>();
      if (std::isinf(kl)) {
        // Some of p lies where q has nothing.
        EXPECT_FALSE(ErrorOf([&] { Integral(one, *other.q); }) == "no error" &&
                     std::isfinite(Integral(one, *other.q)))
            << names.first << " " << names.second;
        continue;
      }
      const double tolerance = names.first == "Cauchy" ? 1e-3 : 2e-5;
      EXPECT_NEAR(kl, Integral(one, *other.q), tolerance) << names.first << " " << names.second;
    }
  }
  // Of vectors, below.
  for (const auto& names : pairs) {
    if (names.first == "Dirichlet" || names.first == "MultivariateNormal" ||
        names.first == "OneHotCategorical" || names.first == "Wishart") {
      continue;
    }
    EXPECT_TRUE(seen.contains(names)) << names.first << " " << names.second;
  }
  EXPECT_NEAR(KlDivergence(*kinds[9].p, *kinds[9].q).Item<double>(),
              Integral(kinds[9], *kinds[9].q), 1e-5)
      << "Chi2";
}

TEST(KlTest, OfVectors) {
  const Dirichlet p({.concentration = FromList<double>({2, 3, 4})});
  const Dirichlet q({.concentration = FromList<double>({1, 2, 2.5})});
  Generator generator(3);
  const Tensor x = p.Sample({100'000}, &generator);
  EXPECT_NEAR(KlDivergence(p, q).Item<double>(), Mean(p.LogProb(x) - q.LogProb(x)).Item<double>(),
              0.02);
  // Without correlation, the sum of those of two normal distributions.
  const Tensor zero = Zeros({2}, {.dtype = kFloat64});
  const MultivariateNormal a(
      {.loc = FromList<double>({1, 2}), .scale_tril = FromList<double>({2, 0, 0, 3}, {2, 2})});
  const MultivariateNormal b({.loc = zero, .covariance_matrix = Eye(2, {.dtype = kFloat64})});
  const auto one = [](double loc, double scale) {
    return (scale * scale + loc * loc - 1 - 2 * std::log(scale)) / 2;
  };
  EXPECT_NEAR(KlDivergence(a, b).Item<double>(), one(1, 2) + one(2, 3), 1e-12);
  const OneHotCategorical c({.probs = FromList<double>({1, 1})}),
      d({.probs = FromList<double>({1, 3})});
  EXPECT_NEAR(KlDivergence(c, d).Item<double>(),
              0.5 * std::log(0.5 / 0.25) + 0.5 * std::log(0.5 / 0.75), 1e-12);
}

TEST(KlTest, OfDistributionsThatAreMadeOfOthers) {
  const auto p = Make<Normal>(NormalParams{.loc = FromList<double>({0, 1}), .scale = 1.0});
  const auto q = Make<Normal>(NormalParams{.loc = FromList<double>({1, 1}), .scale = 2.0});
  const Tensor kl = KlDivergence(*p, *q);
  EXPECT_NEAR(KlDivergence(Independent(p, 1), Independent(q, 1)).Item<double>(),
              Sum(kl).Item<double>(), 1e-12);
  const TransformedDistribution moved_p(p, {AffineTransform(1.0, 2.0), ExpTransform()});
  const TransformedDistribution moved_q(q, {AffineTransform(1.0, 2.0), ExpTransform()});
  EXPECT_TRUE(SameBits(KlDivergence(moved_p, moved_q), kl));
  const TransformedDistribution other(q, {ExpTransform()});
  EXPECT_THAT(ErrorOf([&] { KlDivergence(moved_p, other); }), HasSubstr("No KL(p || q)"));
  EXPECT_THAT(ErrorOf([&] { KlDivergence(*p, Independent(q, 1)); }),
              HasSubstr("p type Normal and q type Independent"));
}

TEST(KlTest, FormsMayBeRegistered) {
  const Normal p({.loc = 0.0, .scale = 1.0});
  const StudentT q({.df = 3.0});
  EXPECT_THAT(ErrorOf([&] { KlDivergence(p, q); }), HasSubstr("StudentT"));
  RegisterKl("Normal", "StudentT",
             [](const Distribution&, const Distribution&) { return ScalarTensor(7.0); });
  EXPECT_EQ(KlDivergence(p, q).Item<double>(), 7);
}

}  // namespace
}  // namespace neura::distributions
