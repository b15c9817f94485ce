#include <algorithm>

#include "neura/graph/passes/passes.h"
#include "neura/tensor/ops/op_list/copy.h"

namespace neura::graph {
namespace {

// The same extents and strides at all sizes that were tried, and no extent that only a run can
// tell.
bool SameLayout(const Value& a, const Value& b) {
  const auto known = [](const Extent& extent) { return extent.is_known(); };
  if (a.shape != b.shape || !std::all_of(a.shape.begin(), a.shape.end(), known)) return false;
  for (size_t p = 0; p < a.probes.size(); ++p) {
    if (a.probes[p].shape() != b.probes[p].shape()) return false;
    if (a.probes[p].strides() != b.probes[p].strides()) return false;
  }
  return true;
}

bool IsIdentity(const Graph& graph, const Node& node) {
  const OpFlags& flags = SchemaOf(node.op).flags;
  const bool copies = flags.moves || node.op == op::kClone || node.op == op::kCast;
  if (!flags.view && !copies) return false;
  const Value &input = graph.value(node.inputs[0]), &output = graph.value(node.outputs[0]);
  return input.dtype == output.dtype && SameLayout(input, output);
}

}  // namespace

void RemoveIdentities(Graph& graph) {
  for (NodeId id : graph.nodes()) {
    const Node& node = graph.node(id);
    if (!IsIdentity(graph, node)) continue;
    graph.ReplaceAllUses(node.outputs[0], node.inputs[0]);
    graph.Erase(id);
  }
}

}  // namespace neura::graph
