#include <algorithm>

#include "neura/graph/passes/passes.h"

namespace neura::graph {

void RewriteBodies(Graph& graph, void (*pass)(Graph&)) {
  for (NodeId id : graph.nodes()) {
    for (size_t i = 0; i < graph.node(id).bodies.size(); ++i) {
      Graph body = *graph.node(id).bodies[i];
      pass(body);
      graph.ReplaceBody(id, i, std::move(body));
    }
  }
}

void EliminateDeadCode(Graph& graph) {
  RewriteBodies(graph, &EliminateDeadCode);
  std::vector<NodeId> nodes = graph.nodes();
  // Backwards, so that erasing a node frees what it read in the same sweep.
  for (auto it = nodes.rbegin(); it != nodes.rend(); ++it) {
    const std::vector<ValueId>& outputs = graph.node(*it).outputs;
    if (std::none_of(outputs.begin(), outputs.end(),
                     [&graph](ValueId output) { return graph.IsUsed(output); })) {
      graph.Erase(*it);
    }
  }
}

}  // namespace neura::graph
