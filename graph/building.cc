// Adding nodes to a graph.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "neura/graph/agreement.h"
#include "neura/graph/graph.h"
#include "neura/graph/meta.h"
#include "neura/graph/shape_rules.h"
#include "neura/tensor/core/sparse_parts.h"
#include "neura/tensor/ops/op_list/copy.h"
#include "neura/tensor/ops/op_list/create.h"
#include "neura/tensor/ops/op_list/view.h"
#include "neura/tensor/ops/options/dims.h"

namespace neura::graph {

ValueId Graph::AddValue(Value value) {
  values_.push_back(std::move(value));
  return static_cast<ValueId>(values_.size() - 1);
}

// As the next value.
Value Graph::Declare(const ValueType& type) {
  Value value{.kind = type.kind, .dtype = type.dtype};
  Dims tried;
  for (const DeclaredExtent& extent : type.shape) {
    // An extent of 1 has no order, and would hide one.
    tried.push_back(extent.is_open ? std::max<int64_t>(extent.size, 2) : extent.size);
    if (!extent.is_open) {
      value.shape.push_back(extent.size);
      continue;
    }
    const SizeLeaf itself{SizeLeaf::Kind::kExtent, static_cast<ValueId>(values_.size()),
                          static_cast<int32_t>(value.shape.size())};
    SizeLeaf leaf = itself;
    if (!extent.name.empty()) {
      const auto known = std::find_if(symbols_.begin(), symbols_.end(), [&](const Symbol& symbol) {
        return symbol.name == extent.name;
      });
      if (known == symbols_.end()) {
        symbols_.push_back({extent.name, itself});
      } else {
        leaf = known->leaf;
        // All places of a name are tried at the size of the first.
        const auto index = static_cast<size_t>(leaf.index);
        tried.back() = leaf.value == itself.value ? tried[index]
                                                  : this->value(leaf.value).tried.shape()[index];
      }
    }
    value.shape.push_back(SymInt::Extent(leaf.value, leaf.index));
  }
  value.tried = MetaTensor(type.dtype, tried);
  return value;
}

ValueId Graph::AddInput(std::string name, ValueType type) {
  Value value = Declare(type);
  value.name = std::move(name);
  inputs_.push_back(AddValue(std::move(value)));
  return inputs_.back();
}

ValueId Graph::AddConstant(const Tensor& tensor, std::string name) {
  RequireDense("a graph", tensor);
  Value value{.dtype = tensor.dtype(), .name = std::move(name)};
  value.shape.assign(tensor.shape().begin(), tensor.shape().end());
  value.constant = Tensor::View(tensor.storage(), tensor.storage_offset(), tensor.shape(),
                                tensor.strides(), tensor.dtype());
  value.tried = MetaTensor(tensor.dtype(), tensor.shape(), tensor.strides());
  return AddValue(std::move(value));
}

void Graph::CheckReads(const Node& node) const {
  const auto check = [&](ValueId id) {
    if (id == kNone || static_cast<size_t>(id) < values_.size()) return;
    ThrowInvalidArgument(
        absl::StrCat(node.name(), ": the graph has no value %", static_cast<int32_t>(id)));
  };
  for (ValueId input : node.inputs) check(input);
  VisitLeaves(node, [&](const SizeLeaf& leaf) {
    check(leaf.value);
    const Value& value = this->value(leaf.value);
    const bool extent = leaf.kind == SizeLeaf::Kind::kExtent;
    if (value.kind == ValueKind::kTensor && leaf.index >= 0 &&
        (extent ? static_cast<size_t>(leaf.index) < value.shape.size() : IsIntegral(value.dtype))) {
      return;
    }
    ThrowInvalidArgument(absl::StrCat(node.name(), ": there is no ",
                                      extent ? "extent " : "element ", leaf.index, " of %",
                                      static_cast<int32_t>(leaf.value)));
  });
}

// What is read of constants is a number, and options that are numbers stand where they belong.
void Graph::Simplify(Node& node) const {
  const auto read = [this](const SizeLeaf& leaf) -> SymInt {
    const Tensor& constant = value(leaf.value).constant;
    if (leaf.kind == SizeLeaf::Kind::kExtent) {
      if (constant.defined()) return constant.size(leaf.index);
      return SymInt::Extent(leaf.value, leaf.index);
    }
    if (constant.defined()) return ReadElement(constant, leaf.index);
    return SymInt::Element(leaf.value, leaf.index);
  };
  if (auto* call = std::get_if<HostCall>(&node.what)) {
    for (SymInt& integer : call->integers) integer = integer.Replace(read);
  }
  auto* operation = std::get_if<Operation>(&node.what);
  if (operation == nullptr || operation->symbolic.empty()) return;
  const std::vector<int64_t*> integers = operation->options.Integers();
  for (SymbolicOption& entry : operation->symbolic) {
    entry.value = entry.value.Replace(read);
    if (entry.value.is_number()) {
      *integers[static_cast<size_t>(entry.index)] = entry.value.number();
    }
  }
  std::erase_if(operation->symbolic,
                [](const SymbolicOption& entry) { return entry.value.is_number(); });
}

// The outputs' shapes may hold leaves of themselves, as the next values.
absl::Span<const ValueId> Graph::Insert(Node node, std::vector<Value> outputs) {
  const auto id = static_cast<NodeId>(nodes_.size());
  node.module = module_;
  for (Value& output : outputs) {
    output.producer = id;
    node.outputs.push_back(AddValue(std::move(output)));
  }
  for (ValueId input : node.inputs) {
    if (input != kNone) values_[static_cast<size_t>(input)].users.push_back(id);
  }
  nodes_.push_back(std::move(node));
  erased_.push_back(false);
  NoteLeaves(id);
  return nodes_.back().outputs;
}

void Graph::CheckRule(const Node& node, const SymInt& extent, int64_t tried) const {
  const int64_t expected = extent.Evaluate(
      [this](const SizeLeaf& leaf) { return value(leaf.value).tried.size(leaf.index); });
  if (expected == tried) return;
  ThrowInternal(absl::StrCat(node.name(), ": an extent of ", tried, " was taken for ",
                             ToString(extent), ", which is ", expected));
}

namespace {

// What an expression is where shapes are tried, if that says it.
std::optional<int64_t> SizeTried(const Graph& graph, const SymInt& size) {
  if (ReadsElements(size)) return std::nullopt;
  try {
    const int64_t tried = size.Evaluate(
        [&](const SizeLeaf& leaf) { return graph.value(leaf.value).tried.size(leaf.index); });
    return tried < 0 ? std::nullopt : std::optional<int64_t>(tried);
  } catch (const Error&) {
    return std::nullopt;
  }
}

// Where what is read is not known, or has no sense at the sizes that are tried: options with which
// shapes are tried all the same.
OptionsBox Guess(const Operation& operation, const Tensor& input) {
  OptionsBox options = operation.options;
  const std::vector<int64_t*> integers = options.Integers();
  if (operation.op == op::kReshape && !integers.empty()) {
    for (int64_t* integer : integers) *integer = 1;
    *integers.back() = input.numel();
    return options;
  }
  for (const SymbolicOption& entry : operation.symbolic) {
    int64_t& integer = *integers[static_cast<size_t>(entry.index)];
    if (operation.op == op::kSlice) {
      integer = entry.index == 1 ? 0 : INT64_MAX;
    } else if (operation.op == op::kExpand) {
      integer = static_cast<size_t>(entry.index) + input.shape().size() < integers.size() ? 1 : -1;
    } else {
      integer = 2;
    }
  }
  return options;
}

}  // namespace

// Sets `guess` where sizes had to be made up.
OutputSpecs Graph::TryShapes(const Node& node, bool* guess) const {
  const Operation& operation = node.operation();
  const auto tried = [this](ValueId id) -> const Tensor& { return value(id).tried; };
  const std::vector<const Tensor*> inputs = Refs(node.inputs, tried);
  for (const SymbolicOption& entry : operation.symbolic) *guess |= ReadsElements(entry.value);
  // What elements say is not known: 1 does no harm, but to bounds.
  const bool is_bound = operation.op == op::kSlice && *guess;
  const auto read = [&](const SizeLeaf& leaf) {
    return leaf.kind == SizeLeaf::Kind::kExtent ? tried(leaf.value).size(leaf.index) : 1;
  };
  try {
    if (!is_bound) {
      OutputSpecs specs =
          InferOutputs(operation.op, Resolve(operation.options, operation.symbolic, read), inputs);
      for (const OutputSpec& spec : specs) NumElements(spec.shape);  // throws where it is none
      return specs;
    }
  } catch (const Error&) {
    const std::optional<std::vector<Tensor>> agreeing =
        TriedInAgreement(*this, operation, node.inputs);
    if (operation.symbolic.empty() && !*guess && !agreeing) throw;
    *guess = true;
    if (agreeing) {
      std::vector<const Tensor*> refs;
      for (const Tensor& tensor : *agreeing) refs.push_back(&tensor);
      return InferOutputs(operation.op, Resolve(operation.options, operation.symbolic, read), refs);
    }
  }
  *guess = true;
  try {
    return InferOutputs(operation.op, Guess(operation, inputs.empty() ? Absent() : *inputs[0]),
                        inputs);
  } catch (const Error& error) {
    ThrowUnimplemented(
        absl::StrCat("its shape depends on data, and could not be tried: ", error.message()));
  }
}

// The results of an operation are counted once and for all.
void Graph::CheckCounted(const Node& unbind) const {
  const std::vector<SymInt>& shape = value(unbind.inputs[0]).shape;
  const int64_t dim = NormalizeDim("unbind", unbind.options().Get<DimOptions>().dim,
                                   static_cast<int64_t>(shape.size()));
  const SymInt& extent = shape[static_cast<size_t>(dim)];
  if (extent.is_number()) return;
  ThrowInvalidArgument(absl::StrCat("unbind: the extent of dim ", dim, " is open, and so would be ",
                                    "the number of tensors: ", ToString(extent)));
}

absl::Span<const ValueId> Graph::AddNode(OpId op, OptionsBox options, std::vector<ValueId> inputs,
                                         std::vector<SymbolicOption> symbolic) {
  const OpSchema& schema = SchemaOf(op);
  if (schema.flags.in_place_only || schema.flags.changes != nullptr) {
    ThrowInvalidArgument(absl::StrCat(schema.name, ": changes its inputs, which a graph cannot"));
  }
  if (schema.flags.random && schema.options != OptionsTypeOf<RandomOptions>("RandomOptions")) {
    ThrowInvalidArgument(absl::StrCat(schema.name, ": draws numbers in a way of its own"));
  }
  Node node{Operation{op, std::move(options), std::move(symbolic)}, std::move(inputs), {}};
  CheckReads(node);
  Simplify(node);
  const Operation& operation = node.operation();
  bool guess = false, given = true;
  for (ValueId input : node.inputs) {
    if (input == kNone) continue;
    given &= value(input).kind == ValueKind::kTensor;
    guess |= value(input).is_guess;
  }
  if (!given) ThrowInvalidArgument(absl::StrCat(schema.name, ": takes tensors alone"));
  VisitLeaves(node, [&](const SizeLeaf& leaf) { guess |= value(leaf.value).is_guess; });
  const OutputSpecs specs = TryShapes(node, &guess);
  if (op == op::kUnbind) CheckCounted(node);
  std::vector<Value> outputs;
  for (const OutputSpec& spec : specs) {
    Value output{.dtype = spec.dtype, .tried = MetaTensor(op, spec), .is_guess = guess};
    const auto id = static_cast<ValueId>(values_.size() + outputs.size());
    const std::vector<std::optional<SymInt>> shape =
        KnownShape(*this, operation, node.inputs, outputs.size(), output.tried);
    Dims known(spec.shape.begin(), spec.shape.end());
    for (size_t d = 0; d < spec.shape.size(); ++d) {
      if (shape[d] && !guess) CheckRule(node, *shape[d], spec.shape[d]);
      if (shape[d] && guess) known[d] = SizeTried(*this, *shape[d]).value_or(known[d]);
      output.shape.push_back(shape[d] ? *shape[d] : SymInt::Extent(id, static_cast<int64_t>(d)));
    }
    // What was made up gives way to what is known, but for strides.
    const bool in_order = !schema.flags.view || op == op::kReshape;
    if (guess && in_order) output.tried = MetaTensor(spec.dtype, known);
    outputs.push_back(std::move(output));
  }
  return Insert(std::move(node), std::move(outputs));
}

void Graph::AddOutput(ValueId value, std::string name) {
  outputs_.push_back(value);
  output_names_.push_back(std::move(name));
}

}  // namespace neura::graph
