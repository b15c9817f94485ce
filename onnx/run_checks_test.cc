// What a model leaves open and only a run can check.
#include <limits>

#include "onnx/model_parts.h"

namespace neura::onnx {
namespace {

::onnx::TensorProto Floats(const std::string& name, const std::vector<int64_t>& dims,
                           const Tensor& values) {
  ::onnx::TensorProto tensor = Named(name, dims, {});
  tensor.set_data_type(1);
  for (const float element : Values<float>(values)) tensor.add_float_data(element);
  return tensor;
}

// ---- open sizes that must be equal --------------------------------------------------------------

// An LSTM in a branch, of whose state the file does not say that its batch is that of the input.
TEST(EqualSizes, OfARecurrenceAndItsState) {
  Generator generator(3);
  const Tensor w = Randn({1, 8, 3}, {}, &generator), r = Randn({1, 8, 2}, {}, &generator);
  const Parts lstm = {
      Node("LSTM", {"x", "w", "r", "", "", "h", "c"}, {"y", "last"}, {Int("hidden_size", 2)}),
      Output("y"), Output("last")};
  const auto model = [&](const char* state_batch) {
    return Model({Input("x", TensorType(1, {"t", "n", "3"})),
                  Input("h", TensorType(1, {"1", state_batch, "2"})),
                  Input("c", TensorType(1, {"1", state_batch, "2"})),
                  Input("which", TensorType(9, {})), Initializer(Floats("w", {1, 8, 3}, w)),
                  Initializer(Floats("r", {1, 8, 2}, r)),
                  Node("If", {"which"}, {"y", "last"},
                       {Body("then_branch", lstm), Body("else_branch", lstm)}),
                  Output("y"), Output("last")});
  };
  const Tensor x = Randn({4, 5, 3}, {}, &generator), h = Randn({1, 5, 2}, {}, &generator);
  const Tensor c = Randn({1, 5, 2}, {}, &generator);
  const Tensor yes = ScalarTensor(Scalar(true), {.dtype = kBool});
  const std::vector<Datum> same = ResultsOf(model("n"), {x, h, c, yes});
  const std::vector<Datum> apart = ResultsOf(model("m"), {x, h, c, yes});
  for (size_t i = 0; i < 2; ++i) EXPECT_TRUE(SameBits(same[i].tensor(), apart[i].tensor()));
  const Tensor fewer = Zeros({1, 4, 2});
  const std::string error = ErrorOf(model("m"), {x, fewer, fewer, yes});
  EXPECT_TRUE(Has(error, "160 elements cannot take a shape of 128")) << error;
}

// Shapes are tried at 2 in front, and at 224 elsewhere.
TEST(EqualSizes, InDifferentPlaces) {
  const std::string model =
      Model({Input("a", TensorType(1, {"n", "k"})), Input("b", TensorType(1, {"m", "3"})),
             Input("c", TensorType(1, {"p"})), Node("MatMul", {"a", "b"}, {"product"}),
             Node("Transpose", {"a"}, {"turned"}), Node("Add", {"turned", "c"}, {"sum"}),
             Node("Concat", {"sum", "b"}, {"joined"}, {Int("axis", 1)}), Output("product"),
             Output("joined")});
  Generator generator(4);
  const Tensor a = Randn({5, 7}, {}, &generator), b = Randn({7, 3}, {}, &generator);
  const Tensor c = Randn({5}, {}, &generator);
  const std::vector<Datum> results = ResultsOf(model, {a, b, c});
  EXPECT_TRUE(SameBits(results[0].tensor(), MatMul(a, b)));
  EXPECT_TRUE(SameBits(results[1].tensor(), Cat({Contiguous(Transpose(a, 0, 1)) + c, b}, 1)));
  // What is broadcast may be 1.
  const Tensor one = ResultsOf(model, {a, b, Ones({1})})[1].tensor();
  EXPECT_TRUE(SameBits(one, Cat({Contiguous(Transpose(a, 0, 1)) + 1, b}, 1)));
  EXPECT_TRUE(Has(ErrorOf(model, {a, Ones({6, 3}), c}), "matmul"));
  EXPECT_TRUE(Has(ErrorOf(model, {a, b, Ones({4})}), "add"));
}

// Numbers that do not fit are an error before anything runs.
TEST(EqualSizes, ThatAreNumbersAreChecked) {
  const absl::StatusOr<graph::Graph> graph =
      FromBytes(Model({Input("a", TensorType(1, {"n", "4"})), Input("b", TensorType(1, {"5", "m"})),
                       Node("MatMul", {"a", "b"}, {"y"}), Output("y")}));
  EXPECT_TRUE(Has(std::string(graph.status().message()), "matmul")) << graph.status();
}

// ---- squeezes -----------------------------------------------------------------------------------

TEST(Squeezes, OfWhateverIsOneLeaveWhatIsOpen) {
  const std::string model = Model({Input("x", TensorType(1, {"n", "1", "3", "1"})),
                                   Node("Squeeze", {"x"}, {"y"}), Output("y")});
  EXPECT_EQ(ResultsOf(model, {Ones({2, 1, 3, 1})})[0].tensor().shape(), DimsView({2, 3}));
  EXPECT_TRUE(
      Has(ErrorOf(model, {Ones({1, 1, 3, 1})}), "an open size is 1, and would be left out"));
}

// As the declared output says.
TEST(Squeezes, OfWhateverIsOneMayBeMeantForBatchesOfOne) {
  const std::string model =
      Model({Input("x", TensorType(1, {"n", "1", "3"})), Node("Squeeze", {"x"}, {"y"}),
             Output("y", TensorType(1, {"3"}))});
  EXPECT_EQ(ResultsOf(model, {Ones({1, 1, 3})})[0].tensor().shape(), DimsView({3}));
  EXPECT_NE(ErrorOf(model, {Ones({2, 1, 3})}), "none");
}

// ---- shapes -------------------------------------------------------------------------------------

// What is known of a vector stays known beside what a run reads.
TEST(Shapes, JoinedFromNumbersAndElements) {
  const std::string model =
      Model({Input("x", TensorType(1, {"k"})), Input("n", TensorType(7, {"1"})),
             Initializer(Named("rest", {2}, {1, 3})),
             Node("Concat", {"n", "rest"}, {"shape"}, {Int("axis", 0)}),
             Node("Reshape", {"x", "shape"}, {"rows"}), Node("Squeeze", {"rows"}, {"y"}),
             Output("y"), Output("shape")});
  const std::vector<Datum> results = ResultsOf(model, {Ones({6}), FromList<int64_t>({2})});
  EXPECT_EQ(results[0].tensor().shape(), DimsView({2, 3}));
  EXPECT_EQ(Values<int64_t>(results[1].tensor()), (std::vector<int64_t>{2, 1, 3}));
}

TEST(Branches, OfOneElementMayDifferInRank) {
  const std::string model =
      Model({Input("which", TensorType(9, {})), Input("x", TensorType(7, {"n"})),
             Initializer(Named("number", {}, {5})), Initializer(Named("element", {1}, {7})),
             Node("If", {"which"}, {"one"},
                  {Body("then_branch", {Node("Identity", {"number"}, {"y"}), Output("y")}),
                   Body("else_branch", {Node("Identity", {"element"}, {"y"}), Output("y")})}),
             Node("Add", {"x", "one"}, {"sum"}), Output("sum")});
  for (const bool which : {true, false}) {
    const Tensor condition = ScalarTensor(Scalar(which), {.dtype = kBool});
    const Datum sum = ResultsOf(model, {condition, FromList<int64_t>({1, 2})})[0];
    const std::vector<int64_t> expected =
        which ? std::vector<int64_t>{6, 7} : std::vector<int64_t>{8, 9};
    EXPECT_EQ(Values<int64_t>(sum.tensor()), expected);
  }
}

// ---- loops --------------------------------------------------------------------------------------

TEST(Loops, EndAtTheirLimit) {
  const Attribute body =
      Body("body", {Input("i", TensorType(7, {})), Input("go_on", TensorType(9, {})),
                    Input("x", TensorType(7, {})), Node("Identity", {"go_on"}, {"more"}),
                    Node("Add", {"x", "i"}, {"sum"}), Output("more"), Output("sum")});
  const std::string model =
      Model({Input("rounds", TensorType(7, {})), Initializer(Named("zero", {}, {0})),
             Node("Loop", {"rounds", "", "zero"}, {"y"}, {body}), Output("y")});
  const auto rounds = [](int64_t count) { return ScalarTensor(count); };
  const ImportOptions limit{.most_loop_rounds = 100};
  EXPECT_EQ(ResultsOf(model, {rounds(100)}, limit)[0].tensor().Item<int64_t>(), 4950);
  const std::string error = ErrorOf(model, {rounds(std::numeric_limits<int64_t>::max())}, limit);
  EXPECT_TRUE(Has(error, "loop: goes on after 100 rounds")) << error;
  EXPECT_EQ(ResultsOf(model, {rounds(101)})[0].tensor().Item<int64_t>(), 5050);
  EXPECT_TRUE(Has(ErrorOf(model, {rounds(1)}, {.most_loop_rounds = -1}), "is negative"));
  // One with no number of rounds, whose condition stays true.
  const std::string endless = Model({Initializer(Named("zero", {}, {0})),
                                     Node("Loop", {"", "", "zero"}, {"y"}, {body}), Output("y")});
  EXPECT_TRUE(Has(ErrorOf(endless, {}, limit), "loop: goes on after 100 rounds"));
}

// ---- scales of resizing -------------------------------------------------------------------------

TEST(Resizes, RefuseScalesOfARunThatMakeNoSense) {
  const auto model = [](int64_t antialias) {
    return Model({Input("x", TensorType(1, {"n"})), Input("scale", TensorType(1, {"1"})),
                  Node("Resize", {"x", "", "scale"}, {"y"},
                       {String("mode", "linear"), Int("antialias", antialias)}),
                  Output("y")});
  };
  const Tensor x = Arange(0, 4000, 1, {.dtype = kFloat32});
  // The mean of all, but for what the triangle leaves out at both ends.
  const Tensor y = ResultsOf(model(1), {x, FromList<float>({0.00125f})})[0].tensor();
  ASSERT_EQ(y.shape(), DimsView({5}));
  EXPECT_NEAR(Values<float>(y)[2], 1999.5, 0.1);
  EXPECT_TRUE(
      Has(ErrorOf(model(1), {x, FromList<float>({0.0005f})}), "too many elements make one"));
  EXPECT_EQ(ResultsOf(model(0), {x, FromList<float>({0.0005f})})[0].tensor().numel(), 2);
  for (const float bad : {0.0f, -1.0f, NAN, INFINITY}) {
    EXPECT_TRUE(Has(ErrorOf(model(0), {x, FromList<float>({bad})}), "is no positive number"))
        << bad;
  }
}

}  // namespace
}  // namespace neura::onnx
