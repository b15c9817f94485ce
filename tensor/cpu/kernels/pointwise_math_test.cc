// The functions of real numbers in float32 against libm's in double: over all magnitudes, at the
// ends of what floats hold, and for NaN, infinities and zeros of either sign.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "neura/tensor/tensor.h"

namespace neura::cpu {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Function {
  std::string name;
  Tensor (*computed)(const Tensor&);
  double (*exact)(double);
  double ulp;
};

#define NEURA_FUNCTION(Name, name, ulp)                                                        \
  {                                                                                            \
#Name, [](const Tensor& x) { return Name(x); }, [](double x) { return std::name(x); }, ulp \
  }
const Function kFunctions[] = {
    NEURA_FUNCTION(Exp, exp, 1),     NEURA_FUNCTION(Expm1, expm1, 1),
    NEURA_FUNCTION(Log, log, 1),     NEURA_FUNCTION(Log1p, log1p, 1),
    NEURA_FUNCTION(Log2, log2, 1),   NEURA_FUNCTION(Log10, log10, 1),
    NEURA_FUNCTION(Sin, sin, 1),     NEURA_FUNCTION(Cos, cos, 1),
    NEURA_FUNCTION(Tan, tan, 1),     NEURA_FUNCTION(Asin, asin, 1),
    NEURA_FUNCTION(Acos, acos, 1),   NEURA_FUNCTION(Atan, atan, 1),
    NEURA_FUNCTION(Sinh, sinh, 1),   NEURA_FUNCTION(Cosh, cosh, 1),
    NEURA_FUNCTION(Tanh, tanh, 1),   NEURA_FUNCTION(Erf, erf, 1),
    NEURA_FUNCTION(Exp2, exp2, 1),   NEURA_FUNCTION(Asinh, asinh, 1),
    NEURA_FUNCTION(Acosh, acosh, 1), NEURA_FUNCTION(Atanh, atanh, 1),
    NEURA_FUNCTION(Erfc, erfc, 1),   NEURA_FUNCTION(Sqrt, sqrt, 0.5),
};

// Floats of every exponent and both signs, denser where functions bend.
std::vector<float> Arguments() {
  std::vector<float> x = {0.0f,
                          -0.0f,
                          kInfinity,
                          -kInfinity,
                          std::nanf(""),
                          1.0f,
                          -1.0f,
                          std::numeric_limits<float>::max(),
                          std::numeric_limits<float>::min(),
                          std::numeric_limits<float>::denorm_min(),
                          -std::numeric_limits<float>::denorm_min()};
  for (uint32_t bits = 0; bits < 0x7f800000; bits += 9973) {
    x.push_back(std::bit_cast<float>(bits));
    x.push_back(-std::bit_cast<float>(bits));
  }
  for (int i = -400'000; i <= 400'000; ++i) x.push_back(static_cast<float>(i) * 0.00031f);
  for (int i = 0; i < 400; ++i) {
    for (float end : {0.9f, 1.0f, 3.93f, 9.3f, 88.72283f, 89.415985f, 103.97f, 0x1p20f}) {
      for (float sign : {1.0f, -1.0f}) {
        const auto step = static_cast<uint32_t>(i);
        x.push_back(sign * std::bit_cast<float>(std::bit_cast<uint32_t>(end) + step - 200));
      }
    }
    // Multiples of pi / 2, near which sines and cosines vanish.
    x.push_back(static_cast<float>(i * 1.5707963267948966));
    x.push_back(static_cast<float>(i * 1.5707963267948966 * 977));
  }
  return x;
}

// The distance in units of the last place that floats have at `exact`.
double UlpsBetween(float actual, double exact) {
  const double least = std::numeric_limits<float>::denorm_min();
  int exponent = 0;
  std::frexp(exact, &exponent);
  return std::abs(static_cast<double>(actual) - exact) /
         std::max(std::ldexp(1.0, exponent - std::numeric_limits<float>::digits), least);
}

// `what` says what was computed, as something to print.
template <typename What>
void ExpectNear(float actual, double exact, double ulp, const What& what) {
  const auto rounded = static_cast<float>(exact);
  if (std::isnan(exact)) {
    ASSERT_TRUE(std::isnan(actual)) << what << " is " << actual;
  } else if (std::isinf(rounded) || std::isinf(actual)) {
    // Beside the largest float either may be right.
    const double other = std::isinf(actual) ? exact : static_cast<double>(actual);
    ASSERT_TRUE(actual == rounded || std::abs(other) >= 0x1.fffffcp127) << what << " is " << actual;
    ASSERT_EQ(std::signbit(actual), std::signbit(exact)) << what;
  } else {
    ASSERT_LE(UlpsBetween(actual, exact), ulp) << what << " is " << actual << ", not " << exact;
    if (exact == 0) {
      ASSERT_EQ(std::signbit(actual), std::signbit(exact)) << what;
    }
  }
}

class PointwiseMathTest : public ::testing::TestWithParam<Function> {};

TEST_P(PointwiseMathTest, IsWithinAnUlp) {
  const std::vector<float> x = Arguments();
  const Tensor y = GetParam().computed(FromVector(x, {static_cast<int64_t>(x.size())}));
  const auto* actual = static_cast<const float*>(y.raw_data());
  for (size_t i = 0; i < x.size(); ++i) {
    ExpectNear(actual[i], GetParam().exact(static_cast<double>(x[i])), GetParam().ulp, x[i]);
    if (HasFatalFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(All, PointwiseMathTest, ::testing::ValuesIn(kFunctions),
                         [](const auto& info) { return info.param.name; });

// What a program may rely on, beside an ulp: 1 - erf(x)^2 is no negative number.
TEST(PointwiseMathTest, NeverBeyondOne) {
  const std::vector<float> x = Arguments();
  const Tensor input = FromVector(x, {static_cast<int64_t>(x.size())});
  for (const Tensor& y : {Tanh(input), Erf(input)}) {
    EXPECT_EQ(NonZero(Abs(y) > 1).numel(), 0);
    const auto* actual = static_cast<const float*>(y.raw_data());
    for (size_t i = 0; i < x.size(); ++i) {
      if (std::abs(x[i]) > 9.3f) {
        ASSERT_EQ(actual[i], std::copysign(1.0f, x[i])) << x[i];
      }
    }
  }
}

TEST(PointwiseMathTest, Atan2InEveryDirection) {
  const float ends[] = {0.0f,    -0.0f, 1.0f,   -1.0f, kInfinity, -kInfinity, std::nanf(""), 1e-40f,
                        -1e-40f, 3e38f, -3e38f, 0.3f,  -0.7f,     2e-20f,     1e10f};
  std::vector<float> y, x;
  for (float a : ends) {
    for (float b : ends) {
      y.push_back(a);
      x.push_back(b);
    }
  }
  for (int i = 0; i < 100'000; ++i) {
    y.push_back(static_cast<float>(std::sin(i * 0.7) * std::exp(i % 40 - 20)));
    x.push_back(static_cast<float>(std::cos(i * 0.3) * std::exp(i % 23 - 11)));
  }
  const auto n = static_cast<int64_t>(y.size());
  const Tensor result = Atan2(FromVector(y, {n}), FromVector(x, {n}));
  const auto* actual = static_cast<const float*>(result.raw_data());
  for (size_t i = 0; i < y.size(); ++i) {
    ExpectNear(actual[i], std::atan2(static_cast<double>(y[i]), static_cast<double>(x[i])), 1, i);
    if (HasFatalFailure()) return;
  }
}

TEST(PointwiseMathTest, PowersOfEverything) {
  const float ends[] = {0.0f,   -0.0f,  1.0f, -1.0f, kInfinity,   -kInfinity, std::nanf(""),
                        1e-40f, -2.0f,  3.0f, -0.5f, 0.5f,        2.0f,       -3.0f,
                        3e38f,  -3e38f, 7.0f, 1e10f, 16777216.0f, 1e-7f,      -1e-7f};
  std::vector<float> base, exponent;
  const auto add = [&](float x, float y) {
    base.push_back(x);
    exponent.push_back(y);
  };
  for (float x : ends) {
    for (float y : ends) add(x, y);
  }
  for (int i = 0; i < 200'000; ++i) {
    add(static_cast<float>(std::exp(i % 1009 * 0.17 - 86)), static_cast<float>(std::sin(i) * 3));
    // Near 1, where the logarithm is small and the exponent large.
    add(static_cast<float>(1 + (i % 4001 - 2000) * 1e-6), static_cast<float>(i % 977 * 91.7 - 4e4));
    add(-static_cast<float>(i % 617) * 0.37f, static_cast<float>(i % 23 - 11));
  }
  const auto n = static_cast<int64_t>(base.size());
  const Tensor result = Pow(FromVector(base, {n}), FromVector(exponent, {n}));
  const auto* actual = static_cast<const float*>(result.raw_data());
  for (size_t i = 0; i < base.size(); ++i) {
    const double exact = std::pow(static_cast<double>(base[i]), static_cast<double>(exponent[i]));
    ExpectNear(actual[i], exact, 1, std::to_string(base[i]) + "^" + std::to_string(exponent[i]));
    if (HasFatalFailure()) return;
  }
}

Tensor Vector(const std::vector<double>& values) {
  return FromVector(values, {static_cast<int64_t>(values.size())});
}

TEST(PointwiseMathTest, LogarithmsOfPowersAreExact) {
  std::vector<double> twos, tens;
  for (int i = -1022; i <= 1023; ++i) twos.push_back(std::ldexp(1.0, i));
  for (double ten = 1; ten <= 1e22; ten *= 10) tens.push_back(ten);
  const auto check = [](const Tensor& logarithms, int first) {
    for (int64_t i = 0; i < logarithms.numel(); ++i) {
      EXPECT_EQ(logarithms.data<double>()[i], first + static_cast<int>(i));
    }
  };
  check(Log2(Vector(twos)), -1022);
  check(Log10(Vector(tens)), 0);
  const std::vector<double> some_twos(twos.begin() + 1022 - 126, twos.begin() + 1022 + 128);
  check(Cast(Log2(Cast(Vector(some_twos), kFloat32)), kFloat64), -126);
  const std::vector<double> some_tens(tens.begin(), tens.begin() + 11);
  check(Cast(Log10(Cast(Vector(some_tens), kFloat32)), kFloat64), 0);
}

// Formulas over these functions, in units of what they are sums of.
TEST(PointwiseMathTest, ActivationsFollowTheirFormulas) {
  std::vector<float> x;
  for (int i = -200'000; i <= 200'000; ++i) x.push_back(static_cast<float>(i) * 0.00061f);
  const Tensor input = FromVector(x, {static_cast<int64_t>(x.size())});
  const auto expect = [&](const Tensor& result, auto exact, auto scale) {
    const auto* actual = static_cast<const float*>(result.raw_data());
    for (size_t i = 0; i < x.size(); ++i) {
      const auto wide = static_cast<double>(x[i]);
      ASSERT_NEAR(actual[i], exact(wide), 0x1p-22 * scale(wide) + 0x1p-149) << x[i];
    }
  };
  const auto magnitude = [](double v) { return std::abs(v); };
  expect(
      Gelu(input), [](double v) { return 0.5 * v * std::erfc(-v / std::sqrt(2.0)); }, magnitude);
  expect(
      Gelu(input, {.approximate = "tanh"}),
      [](double v) {
        return 0.5 * v * (1 + std::tanh(std::sqrt(2 / M_PI) * (v + 0.044715 * v * v * v)));
      },
      magnitude);
  const auto softplus = [](double v) {
    return std::max(v, 0.0) + std::log1p(std::exp(-std::abs(v)));
  };
  expect(Softplus(input), softplus, softplus);
}

}  // namespace
}  // namespace neura::cpu
