// Functions of angles, hyperbolic ones, and their inverses.
#if defined(NEURA_TENSOR_ELEMENTS_POINTWISE_TRIGONOMETRIC_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NEURA_TENSOR_ELEMENTS_POINTWISE_TRIGONOMETRIC_H_
#undef NEURA_TENSOR_ELEMENTS_POINTWISE_TRIGONOMETRIC_H_
#else
#define NEURA_TENSOR_ELEMENTS_POINTWISE_TRIGONOMETRIC_H_
#endif

#include <cmath>

#include "neura/tensor/elements/complex.h"
#include "neura/tensor/elements/math.h"
#include "neura/tensor/elements/pointwise_traits.h"
#include "neura/tensor/elements/target.h"

NEURA_BEFORE_ELEMENTS()

struct SinOp {
  template <typename T>
  static constexpr T Do(T x) {
    return Sin(x);
  }
};
struct CosOp {
  template <typename T>
  static constexpr T Do(T x) {
    return Cos(x);
  }
};
struct TanOp {
  template <typename T>
  static constexpr T Do(T x) {
    return Tan(x);
  }
};
struct AsinOp {
  template <typename T>
  static constexpr T Do(T x) {
    return Asin(x);
  }
};
struct AcosOp {
  template <typename T>
  static constexpr T Do(T x) {
    return Acos(x);
  }
};
struct AtanOp {
  template <typename T>
  static constexpr T Do(T x) {
    return Atan(x);
  }
};
struct Atan2Op {
  template <typename T>
  static constexpr T Do(T a, T b) {
    return Atan2(a, b);
  }
};
struct HypotOp : NumberByNumber {
  template <typename T>
  static constexpr T Do(T a, T b) {
    return std::hypot(a, b);
  }
};
struct SinhOp {
  template <typename T>
  static constexpr T Do(T x) {
    return Sinh(x);
  }
};
struct CoshOp {
  template <typename T>
  static constexpr T Do(T x) {
    return Cosh(x);
  }
};
struct TanhOp {
  template <typename T>
  static constexpr T Do(T x) {
    return Tanh(x);
  }
};
struct AsinhOp {
  template <typename T>
  static constexpr T Do(T x) {
    return Asinh(x);
  }
};
struct AcoshOp {
  template <typename T>
  static constexpr T Do(T x) {
    return Acosh(x);
  }
};
struct AtanhOp {
  template <typename T>
  static constexpr T Do(T x) {
    return Atanh(x);
  }
};

NEURA_AFTER_ELEMENTS();

#endif  // NEURA_TENSOR_ELEMENTS_POINTWISE_TRIGONOMETRIC_H_
