// Derivatives of pointwise operations and of copies. In a row, g is the gradient of the output, x
// (or a and b) the inputs, y the output; a gradient of broadcast shape is summed back by the
// engine.
#include <cmath>
#include <numbers>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "neura/autograd/rule_table.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/op_list/copy.h"
#include "neura/tensor/ops/op_list/pointwise.h"
#include "neura/tensor/ops/pointwise.h"

namespace neura::autograd {
namespace {

constexpr double kTwoOverSqrtPi = 2 * std::numbers::inv_sqrtpi;

// The derivative of x * Phi(x), and of its approximation by tanh.
Tensor GeluDerivative(const Tensor& x, const GeluOptions& options) {
  if (options.approximate == "tanh") {
    const double c = std::numbers::sqrt2 * std::numbers::inv_sqrtpi;
    const Tensor t = Tanh(c * (x + 0.044715 * x * x * x));
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * c * (1 + 3 * 0.044715 * x * x);
  }
  const Tensor cdf = 0.5 * (1 + Erf(x * (1 / std::numbers::sqrt2)));
  const Tensor pdf = Exp(-0.5 * x * x) * (0.5 * std::numbers::sqrt2 * std::numbers::inv_sqrtpi);
  return cdf + x * pdf;
}

// g inside the bounds, 0 outside; a bound itself counts as inside unless the clamp is open. A NaN
// is inside of an open clamp alone, as in PyTorch.
Tensor ClampGrad(const Tensor& g, const Tensor& x, const ClampOptions& options) {
  Tensor grad = g;
  if (options.min) {
    grad = options.open ? Where(x <= *options.min, 0, grad) : Where(x >= *options.min, grad, 0);
  }
  if (options.max) {
    grad = options.open ? Where(x >= *options.max, 0, grad) : Where(x <= *options.max, grad, 0);
  }
  return grad;
}

// The gradient of an operand of maximum or minimum: all where it is chosen or either is NaN, half
// where both are equal.
Tensor ChosenGrad(const Tensor& g, const Tensor& loses, const Tensor& ties) {
  return Where(loses, 0, Where(ties, g * 0.5, g));
}

// a^b for the derivative in b: log(0) counts as 0 where 0^b = 0.
Tensor LogBase(const Tensor& a) { return Log(Where(a == 0, 1.0, a)); }

// Of x / |x| what is across x stays: g - s re(conj(s) g), over |x|.
Tensor SgnGrad(const Tensor& g, const Tensor& x) {
  if (!IsComplex(x.dtype())) return ZerosLike(g);
  const Tensor zero = x == 0, sign = Sgn(x);
  const Tensor across = g - sign * Real(Conj(sign) * g);
  return Where(zero, 0, across / Abs(Where(zero, 1, x)));
}
// y / x of a function y of x that is x / 2 near 0.
Tensor OverOrHalf(const Tensor& y, const Tensor& x) {
  return Where(x == 0, 0.5, y / Where(x == 0, 1, x));
}

// The power of 2 that is y / x, 1 of what has none.
Tensor OverOrOne(const Tensor& y, const Tensor& x) {
  const Tensor none = LogicalOr(x == 0, LogicalNot(IsFinite(x)));
  return Where(none, 1, y / Where(none, 1, x));
}

// The derivative of the regularized incomplete gamma function.
Tensor GammaDensity(const Tensor& a, const Tensor& x) {
  return Exp((a - 1) * Log(x) - x - Lgamma(a));
}

// By the order of a function, which PyTorch has no derivative by, either.
[[noreturn]] Tensor NoDerivative(std::string_view input) {
  ThrowUnimplemented(
      absl::StrCat("there is no derivative by ", input, ", the order of a function"));
}

Tensor Derived(const Tensor& x, const Tensor& n, PolynomialOptions options) {
  ++options.derivative;
  return Polynomial(x, n, options);
}

}  // namespace

void AddPointwiseRules(RuleTable& table) {
#define UNARY(Name, saves, derivative)                                           \
  table.Add(op::k##Name, saves, [](RuleContext& c) {                             \
    [[maybe_unused]] const Tensor &g = c.grad(), x = c.input(0), y = c.output(); \
    c.Set(0, derivative);                                                        \
  });
// Of the parts of complex numbers, too.
#define UNARY_OF_PARTS(Name, saves, derivative)                                  \
  table.AddOfParts(op::k##Name, saves, [](RuleContext& c) {                      \
    [[maybe_unused]] const Tensor &g = c.grad(), x = c.input(0), y = c.output(); \
    c.Set(0, derivative);                                                        \
  });
