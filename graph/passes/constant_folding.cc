#include <algorithm>

#include "neura/graph/meta.h"
#include "neura/graph/passes/passes.h"
#include "neura/tensor/core/error.h"

namespace neura::graph {
namespace {

constexpr int64_t kLargeBytes = int64_t{1} << 20;

int64_t StoredBytes(const Tensor& tensor) {
  return static_cast<int64_t>(tensor.storage()->bytes());
}

// What folding may take in all: some multiple of the constants that the graph came with.
int64_t Budget(const Graph& graph) {
  int64_t bytes = 0;
  for (ValueId id : graph.values()) {
    if (graph.value(id).is_constant()) bytes += StoredBytes(graph.value(id).constant);
  }
  return 4 * bytes + 16 * kLargeBytes;
}

bool CanFold(const Graph& graph, const Node& node, int64_t* budget) {
  if (!node.is_operation() || !node.symbolic().empty()) return false;
  const OpFlags& flags = SchemaOf(node.op()).flags;
  if (flags.random) return false;
  int64_t input_bytes = 0, output_bytes = 0;
  for (ValueId input : node.inputs) {
    if (input == kNone) continue;
    const Tensor& constant = graph.value(input).constant;
    if (!constant.defined()) return false;
    const int64_t stored = StoredBytes(constant);
    // An expanded constant may have any number of elements.
    if (constant.numel() > 2 * stored + kLargeBytes) return false;
    input_bytes += stored;
  }
  if (flags.view) return true;
  for (ValueId output : node.outputs) {
    int64_t bytes = 0;
    const Tensor& meta = graph.value(output).tried;
    if (__builtin_mul_overflow(meta.numel(), static_cast<int64_t>(ItemSize(meta.dtype())),
                               &bytes) ||
        __builtin_add_overflow(output_bytes, bytes, &output_bytes)) {
      return false;
    }
  }
  if (output_bytes > std::min(std::max(2 * input_bytes, kLargeBytes), *budget)) return false;
  *budget -= output_bytes;
  return true;
}

}  // namespace

void FoldConstants(Graph& graph) {
  RewriteBodies(graph, &FoldConstants);
  const auto constant = [&graph](ValueId id) -> const Tensor& { return graph.value(id).constant; };
  int64_t budget = Budget(graph);
  for (NodeId id : graph.nodes()) {
    const Node& node = graph.node(id);
    if (!CanFold(graph, node, &budget)) continue;
    std::vector<Tensor> results(node.outputs.size());
    const auto inputs = Refs(node.inputs, constant);
    try {
      if (SchemaOf(node.op()).flags.list) {
        results = DispatchList(node.op(), node.options().data(), inputs);
      } else {
        Dispatch(node.op(), node.options().data(), inputs, absl::MakeSpan(results));
      }
    } catch (const Error&) {
      continue;  // an integer divided by 0, say: an error of the run that comes to it, if one does
    }
    const std::vector<ValueId> outputs = node.outputs;
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (graph.IsUsed(outputs[i])) {
        graph.ReplaceAllUses(outputs[i], graph.AddConstant(results[i]));
      }
    }
    graph.Erase(id);
  }
}

}  // namespace neura::graph
