#include "neura/cli/cost.h"

#include <algorithm>
#include <utility>

#include "neura/graph/meta.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/multiply_adds.h"

namespace neura::cli {
namespace {

using graph::Graph;
using graph::MetaTensor;
using graph::Node;
using graph::SizeLeaf;
using graph::ValueId;

// One graph, whose inputs have shapes.
class Walk {
 public:
  Walk(const Graph& graph, std::vector<Tensor> inputs, int64_t depth, Cost& cost)
      : graph_(graph), depth_(depth), cost_(cost), values_(graph.num_values()) {
    for (ValueId id : graph.values()) {
      if (graph.value(id).is_constant()) {
        const Tensor& constant = graph.value(id).constant;
        At(id) = MetaTensor(constant.dtype(), constant.shape(), constant.strides());
      }
    }
    for (size_t i = 0; i < inputs.size(); ++i) At(graph.inputs()[i]) = std::move(inputs[i]);
  }

  int64_t Run() {
    int64_t sum = 0;
    for (graph::NodeId id : graph_.nodes()) {
      const Node& node = graph_.node(id);
      const size_t place = cost_.nodes.size();
      cost_.nodes.push_back(
          {.name = node.name(), .weight = WeightOf(graph_, node), .depth = depth_});
      const int64_t own = node.is_operation() ? OfOperation(node) : OfBodies(node);
      for (ValueId output : node.outputs) {
        if (!At(output).defined()) At(output) = Guess(output);
        const DimsView shape = At(output).shape();
        cost_.nodes[place].shapes.emplace_back(shape.begin(), shape.end());
      }
      if (node.is_operation()) cost_.nodes[place].multiply_adds = own;
      sum += own;
    }
    return sum;
  }

 private:
  Tensor& At(ValueId id) { return values_[static_cast<size_t>(id)]; }

  // As it was tried, where nothing better is known.
  Tensor Guess(ValueId id) {
    const graph::Value& value = graph_.value(id);
    for (const graph::SymInt& extent : value.shape) cost_.is_guess |= !extent.is_number();
    return value.tried.defined() ? MetaTensor(value.dtype, value.tried.shape())
                                 : MetaTensor(value.dtype, {0});
  }

  int64_t OfOperation(const Node& node) {
    bool known = true;
    const auto read = [&](const SizeLeaf& leaf) -> int64_t {
      if (leaf.kind == SizeLeaf::Kind::kExtent) return At(leaf.value).size(leaf.index);
      const graph::Value& value = graph_.value(leaf.value);
      if (value.is_constant()) return graph::ReadElement(value.constant, leaf.index);
      known = false;
      return 1;
    };
    graph::VisitLeaves(node, [&](const SizeLeaf& leaf) { read(leaf); });
    const std::vector<const Tensor*> refs =
        graph::Refs(node.inputs, [this](ValueId id) -> const Tensor& { return At(id); });
    std::vector<Tensor> outputs;
    try {
      if (known) {
        const graph::OptionsBox options = graph::Resolve(node.options(), node.symbolic(), read);
        for (const OutputSpec& spec : graph::InferOutputs(node.op(), options, refs)) {
          outputs.push_back(MetaTensor(node.op(), spec));
        }
      }
    } catch (const Error&) {
      outputs.clear();  // sizes that were guessed before do not fit
    }
    if (outputs.size() != node.outputs.size()) {
      outputs.clear();
      for (ValueId output : node.outputs) outputs.push_back(Guess(output));
    }
    for (size_t i = 0; i < outputs.size(); ++i) At(node.outputs[i]) = outputs[i];
    return MultiplyAddsOf({node.op(), node.options().data(), refs, kCpu}, outputs);
  }

