// Normalization by the elements themselves, beyond what layers.cc reads.
#include "absl/strings/str_cat.h"
#include "neura/onnx/import/ops.h"
#include "neura/tensor/tensor.h"

namespace neura::onnx {
namespace {

using graph::ValueId;

Dims From(int64_t first, int64_t end) {
  Dims dims;
  for (int64_t d = first; d < end; ++d) dims.push_back(d);
  return dims;
}

}  // namespace

// By the root of the mean square, in float32 where the input is narrower.
// SimplifiedLayerNormalization, which it was before it came to be a part of the standard, also
// tells the factors.
void ReadRmsNormalization(NodeReader& node) {
  const ValueId x = node.in(0);
  const DType dtype = node.dtype(x);
  const Dims over = From(node.Axis(node.Int("axis", -1), node.rank(x)), node.rank(x));
  const double eps = node.Float("epsilon", 1e-5);
  node.Int("stash_type", 1);
  const std::vector<ValueId> results =
      node.TraceAll({x, node.in(1)}, [&](absl::Span<const Tensor> in) {
        const Tensor wide = Cast(in[0], WideDType(dtype));
        const Tensor factor = Rsqrt(Mean(Square(wide), {.dims = over, .keepdim = true}) + eps);
        return std::vector{Cast(wide * factor, dtype) * in[1], factor};
      });
  node.Out(results[0]);
  if (node.Wants(1)) node.Out(results[1], 1);
}

// Of opset 18 with scales of groups, which was withdrawn; from 21 on, of channels.
void ReadGroupNormalization(NodeReader& node) {
  const ValueId x = node.in(0);
  const int64_t groups = node.Int("num_groups", 0), channels = node.FixedExtent(x, 1);
  const double eps = node.Float("epsilon", 1e-5);
  node.Int("stash_type", 1);
  if (groups < 1 || channels % groups != 0) {
    ThrowInvalidArgument(absl::StrCat(channels, " channels do not make ", groups, " groups"));
  }
  const bool of_groups = node.opset() < 21;
  node.Out(node.Trace(
      [&](const Tensor& x, const Tensor& scale, const Tensor& bias) {
        const auto per_channel = [&](const Tensor& value) {
          if (!of_groups) return value;
          return Flatten(Expand(Unsqueeze(value, 1), {groups, channels / groups}));
        };
        return GroupNorm(x, groups, per_channel(scale), per_channel(bias), eps);
      },
      x, node.in(1), node.in(2)));
}

void ReadLpNormalization(NodeReader& node) {
  const ValueId x = node.in(0);
  const int64_t axis = node.Axis(node.Int("axis", -1), node.rank(x)), p = node.Int("p", 2);
  if (p != 1 && p != 2) node.Unsupported(absl::StrCat("p = ", p));
  node.Out(node.Trace(
      [&](const Tensor& x) {
        const ReduceOptions over{.dims = {axis}, .keepdim = true};
        const Tensor norm = p == 1 ? Sum(Abs(x), over) : Sqrt(Sum(Square(x), over));
        return Where(Eq(norm, 0), ZerosLike(x), x / norm);
      },
      x));
}

void ReadMeanVarianceNormalization(NodeReader& node) {
  const ValueId x = node.in(0);
  const std::vector<int64_t> axes = node.Ints("axes", {0, 2, 3});
  const ReduceOptions over{.dims = Dims(axes.begin(), axes.end()), .keepdim = true};
  node.Out(node.Trace(
      [&](const Tensor& x) {
        const Tensor mean = Mean(x, over);
        return (x - mean) / (Sqrt(Mean(Square(x), over) - Square(mean)) + 1e-9);
      },
      x));
}

// 1 for the first of the largest elements, before operator set 13 of all dimensions from the axis
// on together.
void ReadHardmax(NodeReader& node) {
  const ValueId x = node.in(0);
  const bool flat = node.opset() < 13;
  const int64_t axis = node.Axis(node.Int("axis", flat ? 1 : -1), node.rank(x));
  node.Out(node.Trace(
      [&](const Tensor& x) {
        const Tensor rows = flat ? Flatten(x, axis, -1) : x;
        const Tensor largest = ArgMax(rows, {.dim = axis, .keepdim = true});
        Dims shape(static_cast<size_t>(rows.dim()), 1);
        shape[static_cast<size_t>(axis)] = -1;
        const Tensor place = Reshape(Arange(rows.size(axis)), shape);
        return Reshape(Cast(Eq(place, largest), x.dtype()), x.shape());
      },
      x));
}

void ReadLrn(NodeReader& node) {
  const double alpha = node.Float("alpha", 1e-4), beta = node.Float("beta", 0.75);
  const double bias = node.Float("bias", 1);
  const int64_t size = node.Int("size", 0);
  if (size < 1 || size > (1 << 20)) ThrowInvalidArgument("expects a positive size");
  // Of an even number of channels there is one more after than before.
  const int64_t before = (size - 1) / 2, after = size - 1 - before;
  const auto rank = static_cast<size_t>(node.rank(node.in(0)));
  if (rank < 3) ThrowInvalidArgument("expects [N, C, ...]");
  PadOptions pad{.before = Dims(rank, 0), .after = Dims(rank, 0)};
  pad.before[1] = before;
  pad.after[1] = after;
  node.Out(node.Trace(
      [&](const Tensor& x) {
        const Tensor around = Sum(Unfold(Pad(Square(x), pad), 1, size, 1), {.dims = {-1}});
        return x / Pow(bias + around * (alpha / static_cast<double>(size)), beta);
      },
      node.in(0)));
}

}  // namespace neura::onnx
