// Pointwise loops in plain C++, one short function for each operation. Compiled with vectorization,
// which serves the integers; FillVectorLoops replaces the floating point ones that matter.
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "neura/tensor/cpu_backend/pointwise_table.h"
#include "neura/tensor/cpu_backend/wrapping.h"
#include "neura/tensor/ops/options.h"

namespace neura::cpu {
namespace {

// ---- the operations --------------------------------------------------------------------------

template <typename T>
constexpr bool kFloat = std::is_floating_point_v<T>;

struct NegOp {
  template <typename T>
  static T Do(T x) {
    return static_cast<T>(Wrapping<T>(0) - Wrapping<T>(x));
  }
};
struct AbsOp {
  template <typename T>
  static T Do(T x) {
    if constexpr (kFloat<T>)
      return std::fabs(x);
    else
      return x < T(0) ? NegOp::Do(x) : x;
  }
};
struct SignOp {
  template <typename T>
  static T Do(T x) {
    return x > T(0) ? T(1) : x < T(0) ? static_cast<T>(-1) : x;
  }
};
struct FloorOp {
  template <typename T>
  static T Do(T x) {
    if constexpr (kFloat<T>)
      return std::floor(x);
    else
      return x;
  }
};
struct CeilOp {
  template <typename T>
  static T Do(T x) {
    if constexpr (kFloat<T>)
      return std::ceil(x);
    else
      return x;
  }
};
struct RoundOp {
  template <typename T>
  static T Do(T x) {
    if constexpr (kFloat<T>)
      return std::nearbyint(x);
    else
      return x;
  }
};
struct TruncOp {
  template <typename T>
  static T Do(T x) {
    if constexpr (kFloat<T>)
      return std::trunc(x);
    else
      return x;
  }
};
struct ReluOp {
  template <typename T>
  static T Do(T x) {
    return x < T(0) ? T(0) : x;
  }
};
struct ReciprocalOp {
  template <typename T>
  static T Do(T x) {
    return T(1) / x;
  }
};
struct SqrtOp {
  template <typename T>
  static T Do(T x) {
    return std::sqrt(x);
  }
};
struct RsqrtOp {
  template <typename T>
  static T Do(T x) {
    return T(1) / std::sqrt(x);
  }
};
struct ExpOp {
  template <typename T>
  static T Do(T x) {
    return std::exp(x);
  }
};
struct Expm1Op {
  template <typename T>
  static T Do(T x) {
    return std::expm1(x);
  }
};
struct LogOp {
  template <typename T>
  static T Do(T x) {
    return std::log(x);
  }
};
struct Log1pOp {
  template <typename T>
  static T Do(T x) {
    return std::log1p(x);
  }
};
struct SinOp {
  template <typename T>
  static T Do(T x) {
    return std::sin(x);
  }
};
struct CosOp {
  template <typename T>
  static T Do(T x) {
    return std::cos(x);
  }
};
struct TanOp {
  template <typename T>
  static T Do(T x) {
    return std::tan(x);
  }
};
struct AsinOp {
  template <typename T>
  static T Do(T x) {
    return std::asin(x);
  }
};
struct AcosOp {
  template <typename T>
  static T Do(T x) {
    return std::acos(x);
  }
};
struct AtanOp {
  template <typename T>
  static T Do(T x) {
    return std::atan(x);
  }
};
struct SinhOp {
  template <typename T>
  static T Do(T x) {
    return std::sinh(x);
  }
};
struct CoshOp {
  template <typename T>
  static T Do(T x) {
    return std::cosh(x);
  }
};
struct TanhOp {
  template <typename T>
  static T Do(T x) {
    return std::tanh(x);
  }
};
struct ErfOp {
  template <typename T>
  static T Do(T x) {
    return std::erf(x);
  }
};
struct SigmoidOp {
  template <typename T>
  static T Do(T x) {
    return T(1) / (T(1) + std::exp(-x));
  }
};
struct SiluOp {
  template <typename T>
  static T Do(T x) {
    return x / (T(1) + std::exp(-x));
  }
};
struct SoftplusOp {
  template <typename T>
  static T Do(T x) {
    return std::max(x, T(0)) + std::log1p(std::exp(-std::fabs(x)));
  }
};
struct IsNanOp {
  template <typename T>
  static bool Do(T x) {
    if constexpr (kFloat<T>)
      return std::isnan(x);
    else
      return false;
  }
};
struct IsInfOp {
  template <typename T>
  static bool Do(T x) {
    if constexpr (kFloat<T>)
      return std::isinf(x);
    else
      return false;
  }
};
struct IsFiniteOp {
  template <typename T>
  static bool Do(T x) {
    if constexpr (kFloat<T>)
      return std::isfinite(x);
    else
      return true;
  }
};
struct LogicalNotOp {
  static bool Do(bool x) { return !x; }
};

struct AddOp {
  template <typename T>
  static T Do(T a, T b) {
    return WrappingAdd(a, b);
  }
};
struct SubOp {
  template <typename T>
  static T Do(T a, T b) {
    return static_cast<T>(Wrapping<T>(a) - Wrapping<T>(b));
  }
};
struct MulOp {
  // uint64_t keeps the promotion of narrow integers to int from overflowing.
  template <typename T>
  static T Do(T a, T b) {
    if constexpr (kFloat<T>)
      return a * b;
    else
      return static_cast<T>(uint64_t(1) * Wrapping<T>(a) * Wrapping<T>(b));
  }
};
struct SquareOp {
  template <typename T>
  static T Do(T x) {
    return MulOp::Do(x, x);
  }
};
struct DivOp {
  template <typename T>
  static T Do(T a, T b) {
    return a / b;
  }
};
struct RemainderOp {
  template <typename T>
  static T Do(T a, T b) {
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
  static T Do(T a, T b) {
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
  static T Do(T a, T b) {
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
  static T Do(T a, T b) {
    return std::atan2(a, b);
  }
};
// NaN fails every comparison: the first operand wins when it is one, and `b != b` finds the other.
struct MaximumOp {
  template <typename T>
  static T Do(T a, T b) {
    return a < b || b != b ? b : a;
  }
};
struct MinimumOp {
  template <typename T>
  static T Do(T a, T b) {
    return b < a || b != b ? b : a;
  }
};
struct ReluGradOp {
  template <typename T>
  static T Do(T g, T y) {
    return y > T(0) ? g : T(0);
  }
};
struct EqOp {
  template <typename T>
  static bool Do(T a, T b) {
    return a == b;
  }
};
struct NeOp {
  template <typename T>
  static bool Do(T a, T b) {
    return a != b;
  }
};
struct LtOp {
  template <typename T>
  static bool Do(T a, T b) {
    return a < b;
  }
};
struct LeOp {
  template <typename T>
  static bool Do(T a, T b) {
    return a <= b;
  }
};
struct GtOp {
  template <typename T>
  static bool Do(T a, T b) {
    return a > b;
  }
};
struct GeOp {
  template <typename T>
  static bool Do(T a, T b) {
    return a >= b;
  }
};
struct LogicalAndOp {
  static bool Do(bool a, bool b) { return a && b; }
};
struct LogicalOrOp {
  static bool Do(bool a, bool b) { return a || b; }
};
struct LogicalXorOp {
  static bool Do(bool a, bool b) { return a != b; }
};

// ---- with options ----------------------------------------------------------------------------

template <typename T>
T GeluTanh(T x) {
  const T inner = T(0.7978845608028654) * (x + T(0.044715) * x * x * x);  // sqrt(2 / pi)
  return T(0.5) * x * (T(1) + std::tanh(inner));
}
template <typename T>
T GeluErf(T x) {
  return T(0.5) * x * (T(1) + std::erf(x * T(0.7071067811865476)));
}

// ---- the loops -------------------------------------------------------------------------------

template <typename Op, typename T>
void UnaryLoop(size_t n, const void* const* inputs, void* output, const void*) {
  using Out = decltype(Op::Do(T()));
  const T* x = static_cast<const T*>(inputs[0]);
  Out* out = static_cast<Out*>(output);
  for (size_t i = 0; i < n; ++i) out[i] = Op::Do(x[i]);
}

template <typename Op, typename T>
void BinaryLoop(size_t n, const void* const* inputs, void* output, const void*) {
  using Out = decltype(Op::Do(T(), T()));
  const T* a = static_cast<const T*>(inputs[0]);
  const T* b = static_cast<const T*>(inputs[1]);
  Out* out = static_cast<Out*>(output);
  for (size_t i = 0; i < n; ++i) out[i] = Op::Do(a[i], b[i]);
}

template <typename T>
void WhereLoop(size_t n, const void* const* inputs, void* output, const void*) {
  const uint8_t* condition = static_cast<const uint8_t*>(inputs[0]);
  const T* a = static_cast<const T*>(inputs[1]);
  const T* b = static_cast<const T*>(inputs[2]);
  T* out = static_cast<T*>(output);
  for (size_t i = 0; i < n; ++i) out[i] = condition[i] != 0 ? a[i] : b[i];
}

template <typename T>
void GeluLoop(size_t n, const void* const* inputs, void* output, const void* options) {
  const T* x = static_cast<const T*>(inputs[0]);
  T* out = static_cast<T*>(output);
  const bool tanh = static_cast<const GeluOptions*>(options)->approximate == "tanh";
  for (size_t i = 0; i < n; ++i) out[i] = tanh ? GeluTanh(x[i]) : GeluErf(x[i]);
}

template <typename T>
void LeakyReluLoop(size_t n, const void* const* inputs, void* output, const void* options) {
  const T* x = static_cast<const T*>(inputs[0]);
  T* out = static_cast<T*>(output);
  const T slope = static_cast<T>(static_cast<const LeakyReluOptions*>(options)->negative_slope);
  for (size_t i = 0; i < n; ++i) out[i] = x[i] > T(0) ? x[i] : slope * x[i];
}

// The value of T nearest to a bound.
template <typename T>
T Saturated(double bound) {
  if constexpr (!kFloat<T>) {
    if (bound >= static_cast<double>(std::numeric_limits<T>::max()))
      return std::numeric_limits<T>::max();
    if (bound <= static_cast<double>(std::numeric_limits<T>::lowest()))
      return std::numeric_limits<T>::lowest();
  }
  return static_cast<T>(bound);
}

template <typename T>
void ClampLoop(size_t n, const void* const* inputs, void* output, const void* options) {
  const T* x = static_cast<const T*>(inputs[0]);
  T* out = static_cast<T*>(output);
  const auto& bounds = *static_cast<const ClampOptions*>(options);
  constexpr double kInf = std::numeric_limits<double>::infinity();
  // NaN does not bind.
  const double min = std::isnan(bounds.min.value_or(-kInf)) ? -kInf : bounds.min.value_or(-kInf);
  const double max = std::isnan(bounds.max.value_or(kInf)) ? kInf : bounds.max.value_or(kInf);
  const T low = Saturated<T>(kFloat<T> ? min : std::ceil(min));
  const T high = Saturated<T>(kFloat<T> ? max : std::floor(max));
  for (size_t i = 0; i < n; ++i) {
    const T raised = x[i] < low ? low : x[i];
    out[i] = raised > high ? high : raised;
  }
}

// ---- the table -------------------------------------------------------------------------------

template <typename T>
void FillFloat(PointwiseTable& table) {
  constexpr DType dtype = DTypeOf<T>;
#define NEURA_LOOP(Name) NEURA_SET_LOOP(Name, dtype, &UnaryLoop<Name##Op, T>)
  NEURA_LOOP(Reciprocal);
  NEURA_LOOP(Sqrt);
  NEURA_LOOP(Rsqrt);
  NEURA_LOOP(Exp);
  NEURA_LOOP(Expm1);
  NEURA_LOOP(Log);
  NEURA_LOOP(Log1p);
  NEURA_LOOP(Sin);
  NEURA_LOOP(Cos);
  NEURA_LOOP(Tan);
  NEURA_LOOP(Asin);
  NEURA_LOOP(Acos);
  NEURA_LOOP(Atan);
  NEURA_LOOP(Sinh);
  NEURA_LOOP(Cosh);
  NEURA_LOOP(Tanh);
  NEURA_LOOP(Erf);
  NEURA_LOOP(Sigmoid);
  NEURA_LOOP(Silu);
  NEURA_LOOP(Softplus);
#undef NEURA_LOOP
  NEURA_SET_LOOP(Div, dtype, &BinaryLoop<DivOp, T>);
  NEURA_SET_LOOP(Atan2, dtype, &BinaryLoop<Atan2Op, T>);
  NEURA_SET_LOOP(Gelu, dtype, &GeluLoop<T>);
  NEURA_SET_LOOP(LeakyRelu, dtype, &LeakyReluLoop<T>);
}

template <typename T>
void FillNumber(PointwiseTable& table) {
  constexpr DType dtype = DTypeOf<T>;
#define NEURA_LOOP(Name) NEURA_SET_LOOP(Name, dtype, &UnaryLoop<Name##Op, T>)
  NEURA_LOOP(Neg);
  NEURA_LOOP(Abs);
  NEURA_LOOP(Sign);
  NEURA_LOOP(Square);
  NEURA_LOOP(Floor);
  NEURA_LOOP(Ceil);
  NEURA_LOOP(Round);
  NEURA_LOOP(Trunc);
  NEURA_LOOP(Relu);
#undef NEURA_LOOP
#define NEURA_LOOP(Name) NEURA_SET_LOOP(Name, dtype, &BinaryLoop<Name##Op, T>)
  NEURA_LOOP(Sub);
  NEURA_LOOP(FloorDivide);
  NEURA_LOOP(Remainder);
  NEURA_LOOP(Pow);
  NEURA_LOOP(ReluGrad);
#undef NEURA_LOOP
  NEURA_SET_LOOP(Clamp, dtype, &ClampLoop<T>);
}

template <typename T>
void FillAny(PointwiseTable& table) {
  constexpr DType dtype = DTypeOf<T>;
#define NEURA_LOOP(Name) NEURA_SET_LOOP(Name, dtype, &UnaryLoop<Name##Op, T>)
  NEURA_LOOP(IsNan);
  NEURA_LOOP(IsInf);
  NEURA_LOOP(IsFinite);
#undef NEURA_LOOP
#define NEURA_LOOP(Name) NEURA_SET_LOOP(Name, dtype, &BinaryLoop<Name##Op, T>)
  NEURA_LOOP(Maximum);
  NEURA_LOOP(Minimum);
  NEURA_LOOP(Eq);
  NEURA_LOOP(Ne);
  NEURA_LOOP(Lt);
  NEURA_LOOP(Le);
  NEURA_LOOP(Gt);
  NEURA_LOOP(Ge);
#undef NEURA_LOOP
  NEURA_SET_LOOP(Where, dtype, &WhereLoop<T>);
}

}  // namespace

void FillScalarLoops(PointwiseTable& table) {
  FillFloat<float>(table);
  FillFloat<double>(table);
#define NEURA_FILL(T)                                     \
  FillNumber<T>(table);                                   \
  FillAny<T>(table);                                      \
  NEURA_SET_LOOP(Add, DTypeOf<T>, &BinaryLoop<AddOp, T>); \
  NEURA_SET_LOOP(Mul, DTypeOf<T>, &BinaryLoop<MulOp, T>)
  NEURA_FILL(float);
  NEURA_FILL(double);
  NEURA_FILL(int64_t);
  NEURA_FILL(int32_t);
  NEURA_FILL(uint8_t);
#undef NEURA_FILL
  FillAny<bool>(table);
  // The sum and the product of truth values, as in PyTorch.
  NEURA_SET_LOOP(Add, kBool, &BinaryLoop<LogicalOrOp, bool>);
  NEURA_SET_LOOP(Mul, kBool, &BinaryLoop<LogicalAndOp, bool>);
  NEURA_SET_LOOP(LogicalNot, kBool, &UnaryLoop<LogicalNotOp, bool>);
  NEURA_SET_LOOP(LogicalAnd, kBool, &BinaryLoop<LogicalAndOp, bool>);
  NEURA_SET_LOOP(LogicalOr, kBool, &BinaryLoop<LogicalOrOp, bool>);
  NEURA_SET_LOOP(LogicalXor, kBool, &BinaryLoop<LogicalXorOp, bool>);
}

}  // namespace neura::cpu
