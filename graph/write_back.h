// Writes through views, as new values.
#ifndef NEURA_GRAPH_WRITE_BACK_H_
#define NEURA_GRAPH_WRITE_BACK_H_

#include "neura/graph/graph.h"

namespace neura::graph {

// What `base` is after output number `output` of `view`, an operation on it, was overwritten with
// `written`.
// Throws InvalidArgument, naming the operation, for views through which a graph cannot write.
ValueId WriteBack(Graph& graph, const Operation& view, size_t output, ValueId base,
                  ValueId written);

// `value` with this shape, in the order of its elements.
ValueId AddReshape(Graph& graph, ValueId value, const std::vector<SymInt>& shape);
// `value` broadcast to this shape.
ValueId AddExpand(Graph& graph, ValueId value, const std::vector<SymInt>& shape);

}  // namespace neura::graph

#endif  // NEURA_GRAPH_WRITE_BACK_H_
