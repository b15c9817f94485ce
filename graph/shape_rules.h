// Which extents of an operation's results are known at all sizes.
#ifndef NEURA_GRAPH_SHAPE_RULES_H_
#define NEURA_GRAPH_SHAPE_RULES_H_

#include <optional>
#include <vector>

#include "neura/graph/graph.h"

namespace neura::graph {

// What each extent of an operation's result is at all sizes, or nothing where no rule says. `tried`
// is the result where shapes were tried; its rank counts. A graph needs no more of them than what
// passes and readers ask for: each run infers its shapes anew.
std::vector<std::optional<SymInt>> KnownShape(const Graph& graph, const Operation& operation,
                                              absl::Span<const ValueId> inputs, size_t output,
                                              const Tensor& tried);

}  // namespace neura::graph

#endif  // NEURA_GRAPH_SHAPE_RULES_H_
