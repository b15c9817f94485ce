// Operators over open sizes give what the same model gives with its sizes fixed.
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "neura/onnx/format/tensor_message.h"
#include "neura/onnx/onnx.h"
#include "neura/tensor/tensor.h"
#include "onnx/onnx.pb.h"

namespace neura::onnx {
namespace {

using Proto = ::onnx::GraphProto;

// An input of a model: a number, or the name of an open size, for each dimension.
struct Input {
  std::string name;
  std::vector<std::string> shape;
  DType dtype = kFloat32;
};

void Declare(Proto* graph, const Input& input) {
  ::onnx::ValueInfoProto* info = graph->add_input();
  info->set_name(input.name);
  auto* type = info->mutable_type()->mutable_tensor_type();
  type->set_elem_type(input.dtype == kInt64  ? ::onnx::TensorProto::INT64
                      : input.dtype == kBool ? ::onnx::TensorProto::BOOL
                                             : ::onnx::TensorProto::FLOAT);
  auto* shape = type->mutable_shape();
  for (const std::string& extent : input.shape) {
    if (extent[0] >= '0' && extent[0] <= '9') {
      shape->add_dim()->set_dim_value(std::stoll(extent));
    } else {
      shape->add_dim()->set_dim_param(extent);
    }
  }
}

::onnx::NodeProto* Node(Proto* graph, const std::string& op, const std::vector<std::string>& inputs,
                        const std::vector<std::string>& outputs) {
  ::onnx::NodeProto* node = graph->add_node();
  node->set_op_type(op);
  for (const std::string& input : inputs) node->add_input(input);
  for (const std::string& output : outputs) node->add_output(output);
  return node;
}

::onnx::AttributeProto* Attribute(::onnx::NodeProto* node, const char* name,
                                  ::onnx::AttributeProto::AttributeType type) {
  ::onnx::AttributeProto* attribute = node->add_attribute();
  attribute->set_name(name);
  attribute->set_type(type);
  return attribute;
}
void Set(::onnx::NodeProto* node, const char* name, const char* text) {
  Attribute(node, name, ::onnx::AttributeProto::STRING)->set_s(text);
}
void Set(::onnx::NodeProto* node, const char* name, int64_t number) {
  Attribute(node, name, ::onnx::AttributeProto::INT)->set_i(number);
}
void Constant(Proto* graph, const std::string& name, const Tensor& value) {
  graph->add_initializer()->ParseFromString(WriteTensor(value, name));
}

struct Case {
  const char* name;
  std::function<void(Proto* graph)> build;  // from its inputs to "y"
  std::vector<Input> inputs;
  int64_t least = 1;  // size
};

std::vector<Case> Cases() {
  const Tensor scales = FromList<float>({1, 1, 2, 1.5});
  const auto recurrent = [](const char* op, int64_t gates, const char* direction) {
    return [=](Proto* graph) {
      const int64_t ways = std::string_view(direction) == "bidirectional" ? 2 : 1;
      Generator generator(7);
      Constant(graph, "w", Randn({ways, gates * 4, 3}, {}, &generator));
      Constant(graph, "r", Randn({ways, gates * 4, 4}, {}, &generator));
      Constant(graph, "b", Randn({ways, gates * 8}, {}, &generator));
      ::onnx::NodeProto* node = Node(graph, op, {"x", "w", "r", "b"}, {"y"});
      Set(node, "direction", direction);
      Set(node, "hidden_size", 4);
      if (gates == 3) Set(node, "linear_before_reset", 1);
    };
  };
  const auto resize = [=](const char* mode) {
    return [=](Proto* graph) {
      Constant(graph, "scales", scales);
      Set(Node(graph, "Resize", {"x", "", "scales"}, {"y"}), "mode", mode);
    };
  };
  const std::vector<Input> steps{{"x", {"t", "n", "3"}}}, image{{"x", {"n", "2", "t", "t"}}};
  return {
      {"rnn", recurrent("RNN", 1, "forward"), steps},
      {"gru_reverse", recurrent("GRU", 3, "reverse"), steps},
      {"lstm_both", recurrent("LSTM", 4, "bidirectional"), steps},
      {"resize_nearest", resize("nearest"), image},
      {"resize_linear", resize("linear"), image},
      {"resize_cubic", resize("cubic"), image},
      {"pad_reflect",
       [](Proto* graph) {
         Constant(graph, "pads", FromList<int64_t>({0, 0, 1, 2, 0, 0, 2, 1}));
         Set(Node(graph, "Pad", {"x", "pads"}, {"y"}), "mode", "reflect");
       },
       image, 3},
      {"group_norm",
       [](Proto* graph) {
         Constant(graph, "scale", FromList<float>({2, 3}));
         Constant(graph, "bias", FromList<float>({-1, 1}));
         Set(Node(graph, "GroupNormalization", {"x", "scale", "bias"}, {"y"}), "num_groups", 2);
       },
       image},
      {"attention",
       [](Proto* graph) {
         ::onnx::NodeProto* node = Node(graph, "Attention", {"x", "x", "x"}, {"y"});
         Set(node, "q_num_heads", 3);
         Set(node, "kv_num_heads", 3);
         Set(node, "is_causal", 1);
       },
       {{"x", {"n", "t", "6"}}}},
      {"dequantized",
       [](Proto* graph) {
         Constant(graph, "scale", FromList<float>({0.1f, 0.2f}));
         Constant(graph, "zero", Cast(FromList<int64_t>({3, 100}), kUInt8));
         Node(graph, "QuantizeLinear", {"x", "scale", "zero"}, {"q"});
         Node(graph, "DequantizeLinear", {"q", "scale", "zero"}, {"y"});
       },
       image},
      {"if_of_a_size",
       [](Proto* graph) {
         Constant(graph, "three", FromList<int64_t>({3}));
         Constant(graph, "axis", FromList<int64_t>({0}));
         Node(graph, "Shape", {"x"}, {"shape"});
         Node(graph, "Gather", {"shape", "axis"}, {"rows"});
         Node(graph, "Greater", {"rows", "three"}, {"many"});
         ::onnx::NodeProto* node = Node(graph, "If", {"many"}, {"y"});
         for (const auto& [branch, op] :
              {std::pair{"then_branch", "Relu"}, std::pair{"else_branch", "Neg"}}) {
           Proto* body = Attribute(node, branch, ::onnx::AttributeProto::GRAPH)->mutable_g();
           Node(body, op, {"x"}, {"z"});
           body->add_output()->set_name("z");
         }
       },
       {{"x", {"n", "t"}}}},
      {"loop_that_grows",
       [](Proto* graph) {
         Constant(graph, "rounds", ScalarTensor(int64_t{3}));
         ::onnx::NodeProto* node = Node(graph, "Loop", {"rounds", "", "x"}, {"y"});
         Proto* body = Attribute(node, "body", ::onnx::AttributeProto::GRAPH)->mutable_g();
         for (const char* name : {"round", "go", "all"}) body->add_input()->set_name(name);
         Node(body, "Identity", {"go"}, {"next"});
         ::onnx::NodeProto* cat = Node(body, "Concat", {"all", "x"}, {"more"});
         Set(cat, "axis", int64_t{0});
         for (const char* name : {"next", "more"}) body->add_output()->set_name(name);
       },
       {{"x", {"n", "t"}}}},
      {"compress",
       [](Proto* graph) {
         Node(graph, "Greater", {"x", "zero"}, {"positive"});
         Constant(graph, "zero", ScalarTensor(0.0f));
         Node(graph, "NonZero", {"positive"}, {"places"});
         Constant(graph, "flat", FromList<int64_t>({-1}));
         Node(graph, "Reshape", {"positive", "flat"}, {"wanted"});
         Node(graph, "Compress", {"x", "wanted"}, {"some"});
         Node(graph, "ReduceSum", {"some"}, {"sum"});
         Node(graph, "Shape", {"places"}, {"shape"});
         ::onnx::NodeProto* cast = Node(graph, "Cast", {"shape"}, {"count"});
         Set(cast, "to", int64_t{1});
         Node(graph, "Add", {"sum", "count"}, {"y"});
       },
       {{"x", {"n", "t"}}}},
  };
}

// The same numbers for the same extents.
Tensor Data(const Input& input, int64_t n, int64_t t) {
  Dims shape;
  for (const std::string& extent : input.shape) {
    shape.push_back(extent == "n" ? n : extent == "t" ? t : std::stoll(extent));
  }
  Generator generator(static_cast<uint64_t>(n * 100 + t));
  return Randn(shape, {}, &generator);
}

TEST(OpenLayers, EqualThoseOfFixedSizes) {
  for (const Case& each : Cases()) {
    SCOPED_TRACE(each.name);
    ::onnx::ModelProto model;
    model.set_ir_version(10);
    model.add_opset_import()->set_version(23);
    for (const Input& input : each.inputs) Declare(model.mutable_graph(), input);
    each.build(model.mutable_graph());
    model.mutable_graph()->add_output()->set_name("y");
    const std::string bytes = model.SerializeAsString();
    const absl::StatusOr<graph::Graph> open = FromBytes(bytes);
    ASSERT_TRUE(open.ok()) << open.status();
    const graph::Program program = graph::Compile(*open);
    for (const auto& [n, t] :
         {std::pair<int64_t, int64_t>{1, 1}, {2, 3}, {3, 7}, {7, 2}, {5, 17}}) {
      if (n < each.least || t < each.least) continue;
      SCOPED_TRACE(absl::StrCat("n = ", n, ", t = ", t));
      const absl::StatusOr<graph::Graph> fixed =
          FromBytes(bytes, {.fixed_dims = {{"n", n}, {"t", t}}});
      ASSERT_TRUE(fixed.ok()) << fixed.status();
      std::vector<Tensor> inputs;
      for (const Input& input : each.inputs) inputs.push_back(Data(input, n, t));
      const Tensor a = program.Run(inputs)[0], b = graph::Compile(*fixed).Run(inputs)[0];
      ASSERT_EQ(a.shape(), b.shape());
      const double difference =
          a.numel() == 0 ? 0 : Cast(AMax(Abs(a - b)), kFloat64).Item<double>();
      EXPECT_LE(difference, 1e-5);
    }
  }
}

}  // namespace
}  // namespace neura::onnx
