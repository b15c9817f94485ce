// Roots, powers, exponentials and logarithms of elements.
#if defined(NEURA_TENSOR_ELEMENTS_POINTWISE_EXPONENTIAL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NEURA_TENSOR_ELEMENTS_POINTWISE_EXPONENTIAL_H_
#undef NEURA_TENSOR_ELEMENTS_POINTWISE_EXPONENTIAL_H_
#else
#define NEURA_TENSOR_ELEMENTS_POINTWISE_EXPONENTIAL_H_
#endif

#include "neura/tensor/elements/complex.h"
#include "neura/tensor/elements/math.h"
#include "neura/tensor/elements/pointwise_arithmetic.h"
#include "neura/tensor/elements/pointwise_traits.h"
#include "neura/tensor/elements/target.h"

NEURA_BEFORE_ELEMENTS()

struct SqrtOp : WithoutLibm {
  template <typename T>
  static constexpr T Do(T x) {
    return Sqrt(x);
  }
};
struct RsqrtOp : WithoutLibm {
  template <typename T>
  static constexpr T Do(T x) {
    return T(1) / Sqrt(x);
  }
};
struct PowOp {
  template <typename T>
  static constexpr T Do(T a, T b) {
    if constexpr (kIsComplex<T>) {
      return Power(a, b);
    } else if constexpr (kFloat<T>) {
      return Pow(a, b);
    } else {
      if (b < T(0))
        return a == T(1) ? T(1) : a == static_cast<T>(-1) ? (b % 2 != 0 ? a : T(1)) : T(0);
      T result = T(1);
      for (T base = a, e = b; e != T(0); e = static_cast<T>(e / 2), base = MulOp::Do(base, base)) {
        if (e % 2 != 0) result = MulOp::Do(result, base);
      }
      return result;
    }
  }
};
struct ExpOp {
  template <typename T>
  static constexpr T Do(T x) {
    return Exp(x);
  }
};
struct Exp2Op {
  template <typename T>
  static constexpr T Do(T x) {
    return Exp2(x);
  }
};
struct Expm1Op {
  template <typename T>
  static constexpr T Do(T x) {
    return Expm1(x);
  }
};
struct LogOp {
  template <typename T>
  static constexpr T Do(T x) {
    return Log(x);
  }
};
struct Log2Op {
  template <typename T>
  static constexpr T Do(T x) {
    return Log2(x);
  }
};
struct Log10Op {
  template <typename T>
  static constexpr T Do(T x) {
    return Log10(x);
  }
};
struct Log1pOp {
  template <typename T>
  static constexpr T Do(T x) {
    return Log1p(x);
  }
};

NEURA_AFTER_ELEMENTS();

#endif  // NEURA_TENSOR_ELEMENTS_POINTWISE_EXPONENTIAL_H_
