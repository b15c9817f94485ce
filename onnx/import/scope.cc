#include "neura/onnx/import/scope.h"

#include <algorithm>
#include <unordered_set>

#include "absl/strings/str_cat.h"
#include "neura/graph/passes/passes.h"
#include "neura/onnx/format/tensor_message.h"
#include "neura/onnx/import/ops.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/copy.h"

namespace neura::onnx {

using graph::Graph;
using graph::kNone;
using graph::ValueId;

bool IsOnnxDomain(std::string_view domain) { return domain.empty() || domain == "ai.onnx"; }

namespace {

// Bodies in bodies; no model needs more, and each takes some of the stack.
constexpr int kMaxDepth = 32;

bool IsSmall(const Graph& scratch) {
  for (graph::NodeId node : scratch.nodes()) {
    for (ValueId output : scratch.node(node).outputs) {
      if (scratch.value(output).tried.numel() > kMaxKnownElements) return false;
    }
  }
  return true;
}
// Operators that move the elements of their first input, whatever these stand for.
bool Moves(std::string_view op_type) {
  static constexpr std::string_view kMoving[] = {"Expand",  "Flatten",   "Gather",   "Identity",
                                                 "Reshape", "Slice",     "Split",    "Squeeze",
                                                 "Tile",    "Transpose", "Unsqueeze"};
  return std::find(std::begin(kMoving), std::end(kMoving), op_type) != std::end(kMoving);
}
bool MovesStrings(const Graph& graph, const NodeMessage& node,
                  const std::vector<ImportedValue>& inputs) {
  return Moves(node.op_type) && node.op_type != "Identity" && IsOnnxDomain(node.domain) &&
         !inputs.empty() && inputs[0].id != kNone &&
         graph.value(inputs[0].id).kind == graph::ValueKind::kStrings;
}
void CheckAttributes(const NodeMessage& node) {
  std::unordered_set<std::string_view> names;
  for (const AttributeMessage& attribute : node.attributes) {
    if (!names.insert(attribute.name).second) {
      ThrowInvalidArgument(absl::StrCat("there are two attributes named ", attribute.name));
    }
    if (!attribute.reference.empty()) {
      ThrowInvalidArgument(absl::StrCat("attribute ", attribute.name, " refers to ",
                                        attribute.reference,
                                        " of a function, but the node stands in none"));
    }
  }
}

}  // namespace

Scope::Scope(Scope& outer, Graph& graph, Kind kind)
    : file_(outer.file_),
      graph_(graph),
      outer_(&outer),
      kind_(kind),
      depth_(outer.depth_ + 1),
      opset_(outer.opset_),
      attributes_(outer.attributes_) {
  if (depth_ > kMaxDepth) {
    ThrowUnimplemented(absl::StrCat("graphs in graphs, more than ", kMaxDepth, " deep"));
  }
}

void Scope::Define(std::string_view name, ImportedValue value) {
  if (name.empty()) ThrowInvalidArgument("a value has no name");
  if (!values_.emplace(name, std::move(value)).second) {
    ThrowInvalidArgument(absl::StrCat("there are two values named ", name));
  }
}

const ImportedValue* Scope::Find(std::string_view name) {
  const auto it = values_.find(name);
  if (it != values_.end()) return &it->second;
  if (outer_ == nullptr || kind_ == Kind::kFunction) return nullptr;
  const ImportedValue* value = outer_->Find(name);
  if (value == nullptr || kind_ == Kind::kInline) return value;
  // A body takes nothing of another graph but constants.
  if (!value->known || !value->known->is_constant()) return nullptr;
  return &values_.emplace(name, ImportedValue{kNone, value->known, value->narrow}).first->second;
}

ValueId Scope::ValueOf(std::string_view name) {
  const ImportedValue* value = Find(name);
  if (value == nullptr) ThrowInvalidArgument(absl::StrCat("nothing makes ", name));
  return ValueOf(*value);
}

ValueId Scope::ValueOf(const ImportedValue& value) {
  const NodeMessage nothing;
  NodeReader reader(graph_, nothing, opset_, {value});
  reader.Narrow(0);
  return reader.in_any(0);
}

const NarrowType* Scope::NarrowOf(std::string_view name) {
  const ImportedValue* value = Find(name);
  return value == nullptr ? nullptr : value->narrow;
}

void Scope::ReadGraph(const GraphMessage& message) {
  if (message.has_sparse_initializers) ThrowUnimplemented("sparse initializers are not supported");
  AddInitializers(message);
  for (const NodeMessage& node : message.nodes) ReadNode(node);
}

void Scope::AddInitializers(const GraphMessage& message) {
  for (std::string_view bytes : message.initializers) {
    const std::string name(TensorName(bytes));
    Charge(bytes.size());
    absl::StatusOr<TensorOfFile> read = ReadTensorOfFile(bytes, file_.external);
    if (!read.ok()) ThrowStatus(read.status());
    if (read->strings) {
      Define(name, {AddStrings(graph_, std::move(read->strings->elements), read->strings->shape)});
      continue;
    }
    const Tensor& tensor = read->tensor;
    ImportedValue value{graph_.AddConstant(tensor, name), {}, read->narrow};
    if (tensor.numel() <= kMaxKnownElements) value.known = KnownValue::Constant(tensor);
    Define(name, std::move(value));
  }
}

std::string Scope::NameOf(const NodeMessage& node) const {
  const auto other = file_.other_sets.find(node.domain);
  return absl::StrCat("node ", node.name.empty() ? "without a name" : node.name, " (", node.op_type,
                      node.domain.empty() ? "" : " of domain ", node.domain, ", operator set ",
                      other == file_.other_sets.end() ? opset_ : other->second, ")");
}

int Scope::OpsetOf(const NodeMessage& node) const {
  return IsOnnxDomain(node.domain) ? opset_ : kMaxOpset;
}

const FunctionMessage* Scope::FindFunction(const NodeMessage& node) const {
  const auto it = file_.functions.find({node.domain, node.op_type, node.overload});
  return it == file_.functions.end() ? nullptr : it->second;
}

void Scope::Charge(size_t bytes) {
  file_.bytes_left -= static_cast<int64_t>(bytes);
  if (file_.bytes_left < 0) {
    ThrowUnimplemented("functions or bodies that hold constants and are read too often");
  }
}

NodeMessage Scope::Resolved(const NodeMessage& node) const {
  NodeMessage resolved = node;
  resolved.attributes.clear();
  for (const AttributeMessage& attribute : node.attributes) {
    if (attribute.reference.empty()) {
      resolved.attributes.push_back(attribute);
      continue;
    }
    // One that the function was not given is one that the node leaves out.
    for (const AttributeMessage& given : *attributes_) {
      if (given.name != attribute.reference) continue;
      resolved.attributes.push_back(given);
      resolved.attributes.back().name = attribute.name;
    }
  }
  return resolved;
}

std::vector<ImportedValue> Scope::ReadCall(const FunctionMessage& function, const NodeMessage& node,
                                           const std::vector<ImportedValue>& inputs) {
  if (inputs.size() > function.inputs.size()) {
    ThrowInvalidArgument(absl::StrCat("has ", inputs.size(), " inputs, the function of its name ",
                                      function.inputs.size()));
  }
  for (const Scope* around = this; around != nullptr; around = around->outer_) {
    if (around->function_ == &function) {
      ThrowInvalidArgument(absl::StrCat("the function ", function.name, " calls itself"));
    }
  }
  Scope scope(*this, graph_, Kind::kFunction);
  scope.function_ = &function;
  for (const auto& [domain, version] : function.opsets) {
    if (IsOnnxDomain(domain)) scope.opset_ = RequireOpset(version);
  }
  std::vector<AttributeMessage> attributes = node.attributes;
  for (const AttributeMessage& standard : function.defaults) {
    const auto given = [&](const AttributeMessage& other) { return other.name == standard.name; };
    if (std::none_of(attributes.begin(), attributes.end(), given)) attributes.push_back(standard);
  }
  scope.attributes_ = &attributes;
  for (size_t i = 0; i < function.inputs.size(); ++i) {
    scope.Define(function.inputs[i], i < inputs.size() ? inputs[i] : ImportedValue());
  }
  for (const NodeMessage& inner : function.nodes) scope.ReadNode(inner);
  std::vector<ImportedValue> results;
  for (std::string_view name : function.outputs) {
    const ImportedValue* const value = scope.Find(name);
    if (value == nullptr) ThrowInvalidArgument(absl::StrCat("nothing makes ", name));
    results.push_back(*value);
  }
  return results;
}

void Scope::ReadNode(const NodeMessage& given) {
  const bool refers =
      attributes_ != nullptr &&
      std::any_of(given.attributes.begin(), given.attributes.end(),
                  [](const auto& attribute) { return !attribute.reference.empty(); });
  if (!refers) return ReadResolvedNode(given);
  ReadResolvedNode(Resolved(given));
}

void Scope::ReadResolvedNode(const NodeMessage& node) {
  if (--file_.nodes_left < 0)
    ThrowUnimplemented("bodies in bodies that change their sizes too often");
  try {
    CheckAttributes(node);
    for (const AttributeMessage& attribute : node.attributes) Charge(attribute.t.size());
    const FunctionMessage* const function = FindFunction(node);
    if (function == nullptr && !IsReadDomain(node.domain)) {
      ThrowUnimplemented("the operator is of a domain that is not supported");
    }
    const auto set = file_.other_sets.find(node.domain);
    if (function == nullptr && set != file_.other_sets.end()) {
      RequireSetOf(set->first, set->second);
    }
    if (node.outputs.empty()) ThrowInvalidArgument("has no outputs");
    std::vector<ImportedValue> inputs;
    for (std::string_view name : node.inputs) {
      if (name.empty()) {
        inputs.emplace_back();
        continue;
      }
      const ImportedValue* value = Find(name);
      if (value == nullptr) {
        ThrowInvalidArgument(absl::StrCat("reads ", name, ", which nothing has made before it"));
      }
      inputs.push_back(*value);
    }
    if (function != nullptr) return DefineOutputs(node, ReadCall(*function, node, inputs));
    if (const BodyReader read = FindBodyReader(node.domain, node.op_type)) {
      return read(*this, node, inputs);
    }
    const OperatorReader read = FindOperator(node.domain, node.op_type);
    if (read == nullptr) ThrowUnimplemented("the operator is not supported");
    std::vector<ImportedValue> outputs;
    if (!ComputeNow(read, node, inputs, &outputs)) {
      outputs = Read(graph_, read, node, inputs);
      NoteElements(node, inputs, &outputs);
    }
    DefineOutputs(node, std::move(outputs));
  } catch (Error& error) {
    error.AddContext(NameOf(node));
    throw;
  }
}

void Scope::DefineOutputs(const NodeMessage& node, std::vector<ImportedValue> outputs) {
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    if (node.outputs[i].empty()) continue;
    if (i >= outputs.size() || !outputs[i].is_present()) {
      ThrowUnimplemented(absl::StrCat("output ", i, " is not supported"));
    }
    Define(node.outputs[i], std::move(outputs[i]));
  }
}

