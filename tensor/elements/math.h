// Functions of real numbers under names that vectors have, too (tensor/cpu/lanes_math-inl.h).
#if defined(NEURA_TENSOR_ELEMENTS_MATH_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NEURA_TENSOR_ELEMENTS_MATH_H_
#undef NEURA_TENSOR_ELEMENTS_MATH_H_
#else
#define NEURA_TENSOR_ELEMENTS_MATH_H_
#endif

#include <cmath>

#include "neura/tensor/elements/target.h"

NEURA_BEFORE_ELEMENTS()

#define NEURA_MATH(Name, name) \
  template <typename T>        \
  constexpr T Name(T x) {      \
    return std::name(x);       \
  }
NEURA_MATH(Abs, fabs)
NEURA_MATH(Floor, floor)
NEURA_MATH(Ceil, ceil)
NEURA_MATH(Round, nearbyint)
NEURA_MATH(Trunc, trunc)
NEURA_MATH(Sqrt, sqrt)
NEURA_MATH(Exp, exp)
NEURA_MATH(Exp2, exp2)
NEURA_MATH(Expm1, expm1)
NEURA_MATH(Log, log)
NEURA_MATH(Log2, log2)
NEURA_MATH(Log10, log10)
NEURA_MATH(Log1p, log1p)
NEURA_MATH(Sin, sin)
NEURA_MATH(Cos, cos)
NEURA_MATH(Tan, tan)
NEURA_MATH(Asin, asin)
NEURA_MATH(Acos, acos)
NEURA_MATH(Atan, atan)
NEURA_MATH(Sinh, sinh)
NEURA_MATH(Cosh, cosh)
NEURA_MATH(Tanh, tanh)
NEURA_MATH(Asinh, asinh)
NEURA_MATH(Acosh, acosh)
NEURA_MATH(Atanh, atanh)
NEURA_MATH(Erf, erf)
#undef NEURA_MATH

template <typename T>
constexpr T Atan2(T y, T x) {
  return std::atan2(y, x);
}
template <typename T>
constexpr T Pow(T base, T exponent) {
  return std::pow(base, exponent);
}

NEURA_AFTER_ELEMENTS();

#endif  // NEURA_TENSOR_ELEMENTS_MATH_H_
