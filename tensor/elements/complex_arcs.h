// Roots, logarithms, tangents and inverse functions of complex numbers, whose real and imaginary
// parts both keep their digits; those of standard libraries differ in that. Branch cuts and values
// at infinities are those of the C standard, annex G.
#if defined(NEURA_TENSOR_ELEMENTS_COMPLEX_ARCS_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NEURA_TENSOR_ELEMENTS_COMPLEX_ARCS_H_
#undef NEURA_TENSOR_ELEMENTS_COMPLEX_ARCS_H_
#else
#define NEURA_TENSOR_ELEMENTS_COMPLEX_ARCS_H_
#endif

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <numbers>

#include "neura/tensor/elements/target.h"

NEURA_BEFORE_ELEMENTS()

// The principal root: with a the larger of both halves |z| + |x|, the other part is y / 2a.
template <typename T>
constexpr std::complex<T> Sqrt(std::complex<T> z) {
  const T x = z.real(), y = z.imag();
  if (x == 0 && y == 0) return {T(0), y};
  if (std::isinf(y)) return {std::fabs(y), y};
  if (std::isinf(x)) {
    const T other = std::isnan(y) ? y : T(0);
    return x > 0 ? std::complex<T>(x, std::copysign(other, y))
                 : std::complex<T>(std::fabs(other), std::copysign(-x, y));
  }
  // Halves and quarters keep the sum below the largest number and above the smallest.
  const bool large = std::fabs(x) > std::numeric_limits<T>::max() / 4 ||
                     std::fabs(y) > std::numeric_limits<T>::max() / 4;
  const bool small = std::fabs(x) < 4 * std::numeric_limits<T>::min() &&
                     std::fabs(y) < 4 * std::numeric_limits<T>::min();
  const int shift = large ? -2 : small ? 2 * std::numeric_limits<T>::digits : 0;
  const T sx = std::ldexp(x, shift), sy = std::ldexp(y, shift);
  const T a = std::ldexp(std::sqrt((std::fabs(sx) + std::hypot(sx, sy)) / 2), -shift / 2);
  const T b = std::fabs(y) / a / 2;
  return x >= 0 ? std::complex<T>(a, std::copysign(b, y)) : std::complex<T>(b, std::copysign(a, y));
}

// log |z| is log1p(|z|^2 - 1) / 2 near the unit circle.
template <typename T>
constexpr std::complex<T> Log(std::complex<T> z) {
  const T x = std::fabs(z.real()), y = std::fabs(z.imag());
  const T larger = std::max(x, y), smaller = std::min(x, y);
  const bool near = larger > T(0.5) && x < T(2) && y < T(2);
  const T ratio = larger == 0 || std::isinf(larger) ? T(0) : smaller / larger;
  const T real = near ? std::log1p((larger - 1) * (larger + 1) + smaller * smaller) / 2
                      : std::log(larger) + std::log1p(ratio * ratio) / 2;
  return {std::isnan(x) || std::isnan(y) ? std::hypot(x, y) : real, std::atan2(z.imag(), z.real())};
}

// W. Kahan, "Branch Cuts for Complex Elementary Functions", 1987.
template <typename T>
constexpr std::complex<T> Tanh(std::complex<T> z) {
  const T x = z.real(), y = z.imag();
  if (std::isinf(x)) return {std::copysign(T(1), x), std::copysign(T(0), y)};
  if (std::isnan(x)) return {x, y == 0 ? y : x + y};
  if (!std::isfinite(y)) {
    const T nan = std::numeric_limits<T>::quiet_NaN();
    return {x == 0 ? x : nan, nan};
  }
  if (std::fabs(x) > std::numeric_limits<T>::digits / T(2)) {  // 1 but for the last digit
    const T decay = std::exp(-std::fabs(x));
    return {std::copysign(T(1), x), 4 * std::sin(y) * std::cos(y) * decay * decay};
  }
  const T t = std::tan(y), s = std::sinh(x);
  const T beta = 1 + t * t, rho = std::sqrt(1 + s * s);
  if (std::isinf(t)) return {rho / s, 1 / t};
  const T denominator = 1 + beta * s * s;
  return {beta * rho * s / denominator, t / denominator};
}
template <typename T>
constexpr std::complex<T> Tan(std::complex<T> z) {  // -i tanh(iz)
  const std::complex<T> w = Tanh(std::complex<T>(-z.imag(), z.real()));
  return {w.imag(), -w.real()};
}

// asin(x + iy) and acos(x + iy) for x, y >= 0 have the imaginary part and its negative in common.
struct ArcParts {
  double asin = 0, acos = 0, imag = 0;
};

