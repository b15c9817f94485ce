#include "neura/onnx/weights.h"

#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "neura/onnx/format/tensor_message.h"
#include "neura/onnx/onnx.h"
#include "neura/tensor/tensor.h"
#include "onnx/onnx.pb.h"

namespace neura::onnx {
namespace {

using ::testing::HasSubstr;

Tensor Weight() { return FromList<float>({1, -2, 3, 4, 5, -6}, {2, 3}); }

// y = w + x, with much around it that Neura has no use for.
::onnx::ModelProto Model(int64_t opset = 13) {
  ::onnx::ModelProto model;
  model.set_ir_version(8);
  model.set_doc_string("kept");
  model.add_opset_import()->set_version(opset);
  ::onnx::GraphProto* graph = model.mutable_graph();
  ::onnx::NodeProto* node = graph->add_node();
  node->set_name("sum");
  node->set_doc_string("kept, too");
  node->set_op_type("Add");
  node->add_input("w");
  node->add_input("x");
  node->add_output("y");
  graph->add_initializer()->ParseFromString(WriteTensor(Weight(), "w"));
  graph->add_initializer()->ParseFromString(WriteTensor(FromList<int64_t>({7}), "unused"));
  ::onnx::ValueInfoProto* x = graph->add_input();
  x->set_name("x");
  auto* type = x->mutable_type()->mutable_tensor_type();
  type->set_elem_type(::onnx::TensorProto::FLOAT);
  for (int64_t extent : {2, 3}) type->mutable_shape()->add_dim()->set_dim_value(extent);
  graph->add_output()->set_name("y");
  return model;
}

Tensor ResultOf(const std::string& model) {
  absl::StatusOr<graph::Graph> graph = FromBytes(model);
  EXPECT_TRUE(graph.ok()) << graph.status();
  return graph::Compile(*std::move(graph))(Zeros({2, 3}));
}

// With "w" stored in such a way, and nothing else changed.
std::string Stored(const ::onnx::ModelProto& model, const StoredWeight& stored) {
  const auto replaced =
      WithWeights(model.SerializeAsString(),
                  [&](const std::string& name, const Tensor&) -> std::optional<StoredWeight> {
                    if (name != "w") return std::nullopt;
                    return stored;
                  });
  EXPECT_TRUE(replaced.ok()) << replaced.status();
  return replaced.value_or("");
}

TEST(Weights, AreReadInTheirOrder) {
  const auto weights = WeightsOf(Model().SerializeAsString());
  ASSERT_TRUE(weights.ok()) << weights.status();
  ASSERT_EQ(weights->size(), 2u);
  EXPECT_EQ((*weights)[0].first, "w");
  EXPECT_TRUE(SameBits((*weights)[0].second, Weight()));
  EXPECT_EQ((*weights)[1].first, "unused");
  EXPECT_TRUE(absl::IsInvalidArgument(WeightsOf("no model").status()));
}

TEST(Weights, AreReplacedAndNothingElse) {
  const std::string bytes = Stored(Model(), {Weight() * 2});
  EXPECT_TRUE(SameBits(ResultOf(bytes), Weight() * 2));
  ::onnx::ModelProto replaced, expected = Model();
  ASSERT_TRUE(replaced.ParseFromString(bytes));
  expected.mutable_graph()->mutable_initializer(0)->ParseFromString(WriteTensor(Weight() * 2, "w"));
  EXPECT_EQ(replaced.SerializeAsString(), expected.SerializeAsString());
  EXPECT_EQ(replaced.graph().node(0).doc_string(), "kept, too");
}

TEST(Weights, OfAnotherDTypeAreConverted) {
  for (DType dtype : {kFloat16, kBFloat16, kFloat64}) {
    const std::string bytes = Stored(Model(), {Cast(Weight(), dtype)});
    EXPECT_TRUE(SameBits(ResultOf(bytes), Weight()));  // small integers, which every dtype holds
  }
  // Old files list weights among the inputs.
  ::onnx::ModelProto old = Model();
  *old.mutable_graph()->add_input() = old.graph().input(0);
  old.mutable_graph()->mutable_input(1)->set_name("w");
  EXPECT_TRUE(SameBits(ResultOf(Stored(old, {Cast(Weight(), kFloat16)})), Weight()));
}

TEST(Weights, OfInt8HaveAScale) {
  const Tensor values = FromList<int8_t>({1, 2, 3, -4, 5, 127}, {2, 3});
  const Tensor rows = FromList<float>({2, 0.5}), columns = FromList<float>({1, 2, 0.25});
  const Tensor numbers = Cast(values, kFloat32);
  EXPECT_TRUE(
      SameBits(ResultOf(Stored(Model(), {values, rows, 0})), numbers * Reshape(rows, {2, 1})));
  EXPECT_TRUE(SameBits(ResultOf(Stored(Model(), {values, columns, 1})), numbers * columns));
}

TEST(Weights, ThatDoNotFitAreRefused) {
  const auto status = [](const ::onnx::ModelProto& model, const StoredWeight& stored) {
    return WithWeights(model.SerializeAsString(),
                       [&](const std::string&, const Tensor&) -> std::optional<StoredWeight> {
                         return stored;
                       })
        .status();
  };
  EXPECT_THAT(std::string(status(Model(), {Zeros({3, 3})}).message()),
              HasSubstr("weight w is float32 [2, 3], what is to replace it float32 [3, 3]"));
  const absl::Status old = status(Model(11), {Zeros({2, 3}, {.dtype = kInt8}), Ones({2}), 0});
  EXPECT_TRUE(absl::IsUnimplemented(old));
  EXPECT_THAT(std::string(old.message()), HasSubstr("operator set 13 or later; the model has 11"));
}

}  // namespace
}  // namespace neura::onnx
