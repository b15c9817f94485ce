// What is no tensor of a dtype: sequences, optionals, strings, narrow elements; and what lies
// outside of a graph's nodes: functions, and elements in other files.
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "onnx/model_parts.h"

namespace neura::onnx {
namespace {

namespace fs = std::filesystem;

// ---- sequences and optionals -------------------------------------------------------------------

TEST(Sequences, AreTakenApartAndPutTogether) {
  const std::string model = Model(
      {Input("x", TensorType(1, {"n", "2"})), Input("sizes", TensorType(7, {"k"})),
       Input("at", TensorType(7, {})), Node("SplitToSequence", {"x", "sizes"}, {"parts"}),
       Node("SequenceAt", {"parts", "at"}, {"part"}),
       Node("SequenceInsert", {"parts", "part", "at"}, {"more"}),
       Node("SequenceErase", {"more"}, {"fewer"}), Node("SequenceLength", {"fewer"}, {"length"}),
       Node("ConcatFromSequence", {"fewer"}, {"y"}, {Int("axis", 0)}), Output("part"),
       Output("length"), Output("y")});
  const Tensor x = Reshape(Arange(0, 10, 1, {.dtype = kFloat32}), {5, 2});
  const std::vector<Datum> results =
      ResultsOf(model, {x, FromList<int64_t>({1, 3, 1}), ScalarTensor(int64_t{1})});
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
  const std::string model =
      Model({Input("a", TensorType(1, {"2"})), Node("SequenceConstruct", {"a", "a"}, {"pair"}),
             Node("SequenceEmpty", {}, {"none"}), Node("SequenceInsert", {"none", "a"}, {"one"}),
             Node("ConcatFromSequence", {"pair"}, {"rows"}, {Int("axis", 0), Int("new_axis", 1)}),
             Node("ConcatFromSequence", {"one"}, {"same"}, {Int("axis", -1)}), Output("rows"),
             Output("same")});
  const Tensor a = FromList<float>({3, 4});
  const std::vector<Datum> results = ResultsOf(model, {a});
  EXPECT_EQ(results[0].tensor().shape(), DimsView({2, 2}));
  EXPECT_TRUE(SameBits(results[1].tensor(), a));
}

// Rounds as many as the sequence has tensors, of any length each.
TEST(Sequences, AreMapped) {
  const Attribute body =
      Body("body", {Input("each", TensorType(1, {"n"})), Input("all", TensorType(1, {"1"})),
                    Node("Add", {"each", "all"}, {"sum"}), Node("Shape", {"each"}, {"extent"}),
                    Output("sum"), Output("extent")});
  const std::string model =
      Model({Input("xs", SequenceOf(TensorType(1, {"n"}))), Input("b", TensorType(1, {"1"})),
             Node("SequenceMap", {"xs", "b"}, {"ys", "ns"}, {body}), Output("ys"), Output("ns")});
  const std::vector<Tensor> xs = {FromList<float>({1, 2}), FromList<float>({5})};
  const std::vector<Datum> results = ResultsOf(model, {Datum::Sequence(xs), FromList<float>({10})});
  ASSERT_EQ(results[0].sequence().size(), 2u);
  EXPECT_EQ(Values<float>(results[0].sequence()[0]), (std::vector<float>{11, 12}));
  EXPECT_EQ(Values<float>(results[0].sequence()[1]), (std::vector<float>{15}));
  EXPECT_EQ(Values<int64_t>(results[1].sequence()[1]), (std::vector<int64_t>{1}));
  EXPECT_TRUE(ResultsOf(model, {Datum::Sequence({}), FromList<float>({10})})[0].sequence().empty());
  // What was declared of its tensors holds.
  const Tensor wide = Cast(xs[0], kFloat64);
  EXPECT_TRUE(Has(ErrorOf(model, {Datum::Sequence({wide}), FromList<float>({10})}), "float64"));
  EXPECT_TRUE(Has(ErrorOf(model, {xs[0], FromList<float>({10})}), "must be a sequence"));
}

TEST(Sequences, HaveNoPlaceAmongTensors) {
  const std::string error = ErrorOf(Model({Input("x", SequenceOf(TensorType(1, {"2"}))),
                                           Node("Relu", {"x"}, {"y"}), Output("y")}),
                                    {});
  EXPECT_TRUE(Has(error, "Relu") && Has(error, "input 0 is a sequence")) << error;
}

TEST(Optionals, MayBeEmpty) {
  const Part input = Input("x", OptionalOf(TensorType(1, {"2"})));
  const std::string asks =
      Model({input, Node("OptionalHasElement", {"x"}, {"there"}), Output("there")});
  const std::string takes = Model(
      {input, Node("OptionalGetElement", {"x"}, {"y"}), Node("Neg", {"y"}, {"z"}), Output("z")});
  const Tensor x = FromList<float>({3, 4});
  EXPECT_TRUE(ResultsOf(asks, {x})[0].tensor().Item<bool>());
  EXPECT_FALSE(ResultsOf(asks, {Datum()})[0].tensor().Item<bool>());
  EXPECT_EQ(Values<float>(ResultsOf(takes, {x})[0].tensor()), (std::vector<float>{-3, -4}));
  EXPECT_TRUE(Has(ErrorOf(takes, {Datum()}), "the optional is empty"));
  const std::string made = Model({Input("x", TensorType(1, {"2"})), Node("Optional", {"x"}, {"o"}),
                                  Node("OptionalGetElement", {"o"}, {"y"}), Output("y")});
  EXPECT_TRUE(SameBits(ResultsOf(made, {x})[0].tensor(), x));
}

// What is in an optional is known behind decisions and repetitions, too: here a sequence.
TEST(Optionals, HoldWhatTheyHeldBehindBranches) {
  const ::onnx::TypeProto sequence = SequenceOf(TensorType(7, {"n"}));
  const std::string model =
      Model({Input("xs", sequence), Input("holds", TensorType(9, {})),
             Initializer(Named("zero", {}, {0})),
             Node("If", {"holds"}, {"o"},
                  {Body("then_branch", {Node("Optional", {"xs"}, {"a"}), Output("a")}),
                   Body("else_branch", {Node("Optional", {}, {"b"}), Output("b")})}),
             Node("OptionalGetElement", {"o"}, {"ys"}), Node("SequenceAt", {"ys", "zero"}, {"y"}),
             Node("Add", {"y", "y"}, {"z"}), Output("z")});
  const Datum xs = Datum::Sequence({FromList<int64_t>({3, 4}), FromList<int64_t>({5})});
  const Tensor yes = ScalarTensor(Scalar(true), {.dtype = kBool});
  const Tensor no = ScalarTensor(Scalar(false), {.dtype = kBool});
  EXPECT_EQ(Values<int64_t>(ResultsOf(model, {xs, yes})[0].tensor()), (std::vector<int64_t>{6, 8}));
  EXPECT_TRUE(Has(ErrorOf(model, {xs, no}), "the optional is empty"));
}

TEST(Optionals, HoldWhatTheyHeldBehindLoops) {
  // Empty at first; then it holds the sequence.
  const std::string model = Model(
      {Input("xs", SequenceOf(TensorType(7, {"n"}))), Input("rounds", TensorType(7, {})),
       Initializer(Named("zero", {}, {0})), Node("Optional", {}, {"none"}),
       Node("Loop", {"rounds", "", "none"}, {"o"},
            {Body("body", {Input("i", TensorType(7, {})), Input("go_on", TensorType(9, {})),
                           Input("before", {}), Node("Identity", {"go_on"}, {"more"}),
                           Node("Optional", {"xs"}, {"after"}), Output("more"), Output("after")})}),
       Node("OptionalGetElement", {"o"}, {"ys"}), Node("SequenceAt", {"ys", "zero"}, {"y"}),
       Output("y")});
  const Datum xs = Datum::Sequence({FromList<int64_t>({3, 4})});
  EXPECT_EQ(Values<int64_t>(ResultsOf(model, {xs, ScalarTensor(int64_t{2})})[0].tensor()),
            (std::vector<int64_t>{3, 4}));
  EXPECT_TRUE(Has(ErrorOf(model, {xs, ScalarTensor(int64_t{0})}), "the optional is empty"));
}

TEST(Optionals, OfWhichNothingIsKnownAreRefused) {
  const std::string error =
      ErrorOf(Model({Node("Optional", {}, {"o"}), Node("OptionalGetElement", {"o"}, {"y"}),
                     Node("Neg", {"y"}, {"z"}), Output("z")}),
              {});
  EXPECT_TRUE(Has(error, "OptionalGetElement") && Has(error, "is not known")) << error;
}

// ---- inputs without a shape ---------------------------------------------------------------------

TEST(InputsWithoutShape, MayBeSequencesOfAnyRank) {
  const std::string model =
      Model({Input("xs", SequenceOf(TensorTypeOfAnyRank(1))), Initializer(Named("last", {}, {-1})),
             Node("SequenceAt", {"xs", "last"}, {"x"}), Node("Neg", {"x"}, {"y"}),
             Node("SequenceInsert", {"xs", "y"}, {"ys"}), Node("SequenceLength", {"ys"}, {"n"}),
             Output("y"), Output("n")});
  for (const Tensor& x : {Ones({}), Ones({3}), Ones({2, 3}), Ones({1, 2, 1, 1, 2})}) {
    const std::vector<Datum> results = ResultsOf(model, {Datum::Sequence({x * 2, x})});
    EXPECT_TRUE(SameBits(results[0].tensor(), -x));
    EXPECT_EQ(results[1].tensor().Item<int64_t>(), 3);
  }
  EXPECT_TRUE(Has(ErrorOf(model, {Datum::Sequence({Ones({1, 1, 1, 1, 1, 1})})}),
                  "have 6 dimensions, with which the model makes no sense"));
  EXPECT_TRUE(Has(ErrorOf(model, {Datum::Sequence({})}), "no position -1 in a sequence of 0"));
}

TEST(InputsWithoutShape, MayBeTensorsOfAnyRank) {
  const std::string model =
      Model({Input("x", TensorTypeOfAnyRank(1)), Node("Neg", {"x"}, {"y"}), Output("y")});
  for (const Tensor& x : {Ones({}), Ones({2, 3}), Transpose(Ones({2, 3, 4}), 0, 2)}) {
    EXPECT_TRUE(SameBits(ResultsOf(model, {x})[0].tensor(), Contiguous(-x)));
  }
}

// A convolution says itself of how many dimensions its input is.
TEST(InputsWithoutShape, HaveTheOneThatFits) {
  ::onnx::TensorProto weight = Named("w", {1, 2, 1}, {});
  weight.set_data_type(1);
  for (const float element : {1.0f, 10.0f}) weight.add_float_data(element);
  const auto model = [&](const Parts& output) {
    Parts parts = {Input("x", TensorTypeOfAnyRank(1)), Initializer(weight),
                   Node("Conv", {"x", "w"}, {"y"})};
    parts.insert(parts.end(), output.begin(), output.end());
    return Model(parts);
  };
  const absl::StatusOr<graph::Graph> graph = FromBytes(model({Output("y")}));
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(graph->value(graph->inputs()[0]).shape.size(), 3u);
  const Tensor x = FromList<float>({1, 2, 3, 4}, {1, 2, 2});
  EXPECT_EQ(Values<float>(graph::Compile(*graph).Run({x})[0]), (std::vector<float>{31, 42}));
  const std::string error = ErrorOf(model({Output("y", TensorType(1, {"n", "k"}))}), {});
  EXPECT_TRUE(Has(error, "input x has no shape, and the model makes no sense at any")) << error;
}

// Branches of which one squeezes, as PyTorch exports a squeeze of an open size.
TEST(Branches, OfFewerDimensionsAreMeant) {
  const auto branch = [](const Part& node) { return Parts{node, Output("y")}; };
  const std::string model = Model(
      {Input("x", TensorType(1, {"n", "k"})), Initializer(Named("one", {1}, {1})),
       Initializer(Named("last", {}, {1})), Node("Shape", {"x"}, {"shape"}),
       Node("Gather", {"shape", "last"}, {"extent"}), Node("Equal", {"extent", "one"}, {"is_one"}),
       Node("If", {"is_one"}, {"z"},
            {Body("then_branch", branch(Node("Squeeze", {"x", "one"}, {"y"}))),
             Body("else_branch", branch(Node("Identity", {"x"}, {"y"})))}),
       Output("z")});
  EXPECT_EQ(ResultsOf(model, {Ones({3, 1})})[0].tensor().shape(), DimsView({3}));
  EXPECT_NE(ErrorOf(model, {Ones({3, 2})}), "none");
}

// ---- strings -----------------------------------------------------------------------------------

TEST(Strings, AreComparedJoinedAndSplit) {
  const ::onnx::TypeProto strings = TensorType(8, {});
  const std::string model = Model(
      {Input("a", TensorType(8, {"n"})), Input("b", TensorType(8, {"1"})),
       Node("Equal", {"a", "b"}, {"same"}), Node("StringConcat", {"a", "b"}, {"joined"}),
       Node("StringSplit", {"joined"}, {"parts", "counts"}, {String("delimiter", "-")}),
       Output("same"), Output("joined", strings), Output("parts", strings), Output("counts")});
  const std::vector<Datum> results =
      ResultsOf(model, {Datum::Strings({"a-b", "-x"}, {2}), Datum::Strings({"-x"}, {1})});
  EXPECT_EQ(Values<bool>(results[0].tensor()), (std::vector<bool>{false, true}));
  EXPECT_EQ(results[1].strings(), (std::vector<std::string>{"a-b-x", "-x-x"}));
  EXPECT_EQ(results[2].strings(), (std::vector<std::string>{"a", "b", "x", "", "x", "x"}));
  EXPECT_EQ(results[2].strings_shape(), DimsView({2, 3}));
  EXPECT_EQ(Values<int64_t>(results[3].tensor()), (std::vector<int64_t>{3, 3}));
}

TEST(Strings, AreNormalized) {
  Attribute stop = Named("stopwords", Attribute::STRINGS);
  stop.add_strings("The");
  const auto normalized = [&](const Attribute& more, std::vector<std::string> words) {
    const auto count = static_cast<int64_t>(words.size());
    return ResultsOf(Model({Input("x", TensorType(8, {"n"})),
                            Node("StringNormalizer", {"x"}, {"y"}, {stop, more}),
                            Output("y", TensorType(8, {"k"}))}),
                     {Datum::Strings(std::move(words), {count})})[0]
        .strings();
  };
  EXPECT_EQ(normalized(String("case_change_action", "UPPER"), {"the", "Caf\xc3\xa9", "\xc3"}),
            (std::vector<std::string>{"CAF\xc3\x89", "\xc3"}));
  EXPECT_EQ(normalized(Int("is_case_sensitive", 1), {"the"}), (std::vector<std::string>{"the"}));
  EXPECT_EQ(normalized(Int("is_case_sensitive", 0), {"THE"}), (std::vector<std::string>{""}));
}

TEST(Strings, AreReadAsNumbersAndWritten) {
  const std::string numbers = Model(
      {Input("x", TensorType(8, {"n"})), Node("Cast", {"x"}, {"y"}, {Int("to", 1)}), Output("y")});
  EXPECT_EQ(Values<float>(ResultsOf(numbers, {Datum::Strings({"0.1", "-3e2"}, {2})})[0].tensor()),
            (std::vector<float>{0.1f, -300}));
  EXPECT_TRUE(Has(ErrorOf(numbers, {Datum::Strings({"x"}, {1})}), "\"x\" is no number"));
  const std::string texts =
      Model({Input("x", TensorType(1, {"n"})), Node("Cast", {"x"}, {"y"}, {Int("to", 8)}),
             Output("y", TensorType(8, {"n"}))});
  EXPECT_EQ(ResultsOf(texts, {FromList<float>({0.1f, 2})})[0].strings(),
            (std::vector<std::string>{"0.1", "2"}));
}

// ---- narrow types ------------------------------------------------------------------------------

// A cast there and back, which rounds to the nearest number of the type.
std::vector<float> Rounded(int element_type, const std::vector<float>& values, bool saturate) {
  const std::string model = Model(
      {Input("x", TensorType(1, {"n"})), Initializer(Named("shape", {1}, {-1})),
       Node("Cast", {"x"}, {"held"}, {Int("to", element_type), Int("saturate", saturate ? 1 : 0)}),
       Node("Reshape", {"held", "shape"}, {"moved"}),
       Node("Cast", {"moved"}, {"y"}, {Int("to", 1)}), Output("y")});
  const Tensor x = FromVector(values, {static_cast<int64_t>(values.size())});
  return Values<float>(ResultsOf(model, {x})[0].tensor());
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
  const auto of = [](const std::string& bytes) {
    ::onnx::TensorProto weight;
    weight.set_name("w");
    weight.set_data_type(22);
    weight.add_dims(3);
    weight.set_raw_data(bytes);
    return Model({Initializer(weight), Input("x", TensorType(1, {"1"})),
                  Node("DequantizeLinear", {"w", "x"}, {"y"}), Output("y")});
  };
  // -8 and 7 in the first byte, the second half empty.
  EXPECT_EQ(Values<float>(ResultsOf(of("\x78\x0f"), {FromList<float>({0.5})})[0].tensor()),
            (std::vector<float>{-4, 3.5, -0.5}));
  EXPECT_TRUE(Has(ErrorOf(of("\x78"), {}), "has 1 bytes, its extents say 2"));
}

TEST(NarrowTypes, AreRefusedWhereNothingKnowsThem) {
  const std::string error = ErrorOf(
      Model({Input("x", TensorType(17, {"2"})), Node("Relu", {"x"}, {"y"}), Output("y")}), {});
  EXPECT_TRUE(Has(error, "Relu") && Has(error, "input 0 of float8e4m3fn")) << error;
}

// ---- functions ---------------------------------------------------------------------------------

constexpr char kMine[] = "mine";

::onnx::FunctionProto Function(const std::string& name, const Parts& parts) {
  ::onnx::FunctionProto function;
  function.set_domain(kMine);
  function.set_name(name);
  function.add_opset_import()->set_version(21);
  function.add_input("in");
  function.add_output("out");
  ::onnx::GraphProto graph;
  Fill(&graph, parts);
  *function.mutable_node() = graph.node();
  return function;
}

TEST(Functions, StandForTheirNodes) {
  // Attributes of the node, or none where it leaves them out, and names of its own.
  const ::onnx::FunctionProto scaled = Function(
      "Scaled", {Node("Mul", {"in", "in"}, {"x"}),
                 Node("Softmax", {"x"}, {"out"}, {Given("axis", Attribute::INT, "along")})});
  const ::onnx::FunctionProto twice = Function(
      "Twice", {Node("Scaled", {"in"}, {"x"}, {Int("along", 0)}, kMine),
                Node("Scaled", {"in"}, {"z"}, {}, kMine), Node("Add", {"x", "z"}, {"out"})});
  const Parts parts = {Input("x", TensorType(1, {"2", "2"})),
                       Node("Twice", {"x"}, {"y"}, {}, kMine), Output("y")};
  const Tensor x = FromList<float>({1, 2, 3, 4}, {2, 2});
  const Tensor y = ResultsOf(Model(parts, {twice, scaled}), {x})[0].tensor();
  EXPECT_LT(AMax(Abs(y - Softmax(x * x, {.dim = 0}) - Softmax(x * x, {.dim = -1}))).Item<float>(),
            1e-6f);
  EXPECT_TRUE(Has(ErrorOf(Model(parts, {twice}), {}), "Scaled"));
  EXPECT_EQ(OperatorsOf(Model(parts, {twice, scaled}))->at("Softmax"), 1);
}

TEST(Functions, ThatCallThemselvesAreErrors) {
  const ::onnx::FunctionProto endless = Function(
      "Endless",
      {Node("Endless", {"in"}, {"x"}, {}, kMine), Node("Endless", {"x"}, {"out"}, {}, kMine)});
  const std::string error = ErrorOf(Model({Input("x", TensorType(1, {"2"})),
                                           Node("Endless", {"x"}, {"y"}, {}, kMine), Output("y")},
                                          {endless}),
                                    {});
  EXPECT_TRUE(Has(error, "the function Endless calls itself")) << error;
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
  static ::onnx::TensorProto Weight(const std::string& location, int64_t offset, int64_t length) {
    ::onnx::TensorProto weight;
    weight.set_name("w");
    weight.set_data_type(1);
    weight.add_dims(3);
    weight.set_data_location(::onnx::TensorProto::EXTERNAL);
    for (const auto& [key, value] : {std::pair<std::string, std::string>{"location", location},
                                     {"offset", absl::StrCat(offset)},
                                     {"length", absl::StrCat(length)}}) {
      weight.add_external_data()->set_key(key);
      weight.mutable_external_data(weight.external_data_size() - 1)->set_value(value);
    }
    return weight;
  }
  static std::string ModelOf(const std::string& location, int64_t offset, int64_t length) {
    return Model({Initializer(Weight(location, offset, length)), Input("x", TensorType(1, {"3"})),
                  Node("Add", {"x", "w"}, {"y"}), Output("y")});
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

TEST_F(ExternalDataTest, IsReadForAttributes) {
  const std::string model =
      Model({Input("x", TensorType(1, {"3"})),
             Node("Constant", {}, {"w"}, {Value("value", Weight("inside/w.bin", 4, 12))}),
             Node("Add", {"x", "w"}, {"y"}), Output("y")});
  const absl::StatusOr<graph::Graph> graph = Loaded(model);
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(Values<float>(graph::Compile(*graph).Run({Zeros({3})})[0]),
            (std::vector<float>{1, 2, 3}));
  EXPECT_TRUE(Has(std::string(FromBytes(model).status().message()), "another file"));
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
