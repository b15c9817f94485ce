#include <algorithm>

#include "neura/graph/meta.h"
#include "neura/graph/passes/passes.h"

namespace neura::graph {
namespace {

constexpr int64_t kLargeBytes = int64_t{1} << 20;

bool CanFold(const Graph& graph, const Node& node) {
  if (!node.symbolic.empty() || SchemaOf(node.op).flags.random) return false;
  int64_t input_bytes = 0, output_bytes = 0;
  for (ValueId input : node.inputs) {
    if (input == kNone) continue;
    const Tensor& constant = graph.value(input).constant;
    if (!constant.defined()) return false;
    const auto stored = static_cast<int64_t>(constant.storage()->bytes());
    // An expanded constant may have any number of elements.
    if (constant.numel() > 2 * stored + kLargeBytes) return false;
    input_bytes += stored;
  }
  if (SchemaOf(node.op).flags.view) return true;
  for (ValueId output : node.outputs) {
    int64_t bytes = 0;
    const Tensor& meta = graph.value(output).probes[0];
    if (__builtin_mul_overflow(meta.numel(), static_cast<int64_t>(ItemSize(meta.dtype())),
                               &bytes) ||
        __builtin_add_overflow(output_bytes, bytes, &output_bytes)) {
      return false;
    }
  }
  return output_bytes <= std::max(2 * input_bytes, kLargeBytes);
}

}  // namespace

void FoldConstants(Graph& graph) {
  const auto constant = [&graph](ValueId id) -> const Tensor& { return graph.value(id).constant; };
  for (NodeId id : graph.nodes()) {
    const Node& node = graph.node(id);
    if (!CanFold(graph, node)) continue;
    std::vector<Tensor> results(node.outputs.size());
    Dispatch(node.op, node.options.data(), Refs(node.inputs, constant), absl::MakeSpan(results));
    const std::vector<ValueId> outputs = node.outputs;
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (graph.IsUsed(outputs[i])) {
        graph.ReplaceAllUses(outputs[i], graph.AddConstant(results[i]));
      }
    }
    graph.Erase(id);
  }
}

}  // namespace neura::graph
