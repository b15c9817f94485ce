// Graph: what a function of tensors computes, as a list of operations in single assignment form.
//
// Values are the inputs, constants and results of operations; nodes are operations with a copy of
// their options. Both are named by numbers that stay valid whatever is erased. Extents may depend
// on symbols (the batch size), so that one graph serves all sizes.
#ifndef NEURA_GRAPH_GRAPH_H_
#define NEURA_GRAPH_GRAPH_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "neura/graph/extent.h"
#include "neura/graph/options_box.h"
#include "neura/tensor/tensor.h"

namespace neura::graph {

// Types of their own, so that no number passes for one.
enum class ValueId : int32_t {};
enum class NodeId : int32_t {};
// An optional input that is absent.
inline constexpr ValueId kNone{-1};
// The producer of inputs and constants.
inline constexpr NodeId kNoNode{-1};

struct Value {
  DType dtype = kFloat32;
  std::vector<Extent> shape;
  std::string name;  // of inputs, outputs and named constants; else empty
  Tensor constant;   // defined for constants
  NodeId producer = kNoNode;
  std::vector<NodeId> users;  // a node that reads it twice is here twice
  // Without memory: the value's shape and strides at each of ProbeSizes().
  std::vector<Tensor> probes;

  bool is_constant() const { return constant.defined(); }
};

struct Node {
  OpId op;
  OptionsBox options;
  std::vector<SymbolicInt> symbolic;  // integers of `options` that depend on symbols
  std::vector<ValueId> inputs;
  std::vector<ValueId> outputs;  // consecutive
};

class Graph {
 public:
  explicit Graph(std::vector<Symbol> symbols = {});

  // ---- building: in the order of execution ----
  ValueId AddInput(std::string name, DType dtype, std::vector<Extent> shape);
  // Shares the tensor's memory, which must not change afterwards, but not its autograd history.
  ValueId AddConstant(const Tensor& tensor, std::string name = "");
  // Infers the outputs at every probe. Throws Error as the operation would, and for operations that
  // change memory.
  absl::Span<const ValueId> AddNode(OpId op, OptionsBox options, std::vector<ValueId> inputs,
                                    std::vector<SymbolicInt> symbolic = {});
  void AddOutput(ValueId value, std::string name);

  // ---- changing ----
  // Whatever reads `from`, outputs of the graph included, reads `to`, which must be computed
  // before.
  void ReplaceAllUses(ValueId from, ValueId to);
  // Adds the input, where the node was given fewer.
  void ReplaceInput(NodeId node, size_t index, ValueId to);
  // A node whose outputs nothing reads.
  void Erase(NodeId node);

  // ---- looking ----
  absl::Span<const Symbol> symbols() const { return symbols_; }
  size_t num_probes() const { return probe_sizes_.size(); }
  absl::Span<const ValueId> inputs() const { return inputs_; }
  absl::Span<const ValueId> outputs() const { return outputs_; }
  absl::Span<const std::string> output_names() const { return output_names_; }
  const Value& value(ValueId id) const { return values_[static_cast<size_t>(id)]; }
  const Node& node(NodeId id) const { return nodes_[static_cast<size_t>(id)]; }
  // Those that are not erased, in the order of execution.
  std::vector<NodeId> nodes() const;
  size_t num_values() const { return values_.size(); }
  // All of them, whether in use or not.
  std::vector<ValueId> values() const;
  bool IsOutput(ValueId id) const;
  bool IsUsed(ValueId id) const { return !value(id).users.empty() || IsOutput(id); }

  // One line for each input, constant in use, node and output.
  std::string ToString() const;

 private:
  ValueId AddValue(Value value);

  std::vector<Symbol> symbols_;
  std::vector<std::vector<int64_t>> probe_sizes_;
  std::vector<Value> values_;
  std::vector<Node> nodes_;
  std::vector<bool> erased_;
  std::vector<ValueId> inputs_;
  std::vector<ValueId> outputs_;
  std::vector<std::string> output_names_;
};

}  // namespace neura::graph

#endif  // NEURA_GRAPH_GRAPH_H_
