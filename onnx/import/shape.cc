// Shapes, constants, joining and indexing.
#include "neura/tensor/ops/op_list/shape.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "neura/onnx/format/tensor_message.h"
#include "neura/onnx/import/ops.h"
#include "neura/tensor/ops/op_list/create.h"
#include "neura/tensor/ops/op_list/dims.h"
#include "neura/tensor/ops/op_list/index.h"
#include "neura/tensor/ops/op_list/pointwise.h"
#include "neura/tensor/ops/op_list/view.h"

namespace neura::onnx {
namespace {

using graph::Extent;
using graph::ValueId;

}  // namespace

// `start` and `end` came with operator set 15.
void ReadShape(NodeReader& node) {
  const ValueId x = node.in(0);
  const int64_t rank = node.rank(x);
  const auto bound = [rank](int64_t i) {
    return std::clamp<int64_t>(i < 0 ? i + rank : i, 0, rank);
  };
  const int64_t start = bound(node.Int("start", 0)), end = bound(node.Int("end", rank));
  const std::vector<Extent>& shape = node.shape(x);
  std::vector<Extent> extents(shape.begin() + start, shape.begin() + std::max(start, end));
  const auto count = static_cast<int64_t>(extents.size());
  node.OutKnown(KnownValue::Sizes(std::move(extents), {count}));
}

namespace {

// Of extents [begin, end), where at most one is open.
std::optional<Extent> Product(const std::vector<Extent>& shape, int64_t begin, int64_t end) {
  Extent result = 1;
  for (int64_t i = begin; i < end; ++i) {
    const Extent& extent = shape[static_cast<size_t>(i)];
    if (!extent.is_known() || (!extent.is_number() && !result.is_number())) return std::nullopt;
    const int symbol = extent.is_number() ? result.symbol : extent.symbol;
    int64_t factor;
    if (__builtin_mul_overflow(result.factor, extent.factor, &factor)) return std::nullopt;
    result = factor == 0 ? Extent(0) : Extent(factor, symbol);
  }
  return result;
}

}  // namespace

void ReadSize(NodeReader& node) {
  const std::vector<Extent>& shape = node.shape(node.in(0));
  const std::optional<Extent> size = Product(shape, 0, static_cast<int64_t>(shape.size()));
  node.OutKnown(KnownValue::Sizes({size.value_or(Extent::Unknown())}, {}));
}

void ReadConstant(NodeReader& node) {
  Tensor value;
  if (std::optional<Tensor> tensor = node.TensorAttribute("value")) {
    value = *tensor;
  } else if (node.HasAttribute("value_float")) {
    value = ScalarTensor(node.Float("value_float", 0), {.dtype = kFloat32});
  } else if (node.HasAttribute("value_int")) {
    value = ScalarTensor(node.Int("value_int", 0));
  } else if (node.HasAttribute("value_ints")) {
    const std::vector<int64_t> ints = node.Ints("value_ints");
    value = FromVector(ints, {static_cast<int64_t>(ints.size())});
  } else if (node.HasAttribute("value_floats")) {
    const std::vector<double> floats = node.Floats("value_floats");
    value = Cast(FromVector(floats, {static_cast<int64_t>(floats.size())}), kFloat32);
  } else {
    node.Unsupported("the constant has no value that is supported");
  }
  node.OutKnown(KnownValue::Constant(value));
}

void ReadConstantOfShape(NodeReader& node) {
  Tensor value = node.TensorAttribute("value").value_or(Zeros({1}));
  if (value.numel() != 1) ThrowInvalidArgument("the value must have one element");
  node.Out(node.Full(node.Extents(0), value.ItemScalar(), value.dtype()));
}

namespace {

// ceil((limit - start) / step), exact for integers.
int64_t RangeLength(const Tensor& start, const Tensor& limit, const Tensor& step) {
  constexpr int64_t kMax = INT32_MAX;
  if (IsFloating(start.dtype())) {
    const double length =
        std::ceil((limit.Item<double>() - start.Item<double>()) / step.Item<double>());
    if (!(length <= kMax)) ThrowInvalidArgument("the range is too long");
    return static_cast<int64_t>(std::max(length, 0.0));
  }
  __int128 distance = static_cast<__int128>(limit.Item<int64_t>()) - start.Item<int64_t>();
  __int128 stride = step.Item<int64_t>();
  if (stride < 0) {
    distance = -distance;
    stride = -stride;
  }
  const __int128 length = distance <= 0 ? 0 : (distance + stride - 1) / stride;
  if (length > kMax) ThrowInvalidArgument("the range is too long");
  return static_cast<int64_t>(length);
}

}  // namespace

void ReadRange(NodeReader& node) {
  const std::optional<Tensor> start = node.Known(0), delta = node.Known(2);
  if (!start || !delta) node.Unsupported("start and delta must be constants");
  const DType dtype = start->dtype();
  if (start->numel() != 1 || delta->numel() != 1) ThrowInvalidArgument("expects numbers");
  if (delta->Item<double>() == 0) ThrowInvalidArgument("delta is 0");
  if (const std::optional<Tensor> limit = node.Known(1)) {
    if (limit->numel() != 1) ThrowInvalidArgument("expects numbers");
    return node.Out(node.Add(op::kRange,
                             RangeOptions{.start = start->ItemScalar(),
                                          .step = delta->ItemScalar(),
                                          .length = RangeLength(*start, *limit, *delta),
                                          .dtype = dtype},
                             {}));
  }
  const std::vector<Extent> limit = node.Extents(1);
  if (limit.size() != 1 || start->Item<double>() != 0 || delta->Item<double>() != 1) {
    node.Unsupported("a range of open size must start at 0 and count by 1");
  }
  const RangeOptions options{.start = 0, .step = 1, .length = 0, .dtype = dtype};
  node.Out(node.AddNode(op::kRange, graph::OptionsBox(op::kRange, &options), {}, {{0, limit[0]}}));
}

// 0 takes the extent of the input, unless allowzero says otherwise.
void ReadReshape(NodeReader& node) {
  const ValueId x = node.in(0);
  std::vector<Extent> shape = node.Extents(1);
  const bool allow_zero = node.Int("allowzero", 0) != 0;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] != Extent(0) || allow_zero) continue;
    if (i >= node.shape(x).size()) ThrowInvalidArgument("0 stands for a dimension that X lacks");
    shape[i] = node.shape(x)[i];
    if (!shape[i].is_known()) node.Unsupported(absl::StrCat("dimension ", i, " of X is open"));
  }
  // -1 of nothing: what is left over.
  const auto wildcard = std::find(shape.begin(), shape.end(), Extent(-1));
  if (wildcard != shape.end() && std::count(shape.begin(), shape.end(), Extent(0)) > 0) {
    *wildcard = 0;
  }
  node.Out(node.Reshape(x, shape));
}

