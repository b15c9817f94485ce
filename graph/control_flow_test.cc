// Graphs built by hand: decisions, repetitions, calls, sequences, and sizes that follow from data.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "neura/graph/host_functions.h"
#include "neura/graph/passes/passes.h"
#include "neura/graph/program.h"
#include "neura/tensor/ops/op_list/copy.h"
#include "neura/tensor/ops/op_list/create.h"
#include "neura/tensor/ops/op_list/pointwise.h"
#include "neura/tensor/ops/op_list/reduce.h"
#include "neura/tensor/ops/op_list/view.h"
#include "neura/tensor/ops/options/dims.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"

namespace neura::graph {
namespace {

using ::testing::ElementsAre;
using testing::ErrorOf;
using ::testing::HasSubstr;

// No number passes for the name of a value or a node.
static_assert(!std::is_convertible_v<int, ValueId> && !std::is_convertible_v<int, NodeId>);
static_assert(!std::is_convertible_v<ValueId, NodeId> && !std::is_convertible_v<ValueId, int>);

ValueId Add(Graph& graph, OpId op, std::vector<ValueId> inputs) {
  return graph.AddNode(op, OptionsBox(op), std::move(inputs))[0];
}
template <typename Options>
ValueId Add(Graph& graph, OpId op, const Options& options, std::vector<ValueId> inputs,
            std::vector<SymbolicOption> symbolic = {}) {
  return graph.AddNode(op, OptionsBox(op, &options), std::move(inputs), std::move(symbolic))[0];
}
ValueId Number(Graph& graph, float number) { return graph.AddConstant(ScalarTensor(number)); }

// x -> op(x, captured)
Graph TwoInputs(OpId op) {
  Graph body;
  const ValueId x = body.AddInput("x", kFloat32, {Open("rows"), 3});
  const ValueId y = body.AddInput("y", kFloat32, {3});
  body.AddOutput(Add(body, op, {x, y}), "z");
  return body;
}

TEST(If, RunsOneOfItsBodies) {
  Graph graph;
  const ValueId x = graph.AddInput("x", kFloat32, {Open("rows"), 3});
  const ValueId row = graph.AddConstant(FromList<float>({1, 2, 3}));
  const ValueId doubled = Add(graph, op::kAdd, {row, row});
  const ValueId positive = Add(graph, op::kGt, {Add(graph, op::kSum, {x}), Number(graph, 0)});
  const ValueId y =
      graph.AddIf(positive, {x, doubled}, TwoInputs(op::kAdd), TwoInputs(op::kMul))[0];
  graph.AddOutput(Add(graph, op::kRelu, {y}), "y");
  EXPECT_EQ(graph.value(y).shape[1], SymInt(3));

  const Tensor twice = FromList<float>({2, 4, 6});
  Graph optimized = graph;
  Optimize(optimized);
  for (const Graph& each : {graph, optimized}) {
    const Program program(each);
    for (int64_t rows : {1, 4}) {
      const Tensor ones = Ones({rows, 3});
      EXPECT_TRUE(SameBits(program(ones), Relu(ones + twice)));
      EXPECT_TRUE(SameBits(program(-ones), Relu(-ones * twice)));
    }
  }
  const std::string text = graph.ToString();
  EXPECT_THAT(text, HasSubstr("= if("));
  EXPECT_THAT(text, HasSubstr("  {\n    input %0 x float32 [rows, 3]\n"));
  EXPECT_THAT(text, HasSubstr("= mul(%0, %1)"));
}

TEST(If, ItsBodiesGiveTheSame) {
  Graph graph;
  const ValueId x = graph.AddInput("x", kFloat32, {Open("rows"), 3});
  const ValueId row = graph.AddConstant(Ones({3}));
  Graph other;
  other.AddInput("x", kFloat32, {Open("rows"), 3});
  const ValueId y = other.AddInput("y", kFloat32, {3});
  other.AddOutput(y, "y");
  EXPECT_THAT(ErrorOf([&] {
                graph.AddIf(x, {x, row}, TwoInputs(op::kAdd), other);
              }),
              HasSubstr("2 dimensions in one place and a tensor of float32 with 1 dimensions"));
  EXPECT_THAT(ErrorOf([&] { graph.AddIf(x, {x}, TwoInputs(op::kAdd), other); }),
              HasSubstr("if: the body takes 2 values of 1"));
}

// carried * captured + 1 in each round, until it is above a bound; all of them are stacked.
Graph LoopBody(float bound) {
  Graph body;
  body.AddInput("round", kInt64, std::vector<DeclaredExtent>());
  body.AddInput("condition", kBool, std::vector<DeclaredExtent>());
  const ValueId x = body.AddInput("x", kFloat32, {2});
  const ValueId factor = body.AddInput("factor", kFloat32, std::vector<DeclaredExtent>());
  const ValueId next = Add(body, op::kAdd, {Add(body, op::kMul, {x, factor}), Number(body, 1)});
  const ValueId largest = Add(body, op::kAMax, {next});
  body.AddOutput(Add(body, op::kLt, {largest, Number(body, bound)}), "condition");
  body.AddOutput(next, "x");
  body.AddOutput(next, "all");
  return body;
}

TEST(Loop, CountsAndStopsAndStacks) {
  Graph graph;
  const ValueId rounds = graph.AddInput("rounds", kInt64, std::vector<DeclaredExtent>());
  const ValueId x = graph.AddInput("x", kFloat32, {2});
  const ValueId factor = Number(graph, 3);
  const absl::Span<const ValueId> results =
      graph.AddLoop(rounds, kNone, {x}, {factor}, LoopBody(100));
  const std::vector<ValueId> outputs(results.begin(), results.end());
  EXPECT_EQ(graph.value(outputs[0]).shape[0], SymInt(2));
  EXPECT_EQ(graph.value(outputs[1]).shape.size(), 2u);
  graph.AddOutput(outputs[0], "x");
  graph.AddOutput(Add(graph, op::kAdd, {outputs[1], outputs[0]}), "all");
  const Program program = Compile(graph);

  for (int64_t count : {1, 2, 3, 50}) {
    SCOPED_TRACE(count);
    Tensor expected = FromList<float>({0, 1});
    std::vector<Tensor> all;
    for (int64_t i = 0; i < count; ++i) {
      expected = expected * 3 + 1;
      all.push_back(expected);
      if (AMax(expected).Item<float>() >= 100) break;
    }
    const std::vector<Tensor> made = program.Run({ScalarTensor(count), FromList<float>({0, 1})});
    EXPECT_TRUE(SameBits(made[0], expected));
    EXPECT_TRUE(SameBits(made[1], Stack(all) + expected));
  }
  // No round at all.
  const std::vector<Tensor> nothing = program.Run({ScalarTensor(0), Ones({2})});
  EXPECT_TRUE(SameBits(nothing[0], Ones({2})));
  EXPECT_EQ(nothing[1].shape(), DimsView({0, 2}));
}

TEST(Scan, CarriesAndStacks) {
  Graph body;
  const ValueId sum = body.AddInput("sum", kFloat32, {2});
  const ValueId row = body.AddInput("row", kFloat32, {2});
  const ValueId next = Add(body, op::kAdd, {sum, row});
  body.AddOutput(next, "sum");
  body.AddOutput(next, "running");
  Graph graph;
  const ValueId rows = graph.AddInput("rows", kFloat32, {Open("length"), 2});
  const absl::Span<const ValueId> results =
      graph.AddScan({graph.AddConstant(Zeros({2}))}, {rows}, {}, std::move(body));
  const std::vector<ValueId> outputs(results.begin(), results.end());
  for (ValueId output : outputs) graph.AddOutput(output, "");
  const Program program(std::move(graph));
  for (int64_t length : {1, 5}) {
    const Tensor x = Rand({length, 2});
    const std::vector<Tensor> made = program.Run({x});
    std::vector<Tensor> running = {Zeros({2})};
    for (const Tensor& row : Split(x, 1)) running.push_back(running.back() + Squeeze(row, {0}));
    EXPECT_TRUE(SameBits(made[0], running.back()));
    running.erase(running.begin());
    EXPECT_TRUE(SameBits(made[1], Stack(running)));
  }
}

TEST(Call, RunsTheFunction) {
  const auto function = std::make_shared<const Graph>(TwoInputs(op::kMul));
  Graph graph;
  const ValueId x = graph.AddInput("x", kFloat32, {Open("n"), 3});
  const ValueId row = graph.AddConstant(FromList<float>({1, 2, 3}));
  ValueId y = graph.AddCall("scaled", {x, row}, function)[0];
  y = graph.AddCall("scaled", {y, row}, function)[0];
  graph.AddOutput(y, "y");
  EXPECT_THAT(graph.ToString(), HasSubstr("= scaled(%0, %1)"));
  const Tensor input = Rand({4, 3}), factors = FromList<float>({1, 2, 3});
  EXPECT_TRUE(SameBits(Compile(graph)(input), input * factors * factors));
}

TEST(Sequence, HoldsTensorsOfSeveralSizes) {
  Graph graph;
  const ValueId x = graph.AddInput("x", kFloat32, {Open("n")});
  const ValueId y = graph.AddInput("y", kFloat32, {Open("m")});
  const ValueId at = graph.AddInput("at", kInt64, std::vector<DeclaredExtent>());
  const ValueType sequence_type{ValueKind::kSequence, kFloat32, {Open()}};
  const ValueId sequence = graph.AddHostCall(kSequenceConstruct, {x, Add(graph, op::kExp, {y})}, {},
                                             {&sequence_type, 1})[0];
  const ValueType element_type{ValueKind::kTensor, kFloat32, {Open()}};
  const ValueId element = graph.AddHostCall(kSequenceAt, {sequence, at}, {}, {&element_type, 1})[0];
  graph.AddOutput(Add(graph, op::kNeg, {element}), "element");
  graph.AddOutput(sequence, "sequence");
  EXPECT_THAT(graph.ToString(), HasSubstr("sequence of float32 [?] = sequence_construct("));
  EXPECT_THAT(ErrorOf([&] { Add(graph, op::kNeg, {sequence}); }), HasSubstr("takes tensors alone"));
  const Program program = Compile(graph);
  const Tensor a = Rand({3}), b = Rand({5});
  for (int64_t position : {0, 1, -1}) {
    const std::vector<Datum> made = program.RunData({a, b, ScalarTensor(position)});
    EXPECT_TRUE(SameBits(made[0].tensor(), position == 0 ? -a : -Exp(b)));
    EXPECT_EQ(made[1].sequence().size(), 2u);
  }
  EXPECT_THAT(ErrorOf([&] {
                program.RunData({a, b, ScalarTensor(2)});
              }),
              HasSubstr("sequence_at: there is no position 2 in a sequence of 2"));
  EXPECT_THAT(ErrorOf([&] { program.Run({a, b, ScalarTensor(0)}); }), HasSubstr("sequence"));
}

TEST(Strings, PassThroughAGraph) {
  static const HostFunction kLengths = {
      "lengths", [](const HostContext& context) {
        std::vector<int64_t> lengths;
        for (const std::string& text : context.inputs[0].strings()) {
          lengths.push_back(static_cast<int64_t>(text.size()));
        }
        return std::vector<Datum>{FromVector(lengths, context.inputs[0].strings_shape())};
      }};
  Graph graph;
  const ValueId texts = graph.AddInput("texts", ValueType{ValueKind::kStrings});
  const ValueType type{ValueKind::kTensor, kInt64, {Open()}};
  const ValueId lengths = graph.AddHostCall(kLengths, {texts}, {}, {&type, 1})[0];
  graph.AddOutput(Add(graph, op::kAdd, {lengths, lengths}), "y");
  const std::vector<Datum> made = Program(graph).RunData({Datum::Strings({"a", "four"}, {2})});
  EXPECT_TRUE(SameBits(made[0].tensor(), FromList<int64_t>({2, 8})));
}

TEST(Maps, HaveAValueForEachKey) {
  const int64_t two = 2;
  const Datum keys = Datum::Strings({"a", "b"}, {&two, 1});
  const Datum map = Datum::Map(keys, FromList<float>({1, 2}));
  EXPECT_EQ(map.kind(), ValueKind::kMap);
  EXPECT_EQ(map.keys().strings()[1], "b");
  EXPECT_EQ(Datum::Map(FromList<int64_t>({3, 4}), Ones({5, 2})).values().tensor().size(0), 5);
  EXPECT_THAT(ErrorOf([&] { Datum::Map(keys, FromList<float>({1})); }), HasSubstr("are no map"));
  EXPECT_THAT(ErrorOf([&] {
                Datum::Map(FromList<float>({1, 2}), Ones({2}));
              }),
              HasSubstr("are no map"));
  EXPECT_THAT(ErrorOf([&] { map.tensor(); }), HasSubstr("map"));
  EXPECT_THAT(ErrorOf([&] { keys.keys(); }), HasSubstr("map"));
}

// One graph with all of it: a loop, a decision and a sequence, and a size that elements give.
TEST(Program, PlansEachStretchBetweenNodesWhoseSizesDependOnData) {
  Graph graph;
  const ValueId x = graph.AddInput("x", kFloat32, {Open("n"), 2});
  // exp(x) has as many rows cut off as its largest element says.
  const ValueId exp = Add(graph, op::kExp, {Add(graph, op::kExp, {x})});
  const CastOptions to_integer{.dtype = kInt64};
  const ValueId count = Add(graph, op::kCast, to_integer, {Add(graph, op::kAMax, {x})});
  const SliceOptions from{.dim = 0};
  const ValueId rest = Add(graph, op::kSlice, from, {exp}, {{1, SymInt::Element(count, 0)}});
  const ValueId tanh = Add(graph, op::kTanh, {Add(graph, op::kTanh, {rest})});
  const ReduceOptions columns{.dims = {0}};
  const ValueId sum = Add(graph, op::kSum, columns, {tanh});
  const ValueId looped = graph.AddLoop(count, kNone, {sum}, {Number(graph, 2)}, LoopBody(1e9f))[0];
  const ValueId scaled = Add(graph, op::kMul, {looped, Number(graph, 0.5f)});
  graph.AddOutput(Add(graph, op::kAdd, {scaled, sum}), "y");
  graph.AddOutput(rest, "rest");

  const auto eager = [](const Tensor& input) {
    const int64_t cut = Cast(AMax(input), kInt64).Item<int64_t>();
    const Tensor left = Slice(Exp(Exp(input)), 0, cut);
    const Tensor first = Sum(Tanh(Tanh(left)), {.dims = {0}});
    Tensor y = first;
    for (int64_t i = 0; i < cut; ++i) y = y * 2 + 1;
    return std::vector<Tensor>{y * 0.5 + first, left};
  };
  const Program program = Compile(graph);
  for (int64_t rows : {3, 8, 3}) {
    for (double high : {0.5, 1.5, 2.5}) {
      Tensor input = Zeros({rows, 2});
      input = Cat({input, Full({1, 2}, high)});
      const std::vector<Tensor> expected = eager(input), made = program.Run({input});
      EXPECT_TRUE(SameBits(made[0], expected[0]));
      EXPECT_TRUE(SameBits(made[1], expected[1]));
    }
  }
  const std::vector<PlannedStretch> stretches = program.Stretches();
  ASSERT_EQ(stretches.size(), 4u);  // the last is the loop's body
  // By the number of rows; by that and the element; one each for what is always [2].
  EXPECT_EQ(stretches[0].arena_bytes.size(), 2u);
  EXPECT_EQ(stretches[1].arena_bytes.size(), 6u);
  EXPECT_EQ(stretches[2].arena_bytes.size(), 1u);
  EXPECT_THAT(graph.ToString(), HasSubstr(" with integer 1 being %"));
  EXPECT_THAT(ErrorOf([&] { program(Full({1, 2}, 3.0)); }), HasSubstr("outputs; call Run()"));
}

TEST(Program, KeepsAFewPlans) {
  Graph graph;
  const ValueId x = graph.AddInput("x", kFloat32, {Open("n")});
  graph.AddOutput(Add(graph, op::kExp, {Add(graph, op::kExp, {x})}), "y");
  const Program program(graph);
  for (int64_t n = 1; n < 40; ++n) program(Rand({n}));
  EXPECT_EQ(program.Stretches()[0].arena_bytes.size(), 8u);
}

TEST(Program, ReshapesAsElementsSay) {
  Graph graph;
  const ValueId x = graph.AddInput("x", kFloat32, {Open("n")});
  const ValueId shape = graph.AddInput("shape", kInt64, {2});
  const ShapeOptions options{.shape = {0, 0}};
  const ValueId y = Add(graph, op::kReshape, options, {x},
                        {{0, SymInt::Element(shape, 0)}, {1, SymInt::Element(shape, 1) * 2}});
  graph.AddOutput(y, "y");
  const Program program = Compile(graph);
  const Tensor input = Rand({12});
  EXPECT_EQ(program.Run({input, FromList<int64_t>({2, 3})})[0].shape(), DimsView({2, 6}));
  EXPECT_EQ(program.Run({input, FromList<int64_t>({6, 1})})[0].shape(), DimsView({6, 2}));
  EXPECT_THAT(ErrorOf([&] {
                program.Run({input, FromList<int64_t>({5, 1})});
              }),
              HasSubstr("reshape"));
  EXPECT_THAT(ErrorOf([&] { program.ArenaBytes({3}); }), HasSubstr("follow from elements"));
}

class Watcher final : public RunObserver {
 public:
  void OnBegin(const Graph& graph, NodeId node) override {
    seen.push_back(std::string(2 * depth_++, ' ') + graph.node(node).name());
  }
  void OnEnd(const Graph& graph, NodeId node, const OpCall* call,
             absl::Span<const Tensor> outputs) override {
    --depth_;
    EXPECT_EQ(call != nullptr, graph.node(node).is_operation());
    EXPECT_EQ(outputs.size(), call == nullptr ? 0 : graph.node(node).outputs.size());
  }

