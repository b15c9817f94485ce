// Pointwise operations on one element, one short function for each. NaN comes through unless the
// operation says otherwise; integers wrap. constexpr because that is how nvcc takes functions for
// the GPU without being told of it.
#ifndef NEURA_TENSOR_ELEMENTS_POINTWISE_H_
#define NEURA_TENSOR_ELEMENTS_POINTWISE_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "neura/tensor/elements/wrapping.h"
#include "neura/tensor/ops/op_list/pointwise.h"

namespace neura::elements {

template <typename T>
inline constexpr bool kFloat = std::is_floating_point_v<T>;

struct NegOp {
  template <typename T>
  static constexpr T Do(T x) {
    return static_cast<T>(Wrapping<T>(0) - Wrapping<T>(x));
  }
};
struct AbsOp {
  template <typename T>
  static constexpr T Do(T x) {
    if constexpr (kFloat<T>)
      return std::fabs(x);
    else
      return x < T(0) ? NegOp::Do(x) : x;
  }
};
struct SignOp {
  template <typename T>
  static constexpr T Do(T x) {
    return x > T(0) ? T(1) : x < T(0) ? static_cast<T>(-1) : x;
  }
};
struct FloorOp {
  template <typename T>
  static constexpr T Do(T x) {
    if constexpr (kFloat<T>)
      return std::floor(x);
    else
      return x;
  }
};
struct CeilOp {
  template <typename T>
  static constexpr T Do(T x) {
    if constexpr (kFloat<T>)
      return std::ceil(x);
    else
      return x;
  }
};
struct RoundOp {
  template <typename T>
  static constexpr T Do(T x) {
    if constexpr (kFloat<T>)
      return std::nearbyint(x);
    else
      return x;
  }
};
struct TruncOp {
  template <typename T>
  static constexpr T Do(T x) {
    if constexpr (kFloat<T>)
      return std::trunc(x);
    else
      return x;
  }
};
struct ReluOp {
  template <typename T>
  static constexpr T Do(T x) {
    return x < T(0) ? T(0) : x;
  }
};
struct ReciprocalOp {
  template <typename T>
  static constexpr T Do(T x) {
    return T(1) / x;
  }
};
struct SqrtOp {
  template <typename T>
  static constexpr T Do(T x) {
    return std::sqrt(x);
  }
};
struct RsqrtOp {
  template <typename T>
  static constexpr T Do(T x) {
    return T(1) / std::sqrt(x);
  }
};
struct ExpOp {
  template <typename T>
  static constexpr T Do(T x) {
    return std::exp(x);
  }
};
struct Expm1Op {
  template <typename T>
  static constexpr T Do(T x) {
    return std::expm1(x);
  }
};
struct LogOp {
  template <typename T>
  static constexpr T Do(T x) {
    return std::log(x);
  }
};
struct Log1pOp {
  template <typename T>
  static constexpr T Do(T x) {
    return std::log1p(x);
  }
};
struct SinOp {
  template <typename T>
  static constexpr T Do(T x) {
    return std::sin(x);
  }
};
struct CosOp {
  template <typename T>
  static constexpr T Do(T x) {
    return std::cos(x);
  }
};
struct TanOp {
  template <typename T>
  static constexpr T Do(T x) {
    return std::tan(x);
  }
};
struct AsinOp {
  template <typename T>
  static constexpr T Do(T x) {
    return std::asin(x);
  }
};
struct AcosOp {
  template <typename T>
  static constexpr T Do(T x) {
    return std::acos(x);
  }
};
struct AtanOp {
  template <typename T>
  static constexpr T Do(T x) {
    return std::atan(x);
  }
};
struct SinhOp {
  template <typename T>
  static constexpr T Do(T x) {
    return std::sinh(x);
  }
};
struct CoshOp {
  template <typename T>
  static constexpr T Do(T x) {
    return std::cosh(x);
  }
};
struct TanhOp {
  template <typename T>
  static constexpr T Do(T x) {
    return std::tanh(x);
  }
};
struct ErfOp {
  template <typename T>
  static constexpr T Do(T x) {
    return std::erf(x);
  }
};
struct SigmoidOp {
  template <typename T>
  static constexpr T Do(T x) {
    return T(1) / (T(1) + std::exp(-x));
  }
};
struct SiluOp {
  template <typename T>
  static constexpr T Do(T x) {
    return x / (T(1) + std::exp(-x));
  }
};
struct SoftplusOp {
  template <typename T>
  static constexpr T Do(T x) {
    return std::max(x, T(0)) + std::log1p(std::exp(-std::fabs(x)));
  }
};
struct IsNanOp {
  template <typename T>
  static constexpr bool Do(T x) {
    if constexpr (kFloat<T>)
      return std::isnan(x);
    else
      return false;
  }
};
struct IsInfOp {
  template <typename T>
  static constexpr bool Do(T x) {
    if constexpr (kFloat<T>)
      return std::isinf(x);
    else
      return false;
  }
};
struct IsFiniteOp {
  template <typename T>
  static constexpr bool Do(T x) {
    if constexpr (kFloat<T>)
      return std::isfinite(x);
    else
      return true;
  }
};
struct LogicalNotOp {
  static constexpr bool Do(bool x) { return !x; }
};

struct AddOp {
  template <typename T>
  static constexpr T Do(T a, T b) {
    return WrappingAdd(a, b);
  }
};
struct SubOp {
  template <typename T>
  static constexpr T Do(T a, T b) {
    return static_cast<T>(Wrapping<T>(a) - Wrapping<T>(b));
  }
};
struct MulOp {
  // uint64_t keeps the promotion of narrow integers to int from overflowing.
  template <typename T>
  static constexpr T Do(T a, T b) {
    if constexpr (kFloat<T>)
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
struct DivOp {
  template <typename T>
  static constexpr T Do(T a, T b) {
    return a / b;
  }
};
struct RemainderOp {
  template <typename T>
  static constexpr T Do(T a, T b) {
    if constexpr (kFloat<T>) {
      const T r = std::fmod(a, b);
      return r != T(0) && (r < T(0)) != (b < T(0)) ? r + b : r;
    } else {
      if (b == T(0)) return T(0);
      if constexpr (std::is_signed_v<T>)
        if (b == T(-1)) return T(0);
      const T r = static_cast<T>(a % b);
      return r != T(0) && (r < T(0)) != (b < T(0)) ? static_cast<T>(r + b) : r;
    }
  }
};
struct FloorDivideOp {
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
struct PowOp {
  template <typename T>
  static constexpr T Do(T a, T b) {
    if constexpr (kFloat<T>) {
      return std::pow(a, b);
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
struct Atan2Op {
  template <typename T>
  static constexpr T Do(T a, T b) {
    return std::atan2(a, b);
  }
};
// NaN fails every comparison: the first operand wins when it is one, and `b != b` finds the other.
struct MaximumOp {
  template <typename T>
  static constexpr T Do(T a, T b) {
    return a < b || b != b ? b : a;
  }
};
struct MinimumOp {
  template <typename T>
  static constexpr T Do(T a, T b) {
    return b < a || b != b ? b : a;
  }
};
struct ReluGradOp {
  template <typename T>
  static constexpr T Do(T g, T y) {
    return y > T(0) ? g : T(0);
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
struct LogicalAndOp {
  static constexpr bool Do(bool a, bool b) { return a && b; }
};
struct LogicalOrOp {
  static constexpr bool Do(bool a, bool b) { return a || b; }
};
struct LogicalXorOp {
  static constexpr bool Do(bool a, bool b) { return a != b; }
};

// ---- with options, which are read before the loop --------------------------------------------

template <typename T>
constexpr T GeluTanh(T x) {
  const T inner = T(0.7978845608028654) * (x + T(0.044715) * x * x * x);  // sqrt(2 / pi)
  return T(0.5) * x * (T(1) + std::tanh(inner));
}
template <typename T>
constexpr T GeluErf(T x) {
  return T(0.5) * x * (T(1) + std::erf(x * T(0.7071067811865476)));
}

template <typename T>
struct GeluOp {
  bool tanh;
  constexpr T operator()(T x) const { return tanh ? GeluTanh(x) : GeluErf(x); }
};

template <typename T>
struct LeakyReluOp {
  T slope;
  constexpr T operator()(T x) const { return x > T(0) ? x : slope * x; }
};

template <typename T>
struct ClampOp {
  explicit ClampOp(const ClampOptions& options)
      : low(std::is_floating_point_v<T> ? -std::numeric_limits<T>::infinity()
                                        : std::numeric_limits<T>::lowest()),
        high(std::is_floating_point_v<T> ? std::numeric_limits<T>::infinity()
                                         : std::numeric_limits<T>::max()) {
    if (options.min) low = options.min->template Saturate<T>();
    if (options.max) high = options.max->template Saturate<T>();
    if (low != low || high != high) one = std::numeric_limits<T>::quiet_NaN();
  }
  // A NaN among the bounds binds no element by comparison, and so enters as a factor.
  constexpr T operator()(T x) const {
    const T raised = x < low ? low : x;
    const T kept = raised > high ? high : raised;
    if constexpr (kFloat<T>)
      return kept * one;
    else
      return kept;
  }
  T low, high;
  T one = T(1);
};

}  // namespace neura::elements

#endif  // NEURA_TENSOR_ELEMENTS_POINTWISE_H_
