// Shapes at which an operation can be tried where those of its inputs do not fit one another.
#ifndef NEURA_GRAPH_AGREEMENT_H_
#define NEURA_GRAPH_AGREEMENT_H_

#include <optional>
#include <vector>

#include "neura/graph/graph.h"

namespace neura::graph {

// The inputs without memory, undefined where absent, their open extents changed to those that the
// operation asks for: extents that it pairs are equal, those that it broadcasts 1 or equal. A run
// tells whether they are. Nothing where there is nothing to change.
std::optional<std::vector<Tensor>> TriedInAgreement(const Graph& graph, const Operation& operation,
                                                    absl::Span<const ValueId> inputs);

}  // namespace neura::graph

#endif  // NEURA_GRAPH_AGREEMENT_H_
