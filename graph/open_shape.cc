#include "neura/graph/open_shape.h"

#include <algorithm>
#include <optional>

#include "neura/tensor/backend_api.h"
#include "neura/tensor/ops/op_list/image.h"
#include "neura/tensor/ops/op_list/view.h"

namespace neura::graph {
namespace {

std::vector<int64_t> Seen(const std::vector<Tensor>& probes, size_t dim) {
  std::vector<int64_t> extents;
  for (const Tensor& probe : probes) extents.push_back(probe.shape()[dim]);
  return extents;
}

// The symbols with which a number changes, as bits; far ones share bits, which errs towards
// unknown.
uint64_t SymbolsOf(absl::Span<const Symbol> symbols, const std::vector<int64_t>& seen) {
  uint64_t bits = 0;
  size_t next = 1;
  for (size_t s = 0; s < symbols.size(); ++s) {
    for (size_t k = 1; k < symbols[s].probes.size(); ++k, ++next) {
      if (seen[next] != seen[0]) bits |= uint64_t{1} << (s % 64);
    }
  }
  return bits;
}

// The integer options.Integers()[index] of a node, which may be open.
Extent IntegerOf(const Node& node, size_t index) {
  for (const SymbolicInt& entry : node.symbolic) {
    if (static_cast<size_t>(entry.index) == index) return entry.value;
  }
  OptionsBox options = node.options;
  return *options.Integers()[index];
}

// A number that is `at_zero` + `slope` * size.
struct Line {
  int64_t at_zero = 0;
  int64_t slope = 0;

