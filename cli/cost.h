// What a run of a graph costs, worked out from shapes alone.
#ifndef NEURA_CLI_COST_H_
#define NEURA_CLI_COST_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "neura/graph/graph.h"

namespace neura::cli {

struct NodeCost {
  std::string name;    // of the operation
  std::string weight;  // the first named constant among its inputs, by which it is known; or empty
  int64_t depth = 0;   // of bodies in bodies
  std::vector<Dims> shapes = {};  // of its outputs
  int64_t multiply_adds = 0;      // of one run of the node, bodies apart
};

struct Cost {
  std::vector<NodeCost> nodes;  // in order, those of bodies after the node that they belong to
  // Of a whole run: of a decision the costlier body, of a scan each step, of a loop, whose rounds
  // only a run knows, one.
  int64_t multiply_adds = 0;
  bool has_loops = false;
  // Whether a shape follows from elements; it is then taken to be what it was tried at.
  bool is_guess = false;
};

// For these sizes of the graph's symbols, one for each.
Cost CostOf(const graph::Graph& graph, absl::Span<const int64_t> symbol_sizes);

// The first constant with a name that a node reads; empty where there is none.
std::string WeightOf(const graph::Graph& graph, const graph::Node& node);

}  // namespace neura::cli

#endif  // NEURA_CLI_COST_H_
