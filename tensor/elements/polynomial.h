// Orthogonal polynomials of double and their derivatives. Templates, because that lets constexpr
// functions call what is not.
#if defined(NEURA_TENSOR_ELEMENTS_POLYNOMIAL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NEURA_TENSOR_ELEMENTS_POLYNOMIAL_H_
#undef NEURA_TENSOR_ELEMENTS_POLYNOMIAL_H_
#else
#define NEURA_TENSOR_ELEMENTS_POLYNOMIAL_H_
#endif

#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>

#include "neura/tensor/elements/target.h"
#include "neura/tensor/ops/options/pointwise.h"

NEURA_BEFORE_ELEMENTS()

enum class PolynomialFamily : uint8_t {
  kChebyshevT,
  kChebyshevU,
  kChebyshevV,
  kChebyshevW,
  kHermiteH,
  kHermiteHe,
  kLaguerreL,
  kLegendreP
};

// By its name in PolynomialOptions; inference has refused others.
inline PolynomialFamily PolynomialFamilyOf(std::string_view name) {
  int family = 0;
  for (std::string_view known : kPolynomialFamilies) {
    if (name == known) break;
    ++family;
  }
  return static_cast<PolynomialFamily>(family);
}

// The polynomial of degree n, without its fraction, or its derivative of that order, by the
// recurrence in the degree (DLMF 18.9.1), each order's with the one below it; 0 of negative
// degrees, NaN above 2^20. All its numbers are whole where x is, so that it is exact at -1, 0
// and 1.
template <typename T>
constexpr T PolynomialOf(PolynomialFamily family, int64_t derivative, T x, T n) {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  constexpr int kMostOrders = kMostPolynomialDerivatives + 1;
  if (n != n || n > 0x1p20) return kNaN;
  const auto degree = static_cast<int64_t>(std::fmax(n, -1));
  if (degree < derivative) return 0;
  // p(k) and p(k - 1), of all orders.
  double here[kMostOrders] = {1}, before[kMostOrders] = {};
  for (int64_t k = 0; k < degree; ++k) {
    // (k + 1) p(k + 1) or p(k + 1) is (slope * x + shift) * p(k) - back * p(k - 1).
    const double whole = static_cast<double>(k);
    double slope = 2, shift = 0, back = k == 0 ? 0 : 1, divisor = 1;
    switch (family) {
      case PolynomialFamily::kChebyshevT:
        slope = k == 0 ? 1 : 2;
        break;
      case PolynomialFamily::kChebyshevU:
        break;
      case PolynomialFamily::kChebyshevV:
        shift = k == 0 ? -1 : 0;
        break;
      case PolynomialFamily::kChebyshevW:
        shift = k == 0 ? 1 : 0;
        break;
      case PolynomialFamily::kHermiteH:
        back = 2 * whole;
        break;
      case PolynomialFamily::kHermiteHe:
        slope = 1;
        back = whole;
        break;
      case PolynomialFamily::kLaguerreL:
        slope = -1;
        shift = 2 * whole + 1;
        back = whole;
        divisor = whole + 1;
        break;
      case PolynomialFamily::kLegendreP:
        slope = 2 * whole + 1;
        back = whole;
        divisor = whole + 1;
        break;
    }
    for (int64_t order = derivative; order >= 0; --order) {
      const double below = order > 0 ? static_cast<double>(order) * slope * here[order - 1] : 0;
      const double next =
          ((slope * x + shift) * here[order] + below - back * before[order]) / divisor;
      before[order] = here[order];
      here[order] = next;
    }
  }
  return here[derivative];
}

NEURA_AFTER_ELEMENTS();

#endif  // NEURA_TENSOR_ELEMENTS_POLYNOMIAL_H_