// T. E. Hull, T. F. Fairgrieve, P. T. P. Tang, "Implementing the Complex Arcsine and Arccosine
// Functions Using Exception Handling", 1997.
inline ArcParts ArcsOf(double x, double y) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN(), kHalfPi = std::numbers::pi / 2;
  constexpr double kInf = std::numeric_limits<double>::infinity(), kLog2 = std::numbers::ln2;
  if (std::isnan(x) || std::isnan(y)) {
    if (std::isinf(x) || std::isinf(y)) return {kNan, kNan, kInf};
    if (x == 0) return {0, kHalfPi, kNan};
    return {kNan, kNan, kNan};
  }
  if (std::isinf(x)) {
    return std::isinf(y) ? ArcParts{kHalfPi / 2, kHalfPi / 2, kInf} : ArcParts{kHalfPi, 0, kInf};
  }
  if (std::isinf(y)) return {0, kHalfPi, kInf};

  constexpr double kEpsilon = std::numeric_limits<double>::epsilon() / 2;
  const double safe_max = std::sqrt(std::numeric_limits<double>::max()) / 8;
  const double safe_min = std::sqrt(std::numeric_limits<double>::min()) * 4;
  const double above = x + 1, below = x - 1;
  if (x > safe_min && x < safe_max && y > safe_min && y < safe_max) {
    const double r = std::hypot(above, y), s = std::hypot(below, y);
    const double a = (r + s) / 2, b = x / a;
    ArcParts parts;
    if (b <= 0.6417) {
      parts.asin = std::asin(b);
      parts.acos = std::acos(b);
    } else {
      const double apx = a + x;
      const double root = x <= 1 ? std::sqrt(apx / 2 * (y * y / (r + above) + (s - below)))
                                 : y * std::sqrt((apx / (r + above) + apx / (s + below)) / 2);
      parts.asin = std::atan(x / root);
      parts.acos = std::atan(root / x);
    }
    if (a <= 1.5) {
      const double am1 = x < 1 ? (y * y / (r + above) + y * y / (s - below)) / 2
                               : (y * y / (r + above) + (s + below)) / 2;
      parts.imag = std::log1p(am1 + std::sqrt(am1 * (a + 1)));
    } else {
      parts.imag = std::log(a + std::sqrt(a * a - 1));
    }
    return parts;
  }
  if (y <= kEpsilon * std::fabs(below)) {
    if (x < 1) return {std::asin(x), std::acos(x), y / std::sqrt(above * -below)};
    const bool fits = std::numeric_limits<double>::max() / above > below;
    return {kHalfPi,
            y == 0 ? 0
            : fits ? y / std::sqrt(above * below)
                   : y / x,
            fits ? std::log1p(below + std::sqrt(above * below)) : kLog2 + std::log(x)};
  }
  if (y <= safe_min) return {kHalfPi - std::sqrt(y), std::sqrt(y), std::sqrt(y)};
  if (kEpsilon * y - 1 >= x) return {x / y, kHalfPi, kLog2 + std::log(y)};
  if (x > 1) {
    const double ratio = x / y;
    return {std::atan(ratio), std::atan(y / x),
            kLog2 + std::log(y) + std::log1p(ratio * ratio) / 2};
  }
  const double a = std::sqrt(1 + y * y);
  return {x / a, kHalfPi, std::log1p(2 * y * (y + a)) / 2};
}

template <typename T>
constexpr std::complex<T> Asin(std::complex<T> z) {
  const ArcParts parts = ArcsOf(std::fabs(double(z.real())), std::fabs(double(z.imag())));
  return {std::copysign(T(parts.asin), z.real()), std::copysign(T(parts.imag), z.imag())};
}
template <typename T>
constexpr std::complex<T> Acos(std::complex<T> z) {
  const ArcParts parts = ArcsOf(std::fabs(double(z.real())), std::fabs(double(z.imag())));
  const double real = std::signbit(z.real()) ? std::numbers::pi - parts.acos : parts.acos;
  return {T(real), std::copysign(T(parts.imag), -z.imag())};
}
template <typename T>
constexpr std::complex<T> Asinh(std::complex<T> z) {  // -i asin(iz)
  const std::complex<T> w = Asin(std::complex<T>(-z.imag(), z.real()));
  return {w.imag(), -w.real()};
}
template <typename T>
constexpr std::complex<T> Acosh(std::complex<T> z) {
  const std::complex<T> w = Acos(z);
  return {std::fabs(w.imag()), std::copysign(w.real(), z.imag())};
}

// log1p(4x / ((1 - x)^2 + y^2)) / 4 and the angle of (1 - x)(1 + x) - y^2 + 2iy, halved.
template <typename T>
constexpr std::complex<T> Atanh(std::complex<T> z) {
  constexpr double kHalfPi = std::numbers::pi / 2;
  const double x = std::fabs(double(z.real())), y = std::fabs(double(z.imag()));
  double real = 0, imag = 0;
  if (std::isnan(x) || std::isnan(y)) {
    real = std::isinf(x) || std::isinf(y) ? 0 : x == 0 ? 0 : x + y;
    imag = std::isinf(y) ? kHalfPi : x + y;
    if (y == 0 && !std::isinf(x)) imag = x + y;
  } else if (std::isinf(x) || std::isinf(y)) {
    imag = kHalfPi;
  } else if (const double larger = std::max(x, y); larger > 1e100) {  // 1/z is small
    const double u = x / larger, v = y / larger;
    real = u / (u * u + v * v) / larger;
    imag = kHalfPi;
  } else {
    const double gap = 1 - x;
    const double distance = gap * gap + y * y;
    real = gap == 0 && y < 1e-100 ? (std::numbers::ln2 - std::log(y)) / 2  // y^2 is no number
                                  : std::log1p(4 * x / distance) / 4;
    imag = std::atan2(2 * y, gap * (1 + x) - y * y) / 2;
  }
  return {std::copysign(T(real), z.real()), std::copysign(T(imag), z.imag())};
}
template <typename T>
constexpr std::complex<T> Atan(std::complex<T> z) {  // -i atanh(iz)
  const std::complex<T> w = Atanh(std::complex<T>(-z.imag(), z.real()));
  return {w.imag(), -w.real()};
}

NEURA_AFTER_ELEMENTS();

#endif  // NEURA_TENSOR_ELEMENTS_COMPLEX_ARCS_H_