std::vector<ImportedValue> Scope::Read(Graph& graph, OperatorReader read, const NodeMessage& node,
                                       std::vector<ImportedValue> inputs) {
  // Strings are moved as their places are.
  ValueId strings = kNone;
  if (MovesStrings(graph, node, inputs)) {
    strings = inputs[0].id;
    inputs[0] = {PlacesOfStrings(graph, strings)};
  }
  NodeReader reader(graph, node, OpsetOf(node), std::move(inputs), &file_);
  const NarrowType* const narrow = Moves(node.op_type) ? reader.Narrow(0) : nullptr;
  read(reader);
  reader.CheckAttributes();
  if (Moves(node.op_type) && reader.has(0)) {
    for (ImportedValue& output : reader.outputs()) {
      output.narrow = narrow;
      output.held = reader.HeldKind(0);
      if (strings != kNone && output.id != kNone) {
        output.id = StringsAt(graph, strings, output.id);
      }
    }
  }
  return std::move(reader.outputs());
}

// Nodes whose inputs are all known are computed here and now: this is how shapes that are put
// together from the shapes of other values are followed.
bool Scope::ComputeNow(OperatorReader read, const NodeMessage& node,
                       const std::vector<ImportedValue>& inputs,
                       std::vector<ImportedValue>* outputs) {
  if (inputs.empty()) return false;
  bool constant = true;
  std::vector<const KnownValue*> known;
  std::vector<Tensor> tensors;
  for (const ImportedValue& input : inputs) {
    if (input.is_present() && (!input.known || input.narrow != nullptr)) return false;
    known.push_back(input.known ? &*input.known : nullptr);
    constant &= !input.known || input.known->is_constant();
    tensors.push_back(input.known ? input.known->constant : Tensor());
  }
  const auto evaluate = [&](const std::vector<Tensor>& given) {
    return Evaluate(read, node, given);
  };
  std::optional<std::vector<KnownValue>> results;
  if (!constant) {
    results = FollowSizes(node, known, evaluate);
  } else if (const std::optional<std::vector<Tensor>> computed = evaluate(tensors)) {
    results.emplace();
    for (const Tensor& tensor : *computed) results->push_back(KnownValue::Constant(tensor));
  }
  if (!results) return false;
  outputs->assign(node.outputs.size(), {});
  for (size_t i = 0; i < results->size(); ++i) {
    KnownValue& result = (*results)[i];
    if (!result.is_constant() && result.sizes.size() > kMaxDims) return false;
    if (result.is_constant() || !result.sizes.empty()) (*outputs)[i].known = std::move(result);
  }
  return true;
}

