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

void WriteLayerNorm(Exporter& exporter, const Node& node, const char* onnx_name) {
  const auto& options = node.options().Get<LayerNormOptions>();
  const graph::Value& input = exporter.value(node.inputs[0]);
  const auto num_dims = static_cast<size_t>(options.num_dims);
  Dims normalized;
  for (size_t i = input.shape.size() - num_dims; i < input.shape.size(); ++i) {
    if (!input.shape[i].is_number() && InputOrNone(node, 1) == kNone) {
      exporter.Fail(node, "without a weight the normalized dimensions must have a fixed size");
    }
    normalized.push_back(input.shape[i].number());
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
  Ints reduced;
  for (int64_t dim = -options.num_dims; dim < 0; ++dim) reduced.push_back(dim);
  for (size_t i : {size_t{1}, size_t{2}}) {
    exporter.EmitTo({node.outputs[i]}, "Squeeze", {outputs[i], exporter.Ints(reduced)});
  }
}

}  // namespace neura::onnx