// Two dimensions: what is before the axis, and from it on.
void ReadFlatten(NodeReader& node) {
  const ValueId x = node.in(0);
  const int64_t rank = node.rank(x), given = node.Int("axis", 1);
  const int64_t axis = given < 0 ? given + rank : given;
  if (axis < 0 || axis > rank) ThrowInvalidArgument("the axis is outside X");
  const std::vector<Extent>& shape = node.shape(x);
  const std::optional<Extent> rows = Product(shape, 0, axis), columns = Product(shape, axis, rank);
  if (!rows && !columns) node.Unsupported("both halves have an open size");
  node.Out(node.Reshape(x, {rows.value_or(-1), columns.value_or(-1)}));
}

void ReadTranspose(NodeReader& node) {
  const ValueId x = node.in(0);
  std::vector<int64_t> reversed(static_cast<size_t>(node.rank(x)));
  std::iota(reversed.rbegin(), reversed.rend(), 0);
  const std::vector<int64_t> perm = node.Ints("perm", reversed);
  // Elsewhere ONNX counts from the end, here it does not.
  for (int64_t dim : perm) {
    if (dim < 0) ThrowInvalidArgument(absl::StrCat("perm has an element of ", dim));
  }
  node.Out(node.Permute(x, perm));
}

// Axes are an input from operator set 13 on.
void ReadSqueeze(NodeReader& node) {
  const ValueId x = node.in(0);
  Dims dims;
  if (const std::optional<std::vector<int64_t>> axes = node.IntsFrom("axes", 1)) {
    for (int64_t axis : *axes) {
      dims.push_back(node.Axis(axis, node.rank(x)));
      if (node.FixedExtent(x, dims.back()) != 1) {
        ThrowInvalidArgument(absl::StrCat("dimension ", dims.back(), " does not have extent 1"));
      }
    }
    if (dims.empty()) return node.Out(x);
  } else {
    // Those of extent 1, which an open size may have or not.
    for (int64_t d = 0; d < node.rank(x); ++d) {
      if (node.FixedExtent(x, d) == 1) dims.push_back(d);
    }
    if (dims.empty()) return node.Out(x);
  }
  node.Out(node.Add(op::kSqueeze, DimsOptions{.dims = dims}, {x}));
}

