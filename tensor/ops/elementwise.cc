// Element by element, from operations that there are.
#include <cmath>
#include <limits>
#include <numbers>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/dtype_limits.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/dispatch.h"
#include "neura/tensor/ops/op_list/pointwise.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/shape.h"

namespace neura {
namespace {

struct Pair {
  Tensor a, b;
};
Pair TensorsOf(OpId op, const Operand& a, const Operand& b) {
  Operand both[] = {a, b};
  NumbersToTensors(op, absl::MakeSpan(both));
  return {both[0].tensor, both[1].tensor};
}

}  // namespace

Tensor DivRounded(const Operand& input, const Operand& other,
                  const std::optional<std::string>& rounding_mode) {
  if (!rounding_mode) {
    const auto [a, b] = TensorsOf(op::kDiv, input, other);
    return Div(a, b);
  }
  const auto [a, b] = TensorsOf(op::kFloorDivide, input, other);
  if (*rounding_mode == "floor") return FloorDivide(a, b);
  if (*rounding_mode != "trunc") {
    ThrowInvalidArgument(
        absl::StrCat("div: rounding_mode must be None, \"trunc\" or \"floor\", "
                     "got \"",
                     *rounding_mode, "\""));
  }
  RequireDefined("div", a);
  RequireDefined("div", b);
  if (IsFloating(PromoteTypes(a.dtype(), b.dtype()))) return Trunc(a / b);
  return FloorDivide(a - Fmod(a, b), b);
}

Tensor RoundTo(const Tensor& input, int64_t decimals) {
  RequireDefined("round", input);
  if (decimals == 0 || !IsFloating(input.dtype())) return Round(input);
  const double scale = std::pow(10.0, std::fabs(static_cast<double>(decimals)));
  return decimals > 0 ? Round(input * scale) / scale : Round(input / scale) * scale;
}

Tensor Frac(const Tensor& input) { return input - Trunc(input); }
Tensor Positive(const Tensor& input) {
  RequireDefined("positive", input);
  return input;
}
Tensor DegToRad(const Tensor& input) { return input * (std::numbers::pi / 180); }
Tensor RadToDeg(const Tensor& input) { return input * (180 / std::numbers::pi); }

Tensor Sinc(const Tensor& input) {
  const Tensor angle = input * std::numbers::pi;
  const Tensor zero = angle == 0;
  // Without a division by 0 that a gradient could meet.
  const Tensor divisor = Where(zero, 1, angle);
  return Where(zero, 1, Sin(divisor) / divisor);
}

Tensor Logit(const Tensor& input, const std::optional<double>& eps) {
  const Tensor x = eps ? Clamp(input, {.min = *eps, .max = 1 - *eps}) : input;
  return Log(x / (1 - x));
}

Tensor XLogY(const Operand& input, const Operand& other) {
  const auto [a, b] = TensorsOf(op::kDiv, input, other);
  RequireDefined("xlogy", a);
  RequireDefined("xlogy", b);
  // Where the product would be NaN; elsewhere the gradient is log(b), also at 0.
  const Tensor none =
      LogicalAnd(a == 0, LogicalOr(b <= 0, b == std::numeric_limits<double>::infinity()));
  return Where(none, 0, a * Log(Where(none, 1, b)));
}

Tensor NanToNum(const Tensor& input, double nan, const std::optional<double>& posinf,
                const std::optional<double>& neginf) {
  RequireDefined("nan_to_num", input);
  if (!IsFloating(input.dtype())) return Clone(input);
  const double most = FloatLimitsOf(input.dtype()).max;
  Tensor result = Where(IsNan(input), nan, input);
  result = Where(input == std::numeric_limits<double>::infinity(), posinf.value_or(most), result);
  return Where(input == -std::numeric_limits<double>::infinity(), neginf.value_or(-most), result);
}

Tensor FMax(const Tensor& input, const Tensor& other) {
  RequireDefined("fmax", other);
  return Where(LogicalOr(input >= other, IsNan(other)), input, other);
}
Tensor FMin(const Tensor& input, const Tensor& other) {
  RequireDefined("fmin", other);
  return Where(LogicalOr(input <= other, IsNan(other)), input, other);
}

Tensor Heaviside(const Tensor& input, const Tensor& values) {
  RequireDefined("heaviside", input);
  RequireDefined("heaviside", values);
  if (input.dtype() != values.dtype()) {
    ThrowInvalidArgument(absl::StrCat("heaviside: ", Describe(input), " and ", Describe(values),
                                      " must have one dtype"));
  }
  return Where(input == 0, values, Cast(input > 0, input.dtype()));
}

namespace {

// The distance of two numbers, 0 between equal infinities, too.
Tensor Apart(const Tensor& a, const Tensor& b) { return Abs(Where(a == b, 0, a - b)); }

}  // namespace

Tensor LogAddExp(const Tensor& input, const Tensor& other) {
  return Maximum(input, other) + Log1p(Exp(-Apart(input, other)));
}
Tensor LogAddExp2(const Tensor& input, const Tensor& other) {
  return Maximum(input, other) + Log1p(Exp2(-Apart(input, other))) * (1 / std::numbers::ln2);
}

Tensor LdExp(const Tensor& input, const Tensor& other) { return input * Exp2(other); }

Tensor FloatPower(const Operand& input, const Operand& exponent) {
  const Device device = input.tensor.defined()      ? input.tensor.device()
                        : exponent.tensor.defined() ? exponent.tensor.device()
                                                    : kCpu;
  const auto wide = [&](const Operand& operand) {
    if (!operand.is_tensor) {
      const bool complex = operand.scalar.category() == DTypeCategory::kComplex;
      return ScalarTensor(operand.scalar,
                          {.dtype = complex ? kComplex128 : kFloat64, .device = device});
    }
    RequireDefined("float_power", operand.tensor);
    return Cast(operand.tensor, IsComplex(operand.tensor.dtype()) ? kComplex128 : kFloat64);
  };
  return Pow(wide(input), wide(exponent));
}

FrexpResult Frexp(const Tensor& input) {
  RequireDefined("frexp", input);
  if (!IsFloating(input.dtype())) {
    ThrowInvalidArgument(
        absl::StrCat("frexp: expected floating point numbers, got ", Describe(input)));
  }
  return {FrexpMantissa(input), Cast(FrexpExponent(input), kInt32)};
}

Tensor Filled(const Tensor& input, const Operand& value) {
  RequireDefined("fill", input);
  if (!value.is_tensor) return FullLike(input, value.scalar);
  RequireDefined("fill", value.tensor);
  if (value.tensor.numel() != 1) {
    ThrowInvalidArgument(
        absl::StrCat("fill: the value must have one element, got ", Describe(value.tensor)));
  }
  return Clone(Expand(Cast(Reshape(value.tensor, {}), input.dtype()), input.shape()));
}

Tensor IsPosInf(const Tensor& input) { return input == std::numeric_limits<double>::infinity(); }
Tensor IsNegInf(const Tensor& input) { return input == -std::numeric_limits<double>::infinity(); }

Tensor MultiGammaLn(const Tensor& input, int64_t p) {
  constexpr int64_t kMost = 1 << 12;
  if (p < 1 || p > kMost) {
    ThrowInvalidArgument(absl::StrCat("mvlgamma: p = ", p, " must be from 1 to ", kMost));
  }
  Tensor sum = Lgamma(input);
  for (int64_t j = 1; j < p; ++j) sum = sum + Lgamma(input - 0.5 * static_cast<double>(j));
  return sum + 0.25 * static_cast<double>(p * (p - 1)) * std::log(std::numbers::pi);
}

Tensor Lcm(const Tensor& input, const Tensor& other) {
  const Tensor divisor = Gcd(input, other);
  return Abs(FloorDivide(input, Where(divisor == 0, 1, divisor)) * other);
}

}  // namespace neura
