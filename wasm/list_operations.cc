// Writes the header tensor/ops/linked_ops.h of a program for one model: with the operations and
// dtypes that loading, optimizing and running the model need.
//
// usage: list_operations MODEL.onnx linked_ops.h
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "neura/onnx/onnx.h"
#include "neura/tensor/backend_api.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/op_list/copy.h"
#include "neura/tensor/ops/op_list/shape.h"

namespace neura::wasm {
namespace {

std::set<OpId>& Used() {
  static auto* used = new std::set<OpId>;
  return *used;
}

KernelTable& Kernels() {
  static auto* kernels = new KernelTable(KernelsOf(DeviceType::kCpu));
  return *kernels;
}

std::set<DType>& UsedDTypes() {
  static auto* used = new std::set<DType>;
  return *used;
}

void AddDType(DType dtype) {
  UsedDTypes().insert(dtype);
  UsedDTypes().insert(WideDType(dtype));
}

// Operations with the dtypes that they are given.
std::set<std::pair<OpId, DType>>& UsedPairs() {
  static auto* used = new std::set<std::pair<OpId, DType>>;
  return *used;
}

void AddPair(OpId op, DType dtype) {
  UsedPairs().emplace(op, dtype);
  UsedPairs().emplace(op, WideDType(dtype));
}

std::string NameOf(DType dtype) {
#define NEURA_CASE(type, name) \
  if (dtype == name) return #name;
  NEURA_FORALL_DTYPES(NEURA_CASE)
#undef NEURA_CASE
  return "";
}

void Record(KernelCall& call) {
  Used().insert(call.call.op);
  for (const Tensor* input : call.call.inputs) {
    if (!input->defined()) continue;
    AddDType(input->dtype());
    AddPair(call.call.op, input->dtype());
  }
  for (const Tensor& output : call.outputs) {
    if (output.defined()) AddDType(output.dtype());
  }
  Kernels()[call.call.op](call);
}

// Import computes shapes and optimization folds constants: both run kernels.
void RecordKernels() {
  Kernels();  // copied before the table changes
  for (Kernel& kernel : KernelsOf(DeviceType::kCpu).kernels) {
    if (kernel != nullptr) kernel = &Record;
  }
}

void AddNodes(const graph::Graph& graph) {
  for (graph::ValueId id : graph.values()) AddDType(graph.value(id).dtype);
  for (graph::NodeId id : graph.nodes()) {
    const graph::Node& node = graph.node(id);
    if (node.is_operation()) {
      Used().insert(node.op());
      for (graph::ValueId input : node.inputs) {
        if (input != graph::kNone) AddPair(node.op(), graph.value(input).dtype);
      }
    }
    // What is stacked is joined.
    if (std::holds_alternative<graph::Loop>(node.what) ||
        std::holds_alternative<graph::Scan>(node.what)) {
      Used().insert(op::kCat);
    }
    for (const auto& body : node.bodies) AddNodes(*body);
  }
}

int Run(const std::string& model, const std::string& header) {
  RecordKernels();
  std::ifstream in(model, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  const absl::StatusOr<std::map<std::string, int64_t>> operators = onnx::OperatorsOf(bytes);
  if (!operators.ok()) ThrowStatus(operators.status());
  absl::StatusOr<graph::Graph> graph = onnx::FromBytes(bytes);
  if (!graph.ok()) ThrowStatus(graph.status());
  AddNodes(*graph);
  AddNodes(graph::Compile(*std::move(graph)).graph());
  Used().insert(op::kClone);  // inputs and results that are not contiguous

  std::string cases;
  for (OpId op : Used()) absl::StrAppend(&cases, "\n      \"", SchemaOf(op).cc_name, "\",");
  for (DType dtype : UsedDTypes()) absl::StrAppend(&cases, "\n      \"", NameOf(dtype), "\",");
  for (const auto& [op, dtype] : UsedPairs()) {
    absl::StrAppend(&cases, "\n      \"", SchemaOf(op).cc_name, ".", NameOf(dtype), "\",");
  }
  for (const auto& [name, count] : *operators) {
    absl::StrAppend(&cases, "\n      \"onnx.", name, "\",");
  }
  std::ofstream file(header);
  file << R"(#ifndef NEURA_TENSOR_OPS_LINKED_OPS_H_
#define NEURA_TENSOR_OPS_LINKED_OPS_H_

#include <string_view>

namespace neura {

constexpr bool IsLinked(std::string_view name) {
  constexpr std::string_view kNames[] = {)"
       << cases << R"(
  };
  for (std::string_view linked : kNames) {
    if (linked == name) return true;
  }
  return false;
}

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_LINKED_OPS_H_
)";
  return file.flush() ? 0 : 1;
}

}  // namespace
}  // namespace neura::wasm

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: list_operations MODEL.onnx linked_ops.h\n";
    return 2;
  }
  try {
    return neura::wasm::Run(argv[1], argv[2]);
  } catch (const std::exception& error) {
    std::cerr << "list_operations: " << error.what() << "\n";
    return 1;
  }
}
