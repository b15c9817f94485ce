#include "neura/onnx/export/exporter.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "neura/onnx/export/mapping.h"
#include "neura/onnx/format/fields.h"
#include "neura/onnx/format/tensor_message.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"

namespace neura::onnx {

using graph::kNone;
using graph::Node;
using graph::SizeLeaf;
using graph::SymInt;
using graph::ValueId;

namespace {

template <typename AddValue>
std::string EncodeAttribute(const char* name, int type, AddValue add_value) {
  return Encode<AttributeField>([&](auto& out) {
    out.add_string(AttributeField::kName, name);
    add_value(out);
    out.add_int32(AttributeField::kType, type);
  });
}

template <typename Field>
void AddField(std::string& bytes, Field field, const std::string& message) {
  protozero::pbf_builder<Field>(bytes).add_message(field, message);
}

}  // namespace

Attribute::Attribute(const char* name, int64_t value)
    : bytes_(EncodeAttribute(name, attribute_type::kInt,
                             [&](auto& out) { out.add_int64(AttributeField::kInt, value); })) {}
Attribute::Attribute(const char* name, double value)
    : bytes_(EncodeAttribute(name, attribute_type::kFloat, [&](auto& out) {
        out.add_float(AttributeField::kFloat, static_cast<float>(value));
      })) {}
Attribute::Attribute(const char* name, const char* value)
    : bytes_(EncodeAttribute(name, attribute_type::kString,
                             [&](auto& out) { out.add_bytes(AttributeField::kString, value); })) {}
Attribute::Attribute(const char* name, absl::Span<const int64_t> values)
    : bytes_(EncodeAttribute(name, attribute_type::kInts, [&](auto& out) {
        for (int64_t value : values) out.add_int64(AttributeField::kInts, value);
      })) {}
Attribute::Attribute(const char* name, const Tensor& value)
    : bytes_(EncodeAttribute(name, attribute_type::kTensor, [&](auto& out) {
        out.add_message(AttributeField::kTensor, WriteTensor(value));
      })) {}

Exporter::Exporter(const graph::Graph& graph) : graph_(graph), names_(graph.num_values()) {}

std::string Exporter::Run(std::string_view graph_name) {
  for (ValueId id : graph_.inputs()) {
    const std::string& wanted = value(id).name;
    std::string& name = names_[static_cast<size_t>(id)];
    name = UniqueName(wanted.empty() ? "input" : wanted);
    AddField(inputs_, GraphField::kInput, Describe(id, name));
  }
  std::vector<std::string> output_names;
  for (size_t i = 0; i < graph_.outputs().size(); ++i) {
    const ValueId id = graph_.outputs()[i];
    output_names.push_back(UniqueName(graph_.output_names()[i]));
    std::string& name = names_[static_cast<size_t>(id)];
    if (value(id).producer != graph::kNoNode && name.empty()) name = output_names.back();
    AddField(outputs_, GraphField::kOutput, Describe(id, output_names.back()));
  }
  for (graph::NodeId id : graph_.nodes()) {
    const Node& node = graph_.node(id);
    if (!node.is_operation()) Fail(node, "it is no operation on tensors");
    MappingOf(node.op()).Write(*this, node);
  }
  // A value that is several outputs, or an input or a constant, is copied to its other names.
  for (size_t i = 0; i < output_names.size(); ++i) {
    const std::string& name = Name(graph_.outputs()[i]);
    if (name != output_names[i]) AddNode("Identity", {name}, {output_names[i]}, {});
  }
  std::string bytes = std::move(nodes_);
  protozero::pbf_builder<GraphField>(bytes).add_string(GraphField::kName, graph_name.data(),
                                                       graph_name.size());
  // One by one, each given back when it is copied: the initializers may be most of the memory.
  for (std::string* part : {&initializers_, &inputs_, &outputs_}) {
    bytes += *part;
    *part = std::string();
  }
  return bytes;
}

void Exporter::AddInitializer(const Tensor& tensor, const std::string& name) {
  AddField(initializers_, GraphField::kInitializer, WriteTensor(tensor, name));
}

const std::string& Exporter::Name(ValueId id) {
  if (id == kNone) return none_;
  std::string& name = names_[static_cast<size_t>(id)];
  if (!name.empty()) return name;
  const graph::Value& value = graph_.value(id);
  name = UniqueName(value.is_constant() ? value.name.empty() ? "constant" : value.name
                                        : graph_.node(value.producer).name());
  if (value.is_constant()) AddInitializer(value.constant, name);
  return name;
}

std::string Exporter::UniqueName(std::string wanted) {
  std::string name = wanted;
  for (int i = 1; name.empty() || !used_names_.insert(name).second; ++i) {
    name = absl::StrCat(wanted, "_", i);
  }
  return name;
}

void Exporter::AddNode(const char* op_type, std::vector<std::string> inputs,
                       std::vector<std::string> outputs, std::vector<Attribute> attributes) {
  // Absent inputs at the end are left out.
  while (!inputs.empty() && inputs.back().empty()) inputs.pop_back();
  AddField(nodes_, GraphField::kNode, Encode<NodeField>([&](auto& out) {
             for (const std::string& input : inputs) out.add_string(NodeField::kInput, input);
             for (const std::string& output : outputs) out.add_string(NodeField::kOutput, output);
             out.add_string(NodeField::kName, absl::StrCat(op_type, "_", ++num_nodes_));
             out.add_string(NodeField::kOpType, op_type);
             for (const Attribute& attribute : attributes) {
               out.add_message(NodeField::kAttribute, attribute.bytes());
             }
           }));
}

std::string Exporter::Emit(const char* op_type, std::vector<std::string> inputs,
                           std::vector<Attribute> attributes) {
  return EmitAll(op_type, std::move(inputs), 1, std::move(attributes))[0];
}

std::vector<std::string> Exporter::EmitAll(const char* op_type, std::vector<std::string> inputs,
                                           size_t num_outputs, std::vector<Attribute> attributes) {
  std::vector<std::string> outputs(num_outputs);
  for (std::string& output : outputs) output = UniqueName(absl::StrCat("tmp_", op_type));
  AddNode(op_type, std::move(inputs), outputs, std::move(attributes));
  return outputs;
}

void Exporter::EmitTo(std::vector<ValueId> outputs, const char* op_type,
                      std::vector<std::string> inputs, std::vector<Attribute> attributes) {
  std::vector<std::string> names;
  for (ValueId output : outputs) names.push_back(Name(output));
  AddNode(op_type, std::move(inputs), std::move(names), std::move(attributes));
}

std::string Exporter::Constant(const Tensor& tensor) {
  std::string& name = constants_[WriteTensor(tensor)];
  if (name.empty()) {
    name = UniqueName("constant");
    AddInitializer(tensor, name);
  }
  return name;
}

std::string Exporter::Ints(absl::Span<const int64_t> values) {
  return Constant(FromSpan<int64_t>(values, {static_cast<int64_t>(values.size())}));
}

std::string Exporter::Number(const Scalar& value, DType dtype) {
  return Constant(ScalarTensor(value, {.dtype = dtype}));
}

std::string Exporter::LeafOf(const SizeLeaf& leaf) {
  std::string& name = sizes_[leaf];
  if (!name.empty()) return name;
  const bool is_extent = leaf.kind == SizeLeaf::Kind::kExtent;
  const std::string elements = is_extent
                                   ? Emit("Shape", {Name(leaf.value)})
                                   : Cast(Emit("Reshape", {Name(leaf.value), Ints({-1})}), kInt64);
  name = Emit("Gather", {elements, Ints({leaf.index})}, {{"axis", int64_t{0}}});
  return name;
}

std::string Exporter::FactorOf(const SymInt::Atom& factor) {
  using Operation = SymInt::Operation;
  if (factor.operation == Operation::kLeaf) return LeafOf(factor.leaf);
  std::vector<std::string> operands;
  for (const SymInt& operand : factor.operands) operands.push_back(SizeOf(operand));
  switch (factor.operation) {
    case Operation::kDiv:
      return Emit("Div", operands);
    case Operation::kMod:
      return Emit("Mod", operands);
    case Operation::kMin:
      return Emit("Min", operands);
    case Operation::kMax:
      return Emit("Max", operands);
    case Operation::kEqual:
      return Cast(Emit("Equal", operands), kInt64);
    default:
      operands[0] = Cast(operands[0], kBool);
      return Emit("Where", operands);
  }
}

std::string Exporter::SizeOf(const SymInt& size) {
  std::string sum;
  const auto join = [this](std::string& whole, const char* op_type, std::string part) {
    whole = whole.empty() ? std::move(part) : Emit(op_type, {whole, part});
  };
  for (const SymInt::Term& term : size.terms()) {
    std::string product;
    for (const SymInt::AtomPtr& factor : term.factors) join(product, "Mul", FactorOf(*factor));
    if (term.coefficient != 1) join(product, "Mul", Ints({term.coefficient}));
    join(sum, "Add", std::move(product));
  }
  if (size.number() != 0 || sum.empty()) join(sum, "Add", Ints({size.number()}));
  return sum;
}

std::string Exporter::Extents(absl::Span<const SymInt> extents) {
  std::vector<std::string> parts;
  std::vector<int64_t> numbers;
  const auto flush = [&] {
    if (!numbers.empty()) parts.push_back(Ints(numbers));
    numbers.clear();
  };
  for (const SymInt& extent : extents) {
    if (extent.is_number()) {
      numbers.push_back(extent.number());
      continue;
    }
    flush();
    parts.push_back(SizeOf(extent));
  }
  if (parts.empty()) return Ints(numbers);
  flush();
  return parts.size() == 1 ? parts[0] : Emit("Concat", parts, {{"axis", int64_t{0}}});
}

std::string Exporter::Cast(std::string name, DType dtype) {
  return Emit("Cast", {std::move(name)}, {{"to", int64_t{ToElementType(dtype)}}});
}

void Exporter::Fail(const Node& node, std::string_view why) const {
  ThrowUnimplemented(absl::StrCat("onnx: cannot export ", node.name(), ": ", why));
}

std::string Exporter::Describe(ValueId id, const std::string& name) const {
  const std::string shape = Encode<ShapeField>([&](auto& out) {
    for (const SymInt& extent : value(id).shape) {
      const std::string dim = Encode<DimensionField>([&](auto& fields) {
        if (extent.is_number()) fields.add_int64(DimensionField::kValue, extent.number());
        for (const graph::Symbol& symbol : graph_.symbols()) {
          if (extent != SymInt::Extent(symbol.leaf.value, symbol.leaf.index)) continue;
          fields.add_string(DimensionField::kParam, symbol.name);
        }
      });
      out.add_message(ShapeField::kDim, dim);
    }
  });
  const std::string tensor_type = Encode<TensorTypeField>([&](auto& out) {
    out.add_int32(TensorTypeField::kElementType, ToElementType(value(id).dtype));
    out.add_message(TensorTypeField::kShape, shape);
  });
  return Encode<ValueInfoField>([&](auto& out) {
    out.add_string(ValueInfoField::kName, name);
    out.add_message(ValueInfoField::kType, Encode<TypeField>([&](auto& type) {
                      type.add_message(TypeField::kTensorType, tensor_type);
                    }));
  });
}

}  // namespace neura::onnx
