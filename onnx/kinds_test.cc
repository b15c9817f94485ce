// What is no tensor of a dtype: sequences, optionals, strings, narrow elements; and what lies
// outside of a graph's nodes: functions, and elements in other files.
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "neura/graph/program.h"
#include "neura/onnx/onnx.h"
#include "neura/tensor/tensor.h"
#include "onnx/onnx.pb.h"

namespace neura::onnx {
namespace {

namespace fs = std::filesystem;
using graph::Datum;

// Of operator set 21, from the text of a graph and of what stands beside it.
std::string Model(const std::string& graph, const std::string& beside = "") {
  ::onnx::ModelProto model;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
      absl::StrCat("ir_version: 8 opset_import { version: 21 } graph {", graph, "}", beside),
      &model));
  return model.SerializeAsString();
}

// "tensor_type { elem_type: 1 shape { dim { dim_value: 3 } } }"
std::string TensorType(int element_type, const std::vector<std::string>& dims) {
  std::string text = absl::StrCat("tensor_type { elem_type: ", element_type, " shape {");
  for (const std::string& dim : dims) {
    const bool number = dim.find_first_not_of("0123456789") == std::string::npos;
    absl::StrAppend(
        &text, " dim { ",
        number ? absl::StrCat("dim_value: ", dim) : absl::StrCat("dim_param: '", dim, "'"), " }");
  }
  return text + " } }";
}
std::string Input(const std::string& name, const std::string& type) {
  return absl::StrCat(" input { name: '", name, "' type { ", type, " } }");
}
std::string Node(const std::string& op, const std::vector<std::string>& inputs,
                 const std::vector<std::string>& outputs, const std::string& more = "") {
  std::string text = absl::StrCat(" node { op_type: '", op, "' ", more);
  for (const std::string& input : inputs) absl::StrAppend(&text, " input: '", input, "'");
  for (const std::string& output : outputs) absl::StrAppend(&text, " output: '", output, "'");
  return text + " }";
}
std::string Int(const std::string& name, int64_t value) {
  return absl::StrCat(" attribute { name: '", name, "' type: INT i: ", value, " }");
}
std::string Output(const std::string& name) {
  return absl::StrCat(" output { name: '", name, "' }");
}

std::vector<Datum> Run(const std::string& model, const std::vector<Datum>& inputs) {
  const absl::StatusOr<graph::Graph> graph = FromBytes(model);
  EXPECT_TRUE(graph.ok()) << graph.status();
  return graph.ok() ? graph::Compile(*graph).RunData(inputs) : std::vector<Datum>();
}
std::string ErrorOf(const std::string& model, const std::vector<Datum>& inputs) {
  const absl::StatusOr<graph::Graph> graph = FromBytes(model);
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
  return {in_order.data<T>(), in_order.data<T>() + in_order.numel()};
}
bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// ---- sequences and optionals -------------------------------------------------------------------

