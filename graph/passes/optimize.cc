#include "neura/graph/passes/passes.h"

namespace neura::graph {

void Optimize(Graph& graph) {
  EliminateDeadCode(graph);
  FoldConstants(graph);
  RemoveIdentities(graph);
  FoldBatchNorm(graph);
  EliminateCommonSubexpressions(graph);
  EliminateDeadCode(graph);
}

}  // namespace neura::graph
