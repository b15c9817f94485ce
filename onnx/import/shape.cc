// Shapes, constants, joining and indexing.
#include "neura/tensor/ops/op_list/shape.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "neura/onnx/format/tensor_message.h"
#include "neura/onnx/import/ops.h"
#include "neura/onnx/import/scope.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/op_list/create.h"
#include "neura/tensor/ops/op_list/index.h"
#include "neura/tensor/ops/op_list/pointwise.h"
#include "neura/tensor/ops/op_list/view.h"
#include "neura/tensor/ops/options/dims.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"

namespace neura::onnx {

using graph::SymInt;
using graph::ValueId;

// `start` and `end` came with operator set 15.
void ReadShape(NodeReader& node) {
  const ValueId x = node.in(0);
  const int64_t rank = node.rank(x);
  const auto bound = [rank](int64_t i) {
    return std::clamp<int64_t>(i < 0 ? i + rank : i, 0, rank);
  };
  const int64_t start = bound(node.Int("start", 0)), end = bound(node.Int("end", rank));
  const std::vector<SymInt>& shape = node.shape(x);
  std::vector<SymInt> extents(shape.begin() + start, shape.begin() + std::max(start, end));
  const auto count = static_cast<int64_t>(extents.size());
  node.OutKnown(KnownValue::Sizes(std::move(extents), {count}));
}

namespace {

SymInt Product(const std::vector<SymInt>& shape, int64_t begin, int64_t end) {
  SymInt result = 1;
  for (int64_t i = begin; i < end; ++i) result = result * shape[static_cast<size_t>(i)];
  return result;
}

}  // namespace

void ReadSize(NodeReader& node) {
  const ValueId x = node.in(0);
  node.OutKnown(KnownValue::Sizes({Product(node.shape(x), 0, node.rank(x))}, {}));
}

void ReadConstant(NodeReader& node) {
  Tensor value;
  if (const std::optional<TensorOfFile> given = node.AnyTensorAttribute("value")) {
    if (given->strings) return node.OutStrings(given->strings->elements, given->strings->shape);
    return node.OutKnown(KnownValue::Constant(given->tensor), 0, given->narrow);
  } else if (node.HasAttribute("value_string")) {
    return node.OutStrings({node.String("value_string", "")}, {});
  } else if (node.HasAttribute("value_strings")) {
    std::vector<std::string> strings = node.Strings("value_strings");
    const int64_t shape[] = {static_cast<int64_t>(strings.size())};
    return node.OutStrings(std::move(strings), shape);
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

// 0, 1, ... as often as `step` fits between the two, which only a run can tell.
ValueId CountedTo(NodeReader& node, ValueId first, ValueId limit, ValueId step) {
  const DType dtype = IsFloating(node.dtype(first)) ? kFloat64 : kInt64;
  const auto wide = [&node, dtype](ValueId id) { return node.Cast(id, dtype); };
  const ValueId distance = node.Add(op::kSub, {wide(limit), wide(first)});
  ValueId steps;
  if (dtype == kFloat64) {
    steps = node.Add(op::kCeil, {node.Add(op::kDiv, {distance, wide(step)})});
  } else {
    // Rounded up: the negative of what is rounded down.
    const ValueId backwards = node.Add(op::kNeg, {distance});
    steps = node.Add(op::kNeg, {node.Add(op::kFloorDivide, {backwards, wide(step)})});
  }
  const ValueId count = node.Cast(steps, kInt64);
  const RangeOptions options{.start = 0, .step = 1, .dtype = kInt64};
  return node.AddNode(op::kRange, graph::OptionsBox(op::kRange, &options), {},
                      {{0, SymInt::Max(SymInt::Element(count, 0), 0)}});
}

// The same where sizes tell it and the step is a number.
std::optional<ValueId> CountedBySizes(NodeReader& node) {
  const std::optional<SymInt> from = node.KnownInteger(0), to = node.KnownInteger(1),
                              by = node.has(2) ? node.KnownInteger(2) : SymInt(1);
  if (!from || !to || !by || !from->is_number() || !by->is_number() || by->number() == INT64_MIN) {
    return std::nullopt;
  }
  const int64_t step = by->number(), towards = step > 0 ? 1 : -1;
  const SymInt steps = ((*to - *from) * towards + (step * towards - 1)) / (step * towards);
  const RangeOptions options{.start = from->number(), .step = step, .dtype = kInt64};
  return node.AddNode(op::kRange, graph::OptionsBox(op::kRange, &options), {},
                      {{0, SymInt::Max(steps, 0)}});
}

}  // namespace

// That of com.microsoft may leave out a step of 1.
void ReadRange(NodeReader& node) {
  const std::optional<Tensor> start = node.Known(0), limit = node.Known(1);
  const std::optional<Tensor> delta =
      node.has(2) ? node.Known(2) : ScalarTensor(1, {.dtype = node.dtype(node.in(0))});
  for (const std::optional<Tensor>& known : {start, limit, delta}) {
    if (known && known->numel() != 1) ThrowInvalidArgument("expects numbers");
  }
  if (delta && delta->Item<double>() == 0) ThrowInvalidArgument("delta is 0");
  if (start && limit && delta) {
    return node.Out(node.Add(op::kRange,
                             RangeOptions{.start = start->ItemScalar(),
                                          .step = delta->ItemScalar(),
                                          .length = RangeLength(*start, *limit, *delta),
                                          .dtype = start->dtype()},
                             {}));
  }
  if (const std::optional<ValueId> range = CountedBySizes(node)) {
    return node.Out(node.Cast(*range, node.dtype(node.in(0))));
  }
  const auto scalar = [&node](size_t i) {
    const ValueId id = node.in(i);
    return node.rank(id) == 0 ? id : node.Reshape(id, {});
  };
  const ValueId first = scalar(0), step = node.has(2) ? scalar(2) : node.Constant(*delta);
  const ValueId range = node.Cast(CountedTo(node, first, scalar(1), step), node.dtype(first));
  node.Out(node.Add(op::kAdd, {node.Add(op::kMul, {range, step}), first}));
}

// 0 takes the extent of the input, unless allowzero says otherwise. An attribute before operator
// set 5, an input from it on.
void ReadReshape(NodeReader& node) {
  const ValueId x = node.in(0);
  std::vector<SymInt> shape;
  if (node.opset() < 5) {
    for (const int64_t extent : node.Ints("shape")) shape.emplace_back(extent);
  } else {
    shape = node.Extents(1);
  }
  const bool allow_zero = node.Int("allowzero", 0) != 0;
  for (size_t i = 0; i < shape.size() && !allow_zero; ++i) {
    const bool lacks = i >= node.shape(x).size();
    if (shape[i] == 0 && lacks) ThrowInvalidArgument("0 stands for a dimension that X lacks");
    if (lacks || (shape[i].is_number() && shape[i] != 0)) continue;
    shape[i] = SymInt::Where(SymInt::Equal(shape[i], 0), node.shape(x)[i], shape[i]);
  }
  // -1 of nothing: what is left over.
  const auto wildcard = std::find(shape.begin(), shape.end(), SymInt(-1));
  if (wildcard != shape.end() && std::count(shape.begin(), shape.end(), SymInt(0)) > 0) {
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
  const std::vector<SymInt>& shape = node.shape(x);
  node.Out(node.Reshape(x, {Product(shape, 0, axis), Product(shape, axis, rank)}));
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

namespace {

// The input as it is. integers: extents, none of them 1.
std::vector<graph::Datum> NotOne(const graph::HostContext& context) {
  if (std::count(context.integers.begin(), context.integers.end(), 1) > 0) {
    ThrowInvalidArgument(
        "an open size is 1, and would be left out; the model was read as if it stayed");
  }
  return {context.inputs[0]};
}
constinit const graph::HostFunction kNotOne = {"squeeze", &NotOne};

}  // namespace

// Axes are an input from operator set 13 on.
void ReadSqueeze(NodeReader& node) {
  ValueId x = node.in(0);
  bool all = false;  // whatever has extent 1
  if (const auto flags = AxisFlags(node, 1, node.rank(x))) {
    return node.Out(node.Reshape(x, WithoutFlagged(node.shape(x), *flags, node.Extents(1).size())));
  }
  Dims dims;
  std::vector<SymInt> open;  // extents of which only a run knows whether they are 1
  if (const std::optional<std::vector<int64_t>> axes = node.IntsFrom("axes", 1)) {
    for (int64_t axis : *axes) {
      dims.push_back(node.Axis(axis, node.rank(x)));
      if (dims.back() >= node.rank(x)) node.FixedExtent(x, dims.back());
      const SymInt& extent = node.shape(x)[static_cast<size_t>(dims.back())];
      if (!extent.is_number()) open.push_back(extent);
      if (extent.is_number() && extent.number() != 1) {
        ThrowInvalidArgument(absl::StrCat("dimension ", dims.back(), " does not have extent 1"));
      }
    }
  } else {
    for (int64_t d = 0; d < node.rank(x); ++d) {
      const SymInt& extent = node.shape(x)[static_cast<size_t>(d)];
      if (extent == 1) dims.push_back(d);
      if (!extent.is_number()) open.push_back(extent);
    }
    all = true;
  }
  std::vector<SymInt> kept;
  for (int64_t d = 0; d < node.rank(x); ++d) {
    if (std::count(dims.begin(), dims.end(), d) == 0) {
      kept.push_back(node.shape(x)[static_cast<size_t>(d)]);
    }
  }
  if (all && !open.empty() && node.TakesOpenForOne()) {
    std::erase_if(kept, [](const SymInt& extent) { return !extent.is_number(); });
    return node.Out(node.ReshapeAndCheck(x, kept));
  }
  if (all && !open.empty()) {
    // What is open is meant to stay: else nothing would be known of the result's rank.
    const graph::ValueType type = TypeOf(node.graph(), x);
    x = node.graph().AddHostCall(kNotOne, {x}, std::move(open), {&type, 1})[0];
    return node.Out(node.ReshapeAndCheck(x, kept));
  }
  if (dims.empty()) return node.Out(x);
  if (!open.empty()) return node.Out(node.ReshapeAndCheck(x, kept));
  node.Out(node.Add(op::kSqueeze, DimsOptions{.dims = dims}, {x}));
}

void ReadUnsqueeze(NodeReader& node) {
  ValueId x = node.in(0);
  if (node.has(1) && !node.HasAttribute("axes")) {
    const auto more = static_cast<int64_t>(node.Extents(1).size());
    if (const auto flags = AxisFlags(node, 1, node.rank(x) + more)) {
      // Where a dimension is not named, the next extent of x.
      std::vector<SymInt> result;
      SymInt place = 0;
      for (const SymInt& named : *flags) {
        SymInt extent = 0;
        for (size_t e = 0; e < node.shape(x).size(); ++e) {
          extent = extent + node.shape(x)[e] * SymInt::Equal(place, static_cast<int64_t>(e));
        }
        result.push_back(SymInt::Where(named, 1, extent));
        place = place + (1 - named);
      }
      return node.Out(node.Reshape(x, result));
    }
  }
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
  std::vector<SymInt> target = node.Extents(1);
  const std::vector<SymInt>& shape = node.shape(x);
  if (target.size() < shape.size()) {
    target.insert(target.begin(), shape.size() - target.size(), SymInt(1));
  }
  const size_t lead = target.size() - shape.size();
  for (size_t i = 0; i < shape.size(); ++i) {
    SymInt& extent = target[lead + i];
    // Where the result has one dimension more than sizes say, an open one may be 1.
    if (shape[i] != 1) extent = SymInt::Where(SymInt::Equal(extent, 1), shape[i], extent);
  }
  node.Out(node.Expand(x, target));
}

void ReadTile(NodeReader& node) {
  ValueId x = node.in(0);
  const std::vector<SymInt> shape = node.shape(x);
  const std::vector<SymInt> repeats = node.opset() < 6 ? OldRepeats(node) : node.Extents(1);
  if (repeats.size() != shape.size()) ThrowInvalidArgument("expects one number for each dimension");
  for (const SymInt& repeat : repeats) {
    if (repeat.is_number() && repeat.number() < 0)
      ThrowInvalidArgument("repeats less than 0 times");
  }
  for (size_t i = 0; i < shape.size(); ++i) {
    if (repeats[i] == 1) continue;
    std::vector<SymInt> repeated = node.shape(x), tiled = node.shape(x);
    repeated.insert(repeated.begin() + static_cast<ptrdiff_t>(i), repeats[i]);
    tiled[i] = tiled[i] * repeats[i];
    x = node.Add(op::kUnsqueeze, DimOptions{.dim = static_cast<int64_t>(i)}, {x});
    x = node.Reshape(node.Expand(x, repeated), tiled);
  }
  node.Out(x);
}

void ReadConcat(NodeReader& node) {
  if (node.num_inputs() == 0) ThrowInvalidArgument("joins nothing");
  if (node.graph().value(node.in_any(0)).kind == graph::ValueKind::kStrings) {
    return ReadConcatOfStrings(node);
  }
  std::vector<ValueId> parts;
  for (size_t i = 0; i < node.num_inputs(); ++i) parts.push_back(node.in(i));
  const int64_t axis = node.Axis(node.Int("axis", 1), node.rank(parts[0]));
  node.Out(node.Add(op::kCat, DimOptions{.dim = axis}, parts));
}

namespace {

bool IsCount(const SymInt& size) { return size.is_never_negative(); }

// As one operation: the sizes add up.
void SplitInto(NodeReader& node, ValueId x, int64_t axis, const std::vector<SymInt>& sizes) {
  const SplitOptions options{.sizes = Dims(sizes.size(), 0), .dim = axis};
  std::vector<graph::SymbolicOption> symbolic;
  for (size_t i = 0; i < sizes.size(); ++i) symbolic.push_back({static_cast<int>(i), sizes[i]});
  const absl::Span<const ValueId> parts = node.graph().AddNode(
      op::kSplit, graph::OptionsBox(op::kSplit, &options), {x}, std::move(symbolic));
  for (size_t i = 0; i < parts.size(); ++i) {
    if (node.Wants(i)) node.Out(parts[i], i);
  }
}

}  // namespace

void ReadSplit(NodeReader& node) {
  const ValueId x = node.in(0);
  const int64_t axis = node.Axis(node.Int("axis", 0), node.rank(x));
  if (node.rank(x) == 0) ThrowInvalidArgument("a tensor without dimensions is not split");
  const SymInt extent = node.shape(x)[static_cast<size_t>(axis)];
  const auto count = static_cast<int64_t>(node.num_outputs());
  if (node.Int("num_outputs", count) != count) ThrowInvalidArgument("num_outputs is wrong");
  std::vector<SymInt> sizes;
  const bool is_even = !node.HasAttribute("split") && !node.has(1);
  if (node.HasAttribute("split")) {
    for (int64_t size : node.Ints("split")) sizes.push_back(size);
  } else if (node.has(1)) {
    sizes = node.Extents(1);
  } else {
    const SymInt size = (extent + (count - 1)) / count;
    for (int64_t i = 0; i < count; ++i) {
      sizes.push_back(SymInt::Max(SymInt::Min(extent - size * i, size), 0));
    }
  }
  if (static_cast<int64_t>(sizes.size()) != count) {
    ThrowInvalidArgument("there is not one size for each output");
  }
  const SymInt total = std::accumulate(sizes.begin(), sizes.end(), SymInt(0));
  if (is_even || (total == extent && std::all_of(sizes.begin(), sizes.end(), IsCount))) {
    return SplitInto(node, x, axis, sizes);
  }
  // What may not add up at all sizes is cut one by one.
  SymInt start = 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    const SymInt rest = extent - start;
    const bool fits = !sizes[i].is_number() || sizes[i].number() >= 0;
    if (!fits || (sizes[i].is_number() && rest.is_number() && sizes[i].number() > rest.number())) {
      ThrowInvalidArgument("the sizes do not add up to the extent");
    }
    if (node.Wants(i)) node.Out(node.Slice(x, axis, start, start + sizes[i]), i);
    start = start + sizes[i];
  }
  if (start.is_number() && extent.is_number() && start != extent) {
    ThrowInvalidArgument("the sizes do not add up to the extent");
  }
}

namespace {

// A negative step reads what a positive one does, from the other end.
ValueId SliceBackwards(NodeReader& node, ValueId x, int64_t dim, int64_t start, int64_t end,
                       int64_t step) {
  if (dim >= node.rank(x)) node.FixedExtent(x, dim);
  const SymInt extent = node.shape(x)[static_cast<size_t>(dim)], last = extent - 1;
  // Numbers beyond any extent are its ends.
  const auto bound = [&](int64_t i) {
    if (i >= INT32_MAX) return last;
    if (i <= -INT32_MAX) return SymInt(-1);
    return SymInt::Max(SymInt::Min(i < 0 ? extent + i : SymInt(i), last), -1);
  };
  x = node.Add(op::kFlip, DimsOptions{.dims = {dim}}, {x});
  const SymInt first = SymInt::Max(last - bound(start), 0);
  // What is before the first element ends nowhere.
  return node.Slice(x, dim, first, SymInt::Max(last - bound(end), first),
                    step == INT64_MIN ? INT64_MAX : -step);
}

}  // namespace

// Attributes before operator set 10, inputs from it on.
void ReadSlice(NodeReader& node) {
  ValueId x = node.in(0);
  std::vector<SymInt> starts, ends;
  std::vector<int64_t> axes, steps;
  if (node.opset() < 10) {
    for (int64_t start : node.Ints("starts")) starts.push_back(start);
    for (int64_t end : node.Ints("ends")) ends.push_back(end);
    axes = node.Ints("axes");
  } else {
    starts = node.Extents(1);
    ends = node.Extents(2);
    if ((node.has(3) && !node.Known(3)) || (node.has(4) && !node.Known(4))) {
      return FindForm("Slice", "at_run_time")(node);
    }
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
      x = SliceBackwards(node, x, dim, starts[i].number(), ends[i].number(), steps[i]);
    }
  }
  node.Out(x);
}

// Indices below 0 count from the end.
ValueId FromStart(NodeReader& node, ValueId index, size_t input, ValueId x, int64_t axis) {
  if (const std::optional<Tensor> known = node.Known(input)) {
    if (known->numel() == 0 || AMin(*known).Item<int64_t>() >= 0) return index;
  }
  if (axis >= node.rank(x)) node.FixedExtent(x, axis);
  const SymInt extent = node.shape(x)[static_cast<size_t>(axis)];
  const ValueId negative = node.Add(op::kLt, {index, node.Number(0, index)});
  const ValueId shifted = node.Add(op::kAdd, {index, node.Number(extent, index)});
  return node.Add(op::kWhere, {negative, shifted, index});
}

// The dimensions of the index replace the axis.
void ReadGather(NodeReader& node) {
  const ValueId x = node.in(0);
  const int64_t axis = node.Axis(node.Int("axis", 0), node.rank(x));
  const ValueId index = FromStart(node, node.in(1), 1, x, axis);
  const std::vector<SymInt> index_shape = node.shape(index);
  const ValueId flat = node.rank(index) == 1 ? index : node.Reshape(index, {-1});
  const ValueId rows = node.Add(op::kIndexSelect, DimOptions{.dim = axis}, {x, flat});
  if (index_shape.size() == 1) return node.Out(rows);
  const std::vector<SymInt>& shape = node.shape(x);
  std::vector<SymInt> result(shape.begin(), shape.begin() + axis);
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
  const int64_t axis = node.Axis(node.Int("axis", 0), node.rank(x));
  const ValueId index = FromStart(node, node.in(1), 1, x, axis);
  if (reduction == "add") {
    return node.Out(node.Add(op::kScatterAdd, DimOptions{.dim = axis}, {x, index, node.in(2)}));
  }
  node.Out(node.Add(op::kScatterElements, ScatterOptions{.dim = axis, .reduction = reduction},
                    {x, index, node.in(2)}));
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
  const SymInt h = node.shape(x)[2], w = node.shape(x)[3];
  if (c % (b * b) != 0) ThrowInvalidArgument("blocksize squared must divide the channels");
  const std::string mode = node.String("mode", "DCR");
  if (mode != "DCR" && mode != "CRD") node.Unsupported(absl::StrCat("mode ", mode));
  const SymInt n = node.shape(x)[0], depth = c / (b * b);
  const ValueId blocks =
      mode == "DCR" ? node.Permute(node.Reshape(x, {n, b, b, depth, h, w}), {0, 3, 4, 1, 5, 2})
                    : node.Permute(node.Reshape(x, {n, depth, b, b, h, w}), {0, 1, 4, 2, 5, 3});
  node.Out(node.Reshape(blocks, {n, depth, h * b, w * b}));
}

void ReadSpaceToDepth(NodeReader& node) {
  const ValueId x = node.in(0);
  const int64_t b = BlockSize(node, x);
  const SymInt c = node.shape(x)[1], h = node.shape(x)[2], w = node.shape(x)[3];
  if ((h.is_number() && h.number() % b != 0) || (w.is_number() && w.number() % b != 0))
    ThrowInvalidArgument("blocksize must divide height and width");
  const SymInt n = node.shape(x)[0];
  const std::string mode = node.String("mode", "DCR");
  if (mode != "DCR" && mode != "CRD") node.Unsupported(absl::StrCat("mode ", mode));
  const std::vector<int64_t> order = mode == "DCR" ? std::vector<int64_t>{0, 3, 5, 1, 2, 4}
                                                   : std::vector<int64_t>{0, 1, 3, 5, 2, 4};
  const ValueId blocks = node.Permute(node.Reshape(x, {n, c, h / b, b, w / b, b}), order);
  node.Out(node.Reshape(blocks, {n, c * b * b, h / b, w / b}));
}

}  // namespace neura::onnx
