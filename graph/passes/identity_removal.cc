#include "neura/graph/passes/passes.h"
#include "neura/tensor/ops/op_list/copy.h"
#include "neura/tensor/ops/op_list/view.h"

namespace neura::graph {
namespace {

// Equal extents at all sizes, and strides that show that they are in the same order.
bool SameLayout(const Value& a, const Value& b) {
  return a.shape == b.shape && a.tried.shape() == b.tried.shape() &&
         a.tried.strides() == b.tried.strides();
}

bool IsIdentity(const Graph& graph, const Node& node) {
  if (!node.is_operation() || node.Is(op::kAsStrided)) return false;
  if (node.outputs.size() != 1) return false;  // a split may have parts without elements beside it
  const OpFlags& flags = SchemaOf(node.op()).flags;
  const bool copies = flags.moves || node.Is(op::kClone) || node.Is(op::kCast);
  if (!flags.view && !copies) return false;
  const Value &input = graph.value(node.inputs[0]), &output = graph.value(node.outputs[0]);
  // A copy may be there for the order of its elements.
  return input.dtype == output.dtype && SameLayout(input, output) &&
         (flags.view || graph.IsContiguous(node.inputs[0]));
}

}  // namespace

void RemoveIdentities(Graph& graph) {
  RewriteBodies(graph, &RemoveIdentities);
  for (NodeId id : graph.nodes()) {
    const Node& node = graph.node(id);
    if (!IsIdentity(graph, node)) continue;
    graph.ReplaceAllUses(node.outputs[0], node.inputs[0]);
    graph.Erase(id);
  }
}

}  // namespace neura::graph
