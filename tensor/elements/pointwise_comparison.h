// Tests of elements, comparisons, and logic of truth values.
#if defined(NEURA_TENSOR_ELEMENTS_POINTWISE_COMPARISON_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NEURA_TENSOR_ELEMENTS_POINTWISE_COMPARISON_H_
#undef NEURA_TENSOR_ELEMENTS_POINTWISE_COMPARISON_H_
#else
#define NEURA_TENSOR_ELEMENTS_POINTWISE_COMPARISON_H_
#endif

#include <cmath>

#include "neura/tensor/elements/complex.h"
#include "neura/tensor/elements/pointwise_traits.h"
#include "neura/tensor/elements/target.h"

NEURA_BEFORE_ELEMENTS()

struct IsNanOp {
  template <typename T>
  static constexpr bool Do(T x) {
    if constexpr (kIsComplex<T>)
      return std::isnan(x.real()) || std::isnan(x.imag());
    else if constexpr (kFloat<T>)
      return std::isnan(x);
    else
      return false;
  }
};
struct IsInfOp {
  template <typename T>
  static constexpr bool Do(T x) {
    if constexpr (kIsComplex<T>)
      return std::isinf(x.real()) || std::isinf(x.imag());
    else if constexpr (kFloat<T>)
      return std::isinf(x);
    else
      return false;
  }
};
struct IsFiniteOp {
  template <typename T>
  static constexpr bool Do(T x) {
    if constexpr (kIsComplex<T>)
      return std::isfinite(x.real()) && std::isfinite(x.imag());
    else if constexpr (kFloat<T>)
      return std::isfinite(x);
    else
      return true;
  }
};
struct SignBitOp {
  template <typename T>
  static constexpr bool Do(T x) {
    if constexpr (kFloat<T>)
      return std::copysign(T(1), x) < T(0);  // g++ 12 fails to compile vectors of std::signbit
    else
      return x < T(0);
  }
};
struct EqOp {
  template <typename T>
  static constexpr bool Do(T a, T b) {
    return a == b;
  }
};
struct NeOp {
  template <typename T>
  static constexpr bool Do(T a, T b) {
    return a != b;
  }
};
struct LtOp {
  template <typename T>
  static constexpr bool Do(T a, T b) {
    return a < b;
  }
};
struct LeOp {
  template <typename T>
  static constexpr bool Do(T a, T b) {
    return a <= b;
  }
};
struct GtOp {
  template <typename T>
  static constexpr bool Do(T a, T b) {
    return a > b;
  }
};
struct GeOp {
  template <typename T>
  static constexpr bool Do(T a, T b) {
    return a >= b;
  }
};
struct LogicalNotOp {
  static constexpr bool Do(bool x) { return !x; }
};
struct LogicalAndOp {
  static constexpr bool Do(bool a, bool b) { return a && b; }
};
struct LogicalOrOp {
  static constexpr bool Do(bool a, bool b) { return a || b; }
};
struct LogicalXorOp {
  static constexpr bool Do(bool a, bool b) { return a != b; }
};

NEURA_AFTER_ELEMENTS();

#endif  // NEURA_TENSOR_ELEMENTS_POINTWISE_COMPARISON_H_
