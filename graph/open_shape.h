// Which extents of an operation's results hold at every size of the symbols.
#ifndef NEURA_GRAPH_OPEN_SHAPE_H_
#define NEURA_GRAPH_OPEN_SHAPE_H_

#include <vector>

#include "neura/graph/graph.h"

namespace neura::graph {

// The shape of a result of `node`, which was inferred to be that of probes[i] at the i-th of
// ProbeSizes(). Extents agree with what was seen there, and are unknown where another size might
// break the rule: where the operation may cut (slice, diagonal) or round (windows with a stride),
// or reads an unknown extent that the result may depend on.
std::vector<Extent> OpenShape(const Graph& graph, const Node& node,
                              const std::vector<Tensor>& probes);

}  // namespace neura::graph

#endif  // NEURA_GRAPH_OPEN_SHAPE_H_
