#include "neura/onnx/import/narrow.h"

#include <cmath>
#include <limits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "neura/tensor/tensor.h"

namespace neura::onnx {
namespace {

using Kind = NarrowType::Kind;

float ValueOf(const NarrowType& type, int held) {
  constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
  if (type.kind == Kind::kScale)
    return held == type.nan ? kNaN : std::ldexp(1.0f, held - type.bias);
  const int sign = 1 << (type.bits - 1), size = held & (sign - 1);
  if (held == type.nan || (type.has_negative_zero() && type.nan >= 0 && size > type.largest)) {
    if (size != type.infinity) return kNaN;
  }
  float value = std::numeric_limits<float>::infinity();
  if (size != type.infinity) {
    const int one = 1 << type.fraction_bits, exponent = size >> type.fraction_bits;
    const int fraction = size % one + (exponent > 0 ? one : 0);
    value = std::ldexp(static_cast<float>(fraction),
                       std::max(exponent, 1) - type.bias - type.fraction_bits);
  }
  return held & sign ? -value : value;
}

Tensor Replaced(const Tensor& x, const Tensor& where, int64_t by) {
  return MaskedFill(x, where, Scalar(by));
}

// The largest power of 2 that is not above |x|, as its exponent; of 0 a very small one.
Tensor ExponentOf(const Tensor& x) { return Replaced(FrexpExponent(x) - 1, x == 0, -(1 << 14)); }

// x 2^exponent, exact.
Tensor Scaled(const Tensor& x, const Tensor& exponent) {
  return x * Exp2(Cast(exponent, x.dtype()));
}

Tensor ToScale(const NarrowType& type, const Tensor& x, const ToNarrowOptions& options) {
  const Tensor size = Abs(x);
  Tensor exponent = Maximum(ExponentOf(size), -type.bias);
  // In [1, 2), but for numbers below the smallest power.
  const Tensor fraction = Scaled(size, -exponent);
  Tensor up;
  if (options.round_mode == "up") {
    up = fraction > 1;
  } else if (options.round_mode == "nearest") {
    up = fraction >= 1.5;
  } else if (options.round_mode == "down") {
    up = fraction > 2;
  } else {
    ThrowInvalidArgument(absl::StrCat("round_mode ", options.round_mode, " is unknown"));
  }
  exponent = exponent + Cast(up, kInt32) + type.bias;
  exponent = Minimum(exponent, options.saturate ? type.largest : type.nan);
  return Cast(Replaced(exponent, LogicalNot(IsFinite(x)), type.nan), kUInt8);
}

Tensor ToFloating(const NarrowType& type, const Tensor& x, const ToNarrowOptions& options) {
  const int smallest = 1 - type.bias;
  const Tensor size = Abs(x);
  const Tensor exponent = Maximum(ExponentOf(size), smallest);
  // In steps of the last bit, of which the exponent's own bits count so many more each.
  const Tensor steps = Round(Scaled(size, type.fraction_bits - exponent));
  Tensor held = Cast(Minimum(steps, 1 << (type.fraction_bits + 1)), kInt32) +
                (exponent - smallest) * (1 << type.fraction_bits);
  const bool saturate = options.saturate || type.nan < 0;
  const int beyond = saturate ? type.largest : type.infinity >= 0 ? type.infinity : type.nan;
  held = Replaced(held, LogicalOr(held > type.largest, IsInf(x)), beyond);
  if (type.nan >= 0) held = Replaced(held, IsNan(x), type.nan);
  const int sign = 1 << (type.bits - 1);
  Tensor negative = SignBit(x);
  if (!type.has_negative_zero()) negative = LogicalAnd(negative, LogicalAnd(held > 0, held < sign));
  return Cast(held + Cast(negative, kInt32) * sign, kUInt8);
}

}  // namespace

Tensor NumbersOf(const NarrowType& type) {
  std::vector<float> numbers;
  for (int i = 0; i < 1 << type.bits; ++i) numbers.push_back(ValueOf(type, i));
  return FromVector(numbers, {1 << type.bits});
}

graph::ValueId FromNarrow(NodeReader& node, const NarrowType& type, graph::ValueId held) {
  if (type.kind == Kind::kInteger) return held;
  return node.Trace(
      [](const Tensor& bits, const Tensor& numbers) { return Take(numbers, Cast(bits, kInt64)); },
      held, node.Constant(NumbersOf(type)));
}

Tensor ToNarrow(const NarrowType& type, const Tensor& x, const ToNarrowOptions& options) {
  if (type.kind == Kind::kInteger) {
    const int range = 1 << type.bits, below = type.dtype == kInt8 ? range / 2 : 0;
    return Cast(BitwiseAnd(Cast(x, kInt32) + below, range - 1) - below, type.dtype);
  }
  const Tensor wide = x.dtype() == kFloat64 ? x : Cast(x, kFloat32);
  return type.kind == Kind::kScale ? ToScale(type, wide, options) : ToFloating(type, wide, options);
}

}  // namespace neura::onnx
