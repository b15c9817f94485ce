// Reductions and matrix products.
#include "neura/tensor/ops/op_list/reduce.h"

#include "neura/onnx/export/exporter.h"
#include "neura/onnx/export/ops.h"
#include "neura/onnx/format/tensor_message.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/options/dims.h"

namespace neura::onnx {

using graph::Node;

void WriteReduce(Exporter& exporter, const Node& node, const char* onnx_name) {
  const auto& options = node.options().Get<ReduceOptions>();
  std::string x = exporter.Name(node.inputs[0]);
  const DType dtype = exporter.value(node.outputs[0]).dtype;
  if (dtype == kBool) exporter.Fail(node, "ONNX has no order of bool; Cast() the input");
  if (exporter.value(node.inputs[0]).dtype != dtype) x = exporter.Cast(x, dtype);
  exporter.EmitReduceTo(node.outputs, onnx_name, x, options.dims, options.keepdim);
}

// ONNX reduces numbers alone: all is the least of 0 and 1, any the greatest.
void WriteReduceBool(Exporter& exporter, const Node& node, const char* onnx_name) {
  const auto& options = node.options().Get<ReduceOptions>();
  std::string x = exporter.Name(node.inputs[0]);
  if (exporter.value(node.inputs[0]).dtype != kBool) x = exporter.Cast(x, kBool);
  const std::string reduced =
      exporter.EmitReduce(onnx_name, exporter.Cast(x, kInt32), options.dims, options.keepdim);
  exporter.EmitTo(node.outputs, "Cast", {reduced}, {{"to", int64_t{ToElementType(kBool)}}});
}

void WriteArgReduce(Exporter& exporter, const Node& node, const char* onnx_name) {
  const auto& options = node.options().Get<ArgReduceOptions>();
  std::string x = exporter.Name(node.inputs[0]);
  if (exporter.value(node.inputs[0]).dtype == kBool) x = exporter.Cast(x, kInt32);
  const size_t rank = exporter.value(node.inputs[0]).shape.size();
  if (options.dim && rank > 0) {
    return exporter.EmitTo(node.outputs, onnx_name, {x},
                           {{"axis", *options.dim}, {"keepdims", int64_t{options.keepdim}}});
  }
  const std::string flat = exporter.Emit("Reshape", {x, exporter.Ints({-1})});
  const std::string index =
      exporter.Emit(onnx_name, {flat}, {{"axis", int64_t{0}}, {"keepdims", int64_t{0}}});
  const std::vector<int64_t> ones(exporter.value(node.outputs[0]).shape.size(), 1);
  exporter.EmitTo(node.outputs, "Reshape", {index, exporter.Ints(ones)});
}

void WriteCumSum(Exporter& exporter, const Node& node, const char* onnx_name) {
  std::string x = exporter.Name(node.inputs[0]);
  const DType dtype = exporter.value(node.outputs[0]).dtype;
  if (exporter.value(node.inputs[0]).dtype != dtype) x = exporter.Cast(x, dtype);
  if (exporter.value(node.inputs[0]).shape.empty()) {
    return exporter.EmitTo(node.outputs, "Identity", {x});
  }
  const int64_t dim = node.options().Get<DimOptions>().dim;
  exporter.EmitTo(node.outputs, onnx_name, {x, exporter.Constant(ScalarTensor(dim))});
}

void WriteCumProd(Exporter& exporter, const Node& node, const char* onnx_name) {
  exporter.Require(26, node, onnx_name);
  WriteCumSum(exporter, node, onnx_name);
}

// All of them are the largest, or the smallest, in order.
void WriteSort(Exporter& exporter, const Node& node, const char* onnx_name) {
  const auto& options = node.options().Get<SortOptions>();
  const graph::Value& input = exporter.value(node.inputs[0]);
  const std::string x = exporter.Name(node.inputs[0]);
  if (input.dtype == kBool) exporter.Fail(node, "ONNX has no order of bool; Cast() the input");
  if (input.shape.empty()) {
    exporter.EmitTo({node.outputs[0]}, "Identity", {x});
    return exporter.EmitTo({node.outputs[1]}, "Identity",
                           {exporter.Constant(ScalarTensor(int64_t{0}))});
  }
  const int64_t dim = NormalizeDim("sort", options.dim, static_cast<int64_t>(input.shape.size()));
  const graph::SymInt& extent = input.shape[static_cast<size_t>(dim)];
  exporter.EmitTo(node.outputs, onnx_name, {x, exporter.Extents({extent})},
                  {{"axis", dim}, {"largest", int64_t{options.descending}}});
}

void WriteLinear(Exporter& exporter, const Node& node, const char* onnx_name) {
  const std::string x = exporter.Name(node.inputs[0]), weight = exporter.Name(node.inputs[1]);
  const graph::ValueId bias = node.inputs.size() > 2 ? node.inputs[2] : graph::kNone;
  if (exporter.value(node.inputs[0]).shape.size() == 2) {
    std::vector<std::string> inputs = {x, weight, exporter.Name(bias)};
    return exporter.EmitTo(node.outputs, onnx_name, std::move(inputs), {{"transB", int64_t{1}}});
  }
  const std::string transposed =
      exporter.Emit("Transpose", {weight}, {{"perm", absl::Span<const int64_t>({1, 0})}});
  if (bias == graph::kNone) return exporter.EmitTo(node.outputs, "MatMul", {x, transposed});
  exporter.EmitTo(node.outputs, "Add",
                  {exporter.Emit("MatMul", {x, transposed}), exporter.Name(bias)});
}

}  // namespace neura::onnx
