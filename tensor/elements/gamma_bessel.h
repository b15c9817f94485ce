// Incomplete gamma functions, Bessel functions and scaled complements of erf, of double. Templates,
// because that lets constexpr functions call what is not. DLMF is the NIST Digital Library of
// Mathematical Functions.
#if defined(NEURA_TENSOR_ELEMENTS_GAMMA_BESSEL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NEURA_TENSOR_ELEMENTS_GAMMA_BESSEL_H_
#undef NEURA_TENSOR_ELEMENTS_GAMMA_BESSEL_H_
#else
#define NEURA_TENSOR_ELEMENTS_GAMMA_BESSEL_H_
#endif

#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>

#include "neura/tensor/elements/special.h"
#include "neura/tensor/elements/target.h"

NEURA_BEFORE_ELEMENTS()

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

// exp(-|x|) I_n(x) of orders 0 and 1: the series of positive terms (DLMF 10.25.2), and from 30 on
// the asymptotic one (10.40.1).
template <typename T>
constexpr T BesselIeOf(int order, T x) {
  const double size = std::fabs(x);
  double value = 0;
  if (std::isinf(size)) return 0;
  if (size < 30) {
    double term = order == 0 ? 1 : size / 2, sum = term;
    for (int k = 1; k < 80; ++k) {
      term *= size * size / 4 / (k * (k + order));
      sum += term;
    }
    value = sum * std::exp(-size);
  } else {
    double term = 1, sum = 1;
    for (int k = 1; k < 25; ++k) {
      const double odd = 2 * k - 1;
      term *= -(4. * order - odd * odd) / (8 * k * size);
      sum += term;
    }
    value = sum / std::sqrt(2 * std::numbers::pi * size);
  }
  return order == 1 ? std::copysign(value, x) : x != x ? x : value;
}

template <typename T>
constexpr T BesselI0eOf(T x) {
  return BesselIeOf(0, x);
}
template <typename T>
constexpr T BesselI1eOf(T x) {
  return BesselIeOf(1, x);
}

// J_n(x) of orders 0 and 1: Miller's recurrence from high orders down (DLMF 3.6), and from 25 on
// Hankel's expansion (10.17.3).
template <typename T>
constexpr T BesselJOf(int order, T x) {
  const double size = std::fabs(x);
  if (x != x) return x;
  if (std::isinf(size)) return 0;
  double value = 0;
  if (size < 25) {
    if (size < 1e-8) return order == 0 ? 1 : x / 2;
    double above = 0, here = 1e-300, first = 0, sum = 0;
    for (int k = 80; k > 0; --k) {
      const double below = 2 * k / size * here - above;
      above = here;
      here = below;
      // `here` belongs to k - 1: J_0 + 2 (J_2 + J_4 + ...) = 1.
      if (k % 2 == 1) sum += k == 1 ? here : 2 * here;
      if (k == 2) first = here;
      // Small arguments make large ratios.
      if (std::fabs(here) > 1e250) {
        here *= 1e-250;
        above *= 1e-250;
        sum *= 1e-250;
        first *= 1e-250;
      }
    }
    value = (order == 0 ? here : first) / sum;
  } else {
    double term = 1, even = 1, odd = 0;
    for (int k = 1; k < 30; ++k) {
      const double next = 2 * k - 1;
      term *= (4. * order - next * next) / (8 * k * size);
      (k % 2 == 1 ? odd : even) += (k / 2 % 2 == 1 ? -term : term);
    }
    // The cosine and sine of size - (2 n + 1) pi / 4, without a rounded difference.
    const double c = std::cos(size), s = std::sin(size);
    const double cosine = order == 0 ? c + s : s - c, sine = order == 0 ? s - c : -s - c;
    value = (even * cosine - odd * sine) / std::sqrt(std::numbers::pi * size);
  }
  return order == 1 ? std::copysign(1., x) * value : value;
}

template <typename T>
constexpr T BesselJ0Of(T x) {
  return BesselJOf(0, x);
}
template <typename T>
constexpr T BesselJ1Of(T x) {
  return BesselJOf(1, x);
}

// x^a exp(-x) / gamma(a + 1): for large a by Stirling's series, whose terms do not cancel.
template <typename T>
constexpr T GammaPower(T a, T x) {
  if (a < 10) return std::exp(a * std::log(x) - x - LogGamma(a + 1));
  const double excess = (x - a) / a;
  const double square = a * a;
  const double rest =
      (1. / 12 - (1. / 360 - (1. / 1260 - 1. / 1680 / square) / square) / square) / a;
  return std::exp(a * (std::log1p(excess) - excess) - rest) / std::sqrt(2 * std::numbers::pi * a);
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

#endif  // NEURA_TENSOR_ELEMENTS_GAMMA_BESSEL_H_
