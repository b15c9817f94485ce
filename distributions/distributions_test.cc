// Every row beside its density in plain doubles, and beside what follows from that by integration
// over a fine grid, or by sums over all values.
#include "neura/distributions/distributions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"
#include "neura/tensor/testing/values.h"

namespace neura::distributions {
namespace {

using neura::testing::Close;
using neura::testing::ErrorOf;
using ::testing::HasSubstr;

constexpr double kPi = 3.14159265358979323846;

Tensor Double(double value) { return ScalarTensor(value, {.dtype = kFloat64}); }
double Number(const Tensor& x) { return x.Item<double>(); }

// One distribution of single numbers. Continuous: where nearly all of it lies, densely from `low`
// to `high`; else its values are the integers from low to high.
struct RowCase {
  std::string name;
  std::shared_ptr<const Distribution> distribution;
  std::function<double(double)> density;
  double low, high;
  bool discrete = false;
  // Of tails too heavy for the grid: less is known.
  bool heavy = false;
};

std::vector<RowCase> Cases() {
  std::vector<RowCase> cases;
  const auto normal = [](double x, double m, double s) {
    return std::exp(-(x - m) * (x - m) / (2 * s * s)) / (s * std::sqrt(2 * kPi));
  };
  const auto gamma = [](double x, double a, double b) {
    return std::pow(b, a) * std::pow(x, a - 1) * std::exp(-b * x) / std::tgamma(a);
  };
  const auto choose = [](double n, double k) {
    return std::tgamma(n + 1) / (std::tgamma(k + 1) * std::tgamma(n - k + 1));
  };
  const auto add = [&]<typename D>(std::shared_ptr<D> made, std::function<double(double)> density,
                                   double low, double high, bool discrete = false,
                                   bool heavy = false) {
    const std::string name = made->name();
    cases.push_back({name, std::move(made), std::move(density), low, high, discrete, heavy});
  };
  add(
      std::make_shared<Normal>(NormalParams{.loc = Double(0.5), .scale = 1.5}),
      [=](double x) { return normal(x, 0.5, 1.5); }, -15, 16);
  add(
      std::make_shared<LogNormal>(LogNormalParams{.loc = Double(0.2), .scale = 0.4}),
      [=](double x) { return normal(std::log(x), 0.2, 0.4) / x; }, 1e-9, 20);
  add(
      std::make_shared<HalfNormal>(HalfNormalParams{.scale = Double(2)}),
      [=](double x) { return 2 * normal(x, 0, 2); }, 0, 20);
  add(
      std::make_shared<StudentT>(StudentTParams{.df = Double(30), .loc = 1.0, .scale = 0.5}),
      [](double x) {
        const double y = (x - 1) / 0.5;
        return std::tgamma(15.5) / (std::tgamma(15.0) * std::sqrt(30 * kPi) * 0.5) *
               std::pow(1 + y * y / 30, -15.5);
      },
      -19, 21);
  add(
      std::make_shared<Cauchy>(CauchyParams{.loc = Double(1), .scale = 0.5}),
      [](double x) { return 1 / (kPi * 0.5 * (1 + 4 * (x - 1) * (x - 1))); }, -5, 7, false, true);
  add(
      std::make_shared<Uniform>(UniformParams{.low = Double(-1), .high = 3.0}),
      [](double) { return 0.25; }, -1, 3);
  add(
      std::make_shared<Exponential>(ExponentialParams{.rate = Double(1.5)}),
      [](double x) { return 1.5 * std::exp(-1.5 * x); }, 0, 30);
  add(
      std::make_shared<Laplace>(LaplaceParams{.loc = Double(0), .scale = 0.7}),
      [](double x) { return std::exp(-std::fabs(x) / 0.7) / 1.4; }, -24, 24);
  add(
      std::make_shared<Gumbel>(GumbelParams{.loc = Double(0.3), .scale = 0.8}),
      [](double x) {
        const double z = (x - 0.3) / 0.8;
        return std::exp(-z - std::exp(-z)) / 0.8;
      },
      -5, 35);
  add(
      std::make_shared<Gamma>(GammaParams{.concentration = Double(2.5), .rate = 1.5}),
      [=](double x) { return gamma(x, 2.5, 1.5); }, 1e-12, 40);
  add(
      std::make_shared<Chi2>(Chi2Params{.df = Double(6)}),
      [=](double x) { return gamma(x, 3, 0.5); }, 1e-12, 110);
  add(
      std::make_shared<Beta>(BetaParams{.concentration1 = Double(2.5), .concentration0 = 3.5}),
      [](double x) {
        return std::pow(x, 1.5) * std::pow(1 - x, 2.5) * std::tgamma(6.0) /
               (std::tgamma(2.5) * std::tgamma(3.5));
      },
      1e-12, 1 - 1e-12);
  add(
      std::make_shared<FisherSnedecor>(FisherSnedecorParams{.df1 = Double(6), .df2 = 60.0}),
      [](double x) {
        return std::pow(0.1, 3) * x * x / std::pow(1 + 0.1 * x, 33) *
               std::exp(std::lgamma(33.0) - std::lgamma(3.0) - std::lgamma(30.0));
      },
      1e-9, 25);
  add(
      std::make_shared<HalfCauchy>(HalfCauchyParams{.scale = Double(0.5)}),
      [](double x) { return 2 / (kPi * 0.5 * (1 + 4 * x * x)); }, 0, 9, false, true);
  add(
      std::make_shared<Weibull>(WeibullParams{.scale = Double(1.5), .concentration = 2.5}),
      [](double x) {
        return 2.5 / 1.5 * std::pow(x / 1.5, 1.5) * std::exp(-std::pow(x / 1.5, 2.5));
      },
      1e-9, 8);
  add(
      std::make_shared<Pareto>(ParetoParams{.scale = Double(1.2), .alpha = 9.0}),
      [](double x) { return x < 1.2 ? 0 : 9 * std::pow(1.2, 9) / std::pow(x, 10); }, 1.2, 21.2);
  add(
      std::make_shared<Kumaraswamy>(
          KumaraswamyParams{.concentration1 = Double(2.5), .concentration0 = 3.5}),
      [](double x) { return 2.5 * 3.5 * std::pow(x, 1.5) * std::pow(1 - std::pow(x, 2.5), 2.5); },
      1e-9, 1 - 1e-9);
  add(
      std::make_shared<VonMises>(VonMisesParams{.loc = Double(0.4), .concentration = 1.7}),
      [](double x) {
        double bessel = 0;  // I0(1.7), by its series
        for (int k = 0; k < 30; ++k)
          bessel += std::pow(0.7225, k) / std::pow(std::tgamma(k + 1), 2);
        return std::exp(1.7 * std::cos(x - 0.4)) / (2 * kPi * bessel);
      },
      -kPi, kPi);
  for (const double probs : {0.3, 0.5, 0.5004}) {
    add(
        std::make_shared<ContinuousBernoulli>(ContinuousBernoulliParams{.probs = Double(probs)}),
        [probs](double x) {
          const double odds = std::log(probs / (1 - probs));
          const double norm = probs == 0.5 ? 2 : odds / (2 * probs - 1);
          return norm * std::pow(probs, x) * std::pow(1 - probs, 1 - x);
        },
        0, 1);
  }
  add(
      std::make_shared<RelaxedBernoulli>(
          RelaxedBernoulliParams{.temperature = Double(2), .probs = 0.3}),
      [](double x) {
        const double a = 0.3 / 0.7, rest = 1 - x;
        return 2 * a / std::pow(x * rest, 3) / std::pow(a / (x * x) + 1 / (rest * rest), 2);
      },
      1e-6, 1 - 1e-6);
  add(
      std::make_shared<NegativeBinomial>(
          NegativeBinomialParams{.total_count = Double(2.5), .probs = 0.45}),
      [](double x) {
        return std::exp(std::lgamma(x + 2.5) - std::lgamma(2.5) - std::lgamma(x + 1)) *
               std::pow(0.55, 2.5) * std::pow(0.45, x);
      },
      0, 60, true);
  add(
      std::make_shared<Bernoulli>(BernoulliParams{.probs = Double(0.3)}),
      [](double x) { return x == 1 ? 0.3 : 0.7; }, 0, 1, true);
  add(
      std::make_shared<Bernoulli>(BernoulliParams{.logits = Double(0.4)}),
      [](double x) { return 1 / (1 + std::exp(x == 1 ? -0.4 : 0.4)); }, 0, 1, true);
  add(
      std::make_shared<Geometric>(GeometricParams{.probs = Double(0.3)}),
      [](double x) { return 0.3 * std::pow(0.7, x); }, 0, 120, true);
  add(
      std::make_shared<Poisson>(PoissonParams{.rate = Double(3.5)}),
      [](double x) { return std::exp(-3.5 + x * std::log(3.5) - std::lgamma(x + 1)); }, 0, 60,
      true);
  add(
      std::make_shared<Binomial>(BinomialParams{.total_count = 7, .probs = Double(0.35)}),
      [=](double x) { return choose(7, x) * std::pow(0.35, x) * std::pow(0.65, 7 - x); }, 0, 7,
      true);
  add(
      std::make_shared<Categorical>(CategoricalParams{.probs = FromList<double>({2, 1, 5})}),
      [](double x) { return x == 0   ? 0.25
                            : x == 1 ? 0.125
                                     : 0.625; }, 0, 2, true);
  return cases;
}

void PrintTo(const RowCase& c, std::ostream* out) { *out << c.distribution->ToString(); }

class RowTest : public ::testing::TestWithParam<RowCase> {};

// The midpoints of the grid, or the integers; and how much each stands for.
std::vector<double> Grid(const RowCase& c) {
  std::vector<double> grid;
  if (c.discrete) {
    for (double x = c.low; x <= c.high; ++x) grid.push_back(x);
    return grid;
  }
  constexpr int kPoints = 200'000;
  for (int i = 0; i < kPoints; ++i) {
    grid.push_back(c.low + (c.high - c.low) * (i + 0.5) / kPoints);
  }
  return grid;
}
double WeightOf(const RowCase& c, size_t points) {
  return c.discrete ? 1 : (c.high - c.low) / static_cast<double>(points);
}

TEST_P(RowTest, HasItsDensity) {
  const RowCase& c = GetParam();
  std::vector<double> at = Grid(c);
  if (!c.discrete) {
    at = {c.low + 0.3 * (c.high - c.low), (c.low + c.high) / 2, c.low + 0.7 * (c.high - c.low)};
  }
  for (const double x : at) {
    EXPECT_NEAR(Number(c.distribution->LogProb(Double(x))), std::log(c.density(x)), 1e-9) << x;
  }
}

TEST_P(RowTest, MomentsAndEntropyAreThoseOfTheDensity) {
  const RowCase& c = GetParam();
  if (c.heavy) return;
  const std::vector<double> grid = Grid(c);
  const double weight = WeightOf(c, grid.size());
  double total = 0, mean = 0, second = 0, entropy = 0, mode = 0, most = 0;
  for (const double x : grid) {
    const double p = c.density(x) * weight;
    total += p;
    mean += p * x;
    second += p * x * x;
    if (p > 0) entropy -= p * std::log(p / weight);
    if (p > most) mode = x, most = p;
  }
  EXPECT_NEAR(total, 1, 1e-6);
  if (c.name == "RelaxedBernoulli") return;  // of which nothing else has a form
  if (c.name != "ContinuousBernoulli") {     // whose mode is at an end
    const double found = Number(Cast(c.distribution->Mode(), kFloat64));
    if (c.name == "Uniform") {
      EXPECT_TRUE(std::isnan(found));
    } else {
      EXPECT_NEAR(found, mode, 1e-3);
    }
  }
  if (c.name == "Categorical") return;  // whose moments mean nothing
  if (c.name == "VonMises") {           // whose moments are those of points on a circle
    double resultant = 0;
    for (const double x : grid) resultant += c.density(x) * weight * std::cos(x - 0.4);
    EXPECT_EQ(Number(c.distribution->Mean()), 0.4);
    EXPECT_NEAR(Number(c.distribution->Variance()), 1 - resultant, 1e-9);
    return;
  }
  EXPECT_NEAR(Number(c.distribution->Mean()), mean, 1e-5);
  EXPECT_NEAR(Number(c.distribution->Variance()), second - mean * mean, 1e-4);
  EXPECT_NEAR(Number(c.distribution->StdDev()), std::sqrt(second - mean * mean), 1e-4);
  const std::set<std::string> without = {"Poisson", "FisherSnedecor", "NegativeBinomial"};
  if (without.contains(c.name)) return;  // whose entropies have no form
  EXPECT_NEAR(Number(c.distribution->Entropy()), entropy, 1e-5);
}

TEST_P(RowTest, DistributionFunctionsAreIntegrals) {
  const RowCase& c = GetParam();
  const std::set<std::string> without = {"StudentT", "Beta", "FisherSnedecor", "VonMises",
                                         "RelaxedBernoulli"};
  if (c.discrete || without.contains(c.name)) return;
  const std::vector<double> grid = Grid(c);
  const double weight = WeightOf(c, grid.size());
  const double before = c.heavy ? Number(c.distribution->Cdf(Double(c.low))) : 0;
  double sum = before;
  for (size_t i = 0; i < grid.size(); ++i) {
    sum += c.density(grid[i]) * weight;
    if (i % 20'000 != 9'999 || sum < 0.01 || sum > 0.99) continue;
    const double x = grid[i] + weight / 2;
    EXPECT_NEAR(Number(c.distribution->Cdf(Double(x))), sum, 1e-5) << x;
    if (c.name == "Gamma" || c.name == "Chi2") continue;
    EXPECT_NEAR(Number(c.distribution->Icdf(Double(sum))), x, 1e-3 * (1 + std::fabs(x))) << x;
  }
}

TEST_P(RowTest, SamplesAreOfTheDistribution) {
  const RowCase& c = GetParam();
  Generator generator(7);
  constexpr int64_t kSamples = 40'000;
  const Tensor samples = Cast(c.distribution->Sample({kSamples}, &generator), kFloat64);
  ASSERT_EQ(samples.numel(), kSamples);
  // How many lie below points, beside the probability of that.
  const std::vector<double> grid = Grid(c);
  const double weight = WeightOf(c, grid.size());
  double sum = c.heavy ? Number(c.distribution->Cdf(Double(c.low))) : 0;
  for (size_t i = 0; i < grid.size(); ++i) {
    sum += c.density(grid[i]) * weight;
    if (c.discrete ? i > 12 : i % 10'000 != 0) continue;
    const double x = grid[i] + (c.discrete ? 0 : weight / 2);
    const double share = Number(Mean(Cast(samples <= x, kFloat64)));
    EXPECT_NEAR(share, sum, 5 * std::sqrt(0.25 / kSamples)) << x;
  }
}

TEST_P(RowTest, ExpandsAndEnumerates) {
  const RowCase& c = GetParam();
  const auto wide = c.distribution->Expand(Dims{4, 2});
  EXPECT_EQ(wide->batch_shape(), (Dims{4, 2}));
  EXPECT_EQ(wide->Sample(Dims{3}).shape(), (Dims{3, 4, 2}));
  const double x = c.discrete ? c.low : (c.low + c.high) / 2;
  const Tensor log_prob = wide->LogProb(Double(x));
  EXPECT_TRUE(Close(log_prob, Full({4, 2}, std::log(c.density(x)), {.dtype = kFloat64}), 1e-9));
  if (!c.distribution->has_enumerate_support()) return;
  const Tensor values = c.distribution->EnumerateSupport();
  EXPECT_NEAR(Number(Sum(Exp(c.distribution->LogProb(values)))), 1, 1e-12);
  EXPECT_EQ(wide->EnumerateSupport().shape(), (Dims{values.size(0), 4, 2}));
  EXPECT_EQ(wide->EnumerateSupport(false).shape(), (Dims{values.size(0), 1, 1}));
}

INSTANTIATE_TEST_SUITE_P(Rows, RowTest, ::testing::ValuesIn(Cases()), [](const auto& info) {
  return info.param.name + std::to_string(info.index);
});

TEST(RowsTest, EachHasACase) {
  // Of vectors, below, and in matrices_test.cc.
  std::set<std::string> named = {"Dirichlet",
                                 "OneHotCategorical",
                                 "Multinomial",
                                 "MultivariateNormal",
                                 "OneHotCategoricalStraightThrough",
                                 "RelaxedOneHotCategorical",
                                 "LowRankMultivariateNormal",
                                 "Wishart",
                                 "LKJCholesky"};
  for (const RowCase& c : Cases()) named.insert(c.name);
  for (const DistributionRow& row : DistributionRows())
    EXPECT_TRUE(named.contains(row.name)) << row.name;
}

TEST(VectorsTest, Dirichlet) {
  const Dirichlet dirichlet({.concentration = FromList<double>({2, 3, 4})});
  EXPECT_EQ(dirichlet.event_shape(), Dims{3});
  // Gamma(9) / (Gamma(2) Gamma(3) Gamma(4)) x y^2 z^3
  const double x = 0.2, y = 0.3, z = 0.5;
  EXPECT_NEAR(Number(dirichlet.LogProb(FromList<double>({x, y, z}))),
              std::log(40320.0 / (1 * 2 * 6) * x * y * y * z * z * z), 1e-12);
  EXPECT_TRUE(Close(dirichlet.Mean(), FromList<double>({2.0 / 9, 3.0 / 9, 4.0 / 9}), 1e-12));
  EXPECT_TRUE(Close(dirichlet.Mode(), FromList<double>({1.0 / 6, 2.0 / 6, 3.0 / 6}), 1e-12));
  EXPECT_TRUE(
      Close(dirichlet.Variance(), FromList<double>({14.0 / 810, 18.0 / 810, 20.0 / 810}), 1e-12));
  Generator generator(3);
  const Tensor samples = dirichlet.Sample({20'000}, &generator);
  EXPECT_TRUE(Close(Sum(samples, {.dims = {-1}}), Ones({20'000}, {.dtype = kFloat64}), 1e-12));
  EXPECT_TRUE(Close(Mean(samples, {.dims = {0}}), dirichlet.Mean(), 0.01));
  EXPECT_TRUE(Close(Var(samples, {.dims = {0}}), dirichlet.Variance(), 0.01));
}

TEST(VectorsTest, MultivariateNormal) {
  const Tensor covariance = FromList<double>({4, 1, 1, 2}, {2, 2});
  const Tensor loc = FromList<double>({1, -1});
  const MultivariateNormal by_covariance({.loc = loc, .covariance_matrix = covariance});
  // The inverse of the covariance, whose determinant is 7, and its Cholesky factor.
  const MultivariateNormal by_precision(
      {.loc = loc, .precision_matrix = FromList<double>({2, -1, -1, 4}, {2, 2}) / 7});
  const MultivariateNormal by_factor(
      {.loc = loc, .scale_tril = FromList<double>({2, 0, 0.5, std::sqrt(1.75)}, {2, 2})});
  const double a = 0.5, b = 1.5;
  const double distance = (2 * a * a - 2 * a * b + 4 * b * b) / 7;
  for (const RowDistribution* d : {static_cast<const RowDistribution*>(&by_covariance),
                                   static_cast<const RowDistribution*>(&by_precision),
                                   static_cast<const RowDistribution*>(&by_factor)}) {
    EXPECT_NEAR(Number(d->LogProb(FromList<double>({1 + a, -1 + b}))),
                -distance / 2 - std::log(2 * kPi) - std::log(7) / 2, 1e-12);
    EXPECT_NEAR(Number(d->Entropy()), 1 + std::log(2 * kPi) + std::log(7) / 2, 1e-12);
    EXPECT_TRUE(Close(d->Variance(), FromList<double>({4, 2}), 1e-12));
    Generator generator(5);
    const Tensor samples = d->RSample({40'000}, &generator) - loc;
    EXPECT_TRUE(Close(MatMul(Transpose(samples, 0, 1), samples) / 40'000, covariance, 0.1));
  }
  EXPECT_THAT(ErrorOf([&] { MultivariateNormal({.loc = loc}); }), HasSubstr("Exactly one of"));
  EXPECT_THAT(
      ErrorOf([&] {
        MultivariateNormal({.loc = loc, .scale_tril = FromList<double>({1, 2, 3, 4}, {2, 2})});
      }),
      HasSubstr("scale_tril"));
}

TEST(VectorsTest, ChoicesAndCounts) {
  const Tensor probs = FromList<double>({0.2, 0.5, 0.3});
  const OneHotCategorical one_hot({.probs = probs});
  EXPECT_NEAR(Number(one_hot.LogProb(FromList<double>({0, 1, 0}))), std::log(0.5), 1e-12);
  EXPECT_EQ(one_hot.EnumerateSupport().shape(), (Dims{3, 3}));
  EXPECT_EQ(one_hot.Sample(Dims{2}).shape(), (Dims{2, 3}));
  const Multinomial counts({.total_count = 4, .probs = probs});
  // 4! / (1! 2! 1!)
  EXPECT_NEAR(Number(counts.LogProb(FromList<double>({1, 2, 1}))), std::log(12 * 0.2 * 0.25 * 0.3),
              1e-12);
  EXPECT_TRUE(Close(counts.Mean(), probs * 4, 1e-12));
  // Over all 15 outcomes.
  double entropy = 0;
  for (int a = 0; a <= 4; ++a) {
    for (int b = 0; a + b <= 4; ++b) {
      const double log_prob = Number(counts.LogProb(
          FromList<double>({static_cast<double>(a), static_cast<double>(b), 4.0 - a - b})));
      entropy -= std::exp(log_prob) * log_prob;
    }
  }
  EXPECT_NEAR(Number(counts.Entropy()), entropy, 1e-9);
  Generator generator(1);
  const Tensor samples = counts.Sample({20'000}, &generator);
  EXPECT_TRUE(All(Sum(samples, {.dims = {-1}}) == 4).Item<bool>());
  EXPECT_TRUE(Close(Mean(samples, {.dims = {0}}), probs * 4, 0.05));
}

TEST(DistributionsTest, BatchesAreBroadcast) {
  const Normal normal({.loc = Zeros({3, 1}), .scale = Ones({4})});
  EXPECT_EQ(normal.batch_shape(), (Dims{3, 4}));
  EXPECT_EQ(normal.Sample(Dims{5}).shape(), (Dims{5, 3, 4}));
  EXPECT_EQ(normal.LogProb(Zeros({2, 1, 1})).shape(), (Dims{2, 3, 4}));
  EXPECT_EQ(normal.ToString(), "Normal(loc: [3, 4], scale: [3, 4])");
  const Independent rows(std::make_shared<Normal>(normal), 1);
  EXPECT_EQ(rows.batch_shape(), Dims{3});
  EXPECT_EQ(rows.event_shape(), Dims{4});
  EXPECT_EQ(rows.LogProb(Zeros({3, 4})).shape(), Dims{3});
  EXPECT_EQ(rows.Expand(Dims{2, 3})->Sample().shape(), (Dims{2, 3, 4}));
}

TEST(DistributionsTest, SaysWhatIsWrong) {
  EXPECT_THAT(ErrorOf([] {
                Normal({.loc = 0.0, .scale = FromList<float>({1, -1})});
              }),
              HasSubstr("Expected parameter scale (Tensor of shape [2]) of distribution Normal"));
  EXPECT_THAT(ErrorOf([] { Normal({.loc = 0.0}); }), HasSubstr("scale is missing"));
  EXPECT_THAT(ErrorOf([] { Normal({.loc = Zeros({2}), .scale = Ones({3})}); }),
              HasSubstr("Normal"));
  EXPECT_THAT(ErrorOf([] { Bernoulli({.probs = 0.5, .logits = 0.0}); }), HasSubstr("not both"));
  EXPECT_THAT(ErrorOf([] { Uniform({.low = 1.0, .high = 0.0}); }), HasSubstr("low>= high"));
  EXPECT_THAT(ErrorOf([] { Exponential({.rate = 1.0}).LogProb(ScalarTensor(-1.0)); }),
              HasSubstr("within the support (GreaterThanEq(lower_bound=0.0))"));
  EXPECT_THAT(ErrorOf([] { Dirichlet({.concentration = Ones({3})}).LogProb(Ones({2})); }),
              HasSubstr("event shape"));
  EXPECT_THAT(ErrorOf([] { Poisson({.rate = 1.0}).RSample(); }),
              HasSubstr("Poisson has no rsample"));
  EXPECT_THAT(ErrorOf([] { Poisson({.rate = 1.0}).Icdf(Ones({})); }), HasSubstr("no icdf"));
  EXPECT_EQ(ErrorOf([] { Normal({.loc = 0.0, .scale = -1.0}, false); }), "no error");
}

}  // namespace
}  // namespace neura::distributions
