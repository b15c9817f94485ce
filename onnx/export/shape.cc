// Views, joining, indexing and factories.
#include "neura/tensor/ops/op_list/shape.h"

#include <algorithm>
#include <string_view>

#include "neura/onnx/export/exporter.h"
#include "neura/onnx/export/ops.h"
#include "neura/onnx/format/tensor_message.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/op_list/create.h"
#include "neura/tensor/ops/op_list/view.h"
#include "neura/tensor/ops/options/dims.h"
#include "neura/tensor/ops/options/index.h"

namespace neura::onnx {

using graph::Node;
using graph::SymInt;
using graph::ValueId;

void WriteIndexSelect(Exporter& exporter, const Node& node, const char* onnx_name) {
  std::string index = exporter.Name(node.inputs[1]);
  // A number as an index would take its dimension away.
  if (exporter.value(node.inputs[1]).shape.empty()) {
    index = exporter.Emit("Reshape", {index, exporter.Ints({1})});
  }
  exporter.EmitTo(node.outputs, onnx_name, {exporter.Name(node.inputs[0]), index},
                  {{"axis", node.options().Get<DimOptions>().dim}});
}

void WriteGather(Exporter& exporter, const Node& node, const char* onnx_name) {
  exporter.EmitTo(node.outputs, onnx_name,
                  {exporter.Name(node.inputs[0]), exporter.Name(node.inputs[1])},
                  {{"axis", node.options().Get<DimOptions>().dim}});
}

namespace {

void WriteScatter(Exporter& exporter, const Node& node, const char* onnx_name, int64_t dim,
                  std::string_view reduction) {
  if (reduction == "max" || reduction == "min") {
    exporter.Require(18, node, "ScatterElements with extrema");
  } else if (reduction != "none") {
    exporter.Require(16, node, "ScatterElements with sums and products");
  }
  std::vector<SymInt> index_shape = exporter.value(node.inputs[1]).shape;
  std::string source = exporter.Name(node.inputs[2]);
  // There the source has the shape of the index, here it may be larger.
  if (index_shape != exporter.value(node.inputs[2]).shape) {
    for (size_t i = 0; i < index_shape.size(); ++i) {
      if (index_shape[i].is_number()) continue;
      index_shape[i] = SymInt::Extent(node.inputs[1], static_cast<int64_t>(i));
    }
    source = exporter.Emit("Slice", {source, exporter.Ints(Dims(index_shape.size(), 0)),
                                     exporter.Extents(index_shape)});
  }
  exporter.EmitTo(node.outputs, onnx_name,
                  {exporter.Name(node.inputs[0]), exporter.Name(node.inputs[1]), source},
                  exporter.opset() < 16
                      ? std::vector<Attribute>{{"axis", dim}}
                      : std::vector<Attribute>{{"axis", dim}, {"reduction", reduction.data()}});
}

}  // namespace

void WriteScatterAdd(Exporter& exporter, const Node& node, const char* onnx_name) {
  WriteScatter(exporter, node, onnx_name, node.options().Get<DimOptions>().dim, "add");
}

void WriteScatterElements(Exporter& exporter, const Node& node, const char* onnx_name) {
  const auto& options = node.options().Get<ScatterOptions>();
  WriteScatter(exporter, node, onnx_name, options.dim, options.reduction);
}

// Each row of the source in its place, as elements.
void WriteIndexAdd(Exporter& exporter, const Node& node, const char* onnx_name) {
  exporter.Require(16, node, "ScatterElements with sums and products");
  const graph::Value& source = exporter.value(node.inputs[2]);
  const auto rank = static_cast<int64_t>(source.shape.size());
  const int64_t dim =
      NormalizeDim("index_add", node.options().Get<DimOptions>().dim, std::max<int64_t>(rank, 1));
  std::string index = exporter.Name(node.inputs[1]);
  if (rank > 0) {
    Dims rows(static_cast<size_t>(rank), 1);
    rows[static_cast<size_t>(dim)] = -1;
    std::vector<SymInt> shape = source.shape;
    for (size_t d = 0; d < shape.size(); ++d) {
      if (!shape[d].is_number()) shape[d] = SymInt::Extent(node.inputs[2], static_cast<int64_t>(d));
    }
    index = exporter.Emit("Expand", {exporter.Emit("Reshape", {index, exporter.Ints(rows)}),
                                     exporter.Extents(shape)});
  }
  exporter.EmitTo(node.outputs, onnx_name,
                  {exporter.Name(node.inputs[0]), index, exporter.Name(node.inputs[2])},
                  {{"axis", dim}, {"reduction", "add"}});
}

void WriteCat(Exporter& exporter, const Node& node, const char* onnx_name) {
  std::vector<std::string> inputs;
  for (ValueId input : node.inputs) inputs.push_back(exporter.Name(input));
  exporter.EmitTo(node.outputs, onnx_name, std::move(inputs),
                  {{"axis", node.options().Get<DimOptions>().dim}});
}

void WritePad(Exporter& exporter, const Node& node, const char* onnx_name) {
  const DType dtype = exporter.value(node.inputs[0]).dtype;
  std::vector<SymInt> integers = IntegersOf(node.operation());  // those of before and after
  exporter.EmitTo(node.outputs, onnx_name,
                  {exporter.Name(node.inputs[0]), exporter.Extents(integers),
                   exporter.Number(node.options().Get<PadOptions>().value, dtype)});
}

void WriteFlip(Exporter& exporter, const Node& node, const char* onnx_name) {
  const Dims& dims = node.options().Get<DimsOptions>().dims;
  const std::string& x = exporter.Name(node.inputs[0]);
  if (dims.empty() || exporter.value(node.inputs[0]).shape.empty()) {
    return exporter.EmitTo(node.outputs, "Identity", {x});
  }
  const std::vector<int64_t> last(dims.size(), -1), before_first(dims.size(), INT64_MIN);
  exporter.EmitTo(node.outputs, onnx_name,
                  {x, exporter.Ints(last), exporter.Ints(before_first), exporter.Ints(dims),
                   exporter.Ints(last)});
}

void WriteTriangle(Exporter& exporter, const Node& node, const char* onnx_name) {
  const int64_t diagonal = node.options().Get<TriangleOptions>().diagonal;
  if (exporter.opset() < 14) {
    const graph::Value& input = exporter.value(node.inputs[0]);
    // The number of each row or column, of rows one below the other.
    const auto numbers = [&](size_t from_end) {
      const size_t dim = input.shape.size() - from_end;
      const SymInt extent = input.shape[dim].is_number()
                                ? input.shape[dim]
                                : SymInt::Extent(node.inputs[0], static_cast<int64_t>(dim));
      const std::string range = exporter.Emit(
          "Range", {exporter.Number(0, kInt64),
                    exporter.Emit("Reshape", {exporter.Extents({extent}), exporter.Ints({})}),
                    exporter.Number(1, kInt64)});
      return from_end == 1 ? range : exporter.Emit("Unsqueeze", {range, exporter.Ints({1})});
    };
    const std::string above =
        exporter.Emit("Sub", {numbers(1), numbers(2)});  // how far from the diagonal
    const std::string kept =
        exporter.Emit(node.op() == op::kTriu ? "GreaterOrEqual" : "LessOrEqual",
                      {above, exporter.Number(diagonal, kInt64)});
    // Runtimes choose among numbers alone.
    if (input.dtype == kBool) {
      return exporter.EmitTo(node.outputs, "And", {kept, exporter.Name(node.inputs[0])});
    }
    return exporter.EmitTo(node.outputs, "Where",
                           {kept, exporter.Name(node.inputs[0]), exporter.Number(0, input.dtype)});
  }
  exporter.EmitTo(node.outputs, onnx_name,
                  {exporter.Name(node.inputs[0]), exporter.Constant(ScalarTensor(diagonal))},
                  {{"upper", int64_t{node.op() == op::kTriu}}});
}

void WriteReshape(Exporter& exporter, const Node& node, const char* onnx_name) {
  std::vector<SymInt> shape = IntegersOf(node.operation());
  const auto is = [](int64_t number) {
    return [number](const SymInt& extent) { return extent == SymInt(number); };
  };
  // 0 takes the input's extent, unless there is a real 0.
  const std::vector<SymInt>& input = exporter.value(node.inputs[0]).shape;
  if (std::none_of(shape.begin(), shape.end(), is(0))) {
    for (size_t i = 0; i < std::min(shape.size(), input.size()); ++i) {
      if (!shape[i].is_number() && shape[i] == input[i]) shape[i] = 0;
    }
    const auto open = [](const SymInt& extent) { return !extent.is_number(); };
    if (std::count_if(shape.begin(), shape.end(), open) == 1 &&
        std::none_of(shape.begin(), shape.end(), is(-1))) {
      *std::find_if(shape.begin(), shape.end(), open) = -1;
    }
    return exporter.EmitTo(node.outputs, onnx_name,
                           {exporter.Name(node.inputs[0]), exporter.Extents(shape)});
  }
  // Where the input has the 0 in the same place, either reading gives it.
  bool same = true;
  for (size_t i = 0; i < shape.size(); ++i) {
    same &= shape[i] != SymInt(0) || (i < input.size() && input[i] == SymInt(0));
  }
  if (exporter.opset() < 14 && same) {
    return exporter.EmitTo(node.outputs, onnx_name,
                           {exporter.Name(node.inputs[0]), exporter.Extents(shape)});
  }
  exporter.Require(14, node, "Reshape to an extent of 0");
  exporter.EmitTo(node.outputs, onnx_name, {exporter.Name(node.inputs[0]), exporter.Extents(shape)},
                  {{"allowzero", int64_t{1}}});
}

void WritePermute(Exporter& exporter, const Node& node, const char* onnx_name) {
  std::vector<int64_t> perm;
  const Dims& dims = node.options().Get<DimsOptions>().dims;
  for (int64_t dim : dims) perm.push_back(dim < 0 ? dim + static_cast<int64_t>(dims.size()) : dim);
  exporter.EmitTo(node.outputs, onnx_name, {exporter.Name(node.inputs[0])},
                  {{"perm", absl::MakeConstSpan(perm)}});
}

void WriteExpand(Exporter& exporter, const Node& node, const char* onnx_name) {
  std::vector<SymInt> shape = IntegersOf(node.operation());
  // 1 keeps an extent there.
  std::replace(shape.begin(), shape.end(), SymInt(-1), SymInt(1));
  exporter.EmitTo(node.outputs, onnx_name,
                  {exporter.Name(node.inputs[0]), exporter.Extents(shape)});
}

void WriteSqueeze(Exporter& exporter, const Node& node, const char* onnx_name) {
  const std::vector<SymInt>& shape = exporter.value(node.inputs[0]).shape;
  Dims named = node.options().Get<DimsOptions>().dims;
  const auto rank = static_cast<int64_t>(shape.size());
  if (named.empty()) {
    for (int64_t i = 0; i < rank; ++i) named.push_back(i);
  }
  // Only what has extent 1, which is known where shapes were tried; here the rest is left alone,
  // there it is an error.
  const DimsView tried = exporter.value(node.inputs[0]).tried.shape();
  Dims dims;
  for (int64_t dim : named) {
    const int64_t d = dim < 0 ? dim + rank : dim;
    if (d < rank && tried[static_cast<size_t>(d)] == 1) dims.push_back(d);
  }
  const std::string& x = exporter.Name(node.inputs[0]);
  if (dims.empty()) return exporter.EmitTo(node.outputs, "Identity", {x});
  exporter.EmitTo(node.outputs, onnx_name, {x, exporter.Ints(dims)});
}

void WriteUnsqueeze(Exporter& exporter, const Node& node, const char* onnx_name) {
  exporter.EmitTo(
      node.outputs, onnx_name,
      {exporter.Name(node.inputs[0]), exporter.Ints({node.options().Get<DimOptions>().dim})});
}

void WriteSlice(Exporter& exporter, const Node& node, const char* onnx_name) {
  const std::vector<SymInt> integers = IntegersOf(node.operation());  // dim, start, end, step
  const auto input = [&](size_t i) { return exporter.Extents({integers[i]}); };
  exporter.EmitTo(node.outputs, onnx_name,
                  {exporter.Name(node.inputs[0]), input(1), input(2), input(0), input(3)});
}

void WriteSplit(Exporter& exporter, const Node& node, const char* onnx_name) {
  std::vector<SymInt> sizes = IntegersOf(node.operation());  // and dim
  sizes.pop_back();
  exporter.EmitTo(node.outputs, onnx_name, {exporter.Name(node.inputs[0]), exporter.Extents(sizes)},
                  {{"axis", node.options().Get<SplitOptions>().dim}});
}

// Into parts of one slice each, without their dimension.
void WriteUnbind(Exporter& exporter, const Node& node, const char* onnx_name) {
  const int64_t dim = node.options().Get<DimOptions>().dim;
  const size_t count = node.outputs.size();
  const std::vector<std::string> slices =
      exporter.EmitAll(onnx_name, {exporter.Name(node.inputs[0]), exporter.Ints(Dims(count, 1))},
                       count, {{"axis", dim}});
  for (size_t i = 0; i < count; ++i) {
    exporter.EmitTo({node.outputs[i]}, "Squeeze", {slices[i], exporter.Ints({dim})});
  }
}

void WriteFull(Exporter& exporter, const Node& node, const char* onnx_name) {
  const auto& options = node.options().Get<FullOptions>();
  // Numbers are written out, filled tensors as their shape.
  if (options.shape.empty() && node.symbolic().empty()) {
    const Tensor number = ScalarTensor(options.value, {.dtype = options.dtype});
    return exporter.EmitTo(node.outputs, "Constant", {}, {{"value", number}});
  }
  const Tensor value = Full({1}, options.value, {.dtype = options.dtype});
  exporter.EmitTo(node.outputs, onnx_name, {exporter.Extents(IntegersOf(node.operation()))},
                  {{"value", value}});
}

// start + step * (0, 1, ...), as it is computed here.
void WriteRange(Exporter& exporter, const Node& node, const char* onnx_name) {
  const auto& options = node.options().Get<RangeOptions>();
  const auto number = [&](const Scalar& value) {
    return exporter.Constant(ScalarTensor(value, {.dtype = options.dtype}));
  };
  const std::string length =
      exporter.Emit("Reshape", {exporter.Extents(IntegersOf(node.operation())), exporter.Ints({})});
  std::string range =
      exporter.Emit(onnx_name, {exporter.Number(0, kInt64), length, exporter.Number(1, kInt64)});
  range = exporter.Cast(range, options.dtype);
  const std::string scaled = exporter.Emit("Mul", {range, number(options.step)});
  exporter.EmitTo(node.outputs, "Add", {scaled, number(options.start)});
}

}  // namespace neura::onnx
