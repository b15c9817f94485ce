// Graph: what a function of tensors computes, as a list of nodes in single assignment form.
//
// Values are the inputs, constants and results of nodes; a node is an operation with a copy of its
// options, a decision or a repetition with graphs as bodies, or a call. Values and nodes are named
// by numbers that stay valid whatever is erased. Sizes may be left open, so that one graph serves
// all of them:
//
//   Graph graph;
//   const ValueId x = graph.AddInput("x", kFloat32, {Open("batch"), 3});
//   const ValueId y = graph.AddNode(op::kRelu, OptionsBox(op::kRelu), {x})[0];
//   graph.AddOutput(y, "y");
#ifndef NEURA_GRAPH_GRAPH_H_
#define NEURA_GRAPH_GRAPH_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/types/span.h"
#include "neura/graph/datum.h"
#include "neura/graph/options_box.h"
#include "neura/graph/sym_int.h"
#include "neura/tensor/backend_api.h"
#include "neura/tensor/core/tensor.h"

namespace neura::graph {

class Graph;

// ---- types of values --------------------------------------------------------------------------

// An extent that is declared: a number, or open.
struct DeclaredExtent {
  // Of an open one: at which shapes are tried when the graph is built, but 2 at least.
  int64_t size = 0;
  bool is_open = false;
  std::string name = {};  // open extents of one name are equal; without one, each is by itself

  DeclaredExtent(int64_t size) : size(size) {}
  DeclaredExtent(std::string name, int64_t tried)
      : size(tried), is_open(true), name(std::move(name)) {}
};
inline DeclaredExtent Open(std::string name = "", int64_t tried = 2) {
  return {std::move(name), tried};
}

// Of sequences and optionals, dtype and shape are those of the tensors in them.
struct ValueType {
  ValueKind kind = ValueKind::kTensor;
  DType dtype = kFloat32;
  std::vector<DeclaredExtent> shape = {};
};

struct Value {
  ValueKind kind = ValueKind::kTensor;
  DType dtype = kFloat32;
  // What holds at all sizes. An extent of which nothing else is known is itself: the leaf
  // SymInt::Extent(this value, its dimension).
  std::vector<SymInt> shape = {};
  std::string name = {};  // of inputs, outputs and named constants; else empty
  Tensor constant = {};   // defined for constants
  NodeId producer = kNoNode;
  // Nodes that read it, or its extents or elements; one that reads it twice is here twice.
  std::vector<NodeId> users = {};
  // Without memory: its shape and strides where open extents have the sizes at which they are
  // tried. From it follow dtype and rank, and nothing about other sizes.
  Tensor tried = {};
  bool is_guess = false;  // whether `tried` stands in for sizes that only data can tell

  bool is_constant() const { return constant.defined(); }
};

// An open size with a name: that of an extent of an input.
struct Symbol {
  std::string name;
  SizeLeaf leaf;
};

// ---- nodes ------------------------------------------------------------------------------------

// An operation of the list. Integers of `options` that `symbolic` names are evaluated in each run.
// Random operations draw from the run's generator, whatever their options hold.
struct Operation {
  OpId op;
  OptionsBox options;
  std::vector<SymbolicOption> symbolic;
};

// Inputs: condition (one element), captures. Bodies: what is done where it is true, and where not;
// each takes the captures.
struct If {};

// Inputs: number of rounds or none, condition or none, carried values, captures. The body takes the
// round's number (int64), the condition (bool), the carried values and the captures, and gives the
// next condition, the next carried values, and what is stacked along a new dimension 0. Outputs:
// the carried values at the end, and the stacks. A run that would take more rounds than the most
// ends with FailedPrecondition.
struct Loop {
  static constexpr int64_t kMostRounds = int64_t{1} << 31;
  size_t num_carried = 0;
  int64_t most_rounds = kMostRounds;
};

// Inputs: carried values, tensors of one extent of dimension 0, captures. The body takes the
// carried values, one slice of each tensor and the captures, and gives the next carried values and
// what is stacked. Outputs: the carried values at the end, and the stacks.
struct Scan {
  size_t num_carried = 0;
  size_t num_scanned = 0;
};

// A named graph in the place of a node. Inputs: those of the body.
struct Call {
  std::string function;
};

// What no device does: sequences, strings, numbers of the host.
struct HostContext {
  absl::Span<const Datum> inputs;  // nothing where absent
  absl::Span<const int64_t> integers;
  absl::Span<const Datum> data = {};  // the call's own
  Device device;                      // of the run
};
struct HostFunction {
  const char* name;
  std::vector<Datum> (*run)(const HostContext& context);  // gives one for each output
};
struct HostCall {
  const HostFunction* function = nullptr;  // lives as long as the program
  std::vector<SymInt> integers;
  std::vector<Datum> data = {};  // what it knows beside its inputs: strings, say
};

// The integers of its options, expressions in their places.
std::vector<SymInt> IntegersOf(const Operation& operation);

struct Node {
  std::variant<Operation, If, Loop, Scan, Call, HostCall> what;
  std::vector<ValueId> inputs;
  std::vector<ValueId> outputs;  // consecutive
  // Of an If, Loop, Scan or Call. They see nothing but their inputs: what they read of the graph
  // around them are captures, which are inputs of this node.
  std::vector<std::shared_ptr<const Graph>> bodies = {};
  std::string module = {};  // the path of the module that it was captured in

