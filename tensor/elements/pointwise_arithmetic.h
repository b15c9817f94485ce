// Sums, products, quotients, signs, rounding and order of elements.
#if defined(NEURA_TENSOR_ELEMENTS_POINTWISE_ARITHMETIC_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NEURA_TENSOR_ELEMENTS_POINTWISE_ARITHMETIC_H_
#undef NEURA_TENSOR_ELEMENTS_POINTWISE_ARITHMETIC_H_
#else
#define NEURA_TENSOR_ELEMENTS_POINTWISE_ARITHMETIC_H_
#endif

#include <cmath>
#include <cstdint>
#include <type_traits>

#include "neura/tensor/elements/complex.h"
#include "neura/tensor/elements/math.h"
#include "neura/tensor/elements/pointwise_traits.h"
#include "neura/tensor/elements/select.h"
#include "neura/tensor/elements/target.h"
#include "neura/tensor/elements/wrapping.h"

NEURA_BEFORE_ELEMENTS()

struct NegOp {
  template <typename T>
  static constexpr T Do(T x) {
    if constexpr (kFloat<T>)
      return -x;
    else
      return static_cast<T>(Wrapping<T>(0) - Wrapping<T>(x));
  }
};
struct AbsOp {
  template <typename T>
  static constexpr auto Do(T x) {
    if constexpr (kFloat<T>)
      return Abs(x);
    else
      return Select(x < T(0), NegOp::Do(x), x);
  }
};
struct SignOp {
  template <typename T>
  static constexpr T Do(T x) {
    if constexpr (kFloat<T>) x = x + T(0);  // -0 is 0
    return Select(x > T(0), T(1), Select(x < T(0), static_cast<T>(-1), x));
  }
};
struct SgnOp {
  template <typename T>
  static constexpr T Do(T x) {
    if constexpr (kIsComplex<T>)
      return x == T(0) ? T(0) : x / Abs(x);
    else
      return SignOp::Do(x);
  }
};
struct ConjPhysicalOp {
  template <typename T>
  static constexpr T Do(T x) {
    if constexpr (kIsComplex<T>)
      return T(x.real(), -x.imag());
    else
      return x;
  }
};
struct FloorOp {
  template <typename T>
  static constexpr T Do(T x) {
    if constexpr (kFloat<T>)
      return Floor(x);
    else
      return x;
  }
};
struct CeilOp {
  template <typename T>
  static constexpr T Do(T x) {
    if constexpr (kFloat<T>)
      return Ceil(x);
    else
      return x;
  }
};
struct RoundOp {
  template <typename T>
  static constexpr T Do(T x) {
    if constexpr (kFloat<T>)
      return Round(x);
    else
      return x;
  }
};
struct TruncOp {
  template <typename T>
  static constexpr T Do(T x) {
    if constexpr (kFloat<T>)
      return Trunc(x);
    else
      return x;
  }
};
// The sum and the product of truth values are "or" and "and", as in PyTorch.
struct AddOp {
  static constexpr bool Do(bool a, bool b) { return a || b; }
  template <typename T>
  static constexpr T Do(T a, T b) {
    if constexpr (kFloat<T>)
      return a + b;
    else
      return WrappingAdd(a, b);
  }
};
struct SubOp {
  template <typename T>
  static constexpr T Do(T a, T b) {
    if constexpr (kFloat<T>)
      return a - b;
    else
      return static_cast<T>(Wrapping<T>(a) - Wrapping<T>(b));
  }
};
struct MulOp {
  static constexpr bool Do(bool a, bool b) { return a && b; }
  // uint64_t keeps the promotion of narrow integers to int from overflowing.
  template <typename T>
  static constexpr T Do(T a, T b) {
    if constexpr (kIsComplex<T>)
      return Product(a, b);
    else if constexpr (kFloat<T>)
      return a * b;
    else
      return static_cast<T>(uint64_t(1) * Wrapping<T>(a) * Wrapping<T>(b));
  }
};
struct SquareOp {
  template <typename T>
  static constexpr T Do(T x) {
    return MulOp::Do(x, x);
  }
};
struct ReciprocalOp : WithoutLibm {
  template <typename T>
  static constexpr T Do(T x) {
    return T(1) / x;
  }
};
struct DivOp : WithoutLibm {
  template <typename T>
  static constexpr T Do(T a, T b) {
    return a / b;
  }
};
struct RemainderOp : NumberByNumber {
  template <typename T>
  static constexpr T Do(T a, T b) {
    if constexpr (kFloat<T>) {
      const T r = std::fmod(a, b);
      if (r == T(0)) return std::copysign(r, b);
      return (r < T(0)) != (b < T(0)) ? r + b : r;
    } else {
      if (b == T(0)) return T(0);
      if constexpr (std::is_signed_v<T>)
        if (b == T(-1)) return T(0);
      const T r = static_cast<T>(a % b);
      return r != T(0) && (r < T(0)) != (b < T(0)) ? static_cast<T>(r + b) : r;
    }
  }
};
struct FmodOp : NumberByNumber {
  template <typename T>
  static constexpr T Do(T a, T b) {
    if constexpr (kFloat<T>) {
      return std::fmod(a, b);
    } else {
      if (b == T(0)) return T(0);
      if constexpr (std::is_signed_v<T>)
        if (b == T(-1)) return T(0);
      return static_cast<T>(a % b);
    }
  }
};
struct FloorDivideOp : NumberByNumber {
  template <typename T>
  static constexpr T Do(T a, T b) {
    if constexpr (kFloat<T>) {
      if (b == T(0)) return a / b;
      const T r = std::fmod(a, b);
      // A whole number but for rounding. From fmod's remainder, which is finite for an infinite b.
      T quotient = (a - r) / b;
      if (r != T(0) && (r < T(0)) != (b < T(0))) quotient -= T(1);
      return quotient != T(0) ? std::nearbyint(quotient) : std::copysign(T(0), a / b);
    } else {
      if (b == T(0)) return T(0);
      if constexpr (std::is_signed_v<T>)
        if (b == T(-1)) return NegOp::Do(a);
      const T q = static_cast<T>(a / b);
      return (a % b != T(0)) && ((a < T(0)) != (b < T(0))) ? static_cast<T>(q - T(1)) : q;
    }
  }
};
struct GcdOp : NumberByNumber {
  template <typename T>
  static constexpr T Do(T a, T b) {
    while (b != T(0)) {
      const T rest = FmodOp::Do(a, b);
      a = b;
      b = rest;
    }
    return AbsOp::Do(a);
  }
};
struct CopySignOp : NumberByNumber {
  template <typename T>
  static constexpr T Do(T a, T b) {
    return std::copysign(a, b);
  }
};
// NaN fails every comparison: the first operand wins when it is one, and IsNan finds the other.
struct MaximumOp {
  template <typename T>
  static constexpr T Do(T a, T b) {
    return Select((a < b) | IsNan(b), b, a);
  }
};
struct MinimumOp {
  template <typename T>
  static constexpr T Do(T a, T b) {
    return Select((b < a) | IsNan(b), b, a);
  }
};

NEURA_AFTER_ELEMENTS();

#endif  // NEURA_TENSOR_ELEMENTS_POINTWISE_ARITHMETIC_H_
