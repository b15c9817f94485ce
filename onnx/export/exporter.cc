#include "neura/onnx/export/exporter.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "neura/onnx/export/mapping.h"
#include "neura/onnx/format/fields.h"
#include "neura/onnx/format/tensor_message.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/op_list/pointwise.h"

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
Attribute::Attribute(const char* name, absl::Span<const std::string> values)
    : bytes_(EncodeAttribute(name, attribute_type::kStrings, [&](auto& out) {
        for (const std::string& value : values) out.add_bytes(AttributeField::kStrings, value);
      })) {}
Attribute::Attribute(const char* name, const Tensor& value)
    : bytes_(EncodeAttribute(name, attribute_type::kTensor, [&](auto& out) {
        out.add_message(AttributeField::kTensor, WriteTensor(value));
      })) {}

Exporter::Exporter(const graph::Graph& graph, const GraphOptions& options)
    : graph_(graph), options_(options), names_(graph.num_values()) {}

bool Exporter::IsNewArithmetic(const Node& node) const {
  constexpr OpId kOps[] = {op::kAdd, op::kSub, op::kMul, op::kDiv, op::kSquare, op::kFloorDivide};
  if (std::find(std::begin(kOps), std::end(kOps), node.op()) == std::end(kOps)) return false;
  const DType dtype = value(node.inputs[0]).dtype;
  return dtype == kInt8 || dtype == kUInt8 || dtype == kInt16 || dtype == kUInt16;
}

std::string Exporter::Run() {
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
    AddField(outputs_, GraphField::kOutput, Describe(id, output_names.back(), static_cast<int>(i)));
  }
  for (graph::NodeId id : graph_.nodes()) {
    const Node& node = graph_.node(id);
    module_ = node.module;
    if (!node.is_operation()) Fail(node, "it is no operation on tensors");
    if (IsNewArithmetic(node)) Require(14, node, "arithmetic of integers of 8 and 16 bits");
    MappingOf(node.op()).Write(*this, node);
    for (ValueId output : node.outputs) {
      const std::string& name = names_[static_cast<size_t>(output)];
      const bool is_output =
          std::find(output_names.begin(), output_names.end(), name) != output_names.end();
      if (name.empty() || is_output) continue;
      AddField(value_infos_, GraphField::kValueInfo, Describe(output, name));
    }
  }
  module_.clear();
  // A value that is several outputs, or an input or a constant, is copied to its other names.
  for (size_t i = 0; i < output_names.size(); ++i) {
    const std::string& name = Name(graph_.outputs()[i]);
    if (name != output_names[i]) AddNode("Identity", {name}, {output_names[i]}, {});
  }
  std::string bytes = std::move(nodes_);
  protozero::pbf_builder<GraphField> fields(bytes);
  fields.add_string(GraphField::kName, options_.name);
  if (!options_.doc_string.empty()) {
    fields.add_string(GraphField::kDocString, options_.doc_string);
  }
  // One by one, each given back when it is copied: the initializers may be most of the memory.
  for (std::string* part : {&initializers_, &inputs_, &outputs_, &value_infos_}) {
    bytes += *part;
    *part = std::string();
  }
  return bytes;
}

void Exporter::AddInitializer(const Tensor& tensor, const std::string& name) {
  OutsideTensors* const outside = options_.outside;
  const auto bytes = static_cast<uint64_t>(tensor.nbytes());
  if (outside != nullptr && static_cast<int64_t>(bytes) >= outside->least_bytes && bytes > 0) {
    // Where vectors are read whole, and large tensors mapped by themselves.
    const uint64_t alignment = bytes < (1 << 16) ? 64 : 4096;
    const uint64_t offset = (outside->num_bytes + alignment - 1) / alignment * alignment;
    AddField(initializers_, GraphField::kInitializer,
             WriteTensorOutside(tensor, name, outside->location, offset));
    outside->tensors.push_back(Contiguous(To(tensor, kCpu)));
    outside->offsets.push_back(offset);
    outside->num_bytes = offset + bytes;
    return;
  }
  AddField(initializers_, GraphField::kInitializer, WriteTensor(tensor, name));
}

const std::string& Exporter::Name(ValueId id) {
  if (id == kNone) return none_;
  std::string& name = names_[static_cast<size_t>(id)];
  if (!name.empty()) return name;
  const graph::Value& value = graph_.value(id);
  name = UniqueName(value.is_constant() ? value.name.empty() ? "constant" : value.name
                                        : InModule(graph_.node(value.producer).name()));
  if (value.is_constant()) AddInitializer(value.constant, name);
  return name;
}

