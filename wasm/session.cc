#include "neura/wasm/session.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "neura/onnx/onnx.h"
#include "neura/tensor/backend_api.h"

namespace neura::wasm {
namespace {

// What import itself needs is looked at where it runs; here, what a run will need.
void CheckLinked(const graph::Graph& graph) {
  for (graph::NodeId id : graph.nodes()) {
    for (const auto& body : graph.node(id).bodies) CheckLinked(*body);
    if (!graph.node(id).is_operation()) continue;
    const OpId op = graph.node(id).op();
    if (!SchemaOf(op).flags.view && KernelsOf(DeviceType::kCpu)[op] == nullptr) {
      ThrowUnimplemented(absl::StrCat("the model needs the operation ", SchemaOf(op).name,
                                      ", which this bundle was built without"));
    }
  }
}

graph::Program Load(std::string_view model) {
  absl::StatusOr<graph::Graph> graph = onnx::FromBytes(model);
  if (!graph.ok()) ThrowStatus(graph.status());
  CheckLinked(*graph);
  return graph::Compile(*std::move(graph));
}

ValueInfo InfoOf(const graph::Graph& graph, graph::ValueId id, const std::string& name) {
  const graph::Value& value = graph.value(id);
  ValueInfo info{name, std::string(DTypeName(value.dtype)), {}};
  for (const graph::SymInt& extent : value.shape) {
    info.shape.push_back(graph.ExtentToString(extent));
  }
  return info;
}

}  // namespace

Session::Session(std::string_view model) : program_(Load(model)) {
  const graph::Graph& graph = program_.graph();
  for (graph::ValueId id : graph.inputs()) {
    inputs_.push_back(InfoOf(graph, id, graph.value(id).name));
  }
  for (size_t i = 0; i < graph.outputs().size(); ++i) {
    outputs_.push_back(InfoOf(graph, graph.outputs()[i], graph.output_names()[i]));
  }
  arguments_.resize(inputs_.size());
}

void* Session::SetInput(size_t index, DimsView shape) {
  if (index >= arguments_.size()) {
    ThrowInvalidArgument(absl::StrCat("the model has ", arguments_.size(), " inputs"));
  }
  const graph::Graph& graph = program_.graph();
  arguments_[index] = Tensor::Empty(shape, graph.value(graph.inputs()[index]).dtype, kCpu);
  return arguments_[index].raw_data();
}

void Session::Run() {
  results_.clear();
  results_ = program_.Run(arguments_);
}

void Session::Clear() {
  for (Tensor& argument : arguments_) argument = Tensor();
  results_.clear();
}

}  // namespace neura::wasm
