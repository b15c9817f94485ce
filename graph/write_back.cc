#include "neura/graph/write_back.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/op_list/copy.h"
#include "neura/tensor/ops/op_list/create.h"
#include "neura/tensor/ops/op_list/index.h"
#include "neura/tensor/ops/op_list/pointwise.h"
#include "neura/tensor/ops/op_list/shape.h"
#include "neura/tensor/ops/op_list/view.h"
#include "neura/tensor/ops/options/dims.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"

namespace neura::graph {
namespace {

ValueId Add(Graph& graph, OpId op, const void* options, std::vector<ValueId> inputs,
            std::vector<SymbolicOption> symbolic = {}) {
  return graph.AddNode(op, OptionsBox(op, options), std::move(inputs), std::move(symbolic))[0];
}

ValueId AddShaped(Graph& graph, OpId op, ValueId value, const std::vector<SymInt>& shape) {
  const ShapeOptions options{.shape = Dims(shape.size(), 0)};
  std::vector<SymbolicOption> symbolic;
  for (size_t i = 0; i < shape.size(); ++i) symbolic.push_back({static_cast<int>(i), shape[i]});
  return Add(graph, op, &options, {value}, std::move(symbolic));
}

ValueId AddSlice(Graph& graph, ValueId value, int64_t dim, const SymInt& start, const SymInt& end) {
  const SliceOptions options{.dim = dim};
  return Add(graph, op::kSlice, &options, {value}, {{1, start}, {2, end}});
}

[[noreturn]] void Refuse(const Operation& view) {
  ThrowInvalidArgument(absl::StrCat("Capture: a graph cannot write through a view made by ",
                                    SchemaOf(view.op).name, " ", view.options.ToString()));
}

// Of a slice's options: `number`, unless it is open.
SymInt IntegerOf(const Operation& slice, int index, int64_t number) {
  for (const SymbolicOption& entry : slice.symbolic) {
    if (entry.index == index) return entry.value;
  }
  return number;
}

// Every step-th row from `start` on to the end is one of `written`.
ValueId WriteSteps(Graph& graph, ValueId base, ValueId written, int64_t dim, int64_t start,
                   int64_t step) {
  const SymInt extent = graph.value(base).shape[static_cast<size_t>(dim)];
  const RangeOptions range{.start = -start, .step = 1, .dtype = kInt64};
  const ValueId place = Add(graph, op::kRange, &range, {}, {{0, extent}});
  const auto number = [&graph](int64_t n) { return graph.AddConstant(ScalarTensor(n)); };
  const ValueId rest = Add(graph, op::kRemainder, nullptr, {place, number(step)});
  const ValueId on_step = Add(graph, op::kEq, nullptr, {rest, number(0)});
  const ValueId begun = Add(graph, op::kGe, nullptr, {place, number(0)});
  const ValueId chosen = Add(graph, op::kLogicalAnd, nullptr, {on_step, begun});
  const ClampOptions from_first{.min = Scalar(0)};
  const ValueId row = Add(graph, op::kClamp, &from_first,
                          {Add(graph, op::kFloorDivide, nullptr, {place, number(step)})});
  // There may be no row to write: one more, so that there is something to select.
  const DimOptions along{.dim = dim};
  const ValueId rows = Add(graph, op::kCat, &along, {written, AddSlice(graph, base, dim, 0, 1)});
  const ValueId selected = Add(graph, op::kIndexSelect, &along, {rows, row});
  std::vector<SymInt> column(graph.value(base).shape.size(), SymInt(1));
  column[static_cast<size_t>(dim)] = extent;
  return Add(graph, op::kWhere, nullptr, {AddReshape(graph, chosen, column), selected, base});
}

// From `start` on along `dim` it is `written`; what is before and behind stays.
ValueId WriteRange(Graph& graph, ValueId base, ValueId written, int64_t dim, const SymInt& start,
                   bool to_end) {
  std::vector<ValueId> parts;
  if (start != 0) parts.push_back(AddSlice(graph, base, dim, 0, start));
  parts.push_back(written);
  if (!to_end) {
    const SymInt length = graph.value(written).shape[static_cast<size_t>(dim)];
    parts.push_back(AddSlice(graph, base, dim, start + length, INT64_MAX));
  }
  const DimOptions along{.dim = dim};
  return Add(graph, op::kCat, &along, std::move(parts));
}

ValueId WriteSlice(Graph& graph, const Operation& view, ValueId base, ValueId written) {
  const auto& options = view.options.Get<SliceOptions>();
  const std::vector<SymInt>& shape = graph.value(base).shape;
  const int64_t dim = NormalizeDim("slice", options.dim, static_cast<int64_t>(shape.size()));
  const SymInt extent = shape[static_cast<size_t>(dim)];
  SymInt start = IntegerOf(view, 1, options.start);
  const SymInt end = IntegerOf(view, 2, options.end);
  if (start.is_number() && start.number() < 0) {
    start = start.number() <= -INT32_MAX ? SymInt(0) : SymInt::Max(extent + start, 0);
  }
  const bool to_end = end.is_number() && end.number() >= INT32_MAX;
  if (options.step != 1) {
    if (!start.is_number() || !to_end) Refuse(view);
    return WriteSteps(graph, base, written, dim, start.number(), options.step);
  }
  if (start == 0 && (to_end || end == extent)) return written;
  return WriteRange(graph, base, written, dim, start, to_end);
}

ValueId WritePart(Graph& graph, const Operation& split, size_t part, ValueId base,
                  ValueId written) {
  const auto& options = split.options.Get<SplitOptions>();
  if (options.sizes.size() == 1) return written;
  const std::vector<SymInt> sizes = IntegersOf(split);  // and dim
  SymInt start = 0;
  for (size_t i = 0; i < part; ++i) start = start + sizes[i];
  const auto rank = static_cast<int64_t>(graph.value(base).shape.size());
  return WriteRange(graph, base, written, NormalizeDim("split", options.dim, rank), start,
                    part + 1 == options.sizes.size());
}

ValueId WriteRow(Graph& graph, const Operation& unbind, size_t row, ValueId base, ValueId written) {
  std::vector<SymInt> shape = graph.value(base).shape;
  const int64_t dim = NormalizeDim("unbind", unbind.options.Get<DimOptions>().dim,
                                   static_cast<int64_t>(shape.size()));
  SymInt& extent = shape[static_cast<size_t>(dim)];
  const bool to_end = extent == static_cast<int64_t>(row) + 1;
  extent = 1;
  return WriteRange(graph, base, AddReshape(graph, written, shape), dim, static_cast<int64_t>(row),
                    to_end);
}

}  // namespace

ValueId AddReshape(Graph& graph, ValueId value, const std::vector<SymInt>& shape) {
  if (!graph.IsContiguous(value)) value = Add(graph, op::kClone, nullptr, {value});
  return AddShaped(graph, op::kReshape, value, shape);
}

ValueId AddExpand(Graph& graph, ValueId value, const std::vector<SymInt>& shape) {
  return AddShaped(graph, op::kExpand, value, shape);
}

ValueId WriteBack(Graph& graph, const Operation& view, size_t output, ValueId base,
                  ValueId written) {
  switch (view.op) {
    case op::kAlias:
      return written;
    case op::kReshape:
    case op::kSqueeze:
    case op::kUnsqueeze: {
      const std::vector<SymInt> shape = graph.value(base).shape;
      return AddReshape(graph, written, shape);
    }
    case op::kPermute: {
      const Dims& dims = view.options.Get<DimsOptions>().dims;
      DimsOptions inverse{.dims = dims};
      const auto rank = static_cast<int64_t>(dims.size());
      for (int64_t i = 0; i < rank; ++i) {
        inverse.dims[static_cast<size_t>(
            NormalizeDim("permute", dims[static_cast<size_t>(i)], rank))] = i;
      }
      return Add(graph, op::kPermute, &inverse, {written});
    }
    case op::kSlice:
      return WriteSlice(graph, view, base, written);
    case op::kSplit:
      return WritePart(graph, view, output, base, written);
    case op::kUnbind:
      return WriteRow(graph, view, output, base, written);
    default:
      Refuse(view);
  }
}

}  // namespace neura::graph
