#include "neura/cli/profile.h"

#include "neura/cli/cost.h"
#include "neura/tensor/ops/multiply_adds.h"

namespace neura::cli {

void Profiler::OnBegin(const graph::Graph&, graph::NodeId) { open_.push_back({Clock::now()}); }

void Profiler::OnEnd(const graph::Graph& graph, graph::NodeId id, const OpCall* call,
                     absl::Span<const Tensor> outputs) {
  const double seconds = std::chrono::duration<double>(Clock::now() - open_.back().start).count();
  const double own = seconds - open_.back().within;
  open_.pop_back();
  if (!open_.empty()) open_.back().within += seconds;
  const auto [at, is_new] = numbers_.emplace(std::pair(&graph, id), times_.size());
  if (is_new) {
    const graph::Node& node = graph.node(id);
    times_.push_back({.name = node.name(), .weight = WeightOf(graph, node)});
  }
  NodeTime& time = times_[at->second];
  ++time.calls;
  time.seconds += own;
  if (!outputs.empty() && outputs[0].defined()) {
    time.shape.assign(outputs[0].shape().begin(), outputs[0].shape().end());
  }
  if (call != nullptr) time.multiply_adds += MultiplyAddsOf(*call, outputs);
}

}  // namespace neura::cli
