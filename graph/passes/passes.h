// Rewrites of a graph and of the bodies in it. None changes what it computes, except for rounding
// where said, and for which random numbers operations draw where others that drew before them go.
#ifndef NEURA_GRAPH_PASSES_PASSES_H_
#define NEURA_GRAPH_PASSES_PASSES_H_

#include "neura/graph/graph.h"

namespace neura::graph {

// Applies a pass to the bodies of a graph's nodes. Nothing moves in or out of them.
void RewriteBodies(Graph& graph, void (*pass)(Graph&));

// Erases nodes whose results nothing needs.
void EliminateDeadCode(Graph& graph);

// Computes nodes whose inputs are all constants, unless the result is large and much larger than
// they are (a filled tensor costs less to make than to keep), or all of them together outgrow the
// constants that the graph came with.
void FoldConstants(Graph& graph);

// Merges operations that do the same to the same values.
void EliminateCommonSubexpressions(Graph& graph);

// Removes nodes that change nothing: alias, a copy of what is contiguous, a cast to the dtype that
// is there, a view with the extents that are there.
void RemoveIdentities(Graph& graph);

// Conv followed by BatchNormInference becomes Conv with scaled weights: results differ by
// rounding.
void FoldBatchNorm(Graph& graph);

// All of them.
void Optimize(Graph& graph);

}  // namespace neura::graph

#endif  // NEURA_GRAPH_PASSES_PASSES_H_
