// Incomplete gamma functions of double. Templates, because that lets constexpr functions call what
// is not. DLMF is the NIST Digital Library of Mathematical Functions.
#if defined(NEURA_TENSOR_ELEMENTS_GAMMA_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NEURA_TENSOR_ELEMENTS_GAMMA_H_
#undef NEURA_TENSOR_ELEMENTS_GAMMA_H_
#else
#define NEURA_TENSOR_ELEMENTS_GAMMA_H_
#endif

#include <cmath>
#include <limits>
#include <numbers>

#include "neura/tensor/elements/special.h"
#include "neura/tensor/elements/target.h"

NEURA_BEFORE_ELEMENTS()

// x - log(1 + x), near 0 without cancellation: by log(1 + x) = 2 atanh(y).
template <typename T>
constexpr T LogDefect(T x) {
  if (!(std::fabs(x) < 0.3)) return x - std::log1p(x);
  const double y = x / (2 + x), square = y * y;
  double power = y * square, sum = 0;
  for (int k = 3; k < 23; k += 2, power *= square) sum += power / k;
  return x * y - 2 * sum;
}

// x^a exp(-x) / gamma(a + 1): for large a by Stirling's series, whose terms do not cancel.
template <typename T>
constexpr T GammaPower(T a, T x) {
  if (a < 10) return std::exp(a * std::log(x) - x - LogGamma(a + 1));
  const double excess = (x - a) / a;
  const double square = a * a;
  const double rest =
      (1. / 12 - (1. / 360 - (1. / 1260 - 1. / 1680 / square) / square) / square) / a;
  // Far below a, 1 + excess would have lost the digits of x.
  const double fall = std::fabs(excess) < 0.7 ? a * LogDefect(excess) : x - a - a * std::log(x / a);
  return std::exp(-fall - rest) / std::sqrt(2 * std::numbers::pi * a);
}

// For a above 10^4 and x near it, where series and fractions take long: Temme's uniform expansion
// (DLMF 8.12.3 to 8.12.11), whose coefficients are series in eta.
template <typename T>
constexpr T LargeIncompleteGamma(T a, T x, bool upper) {
  // Of 1 / (x / a - 1) - 1 / eta; those of the next two follow from them.
  constexpr double kFirst[] = {-1. / 3,
                               1. / 12,
                               -2. / 135,
                               1. / 864,
                               1. / 2835,
                               -139. / 777600,
                               1. / 25515,
                               -571. / 261273600,
                               -281. / 151559100,
                               8.296711340953087e-07,
                               -1.7665952736826078e-07,
                               6.707853543401498e-09,
                               1.0261809784240309e-08,
                               -4.382036018453353e-09};
  constexpr double kSecond[] = {-1. / 540,
                                -1. / 288,
                                25. / 9450,
                                -77. / 77760,
                                1. / 4860.,
                                -4.018775720164609e-07,
                                -1.8098550334489977e-05,
                                7.64916091608111e-06};
  const double excess = (x - a) / a, fall = a * LogDefect(excess);
  const double eta = std::copysign(std::sqrt(2 * fall / a), excess);
  double first = 0, second = 0;
  for (int k = 13; k >= 0; --k) first = first * eta + kFirst[k];
  for (int k = 7; k >= 0; --k) second = second * eta + kSecond[k];
  const double third = 25. / 6048 + eta * (-0.0026813271604938273 + eta * 0.0007716049382716049);
  const double rest =
      std::exp(-fall) / std::sqrt(2 * std::numbers::pi * a) * (first + (second + third / a) / a);
  const double place = std::copysign(std::sqrt(fall), excess);
  return upper ? std::erfc(place) / 2 + rest : std::erfc(-place) / 2 - rest;
}

// The regularized incomplete gamma function, from 0 to x, or `upper` from x on: its series (DLMF
// 8.11.4) for x below a + 1, else the continued fraction (8.9.2) by Lentz' method.
template <typename T>
constexpr T IncompleteGamma(T a, T x, bool upper) {
  if (!(x >= 0 && a >= 0) || (a == 0 && x == 0) || (std::isinf(a) && std::isinf(x))) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  if (a == 0 || std::isinf(x)) return upper ? 0 : 1;
  if (x == 0 || std::isinf(a)) return upper ? 1 : 0;
  if (a > 1e4 && std::fabs(x - a) < 0.2 * a) return LargeIncompleteGamma(a, x, upper);
  constexpr double kLeast = 1e-300, kEps = 1e-17;
  constexpr int kMost = 100000;
  if (x < a + 1) {
    double term = 1, sum = 1;
    for (int k = 1; k < kMost && term > kEps * sum; ++k) {
      term *= x / (a + k);
      sum += term;
    }
    const double lower = GammaPower(a, x) * sum;
    return upper ? 1 - lower : lower;
  }
  double b = x + 1 - a, c = 1 / kLeast, d = 1 / b, fraction = d;
  for (int k = 1; k < kMost; ++k) {
    const double numerator = -k * (k - a);
    b += 2;
    d = numerator * d + b;
    c = b + numerator / c;
    d = 1 / (std::fabs(d) < kLeast ? kLeast : d);
    c = std::fabs(c) < kLeast ? kLeast : c;
    fraction *= d * c;
    if (std::fabs(d * c - 1) < 1e-16) break;
  }
  const double above = GammaPower(a, x) * a * fraction;
  return upper ? above : 1 - above;
}

template <typename T>
constexpr T GammaIncOf(T a, T x) {
  return IncompleteGamma(a, x, false);
}
template <typename T>
constexpr T GammaIncCOf(T a, T x) {
  return IncompleteGamma(a, x, true);
}

NEURA_AFTER_ELEMENTS();

#endif  // NEURA_TENSOR_ELEMENTS_GAMMA_H_