  bool is_operation() const { return std::holds_alternative<Operation>(what); }
  bool Is(OpId op) const { return is_operation() && this->op() == op; }
  // Of an operation.
  const Operation& operation() const { return std::get<Operation>(what); }
  OpId op() const { return operation().op; }
  const OptionsBox& options() const { return operation().options; }
  const std::vector<SymbolicOption>& symbolic() const { return operation().symbolic; }
  // "matmul", "if", "loop", ..., or what is called.
  std::string name() const;
};

class Graph {
 public:
  // ---- building: in the order of execution; throws Error where something does not fit ----
  ValueId AddInput(std::string name, ValueType type);
  ValueId AddInput(std::string name, DType dtype, std::vector<DeclaredExtent> shape) {
    return AddInput(std::move(name), {ValueKind::kTensor, dtype, std::move(shape)});
  }
  // Shares the tensor's memory, which must not change afterwards, but not its autograd history. A
  // view stays one.
  ValueId AddConstant(const Tensor& tensor, std::string name = "");
  // Infers the outputs. Throws Error as the operation would, and for operations that change memory.
  absl::Span<const ValueId> AddNode(OpId op, OptionsBox options, std::vector<ValueId> inputs,
                                    std::vector<SymbolicOption> symbolic = {});
  absl::Span<const ValueId> AddIf(ValueId condition, absl::Span<const ValueId> captures,
                                  Graph then_body, Graph else_body);
  absl::Span<const ValueId> AddLoop(ValueId rounds, ValueId condition,
                                    absl::Span<const ValueId> carried,
                                    absl::Span<const ValueId> captures, Graph body,
                                    int64_t most_rounds = Loop::kMostRounds);
  absl::Span<const ValueId> AddScan(absl::Span<const ValueId> carried,
                                    absl::Span<const ValueId> scanned,
                                    absl::Span<const ValueId> captures, Graph body);
  absl::Span<const ValueId> AddCall(std::string function, std::vector<ValueId> inputs,
                                    std::shared_ptr<const Graph> body);
  absl::Span<const ValueId> AddHostCall(const HostFunction& function, std::vector<ValueId> inputs,
                                        std::vector<SymInt> integers,
                                        absl::Span<const ValueType> outputs,
                                        std::vector<Datum> data = {});
  void AddOutput(ValueId value, std::string name);
  // Of nodes that are added from here on.
  void SetModule(std::string path) { module_ = std::move(path); }

  // ---- changing ----
  // Whatever reads `from`, outputs of the graph included, reads `to`, which must be computed
  // before and be equal.
  void ReplaceAllUses(ValueId from, ValueId to);
  // Adds the input, where the node was given fewer.
  void ReplaceInput(NodeId node, size_t index, ValueId to);
  // Of the same inputs and outputs.
  void ReplaceBody(NodeId node, size_t index, Graph body);
  // A node whose outputs nothing reads.
  void Erase(NodeId node);

  // ---- looking ----
  absl::Span<const Symbol> symbols() const { return symbols_; }
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
  // Whether the elements of a tensor lie in order without gaps at all sizes.
  bool IsContiguous(ValueId id) const;

  // "4*batch", where "%3.0" is the extent of dimension 0 of a value and "%3[0]" an element.
  std::string ToString(const SymInt& size) const;
  // The same of an extent of a value, and "?" where it depends on more than sizes with names.
  std::string ExtentToString(const SymInt& extent) const;
  // One line for each input, constant in use, node and output; bodies are indented.
  std::string ToString() const;

 private:
  ValueId AddValue(Value value);
  Value Declare(const ValueType& type);
  // A rule for shapes must agree with what was inferred.
  void CheckRule(const Node& node, const SymInt& extent, int64_t tried) const;
  OutputSpecs TryShapes(const Node& node, bool* guess) const;
  absl::Span<const ValueId> Insert(Node node, std::vector<Value> outputs);
  void CheckReads(const Node& node) const;
  void CheckCounted(const Node& unbind) const;
  void Simplify(Node& node) const;
  // Of the uses that a node's expressions are.
  void NoteLeaves(NodeId user);
  void ForgetLeaves(NodeId user);
  const Symbol* SymbolOf(const SizeLeaf& leaf) const;
  std::string ToString(const std::string& indent) const;

  std::vector<Symbol> symbols_;
  std::vector<Value> values_;
  std::vector<Node> nodes_;
  std::vector<bool> erased_;
  std::vector<ValueId> inputs_;
  std::vector<ValueId> outputs_;
  std::vector<std::string> output_names_;
  std::string module_;
};

// Every leaf that a node's integers read, each as often as it occurs.
void VisitLeaves(const Node& node, absl::FunctionRef<void(const SizeLeaf&)> visit);

}  // namespace neura::graph

#endif  // NEURA_GRAPH_GRAPH_H_
