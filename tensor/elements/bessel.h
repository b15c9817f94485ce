// Bessel and Airy functions of double. Templates, because that lets constexpr functions call what
// is not. DLMF is the NIST Digital Library of Mathematical Functions.
#if defined(NEURA_TENSOR_ELEMENTS_BESSEL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NEURA_TENSOR_ELEMENTS_BESSEL_H_
#undef NEURA_TENSOR_ELEMENTS_BESSEL_H_
#else
#define NEURA_TENSOR_ELEMENTS_BESSEL_H_
#endif

#include <cmath>
#include <limits>
#include <numbers>

#include "neura/tensor/elements/target.h"

NEURA_BEFORE_ELEMENTS()

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

// Y_n(x), the C library's but for its errors.
template <typename T>
constexpr T BesselY0Of(T x) {
  if (x == 0) return -std::numeric_limits<double>::infinity();
  return x > 0 ? ::y0(x) : std::numeric_limits<double>::quiet_NaN();
}
template <typename T>
constexpr T BesselY1Of(T x) {
  if (x == 0) return -std::numeric_limits<double>::infinity();
  return x > 0 ? ::y1(x) : std::numeric_limits<double>::quiet_NaN();
}

// exp(x) K_n(x) for x of at least 0.6: the trapezoidal rule for DLMF 10.32.9, of which rounding
// alone remains, since the integrand is analytic and ends fast. A step is a fraction of its width.
template <typename T>
constexpr T BesselKIntegral(double order, T x) {
  if (std::isinf(x)) return 0;
  const double step = std::fmin(0.2, 0.6 / std::sqrt(x));
  double sum = 0.5;
  for (int k = 1; k < 40; ++k) {
    const double half = std::sinh(k * step / 2), fall = 2 * x * half * half;
    if (fall > 45) break;
    sum += std::exp(-fall) * std::cosh(order * k * step);
  }
  return sum * step;
}

// exp(x) K_n(x) of orders 0 and 1, up to 1 by the series (DLMF 10.31.1).
template <typename T>
constexpr T BesselKeOf(int order, T x) {
  if (x == 0) return std::numeric_limits<double>::infinity();
  if (!(x > 0)) return std::numeric_limits<double>::quiet_NaN();
  if (x > 1) return BesselKIntegral(order, x);
  const double square = x * x / 4, log = std::log(x / 2) + std::numbers::egamma;
  double term = order == 0 ? 1 : x / 2, harmonic = 0, sum = 0;
  for (int k = 0; k < 12; ++k) {
    sum += term * (log - harmonic - order * 0.5 / (k + 1));
    term *= square / ((k + 1) * (k + 1 + order));
    harmonic += 1. / (k + 1);
  }
  return (order == 0 ? -sum : 1 / x + sum) * std::exp(x);
}
template <typename T>
constexpr T BesselK0eOf(T x) {
  return BesselKeOf(0, x);
}
template <typename T>
constexpr T BesselK1eOf(T x) {
  return BesselKeOf(1, x);
}

// exp(ix) K_n(ix) = a - ib, for x of at least 1: the same integral along the line of steepest
// descent, on which t = s - i gd(s) with the Gudermannian gd: cosh(t) = 1 - i sinh(s) tanh(s).
template <typename T>
constexpr void BesselKOfImaginary(double order, T x, T* a, T* b) {
  const double step = std::fmin(0.12, 0.4 / std::sqrt(x));
  *a = 0.5;
  *b = 0.5;
  for (int k = 1; k < 60; ++k) {
    const double s = k * step, sinh = std::sinh(s), fall = x * sinh * std::tanh(s);
    if (!(fall < 45)) break;
    const double slope = 1 / std::cosh(s), angle = order * std::atan(sinh);
    const double c = std::cosh(order * s) * std::cos(angle);
    const double d = std::sinh(order * s) * std::sin(angle), weight = std::exp(-fall);
    *a += weight * (c - d * slope);
    *b += weight * (d + c * slope);
  }
  *a *= step;
  *b *= step;
}

// Ai(x), or its derivative: the power series (DLMF 9.4.1 to 9.4.4) in the middle, beyond it by K_n
// of order 1/3 or 2/3 (9.6.2, 9.6.3; for negative numbers with 9.2.14).
template <typename T>
constexpr T AiryAiOf(T x, bool derivative) {
  if (x != x) return x;
  if (x > -2 && x < 1) {
    const double cube = x * x * x;
    double f = derivative ? x * x / 2 : 1, g = derivative ? 1 : x, sum_f = f, sum_g = g;
    for (int k = 0; k < 16; ++k) {
      const double n = 3 * k;
      f *= cube / (derivative ? (n + 5) * (n + 3) : (n + 2) * (n + 3));
      g *= cube / (derivative ? (n + 1) * (n + 3) : (n + 3) * (n + 4));
      sum_f += f;
      sum_g += g;
    }
    return 0.3550280538878172 * sum_f - 0.2588194037928068 * sum_g;
  }
  const double size = std::fabs(x), zeta = 2 * size * std::sqrt(size) / 3;
  const double order = derivative ? 2. / 3 : 1. / 3;
  const double scale = derivative ? -size / (std::numbers::pi * std::numbers::sqrt3)
                                  : std::sqrt(size / 3) / std::numbers::pi;
  if (std::isinf(zeta)) {
    return x > 0 || !derivative ? 0 : std::numeric_limits<double>::quiet_NaN();
  }
  if (x > 0) {
    const double fall = std::exp(-zeta);
    return fall == 0 ? 0 : scale * fall * BesselKIntegral(order, zeta);
  }
  double a = 0, b = 0;
  BesselKOfImaginary(order, zeta, &a, &b);
  const double c = std::cos(zeta), s = std::sin(zeta);
  return 2 * scale * (derivative ? a * c - b * s : a * s + b * c);
}

NEURA_AFTER_ELEMENTS();

#endif  // NEURA_TENSOR_ELEMENTS_BESSEL_H_
