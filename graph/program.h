// Program: a graph made ready to run.
#ifndef NEURA_GRAPH_PROGRAM_H_
#define NEURA_GRAPH_PROGRAM_H_

#include <memory>
#include <vector>

#include "neura/graph/capture.h"
#include "neura/graph/graph.h"

namespace neura::graph {

// Runs the operations of a graph one after another on memory that is planned once for each
// combination of the symbols' sizes. The eight used last are kept, with their memory.
//
// Run may be called from several threads at once; each call in progress has its own memory. On the
// CPU.
class Program {
 public:
  // As the graph is; Compile() optimizes it first.
  explicit Program(Graph graph);
  ~Program();
  Program(Program&&) noexcept;
  Program& operator=(Program&&) noexcept;

  // One tensor for each input of the graph, with its dtype and an extent that fits. The results are
  // new tensors. Nothing is recorded for gradients. Throws Error where an input does not fit, or
  // an operation fails.
  std::vector<Tensor> Run(absl::Span<const Tensor> inputs) const;
  // For graphs of one input and one output.
  Tensor operator()(const Tensor& input) const;

  const Graph& graph() const;
  // Of the memory that intermediate values share, for inputs of these sizes of the symbols, one for
  // each.
  int64_t ArenaBytes(absl::Span<const int64_t> symbol_sizes) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
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
