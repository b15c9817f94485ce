// What neural networks put between their layers; options are read before the loop.
#if defined(NEURA_TENSOR_ELEMENTS_POINTWISE_ACTIVATION_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NEURA_TENSOR_ELEMENTS_POINTWISE_ACTIVATION_H_
#undef NEURA_TENSOR_ELEMENTS_POINTWISE_ACTIVATION_H_
#else
#define NEURA_TENSOR_ELEMENTS_POINTWISE_ACTIVATION_H_
#endif

#include <limits>
#include <type_traits>

#include "neura/tensor/elements/complex.h"
#include "neura/tensor/elements/math.h"
#include "neura/tensor/elements/pointwise_traits.h"
#include "neura/tensor/elements/select.h"
#include "neura/tensor/elements/target.h"
#include "neura/tensor/ops/options/pointwise.h"

NEURA_BEFORE_ELEMENTS()

struct ReluOp {
  template <typename T>
  static constexpr T Do(T x) {
    return Select(x < T(0), T(0), x);
  }
};
struct ReluGradOp {
  template <typename T>
  static constexpr T Do(T g, T y) {
    return Select(y <= T(0), T(0), g);  // a NaN lets gradients pass
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

#endif  // NEURA_TENSOR_ELEMENTS_POINTWISE_ACTIVATION_H_
