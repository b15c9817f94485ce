#include "onnx/operator_case.h"

#include "absl/strings/str_cat.h"
#include "neura/onnx/format/tensor_message.h"
#include "onnx/onnx.pb.h"

namespace neura::onnx {
namespace {

void SetAttribute(const Attribute& attribute, ::onnx::AttributeProto* proto) {
  using Proto = ::onnx::AttributeProto;
  proto->set_name(attribute.name);
  if (const auto* i = std::get_if<int64_t>(&attribute.value)) {
    proto->set_type(Proto::INT);
    proto->set_i(*i);
  } else if (const auto* f = std::get_if<double>(&attribute.value)) {
    proto->set_type(Proto::FLOAT);
    proto->set_f(static_cast<float>(*f));
  } else if (const auto* s = std::get_if<std::string>(&attribute.value)) {
    proto->set_type(Proto::STRING);
    proto->set_s(*s);
  } else if (const auto* ints = std::get_if<Ints>(&attribute.value)) {
    proto->set_type(Proto::INTS);
    for (int64_t value : *ints) proto->add_ints(value);
  } else if (const auto* floats = std::get_if<Doubles>(&attribute.value)) {
    proto->set_type(Proto::FLOATS);
    for (double value : *floats) proto->add_floats(static_cast<float>(value));
  } else if (const auto* strings = std::get_if<Strings>(&attribute.value)) {
    proto->set_type(Proto::STRINGS);
    for (const std::string& value : *strings) proto->add_strings(value);
  } else {
    proto->set_type(Proto::TENSOR);
    proto->mutable_t()->ParseFromString(WriteTensor(std::get<Tensor>(attribute.value)));
  }
}

}  // namespace

std::string ModelOf(const Case& one) {
  ::onnx::ModelProto model;
  model.set_ir_version(8);
  model.add_opset_import()->set_version(one.opset);
  model.mutable_opset_import(0)->set_domain(one.domain);
  ::onnx::GraphProto* graph = model.mutable_graph();
  ::onnx::NodeProto* node = graph->add_node();
  node->set_domain(one.domain);
  node->set_name("the_node");
  node->set_op_type(one.op);
  // Nothing reads it; whoever takes a number for a value's id does.
  ::onnx::ValueInfoProto* unused = graph->add_input();
  unused->set_name("unused");
  unused->mutable_type()->mutable_tensor_type()->set_elem_type(::onnx::TensorProto::FLOAT);
  unused->mutable_type()->mutable_tensor_type()->mutable_shape();
  for (const Input& input : one.inputs) {
    const std::string name =
        input.tensor.defined() ? absl::StrCat("in", node->input_size()) : std::string();
    node->add_input(name);
    if (!input.tensor.defined()) continue;
    if (input.constant) {
      graph->add_initializer()->ParseFromString(WriteTensor(input.tensor, name));
      continue;
    }
    ::onnx::ValueInfoProto* info = graph->add_input();
    info->set_name(name);
    auto* type = info->mutable_type()->mutable_tensor_type();
    type->set_elem_type(ToElementType(input.tensor.dtype()));
    type->mutable_shape();
    for (int64_t extent : input.tensor.shape()) {
      type->mutable_shape()->add_dim()->set_dim_value(extent);
    }
  }
  for (const Attribute& attribute : one.attributes) SetAttribute(attribute, node->add_attribute());
  for (const Tensor& output : one.outputs) {
    const std::string name =
        output.defined() ? absl::StrCat("out", node->output_size()) : std::string();
    node->add_output(name);
    if (output.defined()) graph->add_output()->set_name(name);
  }
  return model.SerializeAsString();
}

}  // namespace neura::onnx
