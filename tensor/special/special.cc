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

Tensor I0(const Tensor& input) { return Exp(Abs(input)) * BesselI0e(input); }
Tensor I1(const Tensor& input) { return Exp(Abs(input)) * BesselI1e(input); }

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