TEST(Sequences, AreTakenApartAndPutTogether) {
  const std::string model = Model(absl::StrCat(
      Input("x", TensorType(1, {"n", "2"})), Input("sizes", TensorType(7, {"k"})),
      Input("at", TensorType(7, {})), Node("SplitToSequence", {"x", "sizes"}, {"parts"}),
      Node("SequenceAt", {"parts", "at"}, {"part"}),
      Node("SequenceInsert", {"parts", "part", "at"}, {"more"}),
      Node("SequenceErase", {"more"}, {"fewer"}), Node("SequenceLength", {"fewer"}, {"length"}),
      Node("ConcatFromSequence", {"fewer"}, {"y"}, Int("axis", 0)), Output("part"),
      Output("length"), Output("y")));
  const Tensor x = Reshape(Arange(0, 10, 1, {.dtype = kFloat32}), {5, 2});
  const std::vector<Datum> results =
      Run(model, {x, FromList<int64_t>({1, 3, 1}), ScalarTensor(int64_t{1})});
  EXPECT_EQ(Values<float>(results[0].tensor()), (std::vector<float>{2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(results[1].tensor().Item<int64_t>(), 3);
  EXPECT_EQ(Values<float>(results[2].tensor()),
            (std::vector<float>{0, 1, 2, 3, 4, 5, 6, 7, 2, 3, 4, 5, 6, 7}));
  EXPECT_TRUE(Has(ErrorOf(model, {x, FromList<int64_t>({1, 3, 2}), ScalarTensor(int64_t{0})}),
                  "more than 5 slices"));
  EXPECT_TRUE(Has(ErrorOf(model, {x, FromList<int64_t>({5}), ScalarTensor(int64_t{1})}),
                  "no position 1 in a sequence of 1"));
}

TEST(Sequences, AreMadeOfTensorsAndStacked) {
  const std::string model = Model(absl::StrCat(
      Input("a", TensorType(1, {"2"})), Node("SequenceConstruct", {"a", "a"}, {"pair"}),
      Node("SequenceEmpty", {}, {"none"}), Node("SequenceInsert", {"none", "a"}, {"one"}),
      Node("ConcatFromSequence", {"pair"}, {"rows"}, Int("axis", 0) + Int("new_axis", 1)),
      Node("ConcatFromSequence", {"one"}, {"same"}, Int("axis", -1)), Output("rows"),
      Output("same")));
  const Tensor a = FromList<float>({3, 4});
  const std::vector<Datum> results = Run(model, {a});
  EXPECT_EQ(results[0].tensor().shape(), DimsView({2, 2}));
  EXPECT_TRUE(SameBits(results[1].tensor(), a));
}

// Rounds as many as the sequence has tensors, of any length each.
TEST(Sequences, AreMapped) {
  const std::string body = absl::StrCat(
      " attribute { name: 'body' type: GRAPH g { name: 'b'", Input("each", TensorType(1, {"n"})),
      Input("all", TensorType(1, {"1"})), Node("Add", {"each", "all"}, {"sum"}),
      Node("Shape", {"each"}, {"extent"}), Output("sum"), Output("extent"), " } }");
  const std::string model = Model(absl::StrCat(
      Input("xs", absl::StrCat("sequence_type { elem_type { ", TensorType(1, {"n"}), " } }")),
      Input("b", TensorType(1, {"1"})), Node("SequenceMap", {"xs", "b"}, {"ys", "ns"}, body),
      Output("ys"), Output("ns")));
  const std::vector<Tensor> xs = {FromList<float>({1, 2}), FromList<float>({5})};
  const std::vector<Datum> results = Run(model, {Datum::Sequence(xs), FromList<float>({10})});
  ASSERT_EQ(results[0].sequence().size(), 2u);
  EXPECT_EQ(Values<float>(results[0].sequence()[0]), (std::vector<float>{11, 12}));
  EXPECT_EQ(Values<float>(results[0].sequence()[1]), (std::vector<float>{15}));
  EXPECT_EQ(Values<int64_t>(results[1].sequence()[1]), (std::vector<int64_t>{1}));
  EXPECT_TRUE(Run(model, {Datum::Sequence({}), FromList<float>({10})})[0].sequence().empty());
  // What was declared of its tensors holds.
  const Tensor wide = Cast(xs[0], kFloat64);
  EXPECT_TRUE(Has(ErrorOf(model, {Datum::Sequence({wide}), FromList<float>({10})}), "float64"));
  EXPECT_TRUE(Has(ErrorOf(model, {xs[0], FromList<float>({10})}), "must be a sequence"));
}

TEST(Sequences, HaveNoPlaceAmongTensors) {
  const std::string error = ErrorOf(
      Model(absl::StrCat(
          Input("x", absl::StrCat("sequence_type { elem_type { ", TensorType(1, {"2"}), " } }")),
          Node("Relu", {"x"}, {"y"}), Output("y"))),
      {});
  EXPECT_TRUE(Has(error, "Relu") && Has(error, "input 0 is a sequence")) << error;
}

TEST(Optionals, MayBeEmpty) {
  const std::string type =
      absl::StrCat("optional_type { elem_type { ", TensorType(1, {"2"}), " } }");
  const std::string asks = Model(absl::StrCat(
      Input("x", type), Node("OptionalHasElement", {"x"}, {"there"}), Output("there")));
  const std::string takes =
      Model(absl::StrCat(Input("x", type), Node("OptionalGetElement", {"x"}, {"y"}),
                         Node("Neg", {"y"}, {"z"}), Output("z")));
  const Tensor x = FromList<float>({3, 4});
  EXPECT_TRUE(Run(asks, {x})[0].tensor().Item<bool>());
  EXPECT_FALSE(Run(asks, {Datum()})[0].tensor().Item<bool>());
  EXPECT_EQ(Values<float>(Run(takes, {x})[0].tensor()), (std::vector<float>{-3, -4}));
  EXPECT_TRUE(Has(ErrorOf(takes, {Datum()}), "the optional is empty"));
  const std::string made =
      Model(absl::StrCat(Input("x", TensorType(1, {"2"})), Node("Optional", {"x"}, {"o"}),
                         Node("OptionalGetElement", {"o"}, {"y"}), Output("y")));
  EXPECT_TRUE(SameBits(Run(made, {x})[0].tensor(), x));
}

// ---- strings -----------------------------------------------------------------------------------

TEST(Strings, AreComparedJoinedAndSplit) {
  const std::string model = Model(absl::StrCat(
      Input("a", TensorType(8, {"n"})), Input("b", TensorType(8, {"1"})),
      Node("Equal", {"a", "b"}, {"same"}), Node("StringConcat", {"a", "b"}, {"joined"}),
      Node("StringSplit", {"joined"}, {"parts", "counts"},
           "attribute { name: 'delimiter' type: STRING s: '-' }"),
      Output("same"), Output("joined"), Output("parts"), Output("counts")));
  // Outputs of strings say so.
  ::onnx::ModelProto typed;
  typed.ParseFromString(model);
  for (int i : {1, 2}) {
    typed.mutable_graph()->mutable_output(i)->mutable_type()->mutable_tensor_type()->set_elem_type(
        8);
  }
  const std::vector<Datum> results = Run(
      typed.SerializeAsString(), {Datum::Strings({"a-b", "-x"}, {2}), Datum::Strings({"-x"}, {1})});
  EXPECT_EQ(Values<bool>(results[0].tensor()), (std::vector<bool>{false, true}));
  EXPECT_EQ(results[1].strings(), (std::vector<std::string>{"a-b-x", "-x-x"}));
  EXPECT_EQ(results[2].strings(), (std::vector<std::string>{"a", "b", "x", "", "x", "x"}));
  EXPECT_EQ(results[2].strings_shape(), DimsView({2, 3}));
  EXPECT_EQ(Values<int64_t>(results[3].tensor()), (std::vector<int64_t>{3, 3}));
}

TEST(Strings, AreNormalizedAndReadAsNumbers) {
  const std::string stop = "attribute { name: 'stopwords' type: STRINGS strings: 'The' }";
  const auto normalized = [&](const std::string& more, std::vector<std::string> words) {
    const auto count = static_cast<int64_t>(words.size());
    return Run(Model(absl::StrCat(Input("x", TensorType(8, {"n"})),
                                  Node("StringNormalizer", {"x"}, {"y"}, stop + more),
                                  " output { name: 'y' type { ", TensorType(8, {"k"}), " } }")),
               {Datum::Strings(std::move(words), {count})})[0]
        .strings();
  };
  const std::string upper = " attribute { name: 'case_change_action' type: STRING s: 'UPPER' }";
  EXPECT_EQ(normalized(upper, {"the", "Caf\xc3\xa9", "\xc3"}),
            (std::vector<std::string>{"CAF\xc3\x89", "\xc3"}));
  EXPECT_EQ(normalized(Int("is_case_sensitive", 1), {"the"}), (std::vector<std::string>{"the"}));
  EXPECT_EQ(normalized("", {"THE"}), (std::vector<std::string>{""}));

  const std::string numbers = Model(absl::StrCat(
      Input("x", TensorType(8, {"n"})), Node("Cast", {"x"}, {"y"}, Int("to", 1)), Output("y")));
  EXPECT_EQ(Values<float>(Run(numbers, {Datum::Strings({"0.1", "-3e2"}, {2})})[0].tensor()),
            (std::vector<float>{0.1f, -300}));
  EXPECT_TRUE(Has(ErrorOf(numbers, {Datum::Strings({"x"}, {1})}), "\"x\" is no number"));
  const std::string texts =
      Model(absl::StrCat(Input("x", TensorType(1, {"n"})), Node("Cast", {"x"}, {"y"}, Int("to", 8)),
                         " output { name: 'y' type { ", TensorType(8, {"n"}), " } }"));
  EXPECT_EQ(Run(texts, {FromList<float>({0.1f, 2})})[0].strings(),
            (std::vector<std::string>{"0.1", "2"}));
}

// ---- narrow types ------------------------------------------------------------------------------

// A cast there and back, which rounds to the nearest number of the type.
std::vector<float> Rounded(int element_type, const std::vector<float>& values, bool saturate) {
  const std::string model = Model(absl::StrCat(
      Input("x", TensorType(1, {"n"})),
      Node("Cast", {"x"}, {"held"}, Int("to", element_type) + Int("saturate", saturate ? 1 : 0)),
      Node("Reshape", {"held", "shape"}, {"moved"}), Node("Cast", {"moved"}, {"y"}, Int("to", 1)),
      " initializer { name: 'shape' data_type: 7 dims: 1 int64_data: -1 }", Output("y")));
  const Tensor x = FromVector(values, {static_cast<int64_t>(values.size())});
  return Values<float>(Run(model, {x})[0].tensor());
}

TEST(NarrowTypes, RoundToTheNearestNumber) {
  // E4M3 without infinity: 448 is the largest, halves go to the even one, 2^-9 is the least.
  EXPECT_EQ(Rounded(17, {1.0625f, 1.1875f, 500, -1000, 0x1p-9f, 0x1p-10f, -0.0f}, true),
            (std::vector<float>{1, 1.25f, 448, -448, 0x1p-9f, 0, -0.0f}));
  EXPECT_TRUE(std::isnan(Rounded(17, {500}, false)[0]));
  // E5M2 has one.
  EXPECT_EQ(Rounded(19, {1.125f, 57344, 70000, INFINITY}, false),
            (std::vector<float>{1, 57344, INFINITY, INFINITY}));
  EXPECT_EQ(Rounded(19, {-INFINITY}, true), (std::vector<float>{-57344}));
  // E2M1: 0, 0.5, 1, 1.5, 2, 3, 4, 6.
  EXPECT_EQ(Rounded(23, {0.25f, 0.3f, 1.75f, 2.5f, 5, -9}, true),
            (std::vector<float>{0, 0.5f, 2, 2, 4, -6}));
  EXPECT_EQ(Rounded(22, {-8, 7, 3}, true), (std::vector<float>{-8, 7, 3}));
  for (int type : {18, 20}) EXPECT_TRUE(std::isnan(Rounded(type, {NAN}, true)[0])) << type;
}

TEST(NarrowTypes, SeveralShareAByteOfTheFile) {
  const auto of = [](const std::string& bytes, int64_t count) {
    return Model(absl::StrCat(" initializer { name: 'w' data_type: 22 dims: ", count,
                              " raw_data: '", bytes, "' }", Input("x", TensorType(1, {"1"})),
                              Node("DequantizeLinear", {"w", "x"}, {"y"}), Output("y")));
  };
  // -8 and 7 in the first byte, the second half empty.
  EXPECT_EQ(Values<float>(Run(of("\\x78\\x0f", 3), {FromList<float>({0.5})})[0].tensor()),
            (std::vector<float>{-4, 3.5, -0.5}));
  EXPECT_TRUE(Has(ErrorOf(of("\\x78", 3), {}), "has 1 bytes, its extents say 2"));
}

TEST(NarrowTypes, AreRefusedWhereNothingKnowsThem) {
  const std::string error = ErrorOf(Model(absl::StrCat(Input("x", TensorType(17, {"2"})),
                                                       Node("Relu", {"x"}, {"y"}), Output("y"))),
                                    {});
  EXPECT_TRUE(Has(error, "Relu") && Has(error, "input 0 of float8e4m3fn")) << error;
}

// ---- functions ---------------------------------------------------------------------------------

std::string Function(const std::string& name, const std::string& body) {
  return absl::StrCat(" functions { domain: 'mine' name: '", name,
                      "' opset_import { version: 21 } opset_import { domain: 'mine' version: 1 } ",
                      body, "}");
}

TEST(Functions, StandForTheirNodes) {
  // Attributes of the node, or what the function says of them, and names of its own.
  const std::string scaled = Function(
      "Scaled",
      absl::StrCat("input: 'a' output: 'b' attribute: 'axis'"
                   " attribute_proto { name: 'power' type: FLOAT f: 2 }",
                   Node("Constant", {}, {"p"},
                        "attribute { name: 'value_float' ref_attr_name: 'power' type: FLOAT }"),
                   Node("Pow", {"a", "p"}, {"x"}),
                   Node("Softmax", {"x"}, {"b"},
                        "attribute { name: 'axis' ref_attr_name: 'axis' type: INT }")));
  const std::string twice = Function(
      "Twice", absl::StrCat("input: 'x' output: 'y'",
                            Node("Scaled", {"x"}, {"z"}, "domain: 'mine'" + Int("axis", 0)),
                            Node("Add", {"z", "z"}, {"y"})));
  const std::string graph =
      absl::StrCat(Input("x", TensorType(1, {"2", "2"})),
                   Node("Twice", {"x"}, {"y"}, "domain: 'mine'"), Output("y"));
  const Tensor x = FromList<float>({1, 2, 3, 4}, {2, 2});
  const Tensor y = Run(Model(graph, twice + scaled), {x})[0].tensor();
  const Tensor expected = Softmax(x * x, 0) * 2;
  EXPECT_LT(AMax(Abs(y - expected)).Item<float>(), 1e-6f);
  EXPECT_TRUE(Has(ErrorOf(Model(graph, twice), {}), "Scaled"));
}

TEST(Functions, ThatCallThemselvesAreErrors) {
  const std::string endless =
      Function("Endless", absl::StrCat("input: 'x' output: 'y'",
                                       Node("Endless", {"x"}, {"z"}, "domain: 'mine'"),
                                       Node("Endless", {"z"}, {"y"}, "domain: 'mine'")));
  const std::string error =
      ErrorOf(Model(absl::StrCat(Input("x", TensorType(1, {"2"})),
                                 Node("Endless", {"x"}, {"y"}, "domain: 'mine'"), Output("y")),
                    endless),
              {});
  EXPECT_TRUE(Has(error, "deep")) << error;
}

// ---- elements in other files -------------------------------------------------------------------

class ExternalDataTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) / absl::StrCat("external_", getpid());
    fs::create_directories(folder_ / "inside");
    const float weights[] = {0, 1, 2, 3};
    Write("inside/w.bin", {reinterpret_cast<const char*>(weights), sizeof(weights)});
  }
  void TearDown() override { fs::remove_all(folder_); }

  void Write(const std::string& name, std::string_view bytes) {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
  }
  static std::string ModelOf(const std::string& location, int64_t offset, int64_t length) {
    return Model(absl::StrCat(
        " initializer { name: 'w' data_type: 1 dims: 3 data_location: EXTERNAL",
        " external_data { key: 'location' value: '", location, "' }",
        " external_data { key: 'offset' value: '", offset, "' }",
        " external_data { key: 'length' value: '", length, "' } }",
        Input("x", TensorType(1, {"3"})), Node("Add", {"x", "w"}, {"y"}), Output("y")));
  }
  absl::StatusOr<graph::Graph> Loaded(const std::string& model) {
    Write("model.onnx", model);
    return LoadGraph((folder_ / "model.onnx").string());
  }

  fs::path folder_;
};

