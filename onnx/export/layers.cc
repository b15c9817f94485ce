// Softmax and normalization.
#include "neura/onnx/export/exporter.h"
#include "neura/onnx/export/ops.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/op_list/norm.h"

namespace neura::onnx {
namespace {

using graph::kNone;
using graph::Node;
using graph::SymInt;
using graph::ValueId;

using Ints = std::vector<int64_t>;

ValueId InputOrNone(const Node& node, size_t i) {
  return i < node.inputs.size() ? node.inputs[i] : kNone;
}

// A required ONNX input that may be absent here.
std::string NameOrFull(Exporter& exporter, ValueId id, DimsView shape, double value, DType dtype) {
  if (id != kNone) return exporter.Name(id);
  return exporter.Constant(Full(shape, value, {.dtype = dtype}));
}

}  // namespace

void WriteSoftmax(Exporter& exporter, const Node& node, const char* onnx_name) {
  std::string x = exporter.Name(node.inputs[0]);
  if (exporter.value(node.inputs[0]).shape.empty()) {
    const std::string row = exporter.Emit("Reshape", {x, exporter.Ints({1})});
    const std::string result = exporter.Emit(onnx_name, {row}, {{"axis", int64_t{0}}});
    return exporter.EmitTo(node.outputs, "Reshape", {result, exporter.Ints({})});
  }
  exporter.EmitTo(node.outputs, onnx_name, {x},
                  {{"axis", node.options().Get<SoftmaxOptions>().dim}});
}

void WriteBatchNorm(Exporter& exporter, const Node& node, const char* onnx_name) {
  const DType dtype = exporter.value(node.inputs[0]).dtype;
  const DimsView channels = exporter.value(node.inputs[1]).tried.shape();
  const std::string weight = NameOrFull(exporter, InputOrNone(node, 3), channels, 1, dtype);
  const std::string bias = NameOrFull(exporter, InputOrNone(node, 4), channels, 0, dtype);
  exporter.EmitTo(node.outputs, onnx_name,
                  {exporter.Name(node.inputs[0]), weight, bias, exporter.Name(node.inputs[1]),
                   exporter.Name(node.inputs[2])},
                  {{"epsilon", node.options().Get<BatchNormOptions>().eps}});
}

namespace {

// The last dimensions, counted from the end.
Ints LastDims(int64_t count) {
  Ints dims;
  for (int64_t dim = -count; dim < 0; ++dim) dims.push_back(dim);
  return dims;
}

void WriteLayerNormByMoments(Exporter& exporter, const Node& node) {
  const auto& options = node.options().Get<LayerNormOptions>();
  const DType dtype = exporter.value(node.inputs[0]).dtype;
  const Ints dims = LastDims(options.num_dims);
  const std::string& x = exporter.Name(node.inputs[0]);
  const std::string mean = exporter.EmitReduce("ReduceMean", x, dims);
  const std::string centered = exporter.Emit("Sub", {x, mean});
  const std::string variance =
      exporter.EmitReduce("ReduceMean", exporter.Emit("Mul", {centered, centered}), dims);
  const std::string deviation = exporter.Emit(
      "Sqrt", {exporter.Emit("Add", {variance, exporter.Number(options.eps, dtype)})});
  std::string result = exporter.Emit("Div", {centered, deviation});
  for (size_t i : {size_t{1}, size_t{2}}) {
    if (InputOrNone(node, i) == kNone) continue;
    result = exporter.Emit(i == 1 ? "Mul" : "Add", {result, exporter.Name(node.inputs[i])});
  }
  exporter.EmitTo({node.outputs[0]}, "Identity", {result});
  const graph::Graph& graph = exporter.graph();
  if (graph.IsUsed(node.outputs[1])) {
    exporter.EmitTo({node.outputs[1]}, "Squeeze", {mean, exporter.Ints(dims)});
  }
  if (graph.IsUsed(node.outputs[2])) {
    exporter.EmitTo({node.outputs[2]}, "Squeeze",
                    {exporter.Emit("Reciprocal", {deviation}), exporter.Ints(dims)});
  }
}

}  // namespace

void WriteLayerNorm(Exporter& exporter, const Node& node, const char* onnx_name) {
  const auto& options = node.options().Get<LayerNormOptions>();
  const graph::Value& input = exporter.value(node.inputs[0]);
  const auto num_dims = static_cast<size_t>(options.num_dims);
  Dims normalized;
  bool is_open = false;
  for (size_t i = input.shape.size() - num_dims; i < input.shape.size(); ++i) {
    is_open |= !input.shape[i].is_number();
    normalized.push_back(input.shape[i].number());
  }
  // The operator wants a weight.
  if (exporter.opset() < 17 || (is_open && InputOrNone(node, 1) == kNone)) {
    return WriteLayerNormByMoments(exporter, node);
  }
  const std::string weight = NameOrFull(exporter, InputOrNone(node, 1), normalized, 1, input.dtype);
  const std::vector<std::string> inputs = {exporter.Name(node.inputs[0]), weight,
                                           exporter.Name(InputOrNone(node, 2))};
  const std::vector<Attribute> attributes = {{"axis", -options.num_dims}, {"epsilon", options.eps}};
  const graph::Graph& graph = exporter.graph();
  if (!graph.IsUsed(node.outputs[1]) && !graph.IsUsed(node.outputs[2])) {
    return exporter.EmitTo({node.outputs[0]}, onnx_name, inputs, attributes);
  }
  // ONNX keeps the reduced dimensions of the mean and rstd.
  const std::vector<std::string> outputs = exporter.EmitAll(onnx_name, inputs, 3, attributes);
  exporter.EmitTo({node.outputs[0]}, "Identity", {outputs[0]});
  for (size_t i : {size_t{1}, size_t{2}}) {
    exporter.EmitTo({node.outputs[i]}, "Squeeze",
                    {outputs[i], exporter.Ints(LastDims(options.num_dims))});
  }
}

}  // namespace neura::onnx
