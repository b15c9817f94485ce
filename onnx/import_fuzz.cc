// Arbitrary bytes as an ONNX model: an error or a graph, never a crash or a large allocation.
#include <cstddef>
#include <cstdint>

#include "neura/graph/passes/passes.h"
#include "neura/onnx/onnx.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace neura;
  absl::StatusOr<graph::Graph> graph = onnx::FromBytes({reinterpret_cast<const char*>(data), size});
  if (!graph.ok()) return 0;
  try {
    graph->ToString();
    graph::Optimize(*graph);
    const std::vector<int64_t> sizes(graph->symbols().size(), 1);
    graph::Program(*std::move(graph)).ArenaBytes(sizes);
  } catch (const Error&) {
    // Sizes that do not fit together at a batch of 1, or do not fit into memory.
  }
  return 0;
}