// The results of a node whose inputs are constants, undefined where it leaves them out; nothing
// where they are too large to be computed while importing.
std::optional<std::vector<Tensor>> Scope::Evaluate(OperatorReader read, const NodeMessage& node,
                                                   const std::vector<Tensor>& inputs) {
  Graph scratch;
  std::vector<ImportedValue> constants;
  for (const Tensor& input : inputs) {
    constants.emplace_back();
    if (!input.defined()) continue;
    constants.back() = {scratch.AddConstant(input), KnownValue::Constant(input)};
  }
  std::vector<ImportedValue> results = Read(scratch, read, node, std::move(constants));
  for (const ImportedValue& result : results) {
    if (result.narrow != nullptr) return std::nullopt;  // tensors alone do not tell
    if (result.id != kNone) scratch.AddOutput(result.id, "");
  }
  graph::EliminateDeadCode(scratch);
  if (!IsSmall(scratch)) return std::nullopt;
  graph::FoldConstants(scratch);
  std::vector<Tensor> computed;
  size_t next = 0;
  for (const ImportedValue& result : results) {
    if (result.id == kNone) {
      computed.push_back(result.known ? result.known->constant : Tensor());
      continue;
    }
    const Tensor& constant = scratch.value(scratch.outputs()[next++]).constant;
    if (!constant.defined() || !Spend(constant)) return std::nullopt;
    computed.push_back(Contiguous(constant));
  }
  return computed;
}

