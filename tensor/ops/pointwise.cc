#include "neura/tensor/ops/pointwise.h"

#include <cmath>
#include <complex>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/device_memory.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/dispatch.h"
#include "neura/tensor/ops/op_list.h"
#include "neura/tensor/ops/pointwise_type.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"

namespace neura {
namespace {

// The number in the dtype of `tensor`.
Tensor NumberFor(const Tensor& tensor, const Scalar& value) {
  if (!tensor.defined()) return {};  // the call reports it
  return ScalarTensor(value, {.dtype = tensor.dtype(), .device = tensor.device()});
}

Tensor CallInPlace(OpId op, const void* options, TensorRefs inputs) {
  DispatchInPlace(op, options, inputs);
  return *inputs[0];
}

}  // namespace

#define NEURA_UNARY(Name, name, rule, doc)                                  \
  Tensor Name(const Tensor& input) { return Call<op::k##Name>({}, input); } \
  Tensor Name##InPlace(const Tensor& input) { return CallInPlace(op::k##Name, nullptr, {&input}); }
#define NEURA_UNARY_WITH(Name, name, Options, rule, doc)              \
  Tensor Name(const Tensor& input, const Options& options) {          \
    return Call<op::k##Name>(options, input);                         \
  }                                                                   \
  Tensor Name##InPlace(const Tensor& input, const Options& options) { \
    return CallInPlace(op::k##Name, &options, {&input});              \
  }
#define NEURA_BINARY(Name, name, rule, doc)                                      \
  Tensor Name(const Tensor& input, const Tensor& other) {                        \
    return Call<op::k##Name>({}, input, other);                                  \
  }                                                                              \
  Tensor Name(const Tensor& input, const Scalar& other) {                        \
    return Name(input, NumberBeside(op::k##Name, input, other, false));          \
  }                                                                              \
  Tensor Name(const Scalar& input, const Tensor& other) {                        \
    return Name(NumberBeside(op::k##Name, other, input, true), other);           \
  }                                                                              \
  Tensor Name##InPlace(const Tensor& input, const Tensor& other) {               \
    return CallInPlace(op::k##Name, nullptr, {&input, &other});                  \
  }                                                                              \
  Tensor Name##InPlace(const Tensor& input, const Scalar& other) {               \
    return Name##InPlace(input, NumberBeside(op::k##Name, input, other, false)); \
  }
#include "neura/tensor/ops/op_list/pointwise.inc"

Tensor NextAfter(const Tensor& input, const Tensor& other) {
  return Call<op::kNextAfter>({}, input, other);
}
Tensor Polynomial(const Tensor& input, const Tensor& n, const PolynomialOptions& options) {
  return Call<op::kPolynomial>(options, input, n);
}

Tensor Where(const Tensor& condition, const Tensor& input, const Tensor& other) {
  return Call<op::kWhere>({}, condition, input, other);
}
Tensor Where(const Tensor& condition, const Tensor& input, const Scalar& other) {
  return Where(condition, input, NumberBeside(op::kWhere, input, other, false));
}
Tensor Where(const Tensor& condition, const Scalar& input, const Tensor& other) {
  return Where(condition, NumberBeside(op::kWhere, other, input, true), other);
}

Tensor MaskedFill(const Tensor& input, const Tensor& mask, const Operand& value) {
  RequireDefined("masked_fill", input);
  if (!value.is_tensor) return Where(mask, NumberFor(input, value.scalar), input);
  RequireDefined("masked_fill", value.tensor);
  if (value.tensor.numel() != 1) {
    ThrowInvalidArgument(
        absl::StrCat("masked_fill: the value must have one element, got ", Describe(value.tensor)));
  }
  return Where(mask, Reshape(Cast(value.tensor, input.dtype()), {}), input);
}

namespace {

void RequireBound(const std::optional<Operand>& min, const std::optional<Operand>& max) {
  if (!min && !max) ThrowInvalidArgument("clamp: at least one of min and max must be given");
}

// Where no bound is a tensor.
std::optional<ClampOptions> NumberBounds(const std::optional<Operand>& min,
                                         const std::optional<Operand>& max) {
  if ((min && min->is_tensor) || (max && max->is_tensor)) return std::nullopt;
  ClampOptions options;
  if (min) options.min = min->scalar;
  if (max) options.max = max->scalar;
  return options;
}

}  // namespace

Tensor ClampBetween(const Tensor& input, const std::optional<Operand>& min,
                    const std::optional<Operand>& max) {
  RequireDefined("clamp", input);
  RequireBound(min, max);
  for (const std::optional<Operand>& each : {std::optional<Operand>(input), min, max}) {
    const bool complex =
        each && (each->is_tensor ? each->tensor.defined() && IsComplex(each->tensor.dtype())
                                 : each->scalar.category() == DTypeCategory::kComplex);
    if (complex) {
      ThrowUnimplemented(
          absl::StrCat("clamp: complex numbers have no order, got ",
                       each->is_tensor ? Describe(each->tensor) : ToString(each->scalar)));
    }
  }
  if (const std::optional<ClampOptions> numbers = NumberBounds(min, max)) {
    return Clamp(input, *numbers);
  }
  // Beside a bound that is a tensor, a number becomes one as well, of the dtype in which they meet.
  const auto bound_beside = [&](const std::optional<Operand>& bound,
                                const std::optional<Operand>& other) {
    if (!bound) return Tensor();
    if (bound->is_tensor) {
      RequireDefined("clamp", bound->tensor);
      return bound->tensor;
    }
    const Tensor* both[] = {&input, &other->tensor};
    return NumberBeside(op::kClamp, Cast(input, PromotedDType(both)), bound->scalar, false)
        .Release();
  };
  // The bound where it binds or is NaN. Elsewhere, also where it is met, the input.
  const auto bounded = [](const Tensor& x, const Tensor& bound, const Tensor& binds) {
    return Where(IsFloating(bound.dtype()) ? LogicalOr(binds, IsNan(bound)) : binds, bound, x);
  };
  const Tensor least = bound_beside(min, max), most = bound_beside(max, min);
  Tensor result = input;
  if (least.defined()) result = bounded(result, least, result < least);
  if (most.defined()) result = bounded(result, most, result > most);
  return result;
}

Tensor ClampBetweenInPlace(const Tensor& input, const std::optional<Operand>& min,
                           const std::optional<Operand>& max) {
  RequireBound(min, max);
  if (const std::optional<ClampOptions> numbers = NumberBounds(min, max)) {
    return ClampInPlace(input, *numbers);
  }
  return AssignResult("clamp_", input, ClampBetween(input, min, max));
}

Tensor ClampMin(const Tensor& input, const Operand& min) { return ClampBetween(input, min); }
Tensor ClampMax(const Tensor& input, const Operand& max) { return ClampBetween(input, {}, max); }

namespace {

Tensor Scaled(const Tensor& tensor, const Scalar& factor) {
  return factor == Scalar(1) ? tensor : Mul(tensor, factor);
}

// `function`, of the operation `op`, of the input and alpha * other.
Tensor WithScaled(OpId op, const Operand& input, const Operand& other, const Scalar& alpha,
                  Tensor (*function)(const Tensor&, const Tensor&)) {
  Operand both[] = {input, other};
  NumbersToTensors(op, absl::MakeSpan(both));
  return function(both[0].tensor, Scaled(both[1].tensor, alpha));
}

}  // namespace

Tensor AddScaled(const Operand& input, const Operand& other, const Scalar& alpha) {
  return WithScaled(op::kAdd, input, other, alpha, &Add);
}
Tensor SubScaled(const Operand& input, const Operand& other, const Scalar& alpha) {
  return WithScaled(op::kSub, input, other, alpha, &Sub);
}
Tensor AddScaledInPlace(const Tensor& input, const Operand& other, const Scalar& alpha) {
  return WithScaled(op::kAdd, input, other, alpha, &AddInPlace);
}
Tensor SubScaledInPlace(const Tensor& input, const Operand& other, const Scalar& alpha) {
  return WithScaled(op::kSub, input, other, alpha, &SubInPlace);
}
Tensor Addcmul(const Tensor& input, const Tensor& tensor1, const Tensor& tensor2,
               const Scalar& value) {
  const Tensor product = tensor1 * tensor2;
  RequireDefined("addcmul", input);
  const DType dtype = PromoteTypes(input.dtype(), product.dtype());
  return input + Scaled(product, FactorIn(dtype, value));
}
Tensor Addcdiv(const Tensor& input, const Tensor& tensor1, const Tensor& tensor2,
               const Scalar& value) {
  return input + Scaled(tensor1 / tensor2, value);
}

Tensor Lerp(const Tensor& input, const Tensor& end, const Operand& by) {
  // From the nearer side, so that both ends are exact.
  if (by.is_tensor) {
    const Tensor& weights = by.tensor;
    const Tensor way = end - input;
    return Where(Abs(weights) < 0.5, input + way * weights, end - way * (1 - weights));
  }
  const Scalar& weight = by.scalar;
  const auto w = weight.To<std::complex<double>>();
  if (std::abs(w) < 0.5) return input + (end - input) * weight;
  const Scalar rest = weight.category() <= DTypeCategory::kIntegral
                          ? Scalar(1 - weight.To<int64_t>())
                      : weight.category() == DTypeCategory::kComplex ? Scalar(1.0 - w)
                                                                     : Scalar(1 - w.real());
  return end - (end - input) * rest;
}

Tensor IsClose(const Tensor& input, const Tensor& other, double rtol, double atol, bool equal_nan) {
  RequireDefined("isclose", input);
  RequireDefined("isclose", other);
  const DType dtype = PromoteTypes(input.dtype(), other.dtype());
  Tensor close = input == other;
  if (IsDifferentiable(dtype)) {
    const Tensor a = Cast(input, dtype), b = Cast(other, dtype);
    // Of what is infinite only the same is near.
    const Tensor distance = Abs(a - b);
    close = LogicalOr(close, LogicalAnd(IsFinite(distance), distance <= atol + rtol * Abs(b)));
    return equal_nan ? LogicalOr(close, LogicalAnd(IsNan(a), IsNan(b))) : close;
  }
  if (dtype == kUInt64) {
    const Tensor a = Cast(input, dtype), b = Cast(other, dtype);
    const Tensor distance = Cast(Maximum(a, b) - Minimum(a, b), kFloat64);
    return LogicalOr(close, distance <= atol + rtol * Cast(b, kFloat64));
  }
  // What wraps in int64 is the distance less 2^64.
  const Tensor a = Cast(input, kInt64), b = Cast(other, kInt64);
  const Tensor difference = Cast(Maximum(a, b) - Minimum(a, b), kFloat64);
  const Tensor distance = Where(difference < 0, difference + 0x1p64, difference);
  return LogicalOr(close, distance <= atol + rtol * Abs(Cast(b, kFloat64)));
}

bool AllClose(const Tensor& input, const Tensor& other, double rtol, double atol, bool equal_nan) {
  return All(IsClose(input, other, rtol, atol, equal_nan)).Item<bool>();
}

bool Equal(const Tensor& input, const Tensor& other) {
  RequireDefined("equal", input);
  RequireDefined("equal", other);
  return input.shape() == other.shape() && All(input == other).Item<bool>();
}

}  // namespace neura
