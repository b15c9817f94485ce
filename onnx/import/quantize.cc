// Products are computed exactly, in float64 or integers, and rounded as the standard says: half to
// even.
#include "neura/onnx/import/quantize.h"

#include "absl/strings/str_cat.h"
#include "neura/onnx/format/tensor_message.h"
#include "neura/onnx/import/narrow.h"
#include "neura/onnx/import/ops.h"
#include "neura/tensor/core/dtype_limits.h"
#include "neura/tensor/tensor.h"

namespace neura::onnx {
namespace {

using graph::kNone;
using graph::ValueId;

// The shape of a vector along one dimension of x.
Dims Along(const Tensor& x, int64_t axis) {
  if (axis < 0 || axis >= x.dim()) {
    ThrowInvalidArgument(absl::StrCat("there is no dimension ", axis, " in ", Describe(x),
                                      " for which there are several scales or zero points"));
  }
  Dims shape(static_cast<size_t>(x.dim()), 1);
  shape[static_cast<size_t>(axis)] = -1;
  return shape;
}

}  // namespace

Tensor Spread(const Tensor& value, const Tensor& x, int64_t axis, int64_t block) {
  if (value.dim() == 0 || (value.dim() == 1 && value.numel() == 1)) return Reshape(value, {});
  if (block > 0) {
    const Tensor rows = RepeatInterleave(value, block, axis);
    return rows.size(axis) == x.size(axis) ? rows : Slice(rows, axis, 0, x.size(axis));
  }
  return Reshape(value, Along(x, axis));
}

Tensor Saturated(const Tensor& x, DType dtype, const NarrowType* narrow) {
  const IntegerLimits limits = IntegerLimitsOf(dtype);
  const int unused = narrow != nullptr ? 8 - narrow->bits : 0;
  const int64_t least = limits.min >> unused, most = static_cast<int64_t>(limits.max) >> unused;
  return Cast(Minimum(Maximum(x, least), most), dtype);
}

bool IsQuantized(DType dtype) {
  return dtype == kInt8 || dtype == kUInt8 || dtype == kInt16 || dtype == kUInt16;
}

Quantized DynamicallyQuantized(const Tensor& x) {
  const Tensor least = Minimum(AMin(x), 0), most = Maximum(AMax(x), 0);
  const Tensor range = most - least;
  const Tensor scale = Where(Eq(range, 0), OnesLike(range), range / 255);
  const Tensor zero = Saturated(Round(-least / scale), kUInt8);
  return {Saturated(Round(x / scale) + Cast(zero, kFloat32), kUInt8), scale, zero};
}

namespace {

DType DTypeAttribute(NodeReader& node, std::string_view name, DType otherwise) {
  const int64_t type = node.Int(name, 0);
  if (type == 0) return otherwise;
  const absl::StatusOr<DType> dtype = FromElementType(static_cast<int>(type));
  if (!dtype.ok()) node.Unsupported(dtype.status().message());
  return *dtype;
}

int64_t AxisFor(NodeReader& node, ValueId x, ValueId scale) {
  const int64_t axis = node.Int("axis", 1);
  return node.rank(scale) == 0 || node.rank(x) == 0 ? 0
         : node.rank(scale) == 1 && node.shape(scale)[0] == graph::SymInt(1)
             ? 0
             : node.Axis(axis, node.rank(x));
}

}  // namespace

void ReadQuantizeLinear(NodeReader& node) {
  const NarrowType* narrow = node.Narrow(2);
  const ValueId x = node.in(0), scale = node.in(1), zero = node.in_or_none(2);
  const int64_t axis = AxisFor(node, x, scale), block = node.Int("block_size", 0);
  const bool saturate = node.Int("saturate", 1) != 0;
  const auto type = static_cast<int>(node.Int("output_dtype", 0));
  if (zero == kNone) narrow = FindNarrowType(type);
  const DType dtype = zero != kNone       ? node.dtype(zero)
                      : narrow != nullptr ? narrow->dtype
                                          : DTypeAttribute(node, "output_dtype", kUInt8);
  const DType wide =
      DTypeAttribute(node, "precision", IsFloating(node.dtype(x)) ? node.dtype(x) : kFloat32);
  if (!IsQuantized(dtype)) node.Unsupported(absl::StrCat("quantized as ", DTypeName(dtype)));
  const bool floating = narrow != nullptr && narrow->kind != NarrowType::Kind::kInteger;
  const ValueId offset =
      floating && zero != kNone ? node.Cast(FromNarrow(node, *narrow, zero), wide) : zero;
  const auto quantized = [&](absl::Span<const Tensor> in) {
    const Tensor steps = Cast(in[0], wide) / Cast(Spread(in[1], in[0], axis, block), wide);
    if (floating) {
      const Tensor moved = in[2].defined() ? steps + Spread(in[2], in[0], axis, block) : steps;
      return std::vector{ToNarrow(*narrow, moved, {.saturate = saturate})};
    }
    // Beyond the range all is cut off, so that clipping first loses nothing; float16 has no 2^24.
    const Tensor whole = Cast(Round(steps), wide == kFloat64 ? kFloat64 : kFloat32);
    Tensor y = Cast(Minimum(Maximum(whole, -(1 << 24)), 1 << 24), kInt32);
    if (in[2].defined()) y = y + Cast(Spread(in[2], in[0], axis, block), kInt32);
    return std::vector{Saturated(y, dtype, narrow)};
  };
  node.OutNarrow(node.TraceAll({x, scale, offset}, quantized)[0], narrow);
}

void ReadDequantizeLinear(NodeReader& node) {
  const NarrowType* const narrow = node.Narrow(0);
  if (node.Narrow(2) != narrow && node.has(2)) {
    ThrowInvalidArgument("the zero points are of another type than the elements");
  }
  const auto number = [&](size_t i) {
    if (narrow == nullptr || !node.has(i)) return node.in_or_none(i);
    return FromNarrow(node, *narrow, node.in(i));
  };
  const ValueId x = number(0), scale = node.in(1), zero = number(2);
  const int64_t axis = AxisFor(node, x, scale), block = node.Int("block_size", 0);
  const DType dtype = DTypeAttribute(node, "output_dtype", node.dtype(scale));
  const DType wide = IsFloating(node.dtype(x)) ? kFloat32 : kInt32;
  node.Out(node.TraceAll({x, scale, zero}, [&](absl::Span<const Tensor> in) {
    Tensor y = Cast(in[0], wide);
    if (in[2].defined()) y = y - Cast(Spread(in[2], in[0], axis, block), wide);
    return std::vector{
        Cast(Cast(y, kFloat32) * Cast(Spread(in[1], in[0], axis, block), kFloat32), dtype)};
  })[0]);
}

void ReadDynamicQuantizeLinear(NodeReader& node) {
  const std::vector<ValueId> results = node.TraceAll({node.in(0)}, [](absl::Span<const Tensor> in) {
    const Quantized y = DynamicallyQuantized(in[0]);
    return std::vector{y.elements, y.scale, y.zero};
  });
  for (size_t i = 0; i < results.size(); ++i) {
    if (node.Wants(i)) node.Out(results[i], i);
  }
}

namespace {

// Without its zero point, in a dtype in which sums of products are exact.
ValueId Centered(NodeReader& node, ValueId x, ValueId zero, int64_t axis, DType dtype) {
  if (zero == kNone) return node.Cast(x, dtype);
  return node.Trace(
      [&](const Tensor& x, const Tensor& zero) {
        Tensor wide = Cast(zero, kInt32);
        if (zero.dim() == 1 && zero.numel() != 1) {
          wide = Reshape(wide, Along(x, axis < 0 ? axis + x.dim() : axis));
        } else if (zero.dim() == 1) {
          wide = Reshape(wide, {});
        }
        return Cast(Cast(x, kInt32) - wide, dtype);
      },
      x, zero);
}

}  // namespace

ValueId IntegerProduct(NodeReader& node, ValueId a, ValueId a_zero, ValueId b, ValueId b_zero) {
  const ValueId left = Centered(node, a, a_zero, -2, kInt32);
  const ValueId right = Centered(node, b, b_zero, -1, kInt32);
  return node.Trace([](const Tensor& a, const Tensor& b) { return MatMul(a, b); }, left, right);
}

namespace {

ValueId IntegerConv(NodeReader& node, ValueId x, ValueId x_zero, ValueId w, ValueId w_zero) {
  const ValueId result = ConvOf(node, Centered(node, x, x_zero, 1, kFloat64),
                                Centered(node, w, w_zero, 0, kFloat64), kNone);
  return node.Cast(result, kInt32);
}

}  // namespace

ValueId Requantized(NodeReader& node, ValueId sum, std::array<ValueId, 3> scales, ValueId zero,
                    int64_t channel) {
  const DType dtype = node.dtype(zero);
  if (!IsQuantized(dtype)) node.Unsupported(absl::StrCat("quantized as ", DTypeName(dtype)));
  return node.TraceAll(
      {sum, scales[0], scales[1], scales[2], zero}, [&](absl::Span<const Tensor> in) {
        const auto spread = [&](const Tensor& value, int64_t axis) {
          return Spread(Cast(value, kFloat32), in[0], axis < 0 ? axis + in[0].dim() : axis, 0);
        };
        const Tensor factor =
            spread(in[1], -2) * spread(in[2], channel) / Reshape(Cast(in[3], kFloat32), {});
        const Tensor steps = Round(Cast(in[0], kFloat32) * factor);
        return std::vector{Saturated(steps + Reshape(Cast(in[4], kFloat32), {}), dtype)};
      })[0];
}

void ReadMatMulInteger(NodeReader& node) {
  node.Out(IntegerProduct(node, node.in(0), node.in_or_none(2), node.in(1), node.in_or_none(3)));
}

void ReadConvInteger(NodeReader& node) {
  node.Out(IntegerConv(node, node.in(0), node.in_or_none(2), node.in(1), node.in_or_none(3)));
}

void ReadQLinearMatMul(NodeReader& node) {
  const ValueId sum = IntegerProduct(node, node.in(0), node.in(2), node.in(3), node.in(5));
  node.Out(Requantized(node, sum, {node.in(1), node.in(4), node.in(6)}, node.in(7), -1));
}

void ReadQLinearConv(NodeReader& node) { node.Out(QLinearConvOf(node, node.in(0))); }

ValueId QLinearConvOf(NodeReader& node, ValueId x) {
  ValueId sum = IntegerConv(node, x, node.in(2), node.in(3), node.in(5));
  if (node.has(8)) {
    sum = node.Trace(
        [](const Tensor& sum, const Tensor& bias) { return sum + Reshape(bias, Along(sum, 1)); },
        sum, node.in(8));
  }
  return Requantized(node, sum, {node.in(1), node.in(4), node.in(6)}, node.in(7), 1);
}

}  // namespace neura::onnx