void ReadUnsqueeze(NodeReader& node) {
  ValueId x = node.in(0);
  const std::optional<std::vector<int64_t>> axes = node.IntsFrom("axes", 1);
  if (!axes) ThrowInvalidArgument("axes are missing");
  if (axes->size() > kMaxDims) ThrowInvalidArgument("too many axes");
  // Positions in the result, so the lower ones first.
  const int64_t rank = node.rank(x) + static_cast<int64_t>(axes->size());
  std::vector<int64_t> dims;
  for (int64_t axis : *axes) dims.push_back(node.Axis(axis, rank));
  std::sort(dims.begin(), dims.end());
  if (std::adjacent_find(dims.begin(), dims.end()) != dims.end()) {
    ThrowInvalidArgument("an axis is named twice");
  }
  for (int64_t dim : dims) x = node.Add(op::kUnsqueeze, DimOptions{.dim = dim}, {x});
  node.Out(x);
}

// Both sides broadcast.
void ReadExpand(NodeReader& node) {
  const ValueId x = node.in(0);
  std::vector<Extent> target = node.Extents(1);
  const std::vector<Extent>& shape = node.shape(x);
  if (target.size() < shape.size()) {
    target.insert(target.begin(), shape.size() - target.size(), Extent(1));
  }
  const size_t lead = target.size() - shape.size();
  for (size_t i = 0; i < shape.size(); ++i) {
    if (target[lead + i] == Extent(1))
      target[lead + i] = shape[i].is_known() ? shape[i] : Extent(-1);
  }
  node.Out(node.Expand(x, target));
}

void ReadTile(NodeReader& node) {
  ValueId x = node.in(0);
  const std::vector<Extent> repeats = node.Extents(1);
  const std::vector<Extent> shape = node.shape(x);
  if (repeats.size() != shape.size()) ThrowInvalidArgument("expects one number for each dimension");
  for (const Extent& repeat : repeats) {
    if (repeat.factor < 0) ThrowInvalidArgument("repeats less than 0 times");
  }
  for (size_t i = 0; i < shape.size(); ++i) {
    if (repeats[i] == Extent(1)) continue;
    const std::vector<Extent> before = node.shape(x);
    if (!before[i].is_number() && !repeats[i].is_number()) {
      node.Unsupported("an open size of a dimension of open size");
    }
    std::vector<Extent> repeated = before, tiled = before;
    repeated.insert(repeated.begin() + static_cast<ptrdiff_t>(i), repeats[i]);
    const int symbol = before[i].is_number() ? repeats[i].symbol : before[i].symbol;
    int64_t factor;
    if (__builtin_mul_overflow(before[i].factor, repeats[i].factor, &factor)) {
      ThrowInvalidArgument("the result is too large");
    }
    tiled[i] = Extent(factor, symbol);
    x = node.Add(op::kUnsqueeze, DimOptions{.dim = static_cast<int64_t>(i)}, {x});
    x = node.Reshape(node.Expand(x, repeated), tiled);
  }
  node.Out(x);
}

void ReadConcat(NodeReader& node) {
  std::vector<ValueId> parts;
  for (size_t i = 0; i < node.num_inputs(); ++i) parts.push_back(node.in(i));
  if (parts.empty()) ThrowInvalidArgument("joins nothing");
  const int64_t axis = node.Axis(node.Int("axis", 1), node.rank(parts[0]));
  node.Out(node.Add(op::kCat, DimOptions{.dim = axis}, parts));
}

void ReadSplit(NodeReader& node) {
  const ValueId x = node.in(0);
  const int64_t axis = node.Axis(node.Int("axis", 0), node.rank(x));
  const int64_t extent = node.FixedExtent(x, axis);
  const auto count = static_cast<int64_t>(node.num_outputs());
  if (node.Int("num_outputs", count) != count) ThrowInvalidArgument("num_outputs is wrong");
  std::vector<int64_t> sizes;
  if (const std::optional<std::vector<int64_t>> given = node.IntsFrom("split", 1)) {
    sizes = *given;
  } else {
    const int64_t size = (extent + count - 1) / count;
    for (int64_t i = 0; i < count; ++i) {
      sizes.push_back(std::clamp<int64_t>(extent - i * size, 0, size));
    }
  }
  int64_t start = 0;
  bool fits = static_cast<int64_t>(sizes.size()) == count;
  for (size_t i = 0; fits && i < sizes.size(); ++i) {
    fits = sizes[i] >= 0 && sizes[i] <= extent - start;
    if (fits && node.Wants(i)) node.Out(node.Slice(x, axis, start, start + sizes[i]), i);
    if (fits) start += sizes[i];
  }
  if (!fits || start != extent) ThrowInvalidArgument("the sizes do not add up to the extent");
}

