// Where values lie during a run.
#ifndef NEURA_GRAPH_MEMORY_PLAN_H_
#define NEURA_GRAPH_MEMORY_PLAN_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "neura/tensor/core/tensor.h"

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

// Where a value lies.
enum class Home : uint8_t {
  kUnused,
  kInput,     // the caller's memory
  kConstant,  // the graph's
  kArena,     // shared in turns
  kOutput,    // taken for this run and handed on
};

// A value of a stretch of nodes. Values are numbered from 0; -1 is one that is absent.
struct PlanValue {
  Home home = Home::kUnused;  // kInput and kConstant are given; others are found
  bool is_used = true;        // else it is not made
  bool is_output = false;     // it is needed after the stretch
  bool is_view = false;       // it lies in the memory of the first input of its step
  int64_t view_offset = 0;    // of a view in that input, in elements
  Tensor meta = {};           // shape and strides
};

struct PlanStep {
  std::vector<int> inputs;
  std::vector<int> outputs;
  bool is_pointwise = false;
};

struct MemoryPlan {
  struct Place {
    Home home = Home::kUnused;
    int root = -1;            // the value whose memory this one views, or itself
    int64_t offset = 0;       // of the root in the arena, in bytes
    int64_t view_offset = 0;  // in the root, in elements
  };
  std::vector<Place> places;  // by value
  int64_t arena_bytes = 0;
};

// `steps` in the order of execution. A pointwise operation overwrites an input of its own shape
// that nothing needs any more.
MemoryPlan PlanMemory(absl::Span<const PlanStep> steps, absl::Span<const PlanValue> values);

}  // namespace neura::graph

#endif  // NEURA_GRAPH_MEMORY_PLAN_H_
