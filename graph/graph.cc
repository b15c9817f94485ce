#include "neura/graph/graph.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "neura/graph/meta.h"
#include "neura/tensor/ops/op_list/view.h"

namespace neura::graph {

std::vector<SymInt> IntegersOf(const Operation& operation) {
  OptionsBox options = operation.options;
  std::vector<SymInt> integers;
  for (const int64_t* integer : options.Integers()) integers.push_back(*integer);
  for (const SymbolicOption& entry : operation.symbolic) {
    integers[static_cast<size_t>(entry.index)] = entry.value;
  }
  return integers;
}

std::string Node::name() const {
  struct Name {
    std::string operator()(const Operation& operation) { return SchemaOf(operation.op).name; }
    std::string operator()(const If&) { return "if"; }
    std::string operator()(const Loop&) { return "loop"; }
    std::string operator()(const Scan&) { return "scan"; }
    std::string operator()(const Call& call) { return call.function; }
    std::string operator()(const HostCall& call) { return call.function->name; }
  };
  return std::visit(Name{}, what);
}

void VisitLeaves(const Node& node, absl::FunctionRef<void(const SizeLeaf&)> visit) {
  if (node.is_operation()) {
    for (const SymbolicOption& entry : node.symbolic()) entry.value.VisitLeaves(visit);
  } else if (const auto* call = std::get_if<HostCall>(&node.what)) {
    for (const SymInt& integer : call->integers) integer.VisitLeaves(visit);
  }
}

// ---- changing ---------------------------------------------------------------------------------

void Graph::ReplaceAllUses(ValueId from, ValueId to) {
  if (from == to) return;
  std::vector<NodeId> users = std::exchange(values_[static_cast<size_t>(from)].users, {});
  std::sort(users.begin(), users.end());
  users.erase(std::unique(users.begin(), users.end()), users.end());
  const auto renamed = [from, to](const SizeLeaf& leaf) {
    const ValueId value = leaf.value == from ? to : leaf.value;
    return leaf.kind == SizeLeaf::Kind::kExtent ? SymInt::Extent(value, leaf.index)
                                                : SymInt::Element(value, leaf.index);
  };
  for (NodeId user : users) {
    Node& node = nodes_[static_cast<size_t>(user)];
    std::vector<NodeId>& new_users = values_[static_cast<size_t>(to)].users;
    for (ValueId& input : node.inputs) {
      if (input != from) continue;
      input = to;
      new_users.push_back(user);
    }
    bool reads = false;
    VisitLeaves(node, [&](const SizeLeaf& leaf) { reads |= leaf.value == from; });
    if (!reads) continue;
    ForgetLeaves(user);
    if (auto* operation = std::get_if<Operation>(&node.what)) {
      for (SymbolicOption& entry : operation->symbolic) entry.value = entry.value.Replace(renamed);
    } else if (auto* call = std::get_if<HostCall>(&node.what)) {
      for (SymInt& integer : call->integers) integer = integer.Replace(renamed);
    }
    Simplify(node);
    NoteLeaves(user);
  }
  std::replace(outputs_.begin(), outputs_.end(), from, to);
}

void Graph::NoteLeaves(NodeId user) {
  VisitLeaves(node(user), [&](const SizeLeaf& leaf) {
    values_[static_cast<size_t>(leaf.value)].users.push_back(user);
  });
}
void Graph::ForgetLeaves(NodeId user) {
  VisitLeaves(node(user), [&](const SizeLeaf& leaf) {
    std::vector<NodeId>& users = values_[static_cast<size_t>(leaf.value)].users;
    const auto at = std::find(users.begin(), users.end(), user);
    if (at != users.end()) users.erase(at);
  });
}

void Graph::ReplaceInput(NodeId node, size_t index, ValueId to) {
  std::vector<ValueId>& inputs = nodes_[static_cast<size_t>(node)].inputs;
  if (index >= inputs.size()) inputs.resize(index + 1, kNone);
  ValueId& input = inputs[index];
  if (input != kNone) {
    std::vector<NodeId>& users = values_[static_cast<size_t>(input)].users;
    users.erase(std::find(users.begin(), users.end(), node));
  }
  input = to;
  if (to != kNone) values_[static_cast<size_t>(to)].users.push_back(node);
}

void Graph::ReplaceBody(NodeId node, size_t index, Graph body) {
  nodes_[static_cast<size_t>(node)].bodies[index] = std::make_shared<const Graph>(std::move(body));
}

void Graph::Erase(NodeId id) {
  for (ValueId output : node(id).outputs) {
    if (IsUsed(output)) {
      ThrowInternal(absl::StrCat("Erase: %", static_cast<int32_t>(output), " of ", node(id).name(),
                                 " is still in use"));
    }
  }
  for (size_t i = 0; i < node(id).inputs.size(); ++i) ReplaceInput(id, i, kNone);
  ForgetLeaves(id);
  erased_[static_cast<size_t>(id)] = true;
}

// ---- looking ----------------------------------------------------------------------------------

std::vector<NodeId> Graph::nodes() const {
  std::vector<NodeId> ids;
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (!erased_[i]) ids.push_back(static_cast<NodeId>(i));
  }
  return ids;
}

std::vector<ValueId> Graph::values() const {
  std::vector<ValueId> ids(values_.size());
  for (size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<ValueId>(i);
  return ids;
}

bool Graph::IsOutput(ValueId id) const {
  return std::find(outputs_.begin(), outputs_.end(), id) != outputs_.end();
}

namespace {

bool IsStatic(const Value& value) {
  return std::all_of(value.shape.begin(), value.shape.end(),
                     [](const SymInt& extent) { return extent.is_number(); });
}

}  // namespace

bool Graph::IsContiguous(ValueId id) const {
  for (;;) {
    const Value& value = this->value(id);
    if (value.is_constant()) return value.constant.is_contiguous();
    if (value.producer == kNoNode || !node(value.producer).is_operation()) return true;
    const Node& node = this->node(value.producer);
    if (!SchemaOf(node.op()).flags.view) return true;
    const Value& input = this->value(node.inputs[0]);
    const bool keeps_order = node.op() == op::kReshape || node.op() == op::kAlias ||
                             node.op() == op::kSqueeze || node.op() == op::kUnsqueeze;
    // Where the extents stay as they are, as strides of those that were tried show, nothing moved.
    const bool same = input.shape == value.shape && input.tried.strides() == value.tried.strides();
    if (!keeps_order && !same) {
      return IsStatic(value) && IsStatic(input) && value.tried.is_contiguous();
    }
    id = node.inputs[0];
  }
}

}  // namespace neura::graph
