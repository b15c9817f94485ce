#include "neura/graph/memory_plan.h"

#include <algorithm>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/tensor.h"

namespace neura::graph {
namespace {

constexpr int64_t kAlignment = 64;

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
  Planner(absl::Span<const PlanStep> steps, absl::Span<const PlanValue> values)
      : steps_(steps), values_(values) {}

  MemoryPlan Run() {
    plan_.places.resize(values_.size());
    block_of_.assign(values_.size(), -1);
    for (size_t i = 0; i < values_.size(); ++i) {
      const Home home = values_[i].home;
      if (home != Home::kInput && home != Home::kConstant) continue;
      plan_.places[i] = {home, static_cast<int>(i), 0, 0};
    }
    for (const PlanStep& step : steps_) FindRoots(step);
    for (size_t i = 0; i < values_.size(); ++i) {
      if (!values_[i].is_output) continue;
      Place& root = place(place(static_cast<int>(i)).root);
      if (root.home == Home::kArena) root.home = Home::kOutput;
    }
    for (Place& view : plan_.places) {
      if (view.root >= 0) view.home = place(view.root).home;
    }
    FindLastUses();
    for (size_t i = 0; i < steps_.size(); ++i) AssignBlocks(steps_[i], static_cast<int>(i));
    const Placement placement = PlaceBlocks(blocks_);
    for (size_t i = 0; i < values_.size(); ++i) {
      if (block_of_[i] < 0) continue;
      plan_.places[i].offset = placement.offsets[static_cast<size_t>(block_of_[i])];
    }
    plan_.arena_bytes = placement.bytes;
    return std::move(plan_);
  }

 private:
  Place& place(int value) { return plan_.places[static_cast<size_t>(value)]; }
  const Tensor& meta(int value) const { return values_[static_cast<size_t>(value)].meta; }
  int& block_of(int value) { return block_of_[static_cast<size_t>(value)]; }
  int& last_use(int value) { return last_use_[static_cast<size_t>(value)]; }

  // Views lie where their input lies; other results get memory of their own.
  void FindRoots(const PlanStep& step) {
    for (int output : step.outputs) {
      const PlanValue& value = values_[static_cast<size_t>(output)];
      if (!value.is_used) continue;
      if (value.is_view) {
        const Place& input = place(step.inputs[0]);
        place(output) = {input.home, input.root, 0, input.view_offset + value.view_offset};
      } else {
        place(output) = {Home::kArena, output, 0, 0};
      }
    }
  }

  void FindLastUses() {
    last_use_.assign(values_.size(), -1);
    for (size_t i = 0; i < steps_.size(); ++i) {
      for (int input : steps_[i].inputs) {
        if (input >= 0) last_use(place(input).root) = static_cast<int>(i);
      }
    }
  }

  void AssignBlocks(const PlanStep& step, int index) {
    for (int output : step.outputs) {
      if (place(output).root != output || place(output).home != Home::kArena) continue;
      const int last = std::max(last_use(output), index);
      const int reused = Reusable(step, output, index);
      if (reused >= 0) {
        blocks_[static_cast<size_t>(reused)].last = last;
        block_of(output) = reused;
        continue;
      }
      block_of(output) = static_cast<int>(blocks_.size());
      blocks_.push_back({BytesOf(meta(output)), index, last});
    }
  }

  // Whether the value is all of the memory that it lies in, in row-major order.
  bool FillsRoot(int value) {
    return place(value).view_offset == 0 && meta(value).is_contiguous() &&
           meta(value).numel() == meta(place(value).root).numel();
  }

  // The block of an input that `output` may overwrite, or -1.
  int Reusable(const PlanStep& step, int output, int index) {
    if (!step.is_pointwise) return -1;
    const auto alike = [this, output](int input) {
      return meta(input).dtype() == meta(output).dtype() &&
             meta(input).shape() == meta(output).shape() && FillsRoot(input);
    };
    for (int input : step.inputs) {
      if (input < 0 || !alike(input)) continue;
      const int root = place(input).root;
      const int block = block_of(root);
      // The block may already belong to a later value than this root.
      if (block < 0 || last_use(root) != index ||
          blocks_[static_cast<size_t>(block)].last != index) {
        continue;
      }
      // Whatever else is read from that block must be read element by element alike.
      const bool aligned = std::all_of(step.inputs.begin(), step.inputs.end(), [&](int other) {
        return other < 0 || block_of(place(other).root) != block || alike(other);
      });
      if (aligned) return block;
    }
    return -1;
  }

  absl::Span<const PlanStep> steps_;
  absl::Span<const PlanValue> values_;
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

MemoryPlan PlanMemory(absl::Span<const PlanStep> steps, absl::Span<const PlanValue> values) {
  return Planner(steps, values).Run();
}

}  // namespace neura::graph