#define BINARY(Name, saves, derivative_a, derivative_b)           \
  table.Add(op::k##Name, saves, [](RuleContext& c) {              \
    [[maybe_unused]] const Tensor &g = c.grad(), y = c.output();  \
    [[maybe_unused]] const Tensor a = c.input(0), b = c.input(1); \
    if (c.needs(0)) c.Set(0, derivative_a);                       \
    if (c.needs(1)) c.Set(1, derivative_b);                       \
  });

  UNARY(Neg, kSaveNothing, -g)
  UNARY_OF_PARTS(Abs, kSaveInput, g * Sgn(x))
  UNARY_OF_PARTS(Sgn, kSaveInput, SgnGrad(g, x))
  UNARY_OF_PARTS(ConjPhysical, kSaveNothing, Conj(g))
  UNARY(Square, kSaveInput, g * (x * 2))
  UNARY(Relu, kSaveOutput, ReluGrad(g, y))
  UNARY(Reciprocal, kSaveOutput, -g * y * y)
  UNARY(Sqrt, kSaveOutput, g / (y * 2))
  UNARY(Rsqrt, kSaveOutput, g * (y * y * y) * -0.5)
  UNARY(Exp, kSaveOutput, g * y)
  UNARY(Exp2, kSaveOutput, g * (y * std::numbers::ln2))
  UNARY(Expm1, kSaveOutput, g * (y + 1))
  UNARY(Log, kSaveInput, g / x)
  UNARY(Log2, kSaveInput, g / (x * std::log(2.0)))
  UNARY(Log10, kSaveInput, g / (x * std::log(10.0)))
  UNARY(Log1p, kSaveInput, g / (x + 1))
  UNARY(Sin, kSaveInput, g * Cos(x))
  UNARY(Cos, kSaveInput, -g * Sin(x))
  UNARY(Tan, kSaveOutput, g * (1 + y * y))
  UNARY(Asin, kSaveInput, g * Rsqrt(1 - x * x))
  UNARY(Acos, kSaveInput, -g * Rsqrt(1 - x * x))
  UNARY(Atan, kSaveInput, g / (1 + x * x))
  UNARY(Sinh, kSaveInput, g * Cosh(x))
  UNARY(Cosh, kSaveInput, g * Sinh(x))
  UNARY(Tanh, kSaveOutput, g * (1 - y * y))
  UNARY(Asinh, kSaveInput, g * Rsqrt(x * x + 1))
  UNARY(Acosh, kSaveInput,
        IsComplex(x.dtype()) ? g * Rsqrt(x + 1) * Rsqrt(x - 1) : g * Rsqrt(x * x - 1))
  UNARY(Atanh, kSaveInput, g / (1 - x * x))
  UNARY(Erf, kSaveInput, g * Exp(-x * x) * kTwoOverSqrtPi)
  UNARY(Erfc, kSaveInput, g * Exp(-x * x) * -kTwoOverSqrtPi)
  UNARY(ErfInv, kSaveOutput, g * Exp(y * y) * (1 / kTwoOverSqrtPi))
  UNARY(Lgamma, kSaveInput, g * Digamma(x))
  UNARY(Digamma, kSaveInput, g * PolyGamma(x, {.n = 1}))
  UNARY(PolyGamma, kSaveInput, g * PolyGamma(x, {.n = c.Get<PolyGammaOptions>().n + 1}))
  UNARY(ErfCx, (Saves{.inputs = 0b1, .outputs = 0b1}), g * (x * y * 2 - kTwoOverSqrtPi))
  UNARY(NdTri, kSaveOutput, g * Exp(y * y / 2) * std::sqrt(2 * std::numbers::pi))
  UNARY(BesselI0e, (Saves{.inputs = 0b1, .outputs = 0b1}), g * (BesselI1e(x) - Sign(x) * y))
  UNARY(BesselI1e, (Saves{.inputs = 0b1, .outputs = 0b1}),
        g * (BesselI0e(x) - Sign(x) * y - OverOrHalf(y, x)))
  UNARY(BesselJ0, kSaveInput, -g * BesselJ1(x))
  UNARY(BesselJ1, (Saves{.inputs = 0b1, .outputs = 0b1}), g * (BesselJ0(x) - OverOrHalf(y, x)))
  UNARY(BesselY0, kSaveInput, -g * BesselY1(x))
  UNARY(BesselY1, (Saves{.inputs = 0b1, .outputs = 0b1}), g * (BesselY0(x) - y / x))
  UNARY(BesselK0e, (Saves{.inputs = 0b1, .outputs = 0b1}), g * (y - BesselK1e(x)))
  UNARY(BesselK1e, (Saves{.inputs = 0b1, .outputs = 0b1}), g * (y - BesselK0e(x) - y / x))
  UNARY(AiryAi, kSaveInput,
        c.Get<AiryAiOptions>().derivative ? g * x * AiryAi(x) : g * AiryAi(x, {.derivative = true}))
  UNARY(FrexpMantissa, (Saves{.inputs = 0b1, .outputs = 0b1}), g * OverOrOne(y, x))
  UNARY(FrexpExponent, kSaveNothing, ZerosLike(g))
  UNARY(Sigmoid, kSaveOutput, g * (y * (1 - y)))
  UNARY(Silu, kSaveInput, g * (Sigmoid(x) * (1 + x * (1 - Sigmoid(x)))))
  UNARY(Softplus, kSaveInput, g * Sigmoid(x))
  UNARY(Gelu, kSaveInput, g * GeluDerivative(x, c.Get<GeluOptions>()))
  UNARY(LeakyRelu, kSaveInput, Where(x > 0, g, g * c.Get<LeakyReluOptions>().negative_slope))
  // Flat but for their steps.
  UNARY(Sign, kSaveNothing, ZerosLike(g))
  UNARY(Floor, kSaveNothing, ZerosLike(g))
  UNARY(Ceil, kSaveNothing, ZerosLike(g))
  UNARY(Round, kSaveNothing, ZerosLike(g))
  UNARY(Trunc, kSaveNothing, ZerosLike(g))
  UNARY(Clamp, kSaveInput, ClampGrad(g, x, c.Get<ClampOptions>()))

  BINARY(Add, kSaveNothing, g, g)
  BINARY(Sub, kSaveNothing, g, -g)
  BINARY(Mul, kSaveEachOther, g * b, g * a)
  BINARY(Div, (Saves{.inputs = 0b10, .for_second = 0b01}), g / b, -g * a / (b * b))
  BINARY(Remainder, (Saves{.for_second = 0b11}), g, -g * FloorDivide(a, b))
  BINARY(Fmod, (Saves{.for_second = 0b11}), g, -g * Trunc(a / b))
  BINARY(Hypot, (Saves{.inputs = 0b11, .outputs = 0b1}), g * (a / y), g * (b / y))
  BINARY(GammaInc, kSaveInputs, NoDerivative("input"), g * GammaDensity(a, b))
  BINARY(GammaIncC, kSaveInputs, NoDerivative("input"), -g * GammaDensity(a, b))
  BINARY(Zeta, kSaveInputs, NoDerivative("input"), -g * a * Zeta(a + 1, b))
  BINARY(Polynomial, kSaveInputs, g * Derived(a, b, c.Get<PolynomialOptions>()), NoDerivative("n"))
  BINARY(CopySign, (Saves{.inputs = 0b1, .outputs = 0b1}), Where(a == 0, 0, g * (y / a)),
         ZerosLike(g))
  BINARY(FloorDivide, kSaveNothing, ZerosLike(g), ZerosLike(g))
  BINARY(Pow, (Saves{.inputs = 0b11, .outputs = 0b1}), g * Where(b == 0, 0, b * Pow(a, b - 1)),
         g * y * LogBase(a))
  BINARY(Atan2, kSaveInputs, g * b / (a * a + b * b), -g * a / (a * a + b * b))
  BINARY(Maximum, kSaveInputs, ChosenGrad(g, a < b, a == b), ChosenGrad(g, b < a, a == b))
  BINARY(Minimum, kSaveInputs, ChosenGrad(g, b < a, a == b), ChosenGrad(g, a < b, a == b))
  BINARY(ReluGrad, kSaveOther, ReluGrad(g, b), ZerosLike(g))
