// Graphs as text.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "neura/graph/graph.h"

namespace neura::graph {

const Symbol* Graph::SymbolOf(const SizeLeaf& leaf) const {
  const auto it = std::find_if(symbols_.begin(), symbols_.end(),
                               [&leaf](const Symbol& symbol) { return symbol.leaf == leaf; });
  return it == symbols_.end() ? nullptr : &*it;
}

std::string Graph::ToString(const SymInt& size) const {
  return size.ToString([this](const SizeLeaf& leaf) {
    if (const Symbol* symbol = SymbolOf(leaf)) return symbol->name;
    const auto value = static_cast<int32_t>(leaf.value);
    return leaf.kind == SizeLeaf::Kind::kExtent ? absl::StrCat("%", value, ".", leaf.index)
                                                : absl::StrCat("%", value, "[", leaf.index, "]");
  });
}

std::string Graph::ExtentToString(const SymInt& extent) const {
  bool named = true;
  extent.VisitLeaves([&](const SizeLeaf& leaf) { named &= SymbolOf(leaf) != nullptr; });
  return named ? ToString(extent) : "?";
}

std::string Graph::ToString() const { return ToString(std::string()); }

std::string Graph::ToString(const std::string& indent) const {
  const auto name = [](ValueId id) { return absl::StrCat("%", static_cast<int32_t>(id)); };
  const auto type = [this](const Value& value) {
    if (value.kind == ValueKind::kStrings) return std::string("strings");
    std::string text = value.kind == ValueKind::kTensor
                           ? std::string()
                           : absl::StrCat(KindName(value.kind), " of ");
    absl::StrAppend(&text, DTypeName(value.dtype), " [");
    for (size_t i = 0; i < value.shape.size(); ++i) {
      absl::StrAppend(&text, i == 0 ? "" : ", ", ExtentToString(value.shape[i]));
    }
    return text + "]";
  };
  std::string text;
  for (ValueId id : values()) {
    const Value& value = this->value(id);
    const bool input = std::find(inputs_.begin(), inputs_.end(), id) != inputs_.end();
    if (!input && !(value.is_constant() && IsUsed(id))) continue;
    absl::StrAppend(&text, indent, input ? "input " : "constant ", name(id), " ", value.name,
                    value.name.empty() ? "" : " ", type(value), "\n");
  }
  for (NodeId id : nodes()) {
    const Node& node = this->node(id);
    text += indent;
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      absl::StrAppend(&text, i == 0 ? "" : ", ", name(node.outputs[i]), " ",
                      type(value(node.outputs[i])));
    }
    absl::StrAppend(&text, " = ", node.name(), "(");
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      absl::StrAppend(&text, i == 0 ? "" : ", ",
                      node.inputs[i] == kNone ? "none" : name(node.inputs[i]));
    }
    text += ")";
    if (node.is_operation()) {
      if (SchemaOf(node.op()).has_options()) absl::StrAppend(&text, " ", node.options().ToString());
      for (const SymbolicOption& entry : node.symbolic()) {
        absl::StrAppend(&text, " with integer ", entry.index, " being ", ToString(entry.value));
      }
    } else if (const auto* call = std::get_if<HostCall>(&node.what)) {
      for (size_t i = 0; i < call->integers.size(); ++i) {
        absl::StrAppend(&text, i == 0 ? " of " : ", ", ToString(call->integers[i]));
      }
    }
    text += "\n";
    for (const std::shared_ptr<const Graph>& body : node.bodies) {
      absl::StrAppend(&text, indent, "  {\n", body->ToString(indent + "    "), indent, "  }\n");
    }
  }
  for (size_t i = 0; i < outputs_.size(); ++i) {
    absl::StrAppend(&text, indent, "output ", name(outputs_[i]), " ", output_names_[i], "\n");
  }
  return text;
}

}  // namespace neura::graph