namespace {

// A negative step reads what a positive one does, from the other end.
ValueId SliceBackwards(NodeReader& node, ValueId x, int64_t dim, int64_t start, int64_t end,
                       int64_t step) {
  const int64_t extent = node.FixedExtent(x, dim);
  const auto bound = [extent](int64_t i) {
    return std::clamp<int64_t>(i < 0 ? i + extent : i, -1, extent - 1);
  };
  const int64_t last = extent - 1;
  x = node.Add(op::kFlip, DimsOptions{.dims = {dim}}, {x});
  const int64_t first = std::max<int64_t>(last - bound(start), 0);
  // What is before the first element ends nowhere.
  const int64_t until = end < -extent ? extent : last - bound(end);
  return node.Slice(x, dim, first, std::max(until, first), step == INT64_MIN ? INT64_MAX : -step);
}

}  // namespace

// Attributes before operator set 10, inputs from it on.
void ReadSlice(NodeReader& node) {
  ValueId x = node.in(0);
  std::vector<Extent> starts, ends;
  std::vector<int64_t> axes, steps;
  if (node.opset() < 10) {
    for (int64_t start : node.Ints("starts")) starts.push_back(start);
    for (int64_t end : node.Ints("ends")) ends.push_back(end);
    axes = node.Ints("axes");
  } else {
    starts = node.Extents(1);
    ends = node.Extents(2);
    if (node.has(3)) axes = node.Ints(3);
    if (node.has(4)) steps = node.Ints(4);
  }
  if (axes.empty()) {
    axes.resize(starts.size());
    std::iota(axes.begin(), axes.end(), 0);
  }
  steps.resize(steps.empty() ? starts.size() : steps.size(), 1);
  if (ends.size() != starts.size() || axes.size() != starts.size() ||
      steps.size() != starts.size()) {
    ThrowInvalidArgument("starts, ends, axes and steps differ in length");
  }
  if (starts.size() > kMaxDims) ThrowInvalidArgument("too many axes");
  for (size_t i = 0; i < starts.size(); ++i) {
    const int64_t dim = node.Axis(axes[i], node.rank(x));
    if (steps[i] == 0) ThrowInvalidArgument("a step is 0");
    if (steps[i] > 0) {
      x = node.Slice(x, dim, starts[i], ends[i], steps[i]);
    } else {
      if (!starts[i].is_number() || !ends[i].is_number()) {
        node.Unsupported("a negative step between open bounds");
      }
      x = SliceBackwards(node, x, dim, starts[i].factor, ends[i].factor, steps[i]);
    }
  }
  node.Out(x);
}

namespace {

// Indices below 0 count from the end.
ValueId FromStart(NodeReader& node, ValueId index, size_t input, ValueId x, int64_t axis) {
  if (const std::optional<Tensor> known = node.Known(input)) {
    if (known->numel() == 0 || AMin(*known).Item<int64_t>() >= 0) return index;
  }
  const int64_t extent = node.FixedExtent(x, axis);
  const ValueId negative = node.Add(op::kLt, {index, node.Number(0, index)});
  const ValueId shifted =
      node.Add(op::kAdd, {index, node.Number(static_cast<double>(extent), index)});
  return node.Add(op::kWhere, {negative, shifted, index});
}

}  // namespace

// The dimensions of the index replace the axis.
void ReadGather(NodeReader& node) {
  const ValueId x = node.in(0);
  const int64_t axis = node.Axis(node.Int("axis", 0), node.rank(x));
  const ValueId index = FromStart(node, node.in(1), 1, x, axis);
  const std::vector<Extent> index_shape = node.shape(index);
  const ValueId flat = node.rank(index) == 1 ? index : node.Reshape(index, {-1});
  const ValueId rows = node.Add(op::kIndexSelect, DimOptions{.dim = axis}, {x, flat});
  if (index_shape.size() == 1) return node.Out(rows);
  const std::vector<Extent>& shape = node.shape(x);
  std::vector<Extent> result(shape.begin(), shape.begin() + axis);
  result.insert(result.end(), index_shape.begin(), index_shape.end());
  result.insert(result.end(), shape.begin() + axis + 1, shape.end());
  node.Out(node.Reshape(rows, result));
}

void ReadGatherElements(NodeReader& node) {
  const ValueId x = node.in(0);
  const int64_t axis = node.Axis(node.Int("axis", 0), node.rank(x));
  const ValueId index = FromStart(node, node.in(1), 1, x, axis);
  node.Out(node.Add(op::kGather, DimOptions{.dim = axis}, {x, index}));
}

