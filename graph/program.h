// Program: a graph made ready to run.
#ifndef NEURA_GRAPH_PROGRAM_H_
#define NEURA_GRAPH_PROGRAM_H_

#include <memory>
#include <vector>

#include "neura/graph/capture.h"
#include "neura/graph/graph.h"
#include "neura/tensor/random/generator.h"

namespace neura::graph {

class Executor;

// Sees the nodes of a run, those of bodies within the node that they belong to. Views are no work,
// and not shown. On a device with queues, a node has ended when it is queued.
class RunObserver {
 public:
  virtual ~RunObserver() = default;
  virtual void OnBegin(const Graph& graph, NodeId node) = 0;
  // `call` is null, and outputs are none, where the node is no operation.
  virtual void OnEnd(const Graph& graph, NodeId node, const OpCall* call,
                     absl::Span<const Tensor> outputs) = 0;
};

// Some operations that follow one another, whose memory is planned together.
struct PlannedStretch {
  size_t num_nodes = 0;
  // Of the memory that intermediate values share, for each combination of sizes that is kept, the
  // one used last first.
  std::vector<int64_t> arena_bytes;
};

// Runs a graph on the device of its inputs. Operations whose sizes do not depend on data run one
// after another on memory that is planned once for each combination of sizes; the eight used last
// are kept, with their memory. Such a stretch ends where sizes follow from elements, and at a
// decision, a repetition or a call.
//
// Run may be called from several threads at once; each call in progress has its own memory.
class Program {
 public:
  // As the graph is; Compile() optimizes it first.
  explicit Program(Graph graph);
  ~Program();
  Program(Program&&) noexcept;
  Program& operator=(Program&&) noexcept;

  // One tensor for each input of the graph, with its dtype and an extent that fits, all on one
  // device. The results are new tensors. Random operations draw from `generator`, or else from
  // DefaultGenerator(), what they would draw outside of a graph in the same order. Nothing is
  // recorded for gradients. Throws Error where an input does not fit, or an operation fails.
  std::vector<Tensor> Run(absl::Span<const Tensor> inputs, Generator* generator = nullptr) const;
  // The same for graphs with inputs or outputs that are no tensors, and where somebody watches.
  std::vector<Datum> RunData(absl::Span<const Datum> inputs, Generator* generator = nullptr,
                             RunObserver* observer = nullptr) const;
  // For graphs of one input and one output.
  Tensor operator()(const Tensor& input) const;

  const Graph& graph() const;
  // Of the memory that intermediate values share, up to the first node whose sizes depend on data,
  // for inputs on the CPU with these sizes of the symbols, one for each.
  int64_t ArenaBytes(absl::Span<const int64_t> symbol_sizes) const;
  // In the order of execution, those of bodies after the node that they belong to.
  std::vector<PlannedStretch> Stretches() const;

 private:
  std::unique_ptr<Executor> executor_;
};

// The optimized program of a graph or a function.
Program Compile(Graph graph);
template <typename Fn>
Program Compile(Fn&& function, const std::vector<Tensor>& examples,
                const CaptureOptions& options = {}) {
  return Compile(Capture(function, examples, options));
}

}  // namespace neura::graph

#endif  // NEURA_GRAPH_PROGRAM_H_
