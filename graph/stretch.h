// A stretch of operations whose sizes are settled when it begins.
#ifndef NEURA_GRAPH_STRETCH_H_
#define NEURA_GRAPH_STRETCH_H_

#include <list>
#include <map>
#include <memory>
#include <vector>

#include "neura/graph/graph.h"
#include "neura/graph/memory_plan.h"
#include "neura/tensor/random/generator.h"

namespace neura::graph {

// A graph's constants on the device of a run. Views of one memory stay views of one memory.
class Constants {
 public:
  explicit Constants(const Graph& graph) : graph_(graph) {}

  Tensor On(Device device, ValueId id);

 private:
  const Graph& graph_;
  // Copies on other devices than their own.
  std::map<std::pair<int64_t, const Storage*>, IntrusivePtr<Storage>> copies_;
};

class RunObserver;

// What all of a run shares.
struct RunContext {
  Device device;
  Generator& generator;             // of random operations
  RunObserver* observer = nullptr;  // null where nobody watches
};

// Runs its operations one after another on memory that is planned once for each combination of what
// their sizes depend on: the device, the layouts of its inputs, and elements of them that options
// read. The plans used last are kept, with their memory.
class Stretch {
 public:
  // Keeps references to `graph` and `constants`. `outputs` are results that are read elsewhere;
  // those that `is_result` marks are copied where they would share memory with an input or a
  // constant.
  Stretch(const Graph& graph, Constants& constants, std::vector<NodeId> nodes,
          std::vector<ValueId> outputs, const std::vector<bool>& is_result);
  ~Stretch();

  // Values that others make, in the order of Run's inputs.
  absl::Span<const ValueId> inputs() const { return inputs_; }
  absl::Span<const ValueId> outputs() const { return outputs_; }
  size_t num_nodes() const { return nodes_.size(); }

  // Nothing is recorded for gradients. May be called from several threads at once; each call in
  // progress has its own memory.
  std::vector<Tensor> Run(absl::Span<const Tensor> inputs, const RunContext& context);
  // Of the memory that intermediate values share for inputs of these layouts. Throws
  // FailedPrecondition where sizes depend on elements.
  int64_t ArenaBytes(absl::Span<const Tensor> inputs, Device device);
  // Of each plan that is kept, the one used last first.
  std::vector<int64_t> KeptArenaBytes() const;

 private:
  static constexpr size_t kMaxPlans = 8;

  struct State;
  struct Plan;
  struct ElementLeaf {
    SizeLeaf leaf;
    size_t input;  // that holds it
  };

  std::vector<int64_t> KeyOf(absl::Span<const Tensor> inputs, Device device) const;
  std::shared_ptr<Plan> PlanFor(std::vector<int64_t> key, absl::Span<const Tensor> inputs,
                                Device device);
  std::shared_ptr<Plan> MakePlan(std::vector<int64_t> key, absl::Span<const Tensor> inputs,
                                 Device device) const;
  std::unique_ptr<State> MakeState(const Plan& plan) const;
  void Bind(const Plan& plan, absl::Span<const Tensor> inputs, const RunContext& context,
            State& state) const;
  std::vector<Tensor> TakeOutputs(const Plan& plan, State& state) const;

  const Graph& graph_;
  Constants& constants_;
  std::vector<NodeId> nodes_;
  std::vector<ValueId> inputs_;
  std::vector<ValueId> outputs_;
  // Values by the numbers that they have here: inputs, constants and results.
  std::vector<ValueId> values_;
  std::map<ValueId, int> numbers_;
  std::vector<PlanStep> steps_;  // by node
  std::vector<size_t> output_numbers_;
  std::vector<bool> is_output_;  // by value
  std::vector<bool> is_result_;  // by output
  std::vector<ElementLeaf> elements_;
  std::list<std::shared_ptr<Plan>> plans_;  // the one used last is the first; guarded
};

// A contiguous copy on the same device, which nobody is told of.
Tensor ContiguousCopy(const Tensor& tensor);

}  // namespace neura::graph

#endif  // NEURA_GRAPH_STRETCH_H_