  std::vector<std::string> seen;

 private:
  size_t depth_ = 0;
};

TEST(Program, ShowsItsNodesToAnObserver) {
  Graph graph;
  const ValueId x = graph.AddInput("x", kFloat32, {Open("rows"), 3});
  const ValueId row = graph.AddConstant(FromList<float>({1, 2, 3}));
  const ValueId positive = Add(graph, op::kGt, {Add(graph, op::kSum, {x}), Number(graph, 0)});
  const ValueId y = graph.AddIf(positive, {x, row}, TwoInputs(op::kAdd), TwoInputs(op::kMul))[0];
  graph.AddOutput(Add(graph, op::kRelu, {y}), "y");
  const Program program(graph);
  Watcher watcher;
  const std::vector<Datum> watched = program.RunData({Ones({2, 3})}, nullptr, &watcher);
  EXPECT_THAT(watcher.seen, ElementsAre("sum", "gt", "if", "  add", "relu"));
  EXPECT_TRUE(SameBits(watched[0].tensor(), program(Ones({2, 3}))));
  EXPECT_EQ(watcher.seen.size(), 5u);  // nobody watched the second run
}

TEST(Graph, ChecksWhatExpressionsRead) {
  Graph graph;
  const ValueId x = graph.AddInput("x", kFloat32, {Open("n")});
  const SliceOptions options;
  EXPECT_THAT(ErrorOf([&] {
                Add(graph, op::kSlice, options, {x}, {{2, SymInt::Extent(x, 1)}});
              }),
              HasSubstr("there is no extent 1"));
  EXPECT_THAT(ErrorOf([&] {
                Add(graph, op::kSlice, options, {x}, {{2, SymInt::Element(x, 0)}});
              }),
              HasSubstr("there is no element 0"));
}

}  // namespace
}  // namespace neura::graph
