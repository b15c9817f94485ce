// Functions of real numbers that the standard library lacks, of double for the sake of accuracy.
// Templates, because that lets constexpr functions call what is not.
#if defined(NEURA_TENSOR_ELEMENTS_SPECIAL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NEURA_TENSOR_ELEMENTS_SPECIAL_H_
#undef NEURA_TENSOR_ELEMENTS_SPECIAL_H_
#else
#define NEURA_TENSOR_ELEMENTS_SPECIAL_H_
#endif

#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>

#include "neura/tensor/elements/target.h"

NEURA_BEFORE_ELEMENTS()

// log |gamma(x)|. std::lgamma also writes the sign of gamma(x) to a variable of all threads.
template <typename T>
constexpr T LogGamma(T x) {
#if defined(__CUDA_ARCH__)
  return ::lgamma(x);
#else
  int sign = 0;
  return ::lgamma_r(x, &sign);
#endif
}

// The derivative of log(gamma(x)): Abramowitz and Stegun, 6.3.5 up to 10 and then 6.3.18, below 0
// with 6.3.7.
template <typename T>
constexpr T DigammaOf(T x) {
  if (x == 0) return std::copysign(std::numeric_limits<double>::infinity(), -x);
  double result = 0;
  if (x < 0) {
    const double fraction = x - std::trunc(x);  // exact, which x - floor(x) is not
    if (fraction == 0) return std::numeric_limits<double>::quiet_NaN();
    result = -std::numbers::pi / std::tan(std::numbers::pi * fraction);
    x = 1 - x;
  }
  for (; x < 10; x += 1) result -= 1 / x;
  // Bernoulli numbers B(2k) over 2k.
  constexpr double kTerms[] = {1. / 12,  -1. / 120,      1. / 252, -1. / 240,
                               1. / 132, -691. / 32760., 1. / 12};
  const double square = 1 / (x * x);
  double sum = 0;
  for (int k = 6; k >= 0; --k) sum = (sum + kTerms[k]) * square;
  return result + std::log(x) - 0.5 / x - sum;
}

// The sum of (q + k)^-s over all k >= 0, for s > 1 and q > 0: the Euler-Maclaurin formula from the
// tenth term on.
template <typename T>
constexpr T HurwitzZeta(T s, T q) {
  if (std::isinf(q)) return 0;
  double sum = 0;
  for (int k = 0; k < 10; ++k, q += 1) sum += std::pow(q, -s);
  // Bernoulli numbers B(2k) over (2k)!.
  constexpr double kTerms[] = {1. / 12,         -1. / 720,     1. / 30240,
                               -1. / 1209600,   1. / 47900160, -691. / 1307674368000,
                               1. / 74724249600};
  const double power = std::pow(q, -s);
  sum += std::pow(q, 1 - s) / (s - 1) + 0.5 * power;
  double factor = power * s / q;
  for (int k = 0; k < 7; ++k) {
    sum += kTerms[k] * factor;
    factor *= (s + 2 * k + 1) * (s + 2 * k + 2) / (q * q);
  }
  return sum;
}

// The same for any q that is no integer below 1; then powers of negative numbers are real for whole
// s alone. The terms below 0 are those of another sum, backwards.
template <typename T>
constexpr T ZetaOf(T s, T q) {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  if (s == 1) return std::numeric_limits<double>::infinity();
  if (!(s > 1) || q != q) return kNaN;
  if (q > 0) return HurwitzZeta(s, q);
  // What q lacks to the next integer above it, exactly, and what it has more than the one below.
  const double lack = std::trunc(q) - q, excess = q - std::floor(q);
  if (lack == 0) return std::numeric_limits<double>::infinity();
  if (std::trunc(s) != s || std::isinf(s)) return kNaN;
  const double below = HurwitzZeta(s, lack) - HurwitzZeta(s, 1 - q);
  return HurwitzZeta(s, excess) + (std::fmod(s, 2) == 0 ? below : -below);
}

// The n-th derivative of digamma, n > 0: (-1)^(n + 1) n! zeta(n + 1, x) (Abramowitz and Stegun,
// 6.4.10).
template <typename T>
constexpr T PolyGammaOf(int64_t n, T x) {
  const double s = static_cast<double>(n) + 1;
  return (n % 2 == 0 ? -1 : 1) * std::exp(LogGamma(s)) * ZetaOf(s, x);
}

// The inverse of erf: Giles, "Approximating the erfinv function" (2010), and two steps of Halley's
// method, with the complement where y is near 1.
template <typename T>
constexpr T ErfInvOf(T y) {
  const double size = std::fabs(y);
  if (!(size < 1)) {
    return size == 1 ? std::copysign(std::numeric_limits<double>::infinity(), y)
                     : std::numeric_limits<double>::quiet_NaN();
  }
  constexpr double kCenter[] = {2.81022636e-08,  3.43273939e-07, -3.5233877e-06,
                                -4.39150654e-06, 0.00021858087,  -0.00125372503,
                                -0.00417768164,  0.246640727,    1.50140941};
  constexpr double kTail[] = {-0.000200214257, 0.000100950558, 0.00134934322,
                              -0.00367342844,  0.00573950773,  -0.0076224613,
                              0.00943887047,   1.00167406,     2.83297682};
  const double w = -std::log((1 - size) * (1 + size));
  const bool central = w < 5;
  const double t = central ? w - 2.5 : std::sqrt(w) - 3;
  double x = 0;
  for (int k = 0; k < 9; ++k) x = x * t + (central ? kCenter[k] : kTail[k]);
  x *= size;
  for (int step = 0; step < 2; ++step) {
    const double error = size < 0.5 ? std::erf(x) - size : (1 - size) - std::erfc(x);
    const double u = error / (2 * std::numbers::inv_sqrtpi * std::exp(-x * x));
    x -= u / (1 + x * u);
  }
  return std::copysign(x, y);
}

// exp(x^2) erfc(x): the product with what x^2 loses by rounding, and from 7 on DLMF 7.12.1.
template <typename T>
constexpr T ErfCxOf(T x) {
  if (x < -27) return std::numeric_limits<double>::infinity();
  if (x < 7) {
    const double square = x * x, lost = std::fma(x, x, -square);
    return std::exp(square) * std::erfc(x) * (1 + lost);
  }
  double term = 1, sum = 1;
  for (int k = 1; k < 20; ++k) {
    term *= -(2 * k - 1) / (2 * x * x);
    sum += term;
  }
  return sum * std::numbers::inv_sqrtpi / x;
}

// The place up to which the standard normal distribution holds p: by erfinv, and where p is small
// by Newton's method for its logarithm, from an asymptotic value on.
template <typename T>
constexpr T NdTriOf(T p) {
  if (!(p >= 0 && p <= 1)) return std::numeric_limits<double>::quiet_NaN();
  if (p == 0 || p == 1) return std::copysign(std::numeric_limits<double>::infinity(), p - 0.5);
  if (p > 0.1) return std::numbers::sqrt2 * ErfInvOf(2 * p - 1);
  const double log_p = std::log(p);
  const double t = std::sqrt(-2 * log_p);
  double x = t - (std::log(t) + 0.9189385332046728) / t;
  for (int step = 0; step < 6; ++step) {
    // The upper tail over the density is a scaled complement, which does not underflow.
    const double ratio = ErfCxOf(x / std::numbers::sqrt2) / 2;
    x += (std::log(ratio) - x * x / 2 - log_p) * ratio * 2.5066282746310002;
  }
  return -x;
}

NEURA_AFTER_ELEMENTS();

#endif  // NEURA_TENSOR_ELEMENTS_SPECIAL_H_
