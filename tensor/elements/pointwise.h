// Pointwise operations on one element, or on a vector of floating point ones, one short function
// for each. NaN comes through unless the operation says otherwise; integers wrap. constexpr because
// that is how nvcc takes functions for the GPU without being told of it.
#if defined(NEURA_TENSOR_ELEMENTS_POINTWISE_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NEURA_TENSOR_ELEMENTS_POINTWISE_H_
#undef NEURA_TENSOR_ELEMENTS_POINTWISE_H_
#else
#define NEURA_TENSOR_ELEMENTS_POINTWISE_H_
#endif

#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "neura/tensor/core/convert.h"
#include "neura/tensor/elements/complex.h"
#include "neura/tensor/elements/gamma_bessel.h"
#include "neura/tensor/elements/math.h"
#include "neura/tensor/elements/select.h"
#include "neura/tensor/elements/special.h"
#include "neura/tensor/elements/target.h"
#include "neura/tensor/elements/wrapping.h"
#include "neura/tensor/ops/op_list/pointwise.h"

NEURA_BEFORE_ELEMENTS()

// Of a vector, too: none of integers goes through these functions.
template <typename T>
inline constexpr bool kFloat = !std::is_integral_v<T>;

// What loops have to know of an operation beside the dtype rule of its row: bases of its struct.
// Rounding, order and arithmetic alone, so that vectors of doubles serve a kFloat operation, too.
struct WithoutLibm {};
// Not for vectors.
struct NumberByNumber {};

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
    return Select(x > T(0), T(1), Select(x < T(0), static_cast<T>(-1), x));
  }
};
struct SgnOp {
  template <typename T>
  static constexpr T Do(T x) {
    if constexpr (kIsComplex<T>)
      return x == T(0) ? x : x / Abs(x);
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
struct ReluOp {
  template <typename T>
  static constexpr T Do(T x) {
    return Select(x < T(0), T(0), x);
  }
};
struct ReciprocalOp : WithoutLibm {
  template <typename T>
  static constexpr T Do(T x) {
    return T(1) / x;
  }
};
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
struct ErfOp {
  template <typename T>
  static constexpr T Do(T x) {
    return Erf(x);
  }
};
struct ErfcOp : NumberByNumber {
  template <typename T>
  static constexpr T Do(T x) {
    return static_cast<T>(std::erfc(static_cast<double>(x)));
  }
};
struct ErfInvOp : NumberByNumber {
  template <typename T>
  static constexpr T Do(T x) {
    return static_cast<T>(ErfInvOf(static_cast<double>(x)));
  }
};
// f of numbers as doubles, one or two.
#define NEURA_ELEMENT_OF_DOUBLES(Name, f)                                          \
  struct Name##Op : NumberByNumber {                                               \
    template <typename T, typename... U>                                           \
    static constexpr T Do(T a, U... b) {                                           \
      return static_cast<T>(f(static_cast<double>(a), static_cast<double>(b)...)); \
    }                                                                              \
  };
NEURA_ELEMENT_OF_DOUBLES(ErfCx, ErfCxOf)
NEURA_ELEMENT_OF_DOUBLES(NdTri, NdTriOf)
NEURA_ELEMENT_OF_DOUBLES(BesselI0e, BesselI0eOf)
NEURA_ELEMENT_OF_DOUBLES(BesselI1e, BesselI1eOf)
NEURA_ELEMENT_OF_DOUBLES(BesselJ0, BesselJ0Of)
NEURA_ELEMENT_OF_DOUBLES(BesselJ1, BesselJ1Of)
NEURA_ELEMENT_OF_DOUBLES(GammaInc, GammaIncOf)
NEURA_ELEMENT_OF_DOUBLES(GammaIncC, GammaIncCOf)
NEURA_ELEMENT_OF_DOUBLES(Zeta, ZetaOf)
#undef NEURA_ELEMENT_OF_DOUBLES
struct LgammaOp : NumberByNumber {
  template <typename T>
  static constexpr T Do(T x) {
    return static_cast<T>(LogGamma(static_cast<double>(x)));
  }
};
struct DigammaOp : NumberByNumber {
  template <typename T>
  static constexpr T Do(T x) {
    return static_cast<T>(DigammaOf(static_cast<double>(x)));
  }
};
struct SigmoidOp {
  template <typename T>
  static constexpr T Do(T x) {
    return T(1) / (T(1) + Exp(-x));
  }
};
struct SiluOp {
  template <typename T>
  static constexpr T Do(T x) {
    return x / (T(1) + Exp(-x));
  }
};
struct SoftplusOp {
  template <typename T>
  static constexpr T Do(T x) {
    return Select(x > T(0), x, T(0)) + Log1p(Exp(-Abs(x)));
  }
};
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
struct LogicalNotOp {
  static constexpr bool Do(bool x) { return !x; }
};
struct BitwiseNotOp {
  static constexpr bool Do(bool x) { return !x; }
  template <typename T>
  static constexpr T Do(T x) {
    return static_cast<T>(~x);
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
struct PowOp : NumberByNumber {
  template <typename T>
  static constexpr T Do(T a, T b) {
    if constexpr (kIsComplex<T>) {
      return Power(a, b);
    } else if constexpr (kFloat<T>) {
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
    return Atan2(a, b);
  }
};
struct HypotOp : NumberByNumber {
  template <typename T>
  static constexpr T Do(T a, T b) {
    return std::hypot(a, b);
  }
};
struct CopySignOp : NumberByNumber {
  template <typename T>
  static constexpr T Do(T a, T b) {
    return std::copysign(a, b);
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
struct ReluGradOp {
  template <typename T>
  static constexpr T Do(T g, T y) {
    return Select(y <= T(0), T(0), g);  // a NaN lets gradients pass
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
struct BitwiseAndOp {
  template <typename T>
  static constexpr T Do(T a, T b) {
    return static_cast<T>(a & b);
  }
};
struct BitwiseOrOp {
  template <typename T>
  static constexpr T Do(T a, T b) {
    return static_cast<T>(a | b);
  }
};
struct BitwiseXorOp {
  template <typename T>
  static constexpr T Do(T a, T b) {
    return static_cast<T>(a ^ b);
  }
};
template <typename T>
constexpr bool MovesWithin(T places) {
  return static_cast<uint64_t>(places) < 8 * sizeof(T);
}
struct BitwiseLeftShiftOp {
  template <typename T>
  static constexpr T Do(T a, T b) {
    return MovesWithin(b) ? static_cast<T>(static_cast<uint64_t>(a) << b) : T(0);
  }
};
struct BitwiseRightShiftOp {
  template <typename T>
  static constexpr T Do(T a, T b) {
    if (std::is_unsigned_v<T> && !MovesWithin(b)) return T(0);
    return static_cast<T>(a >> (MovesWithin(b) ? b : static_cast<T>(8 * sizeof(T) - 1)));
  }
};

// ---- with options, which are read before the loop --------------------------------------------

template <typename T>
constexpr T GeluTanh(T x) {
  const T inner = T(0.7978845608028654) * (x + T(0.044715) * x * x * x);  // sqrt(2 / pi)
  return T(0.5) * x * (T(1) + Tanh(inner));
}
template <typename T>
constexpr T GeluErf(T x) {
  return T(0.5) * x * (T(1) + Erf(x * T(0.7071067811865476)));
}

template <typename T>
struct GeluOp {
  explicit GeluOp(const GeluOptions& options) : tanh(options.approximate == "tanh") {}
  template <typename V>
  constexpr V operator()(V x) const {
    return tanh ? GeluTanh(x) : GeluErf(x);
  }
  bool tanh;
};

template <typename T>
struct LeakyReluOp : WithoutLibm {
  explicit LeakyReluOp(const LeakyReluOptions& options)
      : slope(static_cast<T>(options.negative_slope)) {}
  template <typename V>
  constexpr V operator()(V x) const {
    return Select(x > V(0), x, V(slope) * x);
  }
  T slope;
};

template <typename T>
struct PolyGammaOp : NumberByNumber {
  explicit PolyGammaOp(const PolyGammaOptions& options) : n(options.n) {}
  constexpr T operator()(T x) const {
    const double wide = static_cast<double>(x);
    return static_cast<T>(n == 0 ? DigammaOf(wide) : PolyGammaOf(n, wide));
  }
  int64_t n;
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
  template <typename V>
  constexpr V operator()(V x) const {
    const V raised = Select(x < V(low), V(low), x);
    const V kept = Select(raised > V(high), V(high), raised);
    if constexpr (kFloat<T>)
      return kept * V(one);
    else
      return kept;
  }
  T low, high;
  T one = T(1);
};

NEURA_AFTER_ELEMENTS();

#endif  // NEURA_TENSOR_ELEMENTS_POINTWISE_H_
