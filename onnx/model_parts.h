// Models that tests put together from parts, and what comes of them.
#ifndef NEURA_ONNX_MODEL_PARTS_H_
#define NEURA_ONNX_MODEL_PARTS_H_

#include <functional>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "neura/graph/program.h"
#include "neura/onnx/onnx.h"
#include "neura/tensor/tensor.h"
#include "onnx/onnx.pb.h"

namespace neura::onnx {

using graph::Datum;

// What stands in a graph.
using Part = std::function<void(::onnx::GraphProto*)>;
using Parts = std::vector<Part>;

inline ::onnx::TypeProto TensorType(int element_type, const std::vector<std::string>& dims) {
  ::onnx::TypeProto type;
  type.mutable_tensor_type()->set_elem_type(element_type);
  ::onnx::TensorShapeProto* shape = type.mutable_tensor_type()->mutable_shape();
  for (const std::string& dim : dims) {
    const bool number = dim.find_first_not_of("0123456789") == std::string::npos;
    if (number) {
      shape->add_dim()->set_dim_value(std::stoll(dim));
    } else {
      shape->add_dim()->set_dim_param(dim);
    }
  }
  return type;
}
// Of which the file does not say how many dimensions it has.
inline ::onnx::TypeProto TensorTypeOfAnyRank(int element_type) {
  ::onnx::TypeProto type;
  type.mutable_tensor_type()->set_elem_type(element_type);
  return type;
}
inline ::onnx::TypeProto SequenceOf(const ::onnx::TypeProto& element) {
  ::onnx::TypeProto type;
  *type.mutable_sequence_type()->mutable_elem_type() = element;
  return type;
}
inline ::onnx::TypeProto OptionalOf(const ::onnx::TypeProto& element) {
  ::onnx::TypeProto type;
  *type.mutable_optional_type()->mutable_elem_type() = element;
  return type;
}

inline Part Input(const std::string& name, const ::onnx::TypeProto& type) {
  return [=](::onnx::GraphProto* graph) {
    graph->add_input()->set_name(name);
    *graph->mutable_input(graph->input_size() - 1)->mutable_type() = type;
  };
}
inline Part Output(const std::string& name, const ::onnx::TypeProto& type = {}) {
  return [=](::onnx::GraphProto* graph) {
    graph->add_output()->set_name(name);
    *graph->mutable_output(graph->output_size() - 1)->mutable_type() = type;
  };
}
inline void Fill(::onnx::GraphProto* graph, const Parts& parts) {
  for (const Part& part : parts) part(graph);
}

using Attribute = ::onnx::AttributeProto;
inline Attribute Named(const std::string& name, Attribute::AttributeType type) {
  Attribute attribute;
  attribute.set_name(name);
  attribute.set_type(type);
  return attribute;
}
inline Attribute Int(const std::string& name, int64_t value) {
  Attribute attribute = Named(name, Attribute::INT);
  attribute.set_i(value);
  return attribute;
}
inline Attribute String(const std::string& name, const std::string& value) {
  Attribute attribute = Named(name, Attribute::STRING);
  attribute.set_s(value);
  return attribute;
}
inline Attribute Body(const std::string& name, const Parts& parts) {
  Attribute attribute = Named(name, Attribute::GRAPH);
  Fill(attribute.mutable_g(), parts);
  return attribute;
}
// What the function around is given.
inline Attribute Given(const std::string& name, Attribute::AttributeType type,
                       const std::string& by) {
  Attribute attribute = Named(name, type);
  attribute.set_ref_attr_name(by);
  return attribute;
}

inline ::onnx::NodeProto NodeOf(const std::string& op, const std::vector<std::string>& inputs,
                                const std::vector<std::string>& outputs,
                                const std::vector<Attribute>& attributes,
                                const std::string& domain) {
  ::onnx::NodeProto node;
  node.set_op_type(op);
  node.set_domain(domain);
  for (const std::string& input : inputs) node.add_input(input);
  for (const std::string& output : outputs) node.add_output(output);
  for (const Attribute& attribute : attributes) *node.add_attribute() = attribute;
  return node;
}
inline Part Node(const std::string& op, const std::vector<std::string>& inputs,
                 const std::vector<std::string>& outputs,
                 const std::vector<Attribute>& attributes = {}, const std::string& domain = "") {
  return [=](::onnx::GraphProto* graph) {
    *graph->add_node() = NodeOf(op, inputs, outputs, attributes, domain);
  };
}
// int64.
inline ::onnx::TensorProto Named(const std::string& name, const std::vector<int64_t>& dims,
                                 const std::vector<int64_t>& elements) {
  ::onnx::TensorProto tensor;
  tensor.set_name(name);
  tensor.set_data_type(7);
  for (int64_t extent : dims) tensor.add_dims(extent);
  for (int64_t element : elements) tensor.add_int64_data(element);
  return tensor;
}
inline Attribute Value(const std::string& name, const ::onnx::TensorProto& tensor) {
  Attribute attribute = Named(name, Attribute::TENSOR);
  *attribute.mutable_t() = tensor;
  return attribute;
}
inline Part Initializer(const ::onnx::TensorProto& tensor) {
  return [=](::onnx::GraphProto* graph) { *graph->add_initializer() = tensor; };
}

// Of operator set 21.
inline std::string Model(const Parts& parts,
                         const std::vector<::onnx::FunctionProto>& functions = {}) {
  ::onnx::ModelProto model;
  model.set_ir_version(8);
  model.add_opset_import()->set_version(21);
  Fill(model.mutable_graph(), parts);
  for (const ::onnx::FunctionProto& function : functions) *model.add_functions() = function;
  return model.SerializeAsString();
}

inline std::vector<Datum> ResultsOf(const std::string& model, const std::vector<Datum>& inputs,
                                    const ImportOptions& options = {}) {
  const absl::StatusOr<graph::Graph> graph = FromBytes(model, options);
  EXPECT_TRUE(graph.ok()) << graph.status();
  return graph.ok() ? graph::Compile(*graph).RunData(inputs) : std::vector<Datum>();
}
inline std::string ErrorOf(const std::string& model, const std::vector<Datum>& inputs,
                           const ImportOptions& options = {}) {
  const absl::StatusOr<graph::Graph> graph = FromBytes(model, options);
  if (!graph.ok()) return std::string(graph.status().message());
  try {
    graph::Compile(*graph).RunData(inputs);
  } catch (const Error& error) {
    return std::string(error.message());
  }
  return "none";
}
template <typename T>
std::vector<T> Values(const Tensor& tensor) {
  const Tensor in_order = Contiguous(tensor);
  return std::vector<T>(in_order.data<T>(), in_order.data<T>() + in_order.numel());
}
inline bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace neura::onnx

#endif  // NEURA_ONNX_MODEL_PARTS_H_
