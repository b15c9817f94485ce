// Where the values of a graph lie during a run.
#ifndef NEURA_GRAPH_MEMORY_PLAN_H_
#define NEURA_GRAPH_MEMORY_PLAN_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "neura/graph/graph.h"

namespace neura::graph {

// Memory that is needed from step `first` to step `last`, both included.
struct Lifetime {
  int64_t bytes = 0;
  int first = 0;
  int last = 0;
};

// Offsets (multiples of 64) at which no two blocks that are needed at one time overlap, and their
// end. Large blocks are placed first, each at the lowest offset where it fits.
struct Placement {
  std::vector<int64_t> offsets;
  int64_t bytes = 0;
};
Placement PlaceBlocks(absl::Span<const Lifetime> blocks);

struct MemoryPlan {
  enum class Home : uint8_t {
    kUnused,
    kInput,     // the caller's memory
    kConstant,  // the graph's
    kArena,     // shared in turns
    kOutput,    // taken for this run and handed out
  };
  struct Place {
    Home home = Home::kUnused;
    ValueId root = kNone;     // the value whose memory this one views, or itself
    int64_t offset = 0;       // of the root in the arena, in bytes
    int64_t view_offset = 0;  // in the root, in elements
  };
  std::vector<Place> places;  // by ValueId
  int64_t arena_bytes = 0;
};

// `nodes` in the order of execution; `metas[id]` has the shape and strides of each value, and
// `view_offsets[id]` where a view lies in its input, in elements. A pointwise operation overwrites
// an input of its own shape that nothing needs any more.
MemoryPlan PlanMemory(const Graph& graph, absl::Span<const NodeId> nodes,
                      absl::Span<const Tensor> metas, absl::Span<const int64_t> view_offsets);

}  // namespace neura::graph

#endif  // NEURA_GRAPH_MEMORY_PLAN_H_
