// Convolution, pooling, softmax and normalization.
#include "neura/onnx/export/exporter.h"
#include "neura/onnx/export/ops.h"
#include "neura/tensor/ops/op_list/image.h"
#include "neura/tensor/ops/op_list/norm.h"

namespace neura::onnx {
namespace {

using graph::kNone;
using graph::Node;
using graph::SymInt;
using graph::ValueId;

using Ints = std::vector<int64_t>;

Ints Pair(Size2 size) { return {size.height, size.width}; }
Ints Pads(Size2 size) { return {size.height, size.width, size.height, size.width}; }

Attribute IntsAttribute(const char* name, const Ints& values) {
  return {name, absl::MakeConstSpan(values)};
}

ValueId InputOrNone(const Node& node, size_t i) {
  return i < node.inputs.size() ? node.inputs[i] : kNone;
}

// A required ONNX input that may be absent here.
std::string NameOrFull(Exporter& exporter, ValueId id, DimsView shape, double value, DType dtype) {
  if (id != kNone) return exporter.Name(id);
  return exporter.Constant(Full(shape, value, {.dtype = dtype}));
}

// With ceil_mode, windows that start in the padding after the input are left out here and, before
// operator set 19, counted there.
void CheckCeilMode(Exporter& exporter, const Node& node, Size2 kernel, Size2 stride, Size2 padding,
                   Size2 dilation) {
  const graph::Value& input = exporter.value(node.inputs[0]);
  const graph::Value& output = exporter.value(node.outputs[0]);
  const auto agrees = [&](size_t dim, int64_t kernel_size, int64_t step, int64_t pad,
                          int64_t spread) {
    if (!input.shape[dim].is_number()) {
      exporter.Fail(node, "with ceil_mode, the pooled dimensions must have a fixed size");
    }
    const int64_t room = input.shape[dim].number() + 2 * pad - spread * (kernel_size - 1) - 1;
    return output.shape[dim] == SymInt((room + step - 1) / step + 1);
  };
  if (!agrees(2, kernel.height, stride.height, padding.height, dilation.height) ||
      !agrees(3, kernel.width, stride.width, padding.width, dilation.width)) {
    exporter.Fail(node, "with ceil_mode, the last window of ONNX lies in the padding");
  }
}

}  // namespace

void WriteConv2d(Exporter& exporter, const Node& node, const char* onnx_name) {
  const auto& options = node.options().Get<Conv2dOptions>();
  const std::vector<SymInt>& weight = exporter.value(node.inputs[1]).shape;
  std::vector<std::string> inputs;
  for (ValueId input : node.inputs) inputs.push_back(exporter.Name(input));
  std::vector<Attribute> attributes = {IntsAttribute("strides", Pair(options.stride)),
                                       IntsAttribute("pads", Pads(options.padding)),
                                       IntsAttribute("dilations", Pair(options.dilation)),
                                       {"group", options.groups}};
  if (weight[2].is_number() && weight[3].is_number()) {
    attributes.push_back(IntsAttribute("kernel_shape", {weight[2].number(), weight[3].number()}));
  }
  exporter.EmitTo(node.outputs, onnx_name, std::move(inputs), std::move(attributes));
}

void WriteMaxPool2d(Exporter& exporter, const Node& node, const char* onnx_name) {
  const auto& options = node.options().Get<MaxPool2dOptions>();
  const Size2 stride = options.stride.value_or(options.kernel_size);
  if (options.ceil_mode) {
    CheckCeilMode(exporter, node, options.kernel_size, stride, options.padding, options.dilation);
  }
  // The indices of ONNX count through the whole tensor, those here through a plane.
  if (exporter.graph().IsUsed(node.outputs[1])) {
    exporter.Fail(node, "its indices are in use, which ONNX counts otherwise");
  }
  exporter.EmitTo({node.outputs[0]}, onnx_name, {exporter.Name(node.inputs[0])},
                  {IntsAttribute("kernel_shape", Pair(options.kernel_size)),
                   IntsAttribute("strides", Pair(stride)),
                   IntsAttribute("pads", Pads(options.padding)),
                   IntsAttribute("dilations", Pair(options.dilation)),
                   {"ceil_mode", int64_t{options.ceil_mode}}});
}

void WriteAvgPool2d(Exporter& exporter, const Node& node, const char* onnx_name) {
  const auto& options = node.options().Get<AvgPool2dOptions>();
  const Size2 stride = options.stride.value_or(options.kernel_size);
  if (options.ceil_mode) {
    CheckCeilMode(exporter, node, options.kernel_size, stride, options.padding, 1);
  }
  exporter.EmitTo(node.outputs, onnx_name, {exporter.Name(node.inputs[0])},
                  {IntsAttribute("kernel_shape", Pair(options.kernel_size)),
                   IntsAttribute("strides", Pair(stride)),
                   IntsAttribute("pads", Pads(options.padding)),
                   {"count_include_pad", int64_t{options.count_include_pad}},
                   {"ceil_mode", int64_t{options.ceil_mode}}});
}

void WriteAdaptiveAvgPool2d(Exporter& exporter, const Node& node, const char* onnx_name) {
  const Size2 size = node.options().Get<SpatialSizeOptions>().output_size;
  const std::string& x = exporter.Name(node.inputs[0]);
  if (size == Size2(1)) return exporter.EmitTo(node.outputs, onnx_name, {x});
  const std::vector<SymInt>& shape = exporter.value(node.inputs[0]).shape;
  if (!shape[2].is_number() || !shape[3].is_number() || shape[2].number() % size.height != 0 ||
      shape[3].number() % size.width != 0) {
    exporter.Fail(node,
                  "ONNX pools windows of one size: output_size must divide a fixed input size");
  }
  const Ints window = {shape[2].number() / size.height, shape[3].number() / size.width};
  exporter.EmitTo(node.outputs, "AveragePool", {x},
                  {IntsAttribute("kernel_shape", window), IntsAttribute("strides", window)});
}

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
