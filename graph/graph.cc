#include "neura/graph/graph.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "neura/graph/meta.h"
#include "neura/graph/open_shape.h"

namespace neura::graph {

Graph::Graph(std::vector<Symbol> symbols)
    : symbols_(std::move(symbols)), probe_sizes_(ProbeSizes(symbols_)) {}

ValueId Graph::AddValue(Value value) {
  values_.push_back(std::move(value));
  return static_cast<ValueId>(values_.size() - 1);
}

ValueId Graph::AddInput(std::string name, DType dtype, std::vector<Extent> shape) {
  Value value;
  value.dtype = dtype;
  value.name = std::move(name);
  for (const std::vector<int64_t>& sizes : probe_sizes_) {
    Dims dims;
    for (const Extent& extent : shape) dims.push_back(extent.At(sizes));
    value.probes.push_back(MetaTensor(dtype, dims));
  }
  value.shape = std::move(shape);
  inputs_.push_back(AddValue(std::move(value)));
  return inputs_.back();
}

ValueId Graph::AddConstant(const Tensor& tensor, std::string name) {
  Value value;
  value.dtype = tensor.dtype();
  value.name = std::move(name);
  value.shape.assign(tensor.shape().begin(), tensor.shape().end());
  value.constant = Tensor::View(tensor.storage(), tensor.storage_offset(), tensor.shape(),
                                tensor.strides(), tensor.dtype());
  value.probes.assign(probe_sizes_.size(), value.constant);
  return AddValue(std::move(value));
}

absl::Span<const ValueId> Graph::AddNode(OpId op, OptionsBox options, std::vector<ValueId> inputs,
                                         std::vector<SymbolicInt> symbolic) {
  const OpSchema& schema = SchemaOf(op);
  if (schema.flags.in_place_only || schema.flags.mutates != 0) {
    ThrowInvalidArgument(absl::StrCat(schema.name, ": changes its inputs, which a graph cannot"));
  }
  Node node{op, std::move(options), std::move(symbolic), std::move(inputs), {}};
  std::vector<Value> outputs(schema.num_outputs);
  for (size_t p = 0; p < probe_sizes_.size(); ++p) {
    const auto probe = [this, p](ValueId id) -> const Tensor& { return value(id).probes[p]; };
    const std::vector<OutputSpec> specs = InferOutputs(
        op, Resolve(node.options, node.symbolic, probe_sizes_[p]), Refs(node.inputs, probe));
    for (size_t i = 0; i < outputs.size(); ++i) {
      outputs[i].dtype = specs[i].dtype;
      outputs[i].probes.push_back(MetaTensor(op, specs[i]));
    }
  }
  const auto id = static_cast<NodeId>(nodes_.size());
  for (Value& output : outputs) {
    output.producer = id;
    output.shape = OpenShape(*this, node, output.probes);
    node.outputs.push_back(AddValue(std::move(output)));
  }
  for (ValueId input : node.inputs) {
    if (input != kNone) values_[static_cast<size_t>(input)].users.push_back(id);
  }
  nodes_.push_back(std::move(node));
  erased_.push_back(false);
  return nodes_.back().outputs;
}

void Graph::AddOutput(ValueId value, std::string name) {
  outputs_.push_back(value);
  output_names_.push_back(std::move(name));
}

void Graph::ReplaceAllUses(ValueId from, ValueId to) {
  if (from == to) return;
  std::vector<NodeId>& users = values_[static_cast<size_t>(from)].users;
  std::vector<NodeId>& new_users = values_[static_cast<size_t>(to)].users;
  new_users.insert(new_users.end(), users.begin(), users.end());
  for (NodeId user : users) {
    std::vector<ValueId>& inputs = nodes_[static_cast<size_t>(user)].inputs;
    std::replace(inputs.begin(), inputs.end(), from, to);
  }
  users.clear();
  std::replace(outputs_.begin(), outputs_.end(), from, to);
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

void Graph::Erase(NodeId id) {
  for (ValueId output : node(id).outputs) {
    if (IsUsed(output)) {
      ThrowInternal(absl::StrCat("Erase: %", static_cast<int32_t>(output), " of ",
                                 SchemaOf(node(id).op).name, " is still in use"));
    }
  }
  for (size_t i = 0; i < node(id).inputs.size(); ++i) ReplaceInput(id, i, kNone);
  erased_[static_cast<size_t>(id)] = true;
}

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

std::string Graph::ToString() const {
  const auto name = [](ValueId id) { return absl::StrCat("%", static_cast<int32_t>(id)); };
  const auto type = [this](const Value& value) {
    std::string text = absl::StrCat(DTypeName(value.dtype), " [");
    for (size_t i = 0; i < value.shape.size(); ++i) {
      absl::StrAppend(&text, i == 0 ? "" : ", ", graph::ToString(value.shape[i], symbols_));
    }
    return text + "]";
  };
  std::string text;
  for (ValueId id : values()) {
    const Value& value = this->value(id);
    const bool input = std::find(inputs_.begin(), inputs_.end(), id) != inputs_.end();
    if (!input && !(value.is_constant() && IsUsed(id))) continue;
    absl::StrAppend(&text, input ? "input " : "constant ", name(id), " ", value.name,
                    value.name.empty() ? "" : " ", type(value), "\n");
  }
  for (NodeId id : nodes()) {
    const Node& node = this->node(id);
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      absl::StrAppend(&text, i == 0 ? "" : ", ", name(node.outputs[i]), " ",
                      type(value(node.outputs[i])));
    }
    absl::StrAppend(&text, " = ", SchemaOf(node.op).name, "(");
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      absl::StrAppend(&text, i == 0 ? "" : ", ",
                      node.inputs[i] == kNone ? "none" : name(node.inputs[i]));
    }
    absl::StrAppend(&text, ")");
    if (SchemaOf(node.op).options->size > sizeof(NoOptions)) {
      absl::StrAppend(&text, " ", node.options.ToString());
    }
    OptionsBox options = node.options;
    for (const SymbolicInt& entry : node.symbolic) {
      absl::StrAppend(&text, " with ", *options.Integers()[static_cast<size_t>(entry.index)],
                      " being ", graph::ToString(entry.value, symbols_));
    }
    text += "\n";
  }
  for (size_t i = 0; i < outputs_.size(); ++i) {
    absl::StrAppend(&text, "output ", name(outputs_[i]), " ", output_names_[i], "\n");
  }
  return text;
}

}  // namespace neura::graph