  // At all sizes from 1 on.
  bool is_never_negative() const { return slope >= 0 && at_zero + slope >= 0; }
  friend Line operator-(Line a, Line b) { return {a.at_zero - b.at_zero, a.slope - b.slope}; }
};

Line LineOf(const Extent& extent) {
  return extent.is_number() ? Line{extent.factor, 0} : Line{0, extent.factor};
}

// Where a bound of a slice lies in a dimension; no dimension is as long as INT32_MAX.
Line BoundIn(const Extent& bound, Line extent) {
  if (!bound.is_number() || bound.factor >= 0) {
    return bound.factor >= INT32_MAX ? extent : LineOf(bound);
  }
  if (bound.factor <= -INT32_MAX) return {};
  return {extent.at_zero + bound.factor, extent.slope};
}

// Whether `extent`, cut into steps of `step`, grows with its symbol by a fixed number of them.
bool DividesEvenly(const Extent& extent, int64_t step) {
  return extent.is_number() || step == 1 || (extent.is_known() && extent.factor % step == 0);
}

bool SliceIsExact(const Node& node, const Extent& extent) {
  // Bounds are the second and the third integer of the options.
  const Extent start = IntegerOf(node, 1), end = IntegerOf(node, 2);
  int symbol = Extent::kNumber;
  for (const Extent& part : {extent, start, end}) {
    if (part.is_number()) continue;
    if (symbol != Extent::kNumber && symbol != part.symbol) return false;
    symbol = part.symbol;
  }
  if (symbol == Extent::kNumber) return true;
  if (symbol == Extent::kUnknown) return false;
  const Line whole = LineOf(extent), from = BoundIn(start, whole), to = BoundIn(end, whole);
  for (const Line& bound : {from, to}) {
    if (!bound.is_never_negative() || !(whole - bound).is_never_negative()) return false;
  }
  if ((from - to).is_never_negative()) return true;  // nothing, at all sizes
  const Line length = to - from;
  return length.is_never_negative() &&
         (length.slope == 0 || node.options.Get<SliceOptions>().step == 1);
}

// Whether the operation's own rule for this dimension of its result is one of sums and multiples,
// which what was seen settles.
bool RuleIsExact(const Graph& graph, const Node& node, size_t dim) {
  if (node.inputs.empty() || node.inputs[0] == kNone) return true;
  const std::vector<Extent>& shape = graph.value(node.inputs[0]).shape;
  const auto rank = static_cast<int64_t>(shape.size());
  const auto windows = [&](std::optional<Size2> stride, Size2 otherwise) {
    const Size2 step = stride.value_or(otherwise);
    return dim < 2 || DividesEvenly(shape[dim], dim == 2 ? step.height : step.width);
  };
  switch (node.op) {
    case op::kSlice: {
      const auto sliced =
          static_cast<size_t>(NormalizeDim("slice", node.options.Get<SliceOptions>().dim, rank));
      return dim != sliced || SliceIsExact(node, shape[dim]);
    }
    case op::kDiagonal: {
      if (dim + 2 != shape.size()) return true;
      const auto& options = node.options.Get<DiagonalOptions>();
      const auto extent_of = [&](int64_t d) {
        return shape[static_cast<size_t>(NormalizeDim("diagonal", d, rank))];
      };
      const Extent rows = extent_of(options.dim1), columns = extent_of(options.dim2);
      return (rows.is_number() && columns.is_number()) || (rows == columns && options.offset == 0);
    }
    case op::kUnfold: {
      const auto& options = node.options.Get<UnfoldOptions>();
      return dim != static_cast<size_t>(NormalizeDim("unfold", options.dim, rank)) ||
             DividesEvenly(shape[dim], options.step);
    }
    case op::kConv2d:
      return windows(node.options.Get<Conv2dOptions>().stride, 1);
    case op::kMaxPool2d: {
      const auto& options = node.options.Get<MaxPool2dOptions>();
      return windows(options.stride, options.kernel_size);
    }
    case op::kAvgPool2d: {
      const auto& options = node.options.Get<AvgPool2dOptions>();
      return windows(options.stride, options.kernel_size);
    }
    default:
      return true;
  }
}

// Operations whose options are the shape of the result, of which this dimension is given.
bool IsGiven(const Node& node, size_t dim) {
  if (node.op != op::kReshape && node.op != op::kExpand) return false;
  const Extent given = IntegerOf(node, dim);
  return given != Extent(-1) && given.is_known();
}

// The extents of the inputs that a pointwise result's dimension is made of; those of 1 give way.
bool BroadcastIsKnown(const Graph& graph, const Node& node, const Extent& extent, size_t dim,
                      size_t rank) {
  bool unknown = false;
  for (ValueId input : node.inputs) {
    if (input == kNone) continue;
    const std::vector<Extent>& shape = graph.value(input).shape;
    const size_t lead = rank - shape.size();
    if (dim < lead) continue;
    // What differs from it at some size would be an error there.
    if (shape[dim - lead] == extent && extent != Extent(1)) return true;
    unknown |= !shape[dim - lead].is_known();
  }
  return !unknown;
}

// Whether an unknown extent of an input may show in this one.
bool ReadsUnknown(const Graph& graph, const Node& node, const Extent& extent, uint64_t symbols) {
  for (ValueId input : node.inputs) {
    if (input == kNone) continue;
    const Value& value = graph.value(input);
    for (size_t d = 0; d < value.shape.size(); ++d) {
      if (value.shape[d].is_known()) continue;
      const uint64_t theirs = SymbolsOf(graph.symbols(), Seen(value.probes, d));
      if (theirs == 0 ? extent != Extent(1) : (theirs & symbols) != 0) return true;
    }
  }
  return false;
}

}  // namespace

std::vector<Extent> OpenShape(const Graph& graph, const Node& node,
                              const std::vector<Tensor>& probes) {
  const size_t rank = probes[0].shape().size();
  std::vector<Extent> shape;
  for (size_t d = 0; d < rank; ++d) {
    const std::vector<int64_t> seen = Seen(probes, d);
    Extent extent = Generalize(graph.symbols(), seen);
    if (extent.is_known() && !graph.symbols().empty() && !IsGiven(node, d)) {
      const bool holds =
          SchemaOf(node.op).flags.pointwise
              ? BroadcastIsKnown(graph, node, extent, d, rank)
              : RuleIsExact(graph, node, d) &&
                    !ReadsUnknown(graph, node, extent, SymbolsOf(graph.symbols(), seen));
      if (!holds) extent = Extent::Unknown();
    }
    shape.push_back(extent);
  }
  return shape;
}

}  // namespace neura::graph
