// Running a graph stretch by stretch.
#ifndef NEURA_GRAPH_EXECUTOR_H_
#define NEURA_GRAPH_EXECUTOR_H_

#include <memory>
#include <vector>

#include "neura/graph/graph.h"
#include "neura/graph/stretch.h"

namespace neura::graph {

class Executor {
 public:
  explicit Executor(Graph graph);

  const Graph& graph() const { return graph_; }
  absl::Span<const std::unique_ptr<Stretch>> stretches() const { return stretches_; }
  // In the order of the steps that they belong to.
  std::vector<const Executor*> bodies() const;

  // Throws InvalidArgument where inputs do not fit the graph, or are not on `device`. What is
  // returned shares memory with nothing.
  std::vector<Datum> Run(absl::Span<const Datum> inputs, const RunContext& context) const;
  // The same where everything is one stretch of tensors; else nothing.
  bool is_one_stretch() const { return one_stretch_; }
  std::vector<Tensor> RunTensors(absl::Span<const Tensor> inputs, const RunContext& context) const;
  // Of the first stretch.
  int64_t ArenaBytes(absl::Span<const int64_t> symbol_sizes) const;

 private:
  // A stretch, or a node of another kind.
  struct Step {
    Stretch* stretch = nullptr;
    NodeId node = kNoNode;
    std::vector<std::unique_ptr<const Executor>> bodies = {};
    std::vector<ValueId> last_reads = {};  // values that nobody reads after it
  };

  // Of inputs, which are open and have one name.
  struct EqualExtents {
    size_t input, dim;
    size_t other, other_dim;
  };

  void Cut();
  void FindLastReads();
  bool ReadsElementsOf(const Node& node, const std::vector<bool>& values) const;
  Datum CheckedSequence(size_t input, const Datum& sequence, Device device) const;
  void CheckTensor(size_t input, const Tensor& tensor, Device device) const;
  void FindEqualExtents();
  void CheckEqualExtents(absl::Span<const Tensor* const> inputs) const;
  Datum Get(ValueId id, const std::vector<Datum>& values, const RunContext& context) const;
  std::vector<Datum> RunNode(const Step& step, const std::vector<Datum>& values,
                             const RunContext& context) const;
  std::vector<Datum> RunLoop(const Step& step, absl::Span<const Datum> inputs,
                             const RunContext& context) const;
  std::vector<Datum> RunScan(const Step& step, absl::Span<const Datum> inputs,
                             const RunContext& context) const;
  std::vector<Datum> RunHostCall(const Node& node, absl::Span<const Datum> inputs,
                                 const std::vector<Datum>& values, const RunContext& context) const;

  Graph graph_;
  std::unique_ptr<Constants> constants_;
  std::vector<std::unique_ptr<Stretch>> stretches_;
  std::vector<Step> steps_;
  std::vector<EqualExtents> equal_extents_;
  bool one_stretch_ = false;
  std::vector<size_t> stretch_inputs_;  // of one stretch: which input of the graph each is
  std::vector<int> output_sources_;     // of one stretch: which of its outputs; -1 for others
  bool inputs_as_given_ = false;        // of one stretch: they are the graph's
  bool outputs_as_made_ = false;        // of one stretch: they are its outputs
};

}  // namespace neura::graph

#endif  // NEURA_GRAPH_EXECUTOR_H_