TEST_F(ExternalDataTest, IsReadBelowTheModelsFolder) {
  const std::string model = ModelOf("inside/w.bin", 4, 12);
  const absl::StatusOr<graph::Graph> graph = Loaded(model);
  ASSERT_TRUE(graph.ok()) << graph.status();
  const Tensor y = graph::Compile(*graph).Run({Zeros({3})})[0];
  EXPECT_EQ(Values<float>(y), (std::vector<float>{1, 2, 3}));
  // Bytes alone do not say where they come from.
  EXPECT_TRUE(Has(std::string(FromBytes(model).status().message()), "another file"));
  const auto given = [](const std::string& location) -> absl::StatusOr<std::string> {
    if (location != "inside/w.bin") return absl::NotFoundError(location);
    return std::string(16, '\0');
  };
  const absl::StatusOr<graph::Graph> zeros = FromBytes(model, {.external_data = given});
  ASSERT_TRUE(zeros.ok()) << zeros.status();
  EXPECT_EQ(Values<float>(graph::Compile(*zeros).Run({Ones({3})})[0]),
            (std::vector<float>{1, 1, 1}));
}

TEST_F(ExternalDataTest, ThatLeadsOutOfTheFolderIsRefused) {
  const fs::path outside = folder_.parent_path() / absl::StrCat("outside_", getpid(), ".bin");
  std::ofstream(outside) << std::string(16, 'x');
  fs::create_symlink(outside, folder_ / "link.bin");
  for (const std::string& location :
       {"../" + outside.filename().string(), outside.string(), std::string("inside/../../x"),
        std::string("link.bin"), std::string("")}) {
    const absl::Status status = Loaded(ModelOf(location, 0, 12)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << location << ": " << status;
  }
  fs::remove(outside);
}

TEST_F(ExternalDataTest, ThatIsNotThereIsAnErrorThatNamesIt) {
  const auto error = [&](const std::string& location, int64_t offset, int64_t length) {
    return std::string(Loaded(ModelOf(location, offset, length)).status().message());
  };
  EXPECT_TRUE(Has(error("none.bin", 0, 12), "none.bin"));
  EXPECT_TRUE(Has(error("inside", 0, 12), "inside"));
  EXPECT_TRUE(Has(error("inside/w.bin", 8, 12), "tensor w"));
  EXPECT_TRUE(Has(error("inside/w.bin", -1, 12), "its offset is no number"));
  EXPECT_TRUE(Has(error("inside/w.bin", 0, 8), "has 8 bytes elsewhere, its extents say 12"));
}

}  // namespace
}  // namespace neura::onnx
