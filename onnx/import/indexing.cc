// Reading and writing at places that tensors name.
#include <algorithm>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "neura/onnx/format/tensor_message.h"
#include "neura/onnx/import/ops.h"
#include "neura/tensor/ops/op_list/index.h"
#include "neura/tensor/ops/op_list/view.h"
#include "neura/tensor/tensor.h"

namespace neura::onnx {
namespace {

using graph::SymInt;
using graph::ValueId;

// x, indices as int64, what follows, and `count` extents of x from `first` on, which may be open.
std::vector<ValueId> WithExtents(NodeReader& node, std::vector<ValueId> values, int64_t first,
                                 int64_t count) {
  values[1] = node.Cast(values[1], kInt64);
  for (int64_t d = first; d < first + count; ++d) {
    values.push_back(node.Number(node.shape(values[0])[static_cast<size_t>(d)], values[1]));
  }
  return values;
}

// Places [..., count] in dimensions of these extents, as places in those flattened. Negative ones
// count from the end; what is outside becomes -1, which no operation takes.
Tensor FlatPlaces(const Tensor& places, absl::Span<const Tensor> extents) {
  Tensor flat, inside;
  for (size_t i = 0; i < extents.size(); ++i) {
    const Tensor& extent = extents[i];
    const Tensor given = Select(places, -1, static_cast<int64_t>(i));
    const Tensor place = Where(given < 0, given + extent, given);
    const Tensor is_inside = LogicalAnd(place >= 0, place < extent);
    inside = inside.defined() ? LogicalAnd(inside, is_inside) : is_inside;
    flat = flat.defined() ? flat * extent + place : place;
  }
  return Where(inside, flat, FullLike(flat, -1));
}

Dims Joined(DimsView a, DimsView b) {
  Dims joined(a.begin(), a.end());
  joined.insert(joined.end(), b.begin(), b.end());
  return joined;
}

}  // namespace

void ReadGatherNd(NodeReader& node) {
  const ValueId x = node.in(0), indices = node.in(1);
  const int64_t batch = node.Int("batch_dims", 0);
  const int64_t count = node.FixedExtent(indices, node.rank(indices) - 1);
  if (batch < 0 || batch >= node.rank(indices) || count < 1 || batch + count > node.rank(x)) {
    ThrowInvalidArgument("indices name more dimensions than X has");
  }
  node.Out(node.TraceAll(
      WithExtents(node, {x, indices}, batch, count), [&](absl::Span<const Tensor> in) {
        const Tensor &x = in[0], &indices = in[1];
        const absl::Span<const Tensor> extents = in.subspan(2);
        const DimsView shape = x.shape(), places = indices.shape();
        const auto b = static_cast<size_t>(batch), c = static_cast<size_t>(count);
        const Dims result = Joined(places.subspan(0, places.size() - 1), shape.subspan(b + c));
        Tensor rows = FlatPlaces(indices, extents);
        if (batch > 0) {
          // Rows of all batches follow each other.
          const Tensor flat = Flatten(x, 0, batch - 1), of = Flatten(rows, 0, batch - 1);
          Tensor per_batch = extents[0];
          for (const Tensor& extent : extents.subspan(1)) per_batch = per_batch * extent;
          Dims column(static_cast<size_t>(of.dim()), 1);
          column[0] = -1;
          const Tensor first = Reshape(Arange(flat.size(0)) * per_batch, column);
          rows = Where(of < 0, of, of + first);
        }
        const Tensor table = Flatten(x, 0, batch + count - 1);
        return std::vector{Reshape(IndexSelect(table, 0, Flatten(rows)), result)};
      })[0]);
}

void ReadScatterNd(NodeReader& node) {
  const ValueId x = node.in(0), indices = node.in(1);
  const std::string reduction = node.String("reduction", "none");
  const int64_t count = node.FixedExtent(indices, node.rank(indices) - 1);
  if (count < 1 || count > node.rank(x)) {
    ThrowInvalidArgument("indices name more dimensions than X has");
  }
  node.Out(node.TraceAll(
      WithExtents(node, {x, indices, node.in(2)}, 0, count), [&](absl::Span<const Tensor> in) {
        const Tensor &x = in[0], &updates = in[2];
        const Tensor places = Flatten(FlatPlaces(in[1], in.subspan(3)));
        const Tensor table = Flatten(x, 0, count - 1);
        Dims rows(table.shape().begin(), table.shape().end());
        rows[0] = -1;
        Dims column(rows.size(), 1);
        column[0] = -1;
        const Tensor source = Reshape(updates, rows);
        const Tensor index = Expand(Reshape(places, column), source.shape());
        return std::vector{Reshape(
            ScatterElements(table, index, source, {.dim = 0, .reduction = reduction}), x.shape())};
      })[0]);
}

void ReadOneHot(NodeReader& node) {
  const ValueId indices = node.in(0);
  // Of any dtype of numbers.
  const std::optional<Tensor> known = node.Known(1);
  if (known && known->numel() != 1) ThrowInvalidArgument("depth must be one number");
  const SymInt depth =
      known ? SymInt(known->Item<int64_t>()) : SymInt::Element(node.Cast(node.in(1), kInt64), 0);
  const int64_t axis = node.Axis(node.Int("axis", -1), node.rank(indices) + 1);
  const ValueId values = node.in(2);
  const ValueId wide = node.Cast(indices, kInt64);
  const ValueId count = node.Number(depth, wide);
  const ValueId range = node.Full({depth}, 1, kInt64);
  node.Out(node.Trace(
      [&](const Tensor& indices, const Tensor& ones, const Tensor& count, const Tensor& values) {
        Dims shape(static_cast<size_t>(indices.dim()) + 1, 1);
        shape[static_cast<size_t>(axis)] = -1;
        const Tensor place = Reshape(CumSum(ones, 0) - 1, shape);
        const Tensor wanted = Unsqueeze(Where(indices < 0, indices + count, indices), axis);
        return Where(Eq(place, wanted), Select(values, 0, 1), Select(values, 0, 0));
      },
      wide, range, count, values));
}

void ReadEyeLike(NodeReader& node) {
  const ValueId x = node.in(0);
  const int64_t k = node.Int("k", 0);
  DType dtype = node.dtype(x);
  if (node.HasAttribute("dtype")) {
    const absl::StatusOr<DType> given = FromElementType(static_cast<int>(node.Int("dtype", 0)));
    if (!given.ok()) node.Unsupported(given.status().message());
    dtype = *given;
  }
  if (node.rank(x) != 2) ThrowInvalidArgument("expects a matrix");
  node.Out(node.Trace(
      [&](const Tensor& x) {
        const Tensor row = Unsqueeze(Arange(x.size(0)), 1);
        return Cast(Eq(Arange(x.size(1)) - row, k), dtype);
      },
      x));
}

// The first elements along time of each batch in reverse, as many as its length.
void ReadReverseSequence(NodeReader& node) {
  const ValueId x = node.in(0);
  const int64_t time = node.Int("time_axis", 0), batch = node.Int("batch_axis", 1);
  if (std::min(time, batch) != 0 || std::max(time, batch) != 1 || node.rank(x) < 2) {
    ThrowInvalidArgument("time and batch are the first two dimensions");
  }
  node.Out(node.Trace(
      [&](const Tensor& x, const Tensor& lengths) {
        const Tensor step = Unsqueeze(Arange(x.size(time)), batch);
        const Tensor length = Unsqueeze(Cast(lengths, kInt64), time);
        Tensor index = Where(step < length, length - 1 - step, step);
        while (index.dim() < x.dim()) index = Unsqueeze(index, -1);
        return Gather(x, time, Expand(index, x.shape()));
      },
      x, node.in(1)));
}

// A cache with new entries along an axis, from a place of each batch on.
void ReadTensorScatter(NodeReader& node) {
  const ValueId x = node.in(0);
  const std::string mode = node.String("mode", "linear");
  if (mode != "linear" && mode != "circular") node.Unsupported(absl::StrCat("mode ", mode));
  const int64_t axis = node.Axis(node.Int("axis", -2), node.rank(x));
  if (axis == 0) ThrowInvalidArgument("the axis is that of batches");
  node.Out(node.TraceAll({x, node.in(1), node.in_or_none(2)}, [&](absl::Span<const Tensor> in) {
    Tensor place = Arange(in[1].size(axis));
    if (in[2].defined()) place = Unsqueeze(Cast(in[2], kInt64), 1) + place;
    place = Reshape(place, {-1, in[1].size(axis)});
    if (mode == "circular") place = Remainder(place, in[0].size(axis));
    Dims shape(static_cast<size_t>(in[1].dim()), 1);
    shape[0] = place.size(0);
    shape[static_cast<size_t>(axis)] = in[1].size(axis);
    const Tensor index = Expand(Reshape(place, shape), in[1].shape());
    return std::vector{ScatterElements(in[0], index, in[1], {.dim = axis, .reduction = "none"})};
  })[0]);
}

}  // namespace neura::onnx
