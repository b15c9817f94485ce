#include "neura/onnx/exporter.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "neura/onnx/mapping.h"
#include "neura/onnx/tensor_proto.h"

namespace neura::onnx {

using graph::Extent;
using graph::kNone;
using graph::Node;
using graph::ValueId;
using ::onnx::AttributeProto;

Attribute::Attribute(const char* name, int64_t value) {
  proto_.set_name(name);
  proto_.set_type(AttributeProto::INT);
  proto_.set_i(value);
}
Attribute::Attribute(const char* name, double value) {
  proto_.set_name(name);
  proto_.set_type(AttributeProto::FLOAT);
  proto_.set_f(static_cast<float>(value));
}
Attribute::Attribute(const char* name, const char* value) {
  proto_.set_name(name);
  proto_.set_type(AttributeProto::STRING);
  proto_.set_s(value);
}
Attribute::Attribute(const char* name, absl::Span<const int64_t> values) {
  proto_.set_name(name);
  proto_.set_type(AttributeProto::INTS);
  for (int64_t value : values) proto_.add_ints(value);
}
Attribute::Attribute(const char* name, const Tensor& value) {
  proto_.set_name(name);
  proto_.set_type(AttributeProto::TENSOR);
  WriteTensor(value, proto_.mutable_t());
}

std::vector<Extent> IntegersOf(const Node& node) {
  graph::OptionsBox options = node.options;
  std::vector<Extent> integers;
  for (const int64_t* integer : options.Integers()) integers.push_back(*integer);
  for (const graph::SymbolicInt& entry : node.symbolic) {
    integers[static_cast<size_t>(entry.index)] = entry.value;
  }
  return integers;
}

Exporter::Exporter(const graph::Graph& graph, ::onnx::GraphProto* proto)
    : graph_(graph), proto_(proto), names_(static_cast<size_t>(graph.num_values())) {}

void Exporter::Run() {
  for (ValueId id : graph_.inputs()) {
    const std::string& wanted = value(id).name;
    std::string& name = names_[static_cast<size_t>(id)];
    name = UniqueName(wanted.empty() ? "input" : wanted);
    Describe(id, name, proto_->add_input());
  }
  std::vector<std::string> output_names;
  for (size_t i = 0; i < graph_.outputs().size(); ++i) {
    const ValueId id = graph_.outputs()[i];
    output_names.push_back(UniqueName(graph_.output_names()[i]));
    std::string& name = names_[static_cast<size_t>(id)];
    if (value(id).producer != kNone && name.empty()) name = output_names.back();
    Describe(id, output_names.back(), proto_->add_output());
  }
  for (graph::NodeId id : graph_.nodes())
    MappingOf(graph_.node(id).op).Write(*this, graph_.node(id));
  // A value that is several outputs, or an input or a constant, is copied to its other names.
  for (size_t i = 0; i < output_names.size(); ++i) {
    const std::string& name = Name(graph_.outputs()[i]);
    if (name != output_names[i]) AddNode("Identity", {name}, {output_names[i]}, {});
  }
}

const std::string& Exporter::Name(ValueId id) {
  if (id == kNone) return none_;
  std::string& name = names_[static_cast<size_t>(id)];
  if (!name.empty()) return name;
  const graph::Value& value = graph_.value(id);
  name = UniqueName(value.is_constant() ? value.name.empty() ? "constant" : value.name
                                        : SchemaOf(graph_.node(value.producer).op).name);
  if (value.is_constant()) {
    ::onnx::TensorProto* initializer = proto_->add_initializer();
    WriteTensor(value.constant, initializer);
    initializer->set_name(name);
  }
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
  ::onnx::NodeProto* node = proto_->add_node();
  node->set_op_type(op_type);
  node->set_name(absl::StrCat(op_type, "_", proto_->node_size()));
  // Absent inputs at the end are left out.
  while (!inputs.empty() && inputs.back().empty()) inputs.pop_back();
  for (std::string& input : inputs) node->add_input(std::move(input));
  for (std::string& output : outputs) node->add_output(std::move(output));
  for (const Attribute& attribute : attributes) *node->add_attribute() = attribute.proto();
}

std::string Exporter::Emit(const char* op_type, std::vector<std::string> inputs,
                           std::vector<Attribute> attributes) {
  std::string output = UniqueName(absl::StrCat("tmp_", op_type));
  AddNode(op_type, std::move(inputs), {output}, std::move(attributes));
  return output;
}

void Exporter::EmitTo(std::vector<ValueId> outputs, const char* op_type,
                      std::vector<std::string> inputs, std::vector<Attribute> attributes) {
  std::vector<std::string> names;
  for (ValueId output : outputs) names.push_back(Name(output));
  AddNode(op_type, std::move(inputs), std::move(names), std::move(attributes));
}

std::string Exporter::Constant(const Tensor& tensor) {
  ::onnx::TensorProto proto;
  WriteTensor(tensor, &proto);
  std::string& name = constants_[proto.SerializeAsString()];
  if (name.empty()) {
    name = UniqueName("constant");
    proto.set_name(name);
    *proto_->add_initializer() = std::move(proto);
  }
  return name;
}

std::string Exporter::Ints(absl::Span<const int64_t> values) {
  return Constant(FromSpan<int64_t>(values, {static_cast<int64_t>(values.size())}));
}

std::string Exporter::Number(double value, DType dtype) {
  return Constant(ScalarTensor(value, {.dtype = dtype}));
}

std::string Exporter::SizeOf(int symbol) {
  std::string& name = sizes_[symbol];
  if (!name.empty()) return name;
  for (ValueId id : graph_.inputs()) {
    const std::vector<Extent>& shape = value(id).shape;
    const auto it = std::find(shape.begin(), shape.end(), Extent(1, symbol));
    if (it == shape.end()) continue;
    const std::string dim = Ints({it - shape.begin()});
    name = Emit("Gather", {Emit("Shape", {Name(id)}), dim}, {{"axis", int64_t{0}}});
    return name;
  }
  ThrowUnimplemented(absl::StrCat("onnx: no input has the open size ",
                                  graph_.symbols()[static_cast<size_t>(symbol)].name));
}

std::string Exporter::Extents(absl::Span<const Extent> extents) {
  std::vector<std::string> parts;
  std::vector<int64_t> numbers;
  const auto flush = [&] {
    if (!numbers.empty()) parts.push_back(Ints(numbers));
    numbers.clear();
  };
  for (const Extent& extent : extents) {
    if (extent.is_number()) {
      numbers.push_back(extent.factor);
      continue;
    }
    flush();
    std::string size = SizeOf(extent.symbol);
    if (extent.factor != 1) size = Emit("Mul", {size, Ints({extent.factor})});
    parts.push_back(std::move(size));
  }
  if (parts.empty()) return Ints(numbers);
  flush();
  return parts.size() == 1 ? parts[0] : Emit("Concat", parts, {{"axis", int64_t{0}}});
}

std::string Exporter::Cast(std::string name, DType dtype) {
  return Emit("Cast", {std::move(name)}, {{"to", int64_t{ToElementType(dtype)}}});
}

void Exporter::Fail(const Node& node, std::string_view why) const {
  ThrowUnimplemented(absl::StrCat("onnx: cannot export ", SchemaOf(node.op).name, ": ", why));
}

void Exporter::Describe(ValueId id, const std::string& name, ::onnx::ValueInfoProto* info) const {
  info->set_name(name);
  ::onnx::TypeProto::Tensor* type = info->mutable_type()->mutable_tensor_type();
  type->set_elem_type(ToElementType(value(id).dtype));
  ::onnx::TensorShapeProto* shape = type->mutable_shape();
  for (const Extent& extent : value(id).shape) {
    ::onnx::TensorShapeProto::Dimension* dim = shape->add_dim();
    if (extent.is_number()) {
      dim->set_dim_value(extent.factor);
    } else if (extent.is_known() && extent.factor == 1) {
      dim->set_dim_param(graph_.symbols()[static_cast<size_t>(extent.symbol)].name);
    }
  }
}

}  // namespace neura::onnx
