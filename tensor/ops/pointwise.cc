#include "neura/tensor/ops/pointwise.h"

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/device_memory.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/dispatch.h"
#include "neura/tensor/ops/pointwise_type.h"
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

#define NEURA_UNARY(Name, name, rule, doc)                                         \
  Tensor Name(const Tensor& input) { return Call(OpId::k##Name, nullptr, input); } \
  Tensor Name##InPlace(const Tensor& input) {                                      \
    return CallInPlace(OpId::k##Name, nullptr, {&input});                          \
  }
#define NEURA_UNARY_WITH(Name, name, Options, rule, doc)              \
  Tensor Name(const Tensor& input, const Options& options) {          \
    return Call(OpId::k##Name, &options, input);                      \
  }                                                                   \
  Tensor Name##InPlace(const Tensor& input, const Options& options) { \
    return CallInPlace(OpId::k##Name, &options, {&input});            \
  }
#define NEURA_BINARY(Name, name, rule, doc)                                        \
  Tensor Name(const Tensor& input, const Tensor& other) {                          \
    return Call(OpId::k##Name, nullptr, input, other);                             \
  }                                                                                \
  Tensor Name(const Tensor& input, const Scalar& other) {                          \
    return Name(input, NumberBeside(OpId::k##Name, input, other, false));          \
  }                                                                                \
  Tensor Name(const Scalar& input, const Tensor& other) {                          \
    return Name(NumberBeside(OpId::k##Name, other, input, true), other);           \
  }                                                                                \
  Tensor Name##InPlace(const Tensor& input, const Tensor& other) {                 \
    return CallInPlace(OpId::k##Name, nullptr, {&input, &other});                  \
  }                                                                                \
  Tensor Name##InPlace(const Tensor& input, const Scalar& other) {                 \
    return Name##InPlace(input, NumberBeside(OpId::k##Name, input, other, false)); \
  }
#include "neura/tensor/ops/op_list.inc"

Tensor Where(const Tensor& condition, const Tensor& input, const Tensor& other) {
  return Call(OpId::kWhere, nullptr, condition, input, other);
}
Tensor Where(const Tensor& condition, const Tensor& input, const Scalar& other) {
  return Where(condition, input, NumberBeside(OpId::kWhere, input, other, false));
}
Tensor Where(const Tensor& condition, const Scalar& input, const Tensor& other) {
  return Where(condition, NumberBeside(OpId::kWhere, other, input, true), other);
}

Tensor MaskedFill(const Tensor& input, const Tensor& mask, const Scalar& value) {
  return Where(mask, NumberFor(input, value), input);
}

Tensor MaskedFill(const Tensor& input, const Tensor& mask, const Tensor& value) {
  RequireDefined("masked_fill", input);
  RequireDefined("masked_fill", value);
  if (value.numel() != 1) {
    ThrowInvalidArgument(
        absl::StrCat("masked_fill: the value must have one element, got ", Describe(value)));
  }
  return Where(mask, Reshape(Cast(value, input.dtype()), {}), input);
}

Tensor Clamp(const Tensor& input, const Tensor& min, const Tensor& max) {
  RequireDefined("clamp", input);
  // The bound where it binds or is NaN. Elsewhere, also where it is met, the input.
  const auto bounded = [](const Tensor& x, const Tensor& bound, const Tensor& binds) {
    return Where(IsFloating(bound.dtype()) ? LogicalOr(binds, IsNan(bound)) : binds, bound, x);
  };
  Tensor result = input;
  if (min.defined()) result = bounded(result, min, result < min);
  if (max.defined()) result = bounded(result, max, result > max);
  return result;
}

Tensor Lerp(const Tensor& input, const Tensor& end, const Scalar& weight) {
  // From the nearer side, so that both ends are exact.
  const double w = weight.To<double>();
  if (w < 0.5) return input + (end - input) * weight;
  const bool whole = weight.category() <= DTypeCategory::kIntegral;
  return end - (end - input) * (whole ? Scalar(1 - weight.To<int64_t>()) : Scalar(1 - w));
}

Tensor IsClose(const Tensor& input, const Tensor& other, double rtol, double atol, bool equal_nan) {
  RequireDefined("isclose", input);
  RequireDefined("isclose", other);
  const DType dtype = PromoteTypes(input.dtype(), other.dtype());
  Tensor close = input == other;
  if (IsFloating(dtype)) {
    const Tensor a = Cast(input, dtype), b = Cast(other, dtype);
    // Of what is infinite only the same is near.
    const Tensor distance = Abs(a - b);
    close = LogicalOr(close, LogicalAnd(IsFinite(distance), distance <= atol + rtol * Abs(b)));
    return equal_nan ? LogicalOr(close, LogicalAnd(IsNan(a), IsNan(b))) : close;
  }
  if (IsComplex(dtype)) {
    ThrowInvalidArgument(absl::StrCat("isclose: no complex numbers, got ", Describe(input), " and ",
                                      Describe(other)));
  }
  // What wraps in int64 is the distance less 2^64.
  const Tensor a = Cast(input, kInt64), b = Cast(other, kInt64);
  const Tensor difference = Cast(Maximum(a, b) - Minimum(a, b), kFloat64);
  const Tensor distance = Where(difference < 0, difference + 0x1p64, difference);
  return LogicalOr(close, distance <= atol + rtol * Abs(Cast(b, kFloat64)));
}

Tensor Cast(const Tensor& input, DType dtype) {
  if (input.defined() && input.dtype() == dtype) return input;
  const CastOptions options{.dtype = dtype};
  return Call(OpId::kCast, &options, input);
}

Tensor Clone(const Tensor& input) { return Call(OpId::kClone, nullptr, input); }

Tensor To(const Tensor& input, Device device, bool non_blocking) {
  if (input.defined() && input.device() == device) return input;
  const ToDeviceOptions options{.non_blocking = non_blocking};
  const Tensor* refs[] = {&input};
  Tensor output;
  Dispatch(OpId::kToDevice, &options, refs, absl::MakeSpan(&output, 1), device);
  return output;
}

Tensor PinMemory(const Tensor& input) {
  RequireDefined("pin_memory", input);
  const Tensor source = Contiguous(input);
  IntrusivePtr<Storage> storage = Storage::Allocate(source.nbytes(), kCpu, PinnedAllocator());
  CopyBytes({storage->data(), kCpu}, {source.raw_data(), source.device()}, source.nbytes());
  return Tensor::View(std::move(storage), 0, source.shape(), source.strides(), source.dtype());
}

Tensor Contiguous(const Tensor& input) {
  return input.defined() && input.is_contiguous() ? input : Clone(input);
}

Tensor Assign(const Tensor& input, const Tensor& source) {
  return CallInPlace(OpId::kAssign, nullptr, {&input, &source});
}
Tensor Fill(const Tensor& input, const Scalar& value) {
  return Assign(input, NumberFor(input, value));
}

}  // namespace neura
