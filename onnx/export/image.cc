// Convolution and pooling.
#include "neura/tensor/ops/op_list/image.h"

#include <algorithm>

#include "neura/onnx/export/exporter.h"
#include "neura/onnx/export/ops.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"

namespace neura::onnx {
namespace {

using graph::Node;
using graph::SymInt;
using graph::ValueId;

using Ints = std::vector<int64_t>;

size_t SpatialDims(Exporter& exporter, ValueId id) { return exporter.value(id).shape.size() - 2; }

Ints Each(const Sizes& sizes, size_t dims) {
  const Sizes each = sizes.Each(dims);
  return {each.given().begin(), each.given().end()};
}

Attribute IntsAttribute(const char* name, const Ints& values) {
  return {name, absl::MakeConstSpan(values)};
}
Attribute SizesAttribute(const char* name, const Sizes& sizes, size_t dims) {
  return IntsAttribute(name, Each(sizes, dims));
}
// The same at the beginning and at the end.
Attribute PadsAttribute(const Sizes& padding, size_t dims) {
  Ints pads = Each(padding, dims);
  pads.insert(pads.end(), pads.begin(), pads.end());
  return IntsAttribute("pads", pads);
}

// What both directions of a convolution have.
template <typename Options>
std::vector<Attribute> ConvAttributes(Exporter& exporter, const Node& node,
                                      const Options& options) {
  const std::vector<SymInt>& weight = exporter.value(node.inputs[1]).shape;
  const size_t dims = weight.size() - 2;
  std::vector<Attribute> attributes = {SizesAttribute("strides", options.stride, dims),
                                       PadsAttribute(options.padding, dims),
                                       SizesAttribute("dilations", options.dilation, dims),
                                       {"group", options.groups}};
  Ints kernel;
  for (size_t d = 2; d < weight.size() && weight[d].is_number(); ++d) {
    kernel.push_back(weight[d].number());
  }
  if (kernel.size() == dims) attributes.push_back(IntsAttribute("kernel_shape", kernel));
  return attributes;
}

std::vector<std::string> InputNames(Exporter& exporter, const Node& node) {
  std::vector<std::string> inputs;
  for (ValueId input : node.inputs) inputs.push_back(exporter.Name(input));
  return inputs;
}

// With ceil_mode, windows that start in the padding after the input are left out here and, before
// operator set 19, counted there.
template <typename Options>
void CheckCeilMode(Exporter& exporter, const Node& node, const Options& options,
                   const Sizes& dilation) {
  if (!options.ceil_mode) return;
  const Sizes stride = options.stride.value_or(options.kernel_size);
  const graph::Value& input = exporter.value(node.inputs[0]);
  const graph::Value& output = exporter.value(node.outputs[0]);
  for (size_t d = 0; d + 2 < input.shape.size(); ++d) {
    if (!input.shape[d + 2].is_number()) {
      exporter.Fail(node, "with ceil_mode, the pooled dimensions must have a fixed size");
    }
    const int64_t reach = dilation[d] * (options.kernel_size[d] - 1) + 1;
    const int64_t room = input.shape[d + 2].number() + 2 * options.padding[d] - reach;
    if (output.shape[d + 2] != SymInt((room + stride[d] - 1) / stride[d] + 1)) {
      exporter.Fail(node, "with ceil_mode, the last window of ONNX lies in the padding");
    }
  }
}

// What both kinds of pools have.
template <typename Options>
std::vector<Attribute> PoolAttributes(const Options& options, size_t dims) {
  const Sizes stride = options.stride.value_or(options.kernel_size);
  return {SizesAttribute("kernel_shape", options.kernel_size, dims),
          SizesAttribute("strides", stride, dims),
          PadsAttribute(options.padding, dims),
          {"ceil_mode", int64_t{options.ceil_mode}}};
}

}  // namespace

namespace {

// Averages of windows of several sizes: along each dimension a product with a matrix of weights.
void WriteAveragesByProducts(Exporter& exporter, const Node& node, const Ints& size) {
  const graph::Value& input = exporter.value(node.inputs[0]);
  const size_t rank = input.shape.size();
  std::string x = exporter.Name(node.inputs[0]);
  for (size_t d = 0; d < size.size(); ++d) {
    if (size[d] == Sizes::kSame) continue;
    const int64_t in = input.shape[d + 2].number(), out = size[d];
    std::vector<double> weights(static_cast<size_t>(in * out));
    for (int64_t i = 0; i < out; ++i) {
      const int64_t begin = i * in / out, end = ((i + 1) * in + out - 1) / out;
      for (int64_t k = begin; k < end; ++k) {
        weights[static_cast<size_t>(k * out + i)] = 1 / static_cast<double>(end - begin);
      }
    }
    const std::string matrix =
        exporter.Constant(neura::Cast(FromVector(weights, {in, out}), input.dtype));
    Ints perm(rank);
    for (size_t i = 0; i < rank; ++i) perm[i] = static_cast<int64_t>(i);
    std::swap(perm[d + 2], perm.back());
    const auto turned = [&] {
      return d + 3 == rank ? x : exporter.Emit("Transpose", {x}, {IntsAttribute("perm", perm)});
    };
    x = turned();
    x = exporter.Emit("MatMul", {x, matrix});
    x = turned();
  }
  exporter.EmitTo(node.outputs, "Identity", {x});
}

}  // namespace

void WriteConv(Exporter& exporter, const Node& node, const char* onnx_name) {
  exporter.EmitTo(node.outputs, onnx_name, InputNames(exporter, node),
                  ConvAttributes(exporter, node, node.options().Get<ConvOptions>()));
}

void WriteConvTranspose(Exporter& exporter, const Node& node, const char* onnx_name) {
  const auto& options = node.options().Get<ConvGradOptions>();
  const std::vector<SymInt>& input = exporter.value(node.inputs[0]).shape;
  const std::vector<SymInt>& weight = exporter.value(node.inputs[1]).shape;
  const std::vector<SymInt>& output = exporter.value(node.outputs[0]).shape;
  // What the result has beyond the windows of the input.
  Ints more;
  for (size_t d = 0; d + 2 < input.size(); ++d) {
    const SymInt reached = (input[d + 2] - 1) * options.stride[d] +
                           (weight[d + 2] - 1) * options.dilation[d] + 1 - 2 * options.padding[d];
    const SymInt rest = output[d + 2] - reached;
    if (!rest.is_number()) {
      exporter.Fail(node, "the size of its result must follow from that of its input");
    }
    more.push_back(rest.number());
  }
  std::vector<Attribute> attributes = ConvAttributes(exporter, node, options);
  attributes.push_back(IntsAttribute("output_padding", more));
  exporter.EmitTo(node.outputs, onnx_name, InputNames(exporter, node), std::move(attributes));
}

void WriteMaxPool(Exporter& exporter, const Node& node, const char* onnx_name) {
  const auto& options = node.options().Get<MaxPoolOptions>();
  const size_t dims = SpatialDims(exporter, node.inputs[0]);
  CheckCeilMode(exporter, node, options, options.dilation);
  // The indices of ONNX count through the whole tensor, those here through a channel.
  if (exporter.graph().IsUsed(node.outputs[1])) {
    exporter.Fail(node, "its indices are in use, which ONNX counts otherwise");
  }
  std::vector<Attribute> attributes = PoolAttributes(options, dims);
  attributes.push_back(SizesAttribute("dilations", options.dilation, dims));
  exporter.EmitTo({node.outputs[0]}, onnx_name, {exporter.Name(node.inputs[0])},
                  std::move(attributes));
}

void WriteAvgPool(Exporter& exporter, const Node& node, const char* onnx_name) {
  const auto& options = node.options().Get<AvgPoolOptions>();
  const size_t dims = SpatialDims(exporter, node.inputs[0]);
  CheckCeilMode(exporter, node, options, 1);
  const std::string& x = exporter.Name(node.inputs[0]);
  std::vector<Attribute> attributes = PoolAttributes(options, dims);
  // Another divisor takes the place of what the mean of all elements, padding too, is divided by.
  const bool count_include_pad = options.count_include_pad || options.divisor_override.has_value();
  attributes.push_back({"count_include_pad", int64_t{count_include_pad}});
  if (!options.divisor_override) {
    return exporter.EmitTo(node.outputs, onnx_name, {x}, std::move(attributes));
  }
  if (options.ceil_mode) {
    exporter.Fail(node, "divisor_override with ceil_mode, whose last windows have fewer elements");
  }
  double count = 1;
  for (int64_t size : Each(options.kernel_size, dims)) count *= static_cast<double>(size);
  const std::string mean = exporter.Emit(onnx_name, {x}, std::move(attributes));
  const std::string factor = exporter.Number(count / static_cast<double>(*options.divisor_override),
                                             exporter.value(node.inputs[0]).dtype);
  exporter.EmitTo(node.outputs, "Mul", {mean, factor});
}

void WriteAdaptiveAvgPool(Exporter& exporter, const Node& node, const char* onnx_name) {
  const size_t dims = SpatialDims(exporter, node.inputs[0]);
  const Ints size = Each(node.options().Get<SpatialSizeOptions>().output_size, dims);
  const std::string& x = exporter.Name(node.inputs[0]);
  if (size == Ints(dims, 1)) return exporter.EmitTo(node.outputs, onnx_name, {x});
  const std::vector<SymInt>& shape = exporter.value(node.inputs[0]).shape;
  Ints window(dims, 1);
  bool divides = true;
  for (size_t d = 0; d < dims; ++d) {
    if (size[d] == Sizes::kSame) continue;
    if (!shape[d + 2].is_number()) {
      exporter.Fail(node, "ONNX pools windows of one size: what is pooled must have a fixed size");
    }
    divides &= shape[d + 2].number() % size[d] == 0;
    window[d] = shape[d + 2].number() / size[d];
  }
  if (!divides) return WriteAveragesByProducts(exporter, node, size);
  exporter.EmitTo(node.outputs, "AveragePool", {x},
                  {IntsAttribute("kernel_shape", window), IntsAttribute("strides", window)});
}

}  // namespace neura::onnx