namespace {

// `wanted`, or that with a number behind it that makes it a new one.
std::string MakeUnique(const std::string& wanted, std::unordered_set<std::string>& used,
                       std::unordered_map<std::string, int>& times) {
  std::string name = wanted;
  while (name.empty() || !used.insert(name).second) {
    name = absl::StrCat(wanted, "_", ++times[wanted]);
  }
  return name;
}

}  // namespace

std::string Exporter::UniqueName(const std::string& wanted) {
  return MakeUnique(wanted, used_names_, times_used_);
}

std::string Exporter::InModule(std::string_view name) const {
  if (module_.empty()) return std::string(name);
  return absl::StrCat("/", absl::StrReplaceAll(module_, {{".", "/"}}), "/", name);
}

void Exporter::AddNode(const char* op_type, std::vector<std::string> inputs,
                       std::vector<std::string> outputs, std::vector<Attribute> attributes) {
  // Absent inputs at the end are left out.
  while (!inputs.empty() && inputs.back().empty()) inputs.pop_back();
  AddField(nodes_, GraphField::kNode, Encode<NodeField>([&](auto& out) {
             for (const std::string& input : inputs) out.add_string(NodeField::kInput, input);
             for (const std::string& output : outputs) out.add_string(NodeField::kOutput, output);
             out.add_string(NodeField::kName,
                            MakeUnique(InModule(op_type), node_names_, times_node_named_));
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
                                           size_t num_outputs, std::vector<Attribute> attributes,
                                           OutputMask wanted) {
  std::vector<std::string> outputs(num_outputs);
  for (size_t i = 0; i < num_outputs; ++i) {
    if ((wanted >> i & 1) == 0) continue;
    outputs[i] = UniqueName(InModule(absl::StrCat("tmp_", op_type)));
  }
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

Exporter::Form Exporter::ReduceForm(std::string_view op_type, const std::string& x,
                                    absl::Span<const int64_t> dims, bool keepdim) {
  Form form{{x}, {{"keepdims", int64_t{keepdim}}}};
  if (dims.empty()) return form;
  if (op_type == "ReduceSum" || opset() >= 18) {
    form.first.push_back(Ints(dims));
  } else {
    form.second.push_back({"axes", dims});
  }
  return form;
}

std::string Exporter::EmitReduce(const char* op_type, const std::string& x,
                                 absl::Span<const int64_t> dims, bool keepdim) {
  auto [inputs, attributes] = ReduceForm(op_type, x, dims, keepdim);
  return Emit(op_type, std::move(inputs), std::move(attributes));
}

void Exporter::EmitReduceTo(std::vector<ValueId> outputs, const char* op_type, const std::string& x,
                            absl::Span<const int64_t> dims, bool keepdim) {
  auto [inputs, attributes] = ReduceForm(op_type, x, dims, keepdim);
  EmitTo(std::move(outputs), op_type, std::move(inputs), std::move(attributes));
}

std::string Exporter::Where(const Node& node) const {
  if (node.module.empty()) return node.name();
  return absl::StrCat(node.name(), " in module ", node.module);
}

void Exporter::Fail(const Node& node, std::string_view why) const {
  ThrowUnimplemented(absl::StrCat("onnx: cannot export ", Where(node), ": ", why));
}

void Exporter::Require(int opset, const Node& node, std::string_view what) const {
  if (options_.opset >= opset) return;
  Fail(node, absl::StrCat(what, " came with operator set ", opset, ", the model is to be of set ",
                          options_.opset));
}

std::string Exporter::NameOfExtent(const SymInt& extent, int output, int dim) const {
  const std::string name = graph_.ExtentToString(extent);
  if (name.find('?') == std::string::npos) return name;
  const auto given = options_.output_dims.find({output, dim});
  return given == options_.output_dims.end() ? "" : given->second;
}

std::string Exporter::Describe(ValueId id, const std::string& name, int output) const {
  const std::string shape = Encode<ShapeField>([&](auto& out) {
    int dim = 0;
    for (const SymInt& extent : value(id).shape) {
      out.add_message(ShapeField::kDim, Encode<DimensionField>([&](auto& fields) {
                        if (extent.is_number()) {
                          fields.add_int64(DimensionField::kValue, extent.number());
                          return;
                        }
                        const std::string extent_name = NameOfExtent(extent, output, dim);
                        if (extent_name.empty()) return;
                        fields.add_string(DimensionField::kParam, extent_name);
                      }));
      ++dim;
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
