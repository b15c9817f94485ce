#include "neura/tensor/special/special.h"

#include <limits>
#include <numbers>

#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/op_list/pointwise.h"
#include "neura/tensor/ops/pointwise.h"

namespace neura::special {

Tensor Entr(const Tensor& input) {
  return Where(input < 0, -std::numeric_limits<double>::infinity(), -neura::XLogY(input, input));
}

Tensor Ndtr(const Tensor& input) { return Erfc(input * -std::numbers::sqrt2 / 2) / 2; }

namespace {

// exp(|x|) * scaled, which may be a number where exp(|x|) is none; at infinities `limit`.
Tensor Unscaled(const Tensor& size, const Tensor& scaled, const Tensor& limit) {
  const Tensor root = Exp(size * 0.5);
  return Where(IsInf(limit), limit, root * (root * scaled));
}

// Infinities have limits, where a product with 0 would be NaN.
Tensor Vanishing(const Tensor& scaled, const Tensor& input) {
  const Tensor beyond = input == std::numeric_limits<double>::infinity();
  return Where(beyond, 0, scaled * Exp(Where(beyond, 0, input) * -1.0));
}

Tensor PolynomialOfOperands(const char* family, const Operand& input, const Operand& n) {
  Operand both[] = {input, n};
  NumbersToTensors(op::kPolynomial, absl::MakeSpan(both));
  return Polynomial(both[0].tensor, both[1].tensor, {.family = family});
}
Tensor Shifted(const char* family, const Operand& input, const Operand& n) {
  Operand both[] = {input, n};
  NumbersToTensors(op::kPolynomial, absl::MakeSpan(both));
  RequireDefined(family, both[0].tensor);
  return Polynomial(both[0].tensor * 2.0 - 1.0, both[1].tensor, {.family = family});
}

}  // namespace

Tensor I0(const Tensor& input) {
  RequireDefined("i0", input);
  const Tensor size = input.dtype() == kBool ? input : Abs(input);
  return Unscaled(size, BesselI0e(input), size);
}
Tensor I1(const Tensor& input) {
  RequireDefined("i1", input);
  return Unscaled(input.dtype() == kBool ? input : Abs(input), BesselI1e(input), input);
}

Tensor ModifiedBesselK0(const Tensor& input) { return Vanishing(BesselK0e(input), input); }
Tensor ModifiedBesselK1(const Tensor& input) { return Vanishing(BesselK1e(input), input); }

Tensor SphericalBesselJ0(const Tensor& input) {
  const Tensor zero = input == 0, beyond = IsInf(input);
  // Without a division by 0 that a gradient could meet.
  const Tensor divisor = Where(LogicalOr(zero, beyond), 1.0, input);
  return Where(zero, 1.0, Where(beyond, 0.0, Sin(divisor) / divisor));
}

#define NEURA_POLYNOMIAL(Name, family)                  \
  Tensor Name(const Operand& input, const Operand& n) { \
    return PolynomialOfOperands(family, input, n);      \
  }
#define NEURA_CHEBYSHEV(kind, family)                                               \
  NEURA_POLYNOMIAL(ChebyshevPolynomial##kind, family)                               \
  Tensor ShiftedChebyshevPolynomial##kind(const Operand& input, const Operand& n) { \
    return Shifted(family, input, n);                                               \
  }
NEURA_CHEBYSHEV(T, "chebyshev_t")
NEURA_CHEBYSHEV(U, "chebyshev_u")
NEURA_CHEBYSHEV(V, "chebyshev_v")
NEURA_CHEBYSHEV(W, "chebyshev_w")
NEURA_POLYNOMIAL(HermitePolynomialH, "hermite_h")
NEURA_POLYNOMIAL(HermitePolynomialHe, "hermite_he")
NEURA_POLYNOMIAL(LaguerrePolynomialL, "laguerre_l")
NEURA_POLYNOMIAL(LegendrePolynomialP, "legendre_p")
#undef NEURA_CHEBYSHEV
#undef NEURA_POLYNOMIAL

Tensor LogNdtr(const Tensor& input) {
  // Each formula sees only what it is good for, so that its derivative is finite.
  const Tensor low = input < -1;
  const Tensor x = Where(low, input, -1.0), y = Where(low, -1.0, input);
  return Where(low, Log(ErfCx(x * (-std::numbers::sqrt2 / 2)) / 2) - x * x / 2,
               Log1p(Erfc(y * (std::numbers::sqrt2 / 2)) * -0.5));
}

Tensor ZetaOf(const Operand& input, const Operand& other) {
  Operand both[] = {input, other};
  NumbersToTensors(op::kZeta, absl::MakeSpan(both));
  return Zeta(both[0].tensor, both[1].tensor);
}

Tensor XLog1pY(const Operand& input, const Operand& other) {
  Operand both[] = {input, other};
  NumbersToTensors(op::kDiv, absl::MakeSpan(both));
  const Tensor &x = both[0].tensor, &y = both[1].tensor;
  RequireDefined("xlog1py", x);
  RequireDefined("xlog1py", y);
  // Where the product would be NaN; elsewhere the gradient is log1p(y), also at 0.
  const Tensor none =
      LogicalAnd(x == 0, LogicalOr(y <= -1, y == std::numeric_limits<double>::infinity()));
  return Where(none, 0, x * Log1p(Where(none, 0, y)));
}

}  // namespace neura::special