  // The body's inputs are of these values, or slices of them.
  int64_t OfBody(const Node& node, size_t body, const std::vector<ValueId>& values,
                 size_t first_slice, size_t num_slices) {
    const Graph& graph = *node.bodies[body];
    std::vector<Tensor> inputs;
    for (size_t i = 0; i < graph.inputs().size(); ++i) {
      const graph::Value& expected = graph.value(graph.inputs()[i]);
      const Tensor given = values[i] == graph::kNone ? Tensor() : At(values[i]);
      if (!given.defined() || expected.kind != graph::ValueKind::kTensor) {
        inputs.push_back(MetaTensor(
            expected.dtype, expected.tried.defined() ? expected.tried.shape() : DimsView({0})));
        continue;
      }
      const bool is_slice = i >= first_slice && i < first_slice + num_slices;
      inputs.push_back(MetaTensor(given.dtype(), given.shape().subspan(is_slice ? 1 : 0)));
    }
    Walk walk(graph, std::move(inputs), depth_ + 1, cost_);
    const int64_t sum = walk.Run();
    results_.clear();
    for (ValueId id : graph.outputs()) results_.push_back(walk.At(id));
    return sum;
  }

  int64_t OfBodies(const Node& node) {
    if (std::holds_alternative<graph::If>(node.what)) {
      const std::vector<ValueId> captures(node.inputs.begin() + 1, node.inputs.end());
      const int64_t then = OfBody(node, 0, captures, 0, 0);
      const int64_t otherwise = OfBody(node, 1, captures, 0, 0);
      TakeResults(node, 0, node.outputs.size());
      return std::max(then, otherwise);
    }
    if (std::holds_alternative<graph::Call>(node.what)) {
      const int64_t sum = OfBody(node, 0, node.inputs, 0, 0);
      TakeResults(node, 0, node.outputs.size());
      return sum;
    }
    if (const auto* scan = std::get_if<graph::Scan>(&node.what)) {
      const int64_t rounds =
          scan->num_scanned == 0 ? 0 : At(node.inputs[scan->num_carried]).size(0);
      const int64_t sum = OfBody(node, 0, node.inputs, scan->num_carried, scan->num_scanned);
      TakeResults(node, 0, scan->num_carried);
      for (size_t i = scan->num_carried; i < results_.size(); ++i) {
        Dims shape{rounds};
        shape.insert(shape.end(), results_[i].shape().begin(), results_[i].shape().end());
        At(node.outputs[i]) = MetaTensor(results_[i].dtype(), shape);
      }
      return rounds * sum;
    }
    if (std::holds_alternative<graph::Loop>(node.what)) {
      cost_.has_loops = true;
      // The body takes the round's number and the condition first, whatever they are here.
      std::vector<ValueId> values = node.inputs;
      values[0] = values[1] = graph::kNone;
      const int64_t sum = OfBody(node, 0, values, 0, 0);
      results_.erase(results_.begin());
      TakeResults(node, 0, std::get<graph::Loop>(node.what).num_carried);
      return sum;
    }
    return 0;
  }

  void TakeResults(const Node& node, size_t first, size_t count) {
    for (size_t i = first; i < first + count && i < results_.size(); ++i) {
      At(node.outputs[i]) = results_[i];
    }
  }

  const Graph& graph_;
  int64_t depth_;
  Cost& cost_;
  std::vector<Tensor> values_;
  std::vector<Tensor> results_;  // of the last body
};

}  // namespace

std::string WeightOf(const Graph& graph, const Node& node) {
  for (ValueId id : node.inputs) {
    if (id != graph::kNone && graph.value(id).is_constant() && !graph.value(id).name.empty()) {
      return graph.value(id).name;
    }
  }
  return "";
}

Cost CostOf(const Graph& graph, absl::Span<const int64_t> symbol_sizes) {
  std::vector<Tensor> inputs;
  for (ValueId id : graph.inputs()) {
    const graph::Value& value = graph.value(id);
    Dims shape;
    for (const graph::SymInt& extent : value.shape) {
      shape.push_back(extent.Evaluate([&](const SizeLeaf& leaf) {
        for (size_t i = 0; i < symbol_sizes.size(); ++i) {
          if (graph.symbols()[i].leaf == leaf) return symbol_sizes[i];
        }
        return graph.value(leaf.value).tried.size(leaf.index);
      }));
    }
    inputs.push_back(MetaTensor(value.dtype, shape));
  }
  Cost cost;
  cost.multiply_adds = Walk(graph, std::move(inputs), 0, cost).Run();
  return cost;
}

}  // namespace neura::cli
