#include "neura/graph/memory_plan.h"

#include <algorithm>
#include <numeric>

#include "absl/strings/str_cat.h"

namespace neura::graph {
namespace {

constexpr int64_t kAlignment = 64;

using Home = MemoryPlan::Home;
using Place = MemoryPlan::Place;

int64_t RoundUp(int64_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

int64_t BytesOf(const Tensor& meta) {
  int64_t bytes;
  if (__builtin_mul_overflow(meta.numel(), static_cast<int64_t>(ItemSize(meta.dtype())), &bytes) ||
      bytes > INT64_MAX - kAlignment) {
    ThrowResourceExhausted(absl::StrCat("out of memory: ", Describe(meta), " is too large"));
  }
  return RoundUp(bytes);
}

class Planner {
 public:
  Planner(const Graph& graph, absl::Span<const NodeId> nodes, absl::Span<const Tensor> metas,
          absl::Span<const int64_t> view_offsets)
      : graph_(graph), nodes_(nodes), metas_(metas), view_offsets_(view_offsets) {}

  MemoryPlan Run() {
    plan_.places.resize(graph_.num_values());
    block_of_.assign(plan_.places.size(), -1);
    for (ValueId id : graph_.values()) {
      if (graph_.value(id).producer != kNoNode) continue;
      const bool constant = graph_.value(id).is_constant();
      place(id) = {constant ? Home::kConstant : Home::kInput, id, 0, 0};
    }
    for (NodeId node : nodes_) FindRoots(graph_.node(node));
    for (ValueId output : graph_.outputs()) {
      Place& root = place(place(output).root);
      if (root.home == Home::kArena) root.home = Home::kOutput;
    }
    for (Place& view : plan_.places) {
      if (view.root != kNone) view.home = place(view.root).home;
    }
    FindLastUses();
    for (size_t step = 0; step < nodes_.size(); ++step) {
      AssignBlocks(graph_.node(nodes_[step]), static_cast<int>(step));
    }
    const Placement placement = PlaceBlocks(blocks_);
    for (ValueId id : graph_.values()) {
      const int block = block_of_[static_cast<size_t>(id)];
      if (block >= 0) place(id).offset = placement.offsets[static_cast<size_t>(block)];
    }
    plan_.arena_bytes = placement.bytes;
    return std::move(plan_);
  }

 private:
  Place& place(ValueId id) { return plan_.places[static_cast<size_t>(id)]; }
  const Tensor& meta(ValueId id) const { return metas_[static_cast<size_t>(id)]; }

  // Views lie where their input lies; other results get memory of their own.
  void FindRoots(const Node& node) {
    for (ValueId output : node.outputs) {
      if (SchemaOf(node.op).flags.view) {
        const Place& input = place(node.inputs[0]);
        place(output) = {input.home, input.root, 0,
                         input.view_offset + view_offsets_[static_cast<size_t>(output)]};
      } else {
        place(output) = {Home::kArena, output, 0, 0};
      }
    }
  }

  void FindLastUses() {
    last_use_.assign(plan_.places.size(), -1);
    for (size_t step = 0; step < nodes_.size(); ++step) {
      const Node& node = graph_.node(nodes_[step]);
      for (ValueId input : node.inputs) {
        if (input != kNone) {
          last_use_[static_cast<size_t>(place(input).root)] = static_cast<int>(step);
        }
      }
    }
  }

  void AssignBlocks(const Node& node, int step) {
    for (ValueId output : node.outputs) {
      if (place(output).root != output || place(output).home != Home::kArena) continue;
      const int last = std::max(last_use_[static_cast<size_t>(output)], step);
      const int reused = Reusable(node, output, step);
      if (reused >= 0) {
        blocks_[static_cast<size_t>(reused)].last = last;
        block_of_[static_cast<size_t>(output)] = reused;
        continue;
      }
      block_of_[static_cast<size_t>(output)] = static_cast<int>(blocks_.size());
      blocks_.push_back({BytesOf(meta(output)), step, last});
    }
  }

  // Whether the value is all of the memory that it lies in, in row-major order.
  bool FillsRoot(ValueId id) const {
    const Place& place = plan_.places[static_cast<size_t>(id)];
    return place.view_offset == 0 && meta(id).is_contiguous() &&
           meta(id).numel() == meta(place.root).numel();
  }

  // The block of an input that `output` may overwrite, or -1.
  int Reusable(const Node& node, ValueId output, int step) {
    if (!SchemaOf(node.op).flags.pointwise) return -1;
    for (ValueId input : node.inputs) {
      if (input == kNone || meta(input).dtype() != meta(output).dtype() ||
          meta(input).shape() != meta(output).shape() || !FillsRoot(input)) {
        continue;
      }
      const ValueId root = place(input).root;
      const int block = block_of_[static_cast<size_t>(root)];
      // The block may already belong to a later value than this root.
      if (block < 0 || last_use_[static_cast<size_t>(root)] != step ||
          blocks_[static_cast<size_t>(block)].last != step) {
        continue;
      }
      // Whatever else is read from that block must be read element by element alike.
      const bool aligned = std::all_of(
          node.inputs.begin(), node.inputs.end(), [this, &output, block](ValueId other) {
            return other == kNone || block_of_[static_cast<size_t>(place(other).root)] != block ||
                   (FillsRoot(other) && meta(other).shape() == meta(output).shape() &&
                    meta(other).dtype() == meta(output).dtype());
          });
      if (aligned) return block;
    }
    return -1;
  }

  const Graph& graph_;
  absl::Span<const NodeId> nodes_;
  absl::Span<const Tensor> metas_;
  absl::Span<const int64_t> view_offsets_;
  MemoryPlan plan_;
  std::vector<int> last_use_;  // by root
  std::vector<int> block_of_;  // by root
  std::vector<Lifetime> blocks_;
};

}  // namespace

Placement PlaceBlocks(absl::Span<const Lifetime> blocks) {
  Placement placement;
  placement.offsets.resize(blocks.size());
  std::vector<size_t> order(blocks.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&blocks](size_t a, size_t b) { return blocks[a].bytes > blocks[b].bytes; });
  std::vector<size_t> placed;  // by offset
  for (size_t i : order) {
    int64_t offset = 0;
    for (size_t other : placed) {
      if (blocks[other].last < blocks[i].first || blocks[i].last < blocks[other].first) continue;
      if (placement.offsets[other] - offset >= blocks[i].bytes) break;
      offset = std::max(offset, placement.offsets[other] + RoundUp(blocks[other].bytes));
    }
    int64_t end;
    if (__builtin_add_overflow(offset, blocks[i].bytes, &end) || end > INT64_MAX - kAlignment) {
      ThrowResourceExhausted("out of memory: the values of a graph overflow 64 bits of bytes");
    }
    placement.offsets[i] = offset;
    placement.bytes = std::max(placement.bytes, end);
    placed.insert(std::upper_bound(placed.begin(), placed.end(), offset,
                                   [&placement](int64_t at, size_t other) {
                                     return at < placement.offsets[other];
                                   }),
                  i);
  }
  return placement;
}

MemoryPlan PlanMemory(const Graph& graph, absl::Span<const NodeId> nodes,
                      absl::Span<const Tensor> metas, absl::Span<const int64_t> view_offsets) {
  return Planner(graph, nodes, metas, view_offsets).Run();
}

}  // namespace neura::graph