void ReadScatterElements(NodeReader& node) {
  const ValueId x = node.in(0);
  const std::string reduction = node.String("reduction", "none");
  if (reduction != "add") node.Unsupported(absl::StrCat("reduction ", reduction));
  const int64_t axis = node.Axis(node.Int("axis", 0), node.rank(x));
  const ValueId index = FromStart(node, node.in(1), 1, x, axis);
  node.Out(node.Add(op::kScatterAdd, DimOptions{.dim = axis}, {x, index, node.in(2)}));
}

// Attributes before operator set 11, inputs from it on.
void ReadPad(NodeReader& node) {
  const ValueId x = node.in(0);
  const std::string mode = node.String("mode", "constant");
  if (mode != "constant") node.Unsupported(absl::StrCat("mode ", mode));
  std::vector<int64_t> pads;
  Scalar value = 0;
  if (node.opset() < 11) {
    pads = node.Ints("pads");
    value = node.Float("value", 0);
  } else {
    pads = node.Ints(1);
    if (node.has(2)) {
      const std::optional<Tensor> known = node.Known(2);
      if (!known) node.Unsupported("the value must be a constant");
      value = known->ItemScalar();
    }
  }
  const auto rank = static_cast<size_t>(node.rank(x));
  std::vector<int64_t> axes(rank);
  std::iota(axes.begin(), axes.end(), 0);
  if (node.has(3)) axes = node.Ints(3);
  if (pads.size() != 2 * axes.size()) ThrowInvalidArgument("expects two widths for each axis");
  PadOptions options{.before = Dims(rank, 0), .after = Dims(rank, 0), .value = value};
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto dim = static_cast<size_t>(node.Axis(axes[i], node.rank(x)));
    options.before[dim] = pads[i];
    options.after[dim] = pads[i + axes.size()];
  }
  node.Out(node.Add(op::kPad, options, {x}));
}

void ReadTrilu(NodeReader& node) {
  int64_t diagonal = 0;
  if (node.has(1)) {
    const std::vector<int64_t> k = node.Ints(1);
    if (k.size() != 1) ThrowInvalidArgument("k must be one number");
    diagonal = k[0];
  }
  const OpId op = node.Int("upper", 1) != 0 ? op::kTriu : op::kTril;
  node.Out(node.Add(op, TriangleOptions{.diagonal = diagonal}, {node.in(0)}));
}

namespace {

int64_t BlockSize(NodeReader& node, ValueId x) {
  const int64_t block = node.Int("blocksize", 0);
  if (block < 1 || block > (int64_t{1} << 20) || node.rank(x) != 4) {
    ThrowInvalidArgument("expects [N, C, H, W] and a positive blocksize");
  }
  return block;
}

}  // namespace

void ReadDepthToSpace(NodeReader& node) {
  const ValueId x = node.in(0);
  const int64_t b = BlockSize(node, x), c = node.FixedExtent(x, 1);
  const int64_t h = node.FixedExtent(x, 2), w = node.FixedExtent(x, 3);
  if (c % (b * b) != 0) ThrowInvalidArgument("blocksize squared must divide the channels");
  const std::string mode = node.String("mode", "DCR");
  if (mode != "DCR" && mode != "CRD") node.Unsupported(absl::StrCat("mode ", mode));
  const Extent n = node.shape(x)[0], depth = c / (b * b);
  const ValueId blocks =
      mode == "DCR" ? node.Permute(node.Reshape(x, {n, b, b, depth, h, w}), {0, 3, 4, 1, 5, 2})
                    : node.Permute(node.Reshape(x, {n, depth, b, b, h, w}), {0, 1, 4, 2, 5, 3});
  node.Out(node.Reshape(blocks, {n, depth, h * b, w * b}));
}

void ReadSpaceToDepth(NodeReader& node) {
  const ValueId x = node.in(0);
  const int64_t b = BlockSize(node, x), c = node.FixedExtent(x, 1);
  const int64_t h = node.FixedExtent(x, 2), w = node.FixedExtent(x, 3);
  if (h % b != 0 || w % b != 0) ThrowInvalidArgument("blocksize must divide height and width");
  const Extent n = node.shape(x)[0];
  const ValueId blocks =
      node.Permute(node.Reshape(x, {n, c, h / b, b, w / b, b}), {0, 3, 5, 1, 2, 4});
  node.Out(node.Reshape(blocks, {n, c * b * b, h / b, w / b}));
}

}  // namespace neura::onnx
