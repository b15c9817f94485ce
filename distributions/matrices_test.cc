// Distributions over vectors and matrices, mixtures, and what gradients do to choices.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "neura/autograd/autograd.h"
#include "neura/distributions/distributions.h"
#include "neura/tensor/linalg/linalg.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"
#include "neura/tensor/testing/values.h"

namespace neura::distributions {
namespace {

using neura::testing::Close;
using neura::testing::ErrorOf;
using ::testing::HasSubstr;

constexpr double kPi = 3.14159265358979323846;

double Number(const Tensor& x) { return x.Item<double>(); }
Tensor Transposed(const Tensor& x) { return Transpose(x, -2, -1); }

TEST(LowRankTest, IsTheNormalOfItsCovariance) {
  const Tensor loc = FromList<double>({1, -1, 0.5}), diagonal = FromList<double>({0.5, 1, 2});
  const Tensor factor = FromList<double>({1, 0, 0.5, -1, 2, 0.3}, {3, 2});
  const LowRankMultivariateNormal low({.loc = loc, .cov_factor = factor, .cov_diag = diagonal});
  const Tensor covariance = MatMul(factor, Transposed(factor)) + DiagEmbed(diagonal);
  const MultivariateNormal whole({.loc = loc, .covariance_matrix = covariance});
  EXPECT_EQ(low.event_shape(), Dims{3});
  const Tensor x = FromList<double>({0, 1, 2, -1, 0.3, 0.7}, {2, 3});
  EXPECT_TRUE(Close(low.LogProb(x), whole.LogProb(x), 1e-12));
  EXPECT_NEAR(Number(low.Entropy()), Number(whole.Entropy()), 1e-12);
  EXPECT_TRUE(Close(low.Variance(), Diagonal(covariance), 1e-12));
  EXPECT_TRUE(Close(low.param("covariance_matrix"), covariance, 1e-12));
  EXPECT_TRUE(Close(low.param("scale_tril"), linalg::Cholesky(covariance), 1e-12));
  EXPECT_TRUE(
      Close(MatMul(low.param("precision_matrix"), covariance), Eye(3, {.dtype = kFloat64}), 1e-12));
  Generator generator(5);
  const Tensor samples = low.RSample({60'000}, &generator) - loc;
  EXPECT_TRUE(Close(MatMul(Transposed(samples), samples) / 60'000, covariance, 0.1));
  const MultivariateNormal other({.loc = Zeros({3}, {.dtype = kFloat64}),
                                  .covariance_matrix = Eye(3, {.dtype = kFloat64}) * 2});
  EXPECT_NEAR(Number(KlDivergence(low, other)), Number(KlDivergence(whole, other)), 1e-12);
  EXPECT_NEAR(Number(KlDivergence(other, low)), Number(KlDivergence(other, whole)), 1e-12);
  EXPECT_EQ(low.Expand(Dims{4})->LogProb(Select(x, 0, 0)).shape(), Dims{4});
  EXPECT_THAT(
      ErrorOf([&] {
        LowRankMultivariateNormal({.loc = loc, .cov_factor = Ones({2, 2}), .cov_diag = diagonal});
      }),
      HasSubstr("needs cov_factor [..., 3, rank]"));
}

TEST(WishartTest, HasItsDensityAndMoments) {
  const Tensor v = FromList<double>({1.5, 0.4, 0.4, 0.8}, {2, 2});
  const Wishart wishart({.df = 5.0, .covariance_matrix = v});
  EXPECT_EQ(wishart.event_shape(), (Dims{2, 2}));
  // |x|^((df - 3) / 2) exp(-tr(v^-1 x) / 2) / (2^df |v|^(df / 2) Gamma_2(df / 2))
  const double a = 3, b = 0.7, c = 2, det_v = 1.5 * 0.8 - 0.16, det_x = a * c - b * b;
  const double trace = (0.8 * a - 2 * 0.4 * b + 1.5 * c) / det_v;
  const double gamma2 = std::sqrt(kPi) * std::tgamma(2.5) * std::tgamma(2.0);
  EXPECT_NEAR(
      Number(wishart.LogProb(FromList<double>({a, b, b, c}, {2, 2}))),
      std::log(det_x) - trace / 2 - 5 * std::log(2.0) - 2.5 * std::log(det_v) - std::log(gamma2),
      1e-10);
  Generator generator(9);
  const Tensor samples = wishart.RSample({40'000}, &generator);
  EXPECT_TRUE(Close(Mean(samples, {.dims = {0}}), wishart.Mean(), 0.1));
  EXPECT_TRUE(Close(wishart.Mean(), v * 5, 1e-12));
  EXPECT_TRUE(Close(wishart.Mode(), v * 2, 1e-12));
  EXPECT_TRUE(Close(Var(samples, {.dims = {0}}), wishart.Variance(), 0.6));
  const Tensor log_prob = wishart.LogProb(samples);
  EXPECT_NEAR(-Number(Mean(log_prob)), Number(wishart.Entropy()), 0.03);
  const Wishart other({.df = 4.0, .scale_tril = Eye(2, {.dtype = kFloat64})});
  EXPECT_NEAR(Number(KlDivergence(wishart, other)), Number(Mean(log_prob - other.LogProb(samples))),
              0.03);
  EXPECT_EQ(Number(KlDivergence(wishart, wishart)), 0);
  EXPECT_THAT(ErrorOf([&] { Wishart({.df = 1.0, .covariance_matrix = v}); }),
              HasSubstr("expected to be greater than ndim - 1 = 1"));
  const Wishart many({.df = FromList<double>({3, 4, 5}), .covariance_matrix = v});
  EXPECT_EQ(many.batch_shape(), Dims{3});
  EXPECT_EQ(many.Sample(Dims{7}).shape(), (Dims{7, 3, 2, 2}));
}

TEST(LkjTest, IsUniformOverCorrelationsAtOne) {
  // Of two variables, the density of the correlation r is that of 2 Beta(c, c) - 1; by the factor's
  // lower left element it is the same, and the density of the factor has no other part.
  const LKJCholesky two({.dim = 2, .concentration = FromList<double>({1.0, 2.5})});
  EXPECT_EQ(two.event_shape(), (Dims{2, 2}));
  EXPECT_EQ(two.batch_shape(), Dims{2});
  const double r = 0.6, s = std::sqrt(1 - r * r);
  const Tensor log_prob = two.LogProb(FromList<double>({1, 0, r, s}, {2, 2}));
  EXPECT_NEAR(log_prob.data<double>()[0], std::log(0.5), 1e-12);
  const double beta = std::tgamma(2.5) * std::tgamma(2.5) / std::tgamma(5.0);
  EXPECT_NEAR(log_prob.data<double>()[1],
              std::log(std::pow(1 - r * r, 1.5) / (std::pow(2.0, 4) * beta)), 1e-12);
  Generator generator(4);
  const LKJCholesky four({.dim = 4, .concentration = Full({}, 1.5, {.dtype = kFloat64})});
  const Tensor factor = four.Sample({20'000}, &generator);
  EXPECT_TRUE(All(NamedConstraint("corr_cholesky").Check(factor)).Item<bool>());
  // Each correlation alone is that of 2 Beta(c + (dim - 2) / 2, ...) - 1, of variance
  // 1 / (2 * 2.5 + 1).
  const Tensor correlation = MatMul(factor, Transposed(factor));
  for (const auto& [i, j] : std::vector<std::pair<int, int>>{{1, 0}, {3, 0}, {3, 2}}) {
    const Tensor each = Select(Select(correlation, -2, i), -1, j);
    EXPECT_NEAR(Number(Mean(each)), 0, 0.02);
    EXPECT_NEAR(Number(Var(each)), 1 / 6.0, 0.01);
  }
  EXPECT_THAT(ErrorOf([] { LKJCholesky({.dim = 1}); }), HasSubstr("greater than or equal to 2"));
}

TEST(RelaxedTest, SharesHaveTheirDensity) {
  const RelaxedOneHotCategorical relaxed(
      {.temperature = 0.8, .probs = FromList<double>({1, 2, 5})});
  // Gamma(3) t^2 prod(p_k x_k^(-t - 1)) / (sum p_k x_k^-t)^3
  const double t = 0.8, p[] = {0.125, 0.25, 0.625}, x[] = {0.2, 0.3, 0.5};
  double product = 2 * t * t, sum = 0;
  for (int k = 0; k < 3; ++k) {
    product *= p[k] * std::pow(x[k], -t - 1);
    sum += p[k] * std::pow(x[k], -t);
  }
  EXPECT_NEAR(Number(relaxed.LogProb(FromList<double>({0.2, 0.3, 0.5}))),
              std::log(product / std::pow(sum, 3)), 1e-12);
  Generator generator(6);
  const Tensor samples = relaxed.RSample({40'000}, &generator);
  // The largest share is that of the choice.
  const Tensor chosen = Cast(OneHot(ArgMax(samples, {.dim = -1}), 3), kFloat64);
  EXPECT_TRUE(Close(Mean(chosen, {.dims = {0}}), FromList<double>({0.125, 0.25, 0.625}), 0.01));
  EXPECT_EQ(relaxed.Expand(Dims{2})->Sample().shape(), (Dims{2, 3}));
}

TEST(RelaxedTest, GradientsFlow) {
  const Tensor logits = SetRequiresGrad(FromList<double>({0.2, -0.3, 0.5}));
  const Tensor weight = FromList<double>({1, 2, 4});
  Generator generator(2);
  const OneHotCategoricalStraightThrough straight({.logits = logits});
  const Tensor drawn = straight.RSample({}, &generator);
  EXPECT_TRUE(All(LogicalOr(drawn == 0, drawn == 1)).Item<bool>());
  const Tensor through = Grad({Sum(drawn * weight)}, {logits})[0];
  const Tensor expected = Grad({Sum(Softmax(logits, {.dim = -1}) * weight)}, {logits})[0];
  EXPECT_TRUE(Close(through, expected, 1e-12));
  const RelaxedOneHotCategorical relaxed({.temperature = 1.5, .logits = logits});
  EXPECT_TRUE(RequiresGrad(relaxed.RSample({}, &generator)));
  const RelaxedBernoulli one({.temperature = 1.5, .logits = logits});
  EXPECT_TRUE(RequiresGrad(one.RSample({}, &generator)));
}

TEST(MixtureTest, IsAWeightedSum) {
  const auto mixture =
      std::make_shared<Categorical>(CategoricalParams{.probs = FromList<double>({0.2, 0.5, 0.3})});
  const auto normals = std::make_shared<Normal>(
      NormalParams{.loc = FromList<double>({-2, 0, 3}), .scale = FromList<double>({0.5, 1, 2})});
  const MixtureSameFamily mixed(mixture, normals);
  EXPECT_EQ(mixed.batch_shape(), Dims{});
  const double w[] = {0.2, 0.5, 0.3}, m[] = {-2, 0, 3}, s[] = {0.5, 1, 2};
  double density = 0, below = 0, mean = 0, second = 0;
  for (int k = 0; k < 3; ++k) {
    const double z = (0.4 - m[k]) / s[k];
    density += w[k] * std::exp(-z * z / 2) / (s[k] * std::sqrt(2 * kPi));
    below += w[k] * std::erfc(-z / std::sqrt(2.0)) / 2;
    mean += w[k] * m[k];
    second += w[k] * (s[k] * s[k] + m[k] * m[k]);
  }
  const Tensor x = ScalarTensor(0.4, {.dtype = kFloat64});
  EXPECT_NEAR(Number(mixed.LogProb(x)), std::log(density), 1e-12);
  EXPECT_NEAR(Number(mixed.Cdf(x)), below, 1e-12);
  EXPECT_NEAR(Number(mixed.Mean()), mean, 1e-12);
  EXPECT_NEAR(Number(mixed.Variance()), second - mean * mean, 1e-12);
  Generator generator(8);
  const Tensor samples = mixed.Sample({40'000}, &generator);
  EXPECT_NEAR(Number(Mean(samples)), mean, 0.06);
  EXPECT_NEAR(Number(Var(samples)), second - mean * mean, 0.2);
  EXPECT_EQ(mixed.Expand(Dims{2, 4})->Sample(Dims{3}).shape(), (Dims{3, 2, 4}));
}

TEST(MixtureTest, OfVectorsAndBatches) {
  const auto mixture = std::make_shared<Categorical>(CategoricalParams{.probs = Ones({5, 3})});
  const auto components = std::make_shared<Independent>(
      std::make_shared<Normal>(NormalParams{.loc = Randn({5, 3, 2}), .scale = Ones({5, 3, 2})}), 1);
  const MixtureSameFamily mixed(mixture, components);
  EXPECT_EQ(mixed.batch_shape(), Dims{5});
  EXPECT_EQ(mixed.event_shape(), Dims{2});
  EXPECT_EQ(mixed.Sample(Dims{7}).shape(), (Dims{7, 5, 2}));
  EXPECT_EQ(mixed.LogProb(mixed.Sample(Dims{7})).shape(), (Dims{7, 5}));
  EXPECT_EQ(mixed.Variance().shape(), (Dims{5, 2}));
  EXPECT_THAT(ErrorOf([&] { MixtureSameFamily(components, components); }),
              HasSubstr("needs to be an instance of Categorical, not Independent"));
  const auto four = std::make_shared<Categorical>(CategoricalParams{.probs = Ones({4})});
  EXPECT_THAT(
      ErrorOf([&] { MixtureSameFamily(four, components); }),
      HasSubstr("4 choices and batch [] is not compatible with components of batch [5, 3]"));
}

TEST(LogisticNormalTest, IsAStickThatNormalNumbersBreak) {
  const LogisticNormal shares({.loc = FromList<double>({0.2, -0.4}), .scale = 0.7});
  EXPECT_EQ(shares.event_shape(), Dims{3});
  EXPECT_EQ(shares.batch_shape(), Dims{});
  // By the two numbers that the first two shares come from: sigmoid(z - log of those to come).
  const double x[] = {0.3, 0.5, 0.2};
  const double first = std::log(0.3 / 0.7) + std::log(2.0), second = std::log(0.5 / 0.2);
  const auto log_normal = [](double z, double m) {
    return -(z - m) * (z - m) / (2 * 0.49) - std::log(0.7 * std::sqrt(2 * kPi));
  };
  EXPECT_NEAR(Number(shares.LogProb(FromList<double>({x[0], x[1], x[2]}))),
              log_normal(first, 0.2) + log_normal(second, -0.4) - std::log(x[0] * x[1] * x[2]),
              1e-9);
  EXPECT_EQ(LogisticNormal({.loc = 0.0, .scale = 1.0}).event_shape(), Dims{2});
}

}  // namespace
}  // namespace neura::distributions
