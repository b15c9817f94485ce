// The functions of elements/math.h over complex numbers. Branch cuts and values at infinities are
// those of the C standard, annex G.
#if defined(NEURA_TENSOR_ELEMENTS_COMPLEX_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NEURA_TENSOR_ELEMENTS_COMPLEX_H_
#undef NEURA_TENSOR_ELEMENTS_COMPLEX_H_
#else
#define NEURA_TENSOR_ELEMENTS_COMPLEX_H_
#endif

#include <cmath>
#include <complex>
#include <numbers>

#include "neura/tensor/elements/complex_arcs.h"
#include "neura/tensor/elements/target.h"

NEURA_BEFORE_ELEMENTS()

#define NEURA_COMPLEX_MATH(Name, name)                \
  template <typename T>                               \
  constexpr std::complex<T> Name(std::complex<T> z) { \
    return std::name(z);                              \
  }
NEURA_COMPLEX_MATH(Exp, exp)
NEURA_COMPLEX_MATH(Sin, sin)
NEURA_COMPLEX_MATH(Cos, cos)
NEURA_COMPLEX_MATH(Sinh, sinh)
NEURA_COMPLEX_MATH(Cosh, cosh)
#undef NEURA_COMPLEX_MATH

template <typename T>
constexpr T Abs(std::complex<T> z) {
  return std::hypot(z.real(), z.imag());
}
template <typename T>
constexpr std::complex<T> Exp2(std::complex<T> z) {
  return std::exp(z * std::numbers::ln2_v<T>);
}
// exp(a + bi) - 1 has the real part expm1(a) cos(b) + (cos(b) - 1), the latter without
// cancellation.
template <typename T>
constexpr std::complex<T> Expm1(std::complex<T> z) {
  const T x = z.real(), y = z.imag();
  if (y == 0) return {std::expm1(x) + T(0), y};
  if (std::isinf(x) && !std::isfinite(y)) {
    return x < 0 ? std::complex<T>(T(-1), std::copysign(T(0), y)) : std::complex<T>(x, y - y);
  }
  const T half = std::sin(y / 2);
  return {std::expm1(x) * std::cos(y) - 2 * half * half, std::exp(x) * std::sin(y)};
}
template <typename T>
constexpr std::complex<T> Log2(std::complex<T> z) {
  return Log(z) * std::numbers::log2e_v<T>;
}
template <typename T>
constexpr std::complex<T> Log10(std::complex<T> z) {
  return Log(z) * std::numbers::log10e_v<T>;
}
// |1 + z|^2 - 1 is x (x + 2) + y^2, which keeps its digits near 0.
template <typename T>
constexpr std::complex<T> Log1p(std::complex<T> z) {
  const T x = z.real(), y = z.imag();
  const bool near = std::fabs(x) < T(0.5) && std::fabs(y) < T(0.5);
  return {near ? std::log1p(x * (x + 2) + y * y) / 2 : std::log(std::hypot(x + 1, y)),
          std::atan2(y, x + 1)};
}

// Without the care for infinite parts that the operator takes.
template <typename T>
constexpr std::complex<T> Product(std::complex<T> a, std::complex<T> b) {
  return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

// exp(b log(a)), but for exponents at which that would lose what is exact.
template <typename T>
constexpr std::complex<T> Power(std::complex<T> a, std::complex<T> b) {
  if (b == std::complex<T>(0)) return T(1);
  if (b == std::complex<T>(1)) return a;
  if (b == std::complex<T>(2)) return Product(a, a);
  if (a == std::complex<T>(0) && b.real() > 0) return T(0);
  return std::pow(a, b);
}

NEURA_AFTER_ELEMENTS();

#endif  // NEURA_TENSOR_ELEMENTS_COMPLEX_H_