void Scope::NoteElements(const NodeMessage& node, const std::vector<ImportedValue>& inputs,
                         std::vector<ImportedValue>* outputs) const {
  if (node.op_type != "Concat" || outputs->size() != 1) return;
  ImportedValue& joined = (*outputs)[0];
  const graph::Value& made = graph_.value(joined.id);
  if (made.dtype != kInt64 || made.shape.size() != 1) return;
  std::vector<graph::SymInt> elements;
  for (const ImportedValue& input : inputs) {
    if (input.known && !input.known->is_constant()) {
      elements.insert(elements.end(), input.known->sizes.begin(), input.known->sizes.end());
      continue;
    }
    const std::vector<graph::SymInt>& shape = graph_.value(input.id).shape;
    if (input.known) {
      const Tensor constant = Contiguous(input.known->constant);
      elements.insert(elements.end(), constant.data<int64_t>(),
                      constant.data<int64_t>() + constant.numel());
    } else if (!shape[0].is_number() || shape[0].number() > static_cast<int64_t>(kMaxDims)) {
      return;
    } else {
      for (int64_t i = 0; i < shape[0].number(); ++i) {
        elements.push_back(graph::SymInt::Element(input.id, i));
      }
    }
    if (elements.size() > kMaxDims) return;
  }
  const auto count = static_cast<int64_t>(elements.size());
  joined.known = KnownValue::Sizes(std::move(elements), {count});
}

// Whether there is still room for a constant that the file does not hold.
bool Scope::Spend(const Tensor& constant) {
  file_.budget -= constant.numel() * static_cast<int64_t>(ItemSize(constant.dtype()));
  return file_.budget >= 0;
}

}  // namespace neura::onnx
