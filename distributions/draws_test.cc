#include "neura/distributions/draws.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "neura/autograd/autograd.h"
#include "neura/distributions/distributions.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"

namespace neura::distributions {
namespace {

using neura::testing::ErrorOf;
using ::testing::HasSubstr;

Tensor Double(double value) { return ScalarTensor(value, {.dtype = kFloat64}); }

// The distribution function by its series, in long double.
long double GammaCdf(long double a, long double x) {
  long double term = 1 / a, sum = term;
  for (int n = 1; n < 100'000 && term > sum * 1e-21L; ++n) {
    term *= x / (a + n);
    sum += term;
  }
  return sum * std::exp(a * std::log(x) - x - std::lgamma(a));
}

TEST(DrawsTest, GammaDrawsMoveAsTheirQuantilesDo) {
  for (const double a : {0.05, 0.3, 1.0, 1.7, 5.0, 30.0, 90.0, 150.0, 2000.0}) {
    for (const double z : {-2.5, -1.0, 0.0, 0.7, 2.0, 4.0}) {
      const double x = a * std::pow(std::max(0.05, 1 - 1 / (9 * a) + z / (3 * std::sqrt(a))), 3);
      const long double h = 1e-5L * a;
      const long double slope = (GammaCdf(a + h, x) - GammaCdf(a - h, x)) / (2 * h);
      const long double density = std::exp((a - 1) * std::log(x) - x - std::lgamma(a));
      const double expected = static_cast<double>(-slope / density);
      const double got = StandardGammaGrad(Double(a), Double(x)).Item<double>();
      EXPECT_NEAR(got, expected, 1e-4 * std::fabs(expected)) << a << " " << x;
    }
  }
}

TEST(DrawsTest, GammaDrawsAreDifferentiable) {
  const Tensor a = SetRequiresGrad(Full({50'000}, 2.5, {.dtype = kFloat64}));
  Generator generator(11);
  const Tensor x = StandardGamma(a, &generator);
  // E[x] = a and E[x^2] = a + a^2.
  Backward(Mean(x), {.retain_graph = true});
  EXPECT_NEAR(Sum(autograd::GradOf(a)).Item<double>(), 1, 0.02);
  autograd::SetGrad(a, {});
  Backward(Mean(x * x));
  EXPECT_NEAR(Sum(autograd::GradOf(a)).Item<double>(), 6, 0.2);
}

TEST(DrawsTest, GammaDrawsHaveNoSecondDerivative) {
  const Tensor a = SetRequiresGrad(FromList<double>({2.5}));
  const Tensor first = Grad({Sum(StandardGamma(a))}, {a}, {.create_graph = true})[0];
  EXPECT_THAT(ErrorOf([&] { Grad({Sum(first)}, {a}); }),
              HasSubstr("the gradient of a draw has no gradient"));
  // But one for what it is multiplied with.
  const Tensor b = SetRequiresGrad(FromList<double>({3}));
  const Tensor x = StandardGamma(a);
  const Tensor by_a = Grad({Sum(x * b)}, {a}, {.retain_graph = true, .create_graph = true})[0];
  const Tensor own = Grad({Sum(x)}, {a}, {.retain_graph = true})[0];
  EXPECT_EQ(Grad({Sum(by_a)}, {b})[0].Item<double>(), own.Item<double>());
}

TEST(DrawsTest, AnglesLieAsTheirDensitySays) {
  Generator generator(3);
  for (const double k : {1e-6, 0.3, 2.0, 50.0}) {
    const Tensor x = VonMisesAngles(Full({40'000}, k, {.dtype = kFloat64}), &generator);
    double top = 0, bottom = 0;
    for (int i = 0; i < 100'000; ++i) {
      const double angle = (i + 0.5) / 100'000 * 3.14159265358979323846;
      top += std::exp(k * (std::cos(angle) - 1)) * std::cos(angle);
      bottom += std::exp(k * (std::cos(angle) - 1));
    }
    EXPECT_NEAR(Mean(Cos(x)).Item<double>(), top / bottom, 0.02) << k;
    EXPECT_NEAR(Mean(Sin(x)).Item<double>(), 0, 0.02) << k;
  }
}

TEST(DrawsTest, AnglesOfVeryLargeConcentrations) {
  for (const double k : {1e8, 1e9, 1e18, 1e200}) {
    Generator generator(3);
    const Tensor x = VonMisesAngles(Full({20'000}, k, {.dtype = kFloat64}), &generator);
    EXPECT_NEAR(Mean(x * x * k).Item<double>(), 1, 0.05) << k;
  }
}

TEST(DrawsTest, ShareDrawsAreDifferentiable) {
  const Tensor c = SetRequiresGrad(FromList<double>({2, 3}));
  Generator generator(13);
  const Tensor x = StandardDirichlet(Expand(c, {50'000, 2}), &generator);
  // E[x_0] = c_0 / (c_0 + c_1).
  Backward(Mean(Select(x, -1, 0)));
  EXPECT_NEAR(autograd::GradOf(c).data<double>()[0], 3.0 / 25, 0.005);
  EXPECT_NEAR(autograd::GradOf(c).data<double>()[1], -2.0 / 25, 0.005);
}

TEST(DrawsTest, SmallConcentrationsStayPositive) {
  Generator generator(2);
  const Tensor x = StandardGamma(Full({1000}, 1e-3), &generator);
  EXPECT_TRUE(All(x > 0).Item<bool>());
  EXPECT_TRUE(All(IsFinite(StandardGammaGrad(Full({1000}, 1e-3), x))).Item<bool>());
}

TEST(DrawsTest, CountsOfSuccesses) {
  Generator generator(17);
  struct Trials {
    double count, p;
  };
  for (const auto& [count, p] :
       std::vector<Trials>{{5, 0.2}, {40, 0.5}, {1000, 0.3}, {1000, 0.9}}) {
    const Tensor x = BinomialCounts(Full({20'000}, count), Full({20'000}, p), &generator);
    const double deviation = std::sqrt(count * p * (1 - p));
    EXPECT_NEAR(Mean(x).Item<double>(), count * p, 5 * deviation / std::sqrt(20'000.0));
    EXPECT_NEAR(Std(x).Item<double>(), deviation, 0.03 * deviation);
    EXPECT_TRUE(All(LogicalAnd(x >= 0, x <= count)).Item<bool>());
  }
  EXPECT_EQ(Sum(BinomialCounts(Full({9}, 4), Zeros({9}))).Item<double>(), 0);
  EXPECT_EQ(Sum(BinomialCounts(Full({9}, 4), Ones({9}))).Item<double>(), 36);
}

TEST(DrawsTest, AreTheSameAgain) {
  Generator a(5), b(5);
  const Tensor concentration = Full({64}, 0.7);
  EXPECT_TRUE(SameBits(StandardGamma(concentration, &a), StandardGamma(concentration, &b)));
}

TEST(DrawsTest, BadArguments) {
  EXPECT_THAT(ErrorOf([] { StandardGamma(Zeros({2})); }), HasSubstr("concentration of 0"));
  EXPECT_THAT(ErrorOf([] { StandardGamma(Ones({2}, {.dtype = kInt64})); }), HasSubstr("int64"));
  EXPECT_THAT(ErrorOf([] { BinomialCounts(Ones({2}), Full({2}, 1.5)); }), HasSubstr("1.5"));
  EXPECT_THAT(ErrorOf([] { BinomialCounts(Ones({2}), Ones({3})); }), HasSubstr("one shape"));
}

}  // namespace
}  // namespace neura::distributions
