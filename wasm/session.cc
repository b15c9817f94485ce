#include "neura/wasm/session.h"
#include <utility>
#include "absl/strings/str_cat.h"
#include "neura/tensor/backend_api.h"
#include "neura/graph/capture.h"
namespace neura::wasm {
namespace {
graph::Program Load(std::string_view model) {
  if (model == "matmul") {
    Tensor w = Uniform({512, 512}, -1, 1);
    return graph::Compile([=](const Tensor& x) { return MatMul(x, w); }, {Ones({512, 512})});
  }
  if (model == "conv") {
    Tensor w = Uniform({64, 64, 3, 3}, -1, 1);
    return graph::Compile([=](const Tensor& x) { return Conv2d(x, w, Tensor(), {.padding = {1,1}}); }, {Ones({1, 64, 56, 56})});
  }
  ThrowInvalidArgument(absl::StrCat("not a model: ", model));
}
ValueInfo InfoOf(const graph::Graph& graph, graph::ValueId id, const std::string& name) {
  const graph::Value& value = graph.value(id);
  ValueInfo info{name, std::string(DTypeName(value.dtype)), {}};
  for (const graph::Extent& extent : value.shape) info.shape.push_back(graph::ToString(extent, graph.symbols()));
  return info;
}
}
Session::Session(std::string_view model) : program_(Load(model)) {
  const graph::Graph& graph = program_.graph();
  for (graph::ValueId id : graph.inputs()) inputs_.push_back(InfoOf(graph, id, graph.value(id).name));
  for (size_t i = 0; i < graph.outputs().size(); ++i) outputs_.push_back(InfoOf(graph, graph.outputs()[i], graph.output_names()[i]));
  arguments_.resize(inputs_.size());
}
void* Session::SetInput(size_t index, DimsView shape) {
  const graph::Graph& graph = program_.graph();
  arguments_[index] = Tensor::Empty(shape, graph.value(graph.inputs()[index]).dtype, kCpu);
  return arguments_[index].raw_data();
}
void Session::Run() { results_.clear(); results_ = program_.Run(arguments_); }
void Session::Clear() { for (Tensor& a : arguments_) a = Tensor(); results_.clear(); }
}
