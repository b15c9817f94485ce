// Special functions of elements; options are read before the loop.
#if defined(NEURA_TENSOR_ELEMENTS_POINTWISE_SPECIAL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NEURA_TENSOR_ELEMENTS_POINTWISE_SPECIAL_H_
#undef NEURA_TENSOR_ELEMENTS_POINTWISE_SPECIAL_H_
#else
#define NEURA_TENSOR_ELEMENTS_POINTWISE_SPECIAL_H_
#endif

#include <cmath>
#include <cstdint>

#include "neura/tensor/elements/bessel.h"
#include "neura/tensor/elements/gamma.h"
#include "neura/tensor/elements/math.h"
#include "neura/tensor/elements/pointwise_traits.h"
#include "neura/tensor/elements/polynomial.h"
#include "neura/tensor/elements/special.h"
#include "neura/tensor/elements/target.h"
#include "neura/tensor/ops/options/pointwise.h"

NEURA_BEFORE_ELEMENTS()

struct ErfOp {
  template <typename T>
  static constexpr T Do(T x) {
    return Erf(x);
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
NEURA_ELEMENT_OF_DOUBLES(Erfc, std::erfc)
NEURA_ELEMENT_OF_DOUBLES(ErfInv, ErfInvOf)
NEURA_ELEMENT_OF_DOUBLES(ErfCx, ErfCxOf)
NEURA_ELEMENT_OF_DOUBLES(NdTri, NdTriOf)
NEURA_ELEMENT_OF_DOUBLES(Lgamma, LogGamma)
NEURA_ELEMENT_OF_DOUBLES(Digamma, DigammaOf)
NEURA_ELEMENT_OF_DOUBLES(GammaInc, GammaIncOf)
NEURA_ELEMENT_OF_DOUBLES(GammaIncC, GammaIncCOf)
NEURA_ELEMENT_OF_DOUBLES(Zeta, ZetaOf)
NEURA_ELEMENT_OF_DOUBLES(BesselI0e, BesselI0eOf)
NEURA_ELEMENT_OF_DOUBLES(BesselI1e, BesselI1eOf)
NEURA_ELEMENT_OF_DOUBLES(BesselJ0, BesselJ0Of)
NEURA_ELEMENT_OF_DOUBLES(BesselJ1, BesselJ1Of)
NEURA_ELEMENT_OF_DOUBLES(BesselY0, BesselY0Of)
NEURA_ELEMENT_OF_DOUBLES(BesselY1, BesselY1Of)
NEURA_ELEMENT_OF_DOUBLES(BesselK0e, BesselK0eOf)
NEURA_ELEMENT_OF_DOUBLES(BesselK1e, BesselK1eOf)
#undef NEURA_ELEMENT_OF_DOUBLES

template <typename T>
struct AiryAiOp : NumberByNumber {
  explicit AiryAiOp(const AiryAiOptions& options) : derivative(options.derivative) {}
  constexpr T operator()(T x) const {
    return static_cast<T>(AiryAiOf(static_cast<double>(x), derivative));
  }
  bool derivative;
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

// Of x and the degree.
template <typename T>
struct PolynomialOp : NumberByNumber {
  explicit PolynomialOp(const PolynomialOptions& options)
      : family(PolynomialFamilyOf(options.family)), derivative(options.derivative) {}
  constexpr T operator()(T x, T n) const {
    return static_cast<T>(
        PolynomialOf(family, derivative, static_cast<double>(x), static_cast<double>(n)));
  }
  PolynomialFamily family;
  int64_t derivative;
};

NEURA_AFTER_ELEMENTS();

#endif  // NEURA_TENSOR_ELEMENTS_POINTWISE_SPECIAL_H_
