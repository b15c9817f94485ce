#include <string>
#include <unordered_map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "neura/graph/passes/passes.h"

namespace neura::graph {
namespace {

// Equal for nodes that may be the same; the options are then compared as such.
std::string Key(const Node& node) {
  const auto number = [](std::string* out, ValueId id) {
    absl::StrAppend(out, static_cast<int32_t>(id));
  };
  return absl::StrCat(static_cast<int>(node.op()), "(", absl::StrJoin(node.inputs, ",", number),
                      ")", node.options().ToString());
}

}  // namespace

void EliminateCommonSubexpressions(Graph& graph) {
  RewriteBodies(graph, &EliminateCommonSubexpressions);
  std::unordered_map<std::string, std::vector<NodeId>> seen;
  for (NodeId id : graph.nodes()) {
    // Random operations draw other numbers each time.
    if (!graph.node(id).is_operation() || SchemaOf(graph.node(id).op()).flags.random) continue;
    std::vector<NodeId>& candidates = seen[Key(graph.node(id))];
    bool merged = false;
    for (NodeId earlier : candidates) {
      const Node &a = graph.node(earlier), &b = graph.node(id);
      if (!(a.options() == b.options() && a.symbolic() == b.symbolic())) continue;
      for (size_t i = 0; i < b.outputs.size(); ++i) {
        graph.ReplaceAllUses(b.outputs[i], a.outputs[i]);
      }
      graph.Erase(id);
      merged = true;
      break;
    }
    if (!merged) candidates.push_back(id);
  }
}

}  // namespace neura::graph