#undef UNARY
#undef UNARY_OF_PARTS
#undef BINARY

  table.AddOfParts(op::kWhere, kSaveInput, [](RuleContext& c) {
    const Tensor condition = c.input(0);
    if (c.needs(1)) c.Set(1, Where(condition, c.grad(), 0));
    if (c.needs(2)) c.Set(2, Where(condition, 0, c.grad()));
  });
  table.AddOfParts(op::kClone, kSaveNothing, [](RuleContext& c) { c.Set(0, c.grad()); });
  table.AddOfParts(op::kToDevice, kSaveNothing,
                   [](RuleContext& c) { c.Set(0, To(c.grad(), c.input_device(0))); });
  table.AddOfParts(op::kCast, kSaveNothing,
                   [](RuleContext& c) { c.Set(0, Cast(c.grad(), c.input_dtype(0))); });
  // What was overwritten has no influence any more.
  table.AddOfParts(op::kAssign, kSaveNothing, [](RuleContext& c) {
    if (c.needs(0)) c.Set(0, ZerosLike(c.grad()));
    if (c.needs(1)) c.Set(1, Cast(c.grad(), c.input_dtype(1)));
  });

  for (OpId op : {op::kIsNan,
                  op::kIsInf,
                  op::kIsFinite,
                  op::kLogicalNot,
                  op::kLogicalAnd,
                  op::kLogicalOr,
                  op::kLogicalXor,
                  op::kSignBit,
                  op::kNextAfter,
                  op::kGcd,
                  op::kBitwiseNot,
                  op::kBitwiseAnd,
                  op::kBitwiseOr,
                  op::kBitwiseXor,
                  op::kBitwiseLeftShift,
                  op::kBitwiseRightShift,
                  op::kEq,
                  op::kNe,
                  op::kLt,
                  op::kLe,
                  op::kGt,
                  op::kGe}) {
    table.NotDifferentiable(op);
  }
}

}  // namespace neura::autograd
