#include "neura/graph/passes/passes.h"

#include <algorithm>

#include "gtest/gtest.h"
#include "neura/graph/capture.h"
#include "neura/graph/program.h"
#include "neura/tensor/ops/op_list/copy.h"
#include "neura/tensor/ops/op_list/create.h"
#include "neura/tensor/ops/op_list/pointwise.h"
#include "neura/tensor/ops/op_list/reduce.h"
#include "neura/tensor/ops/op_list/view.h"
#include "neura/tensor/tensor.h"

namespace neura::graph {
namespace {

std::vector<std::string> OpNames(const Graph& graph) {
  std::vector<std::string> names;
  for (NodeId node : graph.nodes()) names.push_back(graph.node(node).name());
  return names;
}

using Names = std::vector<std::string>;

bool SameValues(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && a.dtype() == b.dtype() && All(Eq(a, b)).Item<bool>();
}

TEST(EliminateDeadCode, ErasesWhatNothingReads) {
  Graph graph = Capture(
      [](const Tensor& x) {
        Tensor unused = Exp(Exp(x));
        return Relu(x);
      },
      {Rand({2, 3})});
  ASSERT_EQ(OpNames(graph), (Names{"exp", "exp", "relu"}));
  EliminateDeadCode(graph);
  EXPECT_EQ(OpNames(graph), Names{"relu"});
  EXPECT_EQ(graph.value(graph.inputs()[0]).users.size(), 1u);
}

TEST(FoldConstants, ComputesWhatDoesNotDependOnInputs) {
  const Tensor weight = Rand({3, 4});
  Graph graph =
      Capture([&](const Tensor& x) { return MatMul(x, Transpose(Exp(weight) * 2.0, 0, 1)); },
              {Rand({2, 4})});
  const Program before(graph);
  FoldConstants(graph);
  EXPECT_EQ(OpNames(graph), Names{"matmul"});
  const Tensor x = Rand({5, 4});
  EXPECT_TRUE(SameValues(Program(graph)(x), before(x)));
}

TEST(FoldConstants, FoldsListsOfOutputs) {
  const Tensor bias = Rand({8});
  Graph graph = Capture(
      [&](const Tensor& x) {
        const std::vector<Tensor> parts = Chunk(bias * 2.0, 2, 0), whole = Chunk(bias, 1, 0);
        return x * parts[0] + parts[1] + Sum(whole[0]);
      },
      {Rand({2, 4})});
  const Program before(graph);
  FoldConstants(graph);
  EXPECT_EQ(OpNames(graph), (Names{"mul", "add", "add"}));
  const Tensor x = Rand({5, 4});
  EXPECT_TRUE(SameValues(Program(graph)(x), before(x)));
}

TEST(FoldConstants, LeavesWhatIsAnError) {
  Graph graph = Capture([](const Tensor& x) { return Relu(x); }, {Rand({2})});
  const ValueId one = graph.AddConstant(Full({1}, 1, {.dtype = kInt64}));
  const ValueId zero = graph.AddConstant(Zeros({1}, {.dtype = kInt64}));
  graph.AddOutput(graph.AddNode(op::kFloorDivide, OptionsBox(op::kFloorDivide), {one, zero})[0],
                  "quotient");
  FoldConstants(graph);
  EXPECT_EQ(OpNames(graph), (Names{"relu", "floor_divide"}));
}

TEST(FoldConstants, LeavesLargeFillsAndOpenSizes) {
  Graph graph = Capture(
      [](const Tensor& x) {
        return std::vector<Tensor>{x + Zeros({x.size(0), 1}), Zeros({1 << 20})};
      },
      {Rand({2, 4})});
  FoldConstants(graph);
  EXPECT_EQ(OpNames(graph), (Names{"full", "add", "full"}));
}

TEST(EliminateCommonSubexpressions, MergesEqualCalls) {
  Graph graph = Capture(
      [](const Tensor& x) {
        const Tensor a = Sum(Exp(x), {.dims = {1}}), b = Sum(Exp(x), {.dims = {1}});
        return a * b + Sum(Exp(x), {.dims = {1}, .dtype = kFloat64});
      },
      {Rand({2, 4})});
  EliminateCommonSubexpressions(graph);
  const Names names = OpNames(graph);
  EXPECT_EQ(std::count(names.begin(), names.end(), "exp"), 1);
  EXPECT_EQ(std::count(names.begin(), names.end(), "sum"), 2);  // another dtype is another call
}

TEST(RemoveIdentities, RemovesWhatChangesNothing) {
  Graph graph = Capture(
      [](const Tensor& x) {
        Tensor y = Alias(Clone(x));
        y = Reshape(y, {x.size(0), 2, 3});
        y = Permute(y, {0, 1, 2});
        y = Slice(y, 1, 0);
        return Expand(y, {-1, -1, 3}) + 1;
      },
      {Rand({2, 2, 3})});
  RemoveIdentities(graph);
  EXPECT_EQ(OpNames(graph), (Names{"full", "add"}));
}

TEST(RemoveIdentities, KeepsWhatChangesSomething) {
  // A copy that makes strided elements contiguous, and a slice that only small batches do not feel.
  Graph graph = Capture(
      [](const Tensor& x) {
        return Slice(Reshape(Transpose(x, 1, 2), {-1, 6}), 0, 0, 5);
      },
      {Rand({2, 2, 3})});
  const Names before = OpNames(graph);
  RemoveIdentities(graph);
  EXPECT_EQ(OpNames(graph), before);
  EXPECT_EQ(Program(std::move(graph))(Rand({9, 2, 3})).size(0), 5);
}

TEST(FoldBatchNorm, ScalesTheWeights) {
  const Tensor weight = Randn({4, 3, 3, 3}), bias = Randn({4});
  const Tensor mean = Randn({4}), variance = Rand({4}) + 0.5, gamma = Randn({4}), beta = Randn({4});
  const auto fn = [&](const Tensor& x, const Tensor& conv_bias, const Tensor& scale) {
    return BatchNormInference(Conv2d(x, weight, conv_bias, {.padding = 1}), mean, variance, scale,
                              scale.defined() ? beta : Tensor(), {.eps = 1e-3});
  };
  for (bool with_bias : {false, true}) {
    for (bool with_scale : {false, true}) {
      const auto model = [&](const Tensor& x) {
        return Relu(fn(x, with_bias ? bias : Tensor(), with_scale ? gamma : Tensor()));
      };
      Graph graph = Capture(model, {Rand({2, 3, 8, 8})});
      FoldBatchNorm(graph);
      EXPECT_EQ(OpNames(graph), (Names{"conv", "relu"}));
      const Tensor x = Randn({3, 3, 8, 8});
      const Tensor difference = Abs(Program(std::move(graph))(x) - model(x));
      EXPECT_LT(AMax(difference).Item<double>(), 1e-4);
    }
  }
}

TEST(FoldBatchNorm, InAnyNumberOfDimensions) {
  const Tensor mean = Randn({4}), variance = Rand({4}) + 0.5;
  for (const auto& [x, weight] : {std::pair(Randn({2, 3, 9}), Randn({4, 3, 3})),
                                  std::pair(Randn({2, 3, 4, 5, 6}), Randn({4, 3, 2, 3, 3}))}) {
    const auto model = [&, kernel = weight](const Tensor& input) {
      return BatchNormInference(Conv(input, kernel), mean, variance, {}, {});
    };
    Graph graph = Capture(model, {x});
    FoldBatchNorm(graph);
    EXPECT_EQ(OpNames(graph), (Names{"conv"}));
    const Tensor difference = Abs(Program(std::move(graph))(x) - model(x));
    EXPECT_LT(AMax(difference).Item<double>(), 1e-4);
  }
}

TEST(FoldBatchNorm, LeavesConvolutionsThatOthersRead) {
  const Tensor weight = Randn({4, 3, 3, 3}), ones = Ones({4});
  Graph graph = Capture(
      [&](const Tensor& x) {
        const Tensor y = Conv2d(x, weight);
        return std::vector<Tensor>{BatchNormInference(y, ones, ones, ones, ones), y};
      },
      {Rand({2, 3, 8, 8})});
  FoldBatchNorm(graph);
  EXPECT_EQ(OpNames(graph), (Names{"conv", "batch_norm_inference"}));
}

// if (sum(x) > 0) body(x, captured) else x, where `captured` is made of x by `capture`.
template <typename Capture, typename Body>
Graph WithBody(Capture capture, Body body) {
  Graph graph;
  const ValueId x = graph.AddInput("x", kFloat32, {Open("n"), 3});
  const ValueId captured = capture(graph, x);
  const std::vector<DeclaredExtent> shape = {Open("n"), 3};
  const auto make = [&](auto fill) {
    Graph made;
    const ValueId input = made.AddInput("x", kFloat32, shape);
    const ValueId other = made.AddInput("captured", kFloat32, shape);
    made.AddOutput(fill(made, input, other), "y");
    return made;
  };
  const auto keep = [](Graph&, ValueId input, ValueId) { return input; };
  const ValueId sum = graph.AddNode(op::kSum, OptionsBox(op::kSum), {x})[0];
  const ValueId zero = graph.AddConstant(ScalarTensor(0.0f));
  const ValueId test = graph.AddNode(op::kGt, OptionsBox(op::kGt), {sum, zero})[0];
  graph.AddOutput(graph.AddIf(test, {x, captured}, make(body), make(keep))[0], "y");
  return graph;
}

ValueId AddOne(Graph& graph, OpId op, std::vector<ValueId> inputs) {
  return graph.AddNode(op, OptionsBox(op), std::move(inputs))[0];
}

const Graph& BodyOf(const Graph& graph) { return *graph.node(graph.nodes().back()).bodies[0]; }

TEST(Passes, RespectBodiesAndCaptures) {
  const Graph graph = WithBody(
      [](Graph& g, ValueId x) {
        AddOne(g, op::kTanh, {x});  // dead
        const ValueId first = AddOne(g, op::kExp, {x});
        AddOne(g, op::kNeg, {AddOne(g, op::kExp, {x})});  // dead
        return AddOne(g, op::kAlias, {first});
      },
      [](Graph& g, ValueId x, ValueId captured) {
        AddOne(g, op::kNeg, {x});  // dead
        const ValueId two = AddOne(g, op::kExp, {g.AddConstant(ScalarTensor(2.0f))});
        const ValueId a = AddOne(g, op::kMul, {captured, two});
        const ValueId b = AddOne(g, op::kMul, {captured, two});
        return AddOne(g, op::kAdd, {AddOne(g, op::kAlias, {a}), b});
      });
  const Tensor ones = Ones({2, 3});
  const auto expect_same = [&](const Graph& changed) {
    const Tensor expected = Exp(ones) * Exp(ScalarTensor(2.0f));
    EXPECT_TRUE(SameValues(Program(changed)(ones), expected + expected));
    EXPECT_TRUE(SameValues(Program(changed)(-ones), -ones));
  };
  expect_same(graph);

  Graph dead = graph;
  EliminateDeadCode(dead);
  EXPECT_EQ(OpNames(dead), (Names{"exp", "alias", "sum", "gt", "if"}));
  EXPECT_EQ(OpNames(BodyOf(dead)), (Names{"exp", "mul", "mul", "alias", "add"}));
  expect_same(dead);

  Graph merged = dead;
  EliminateCommonSubexpressions(merged);
  EXPECT_EQ(OpNames(BodyOf(merged)), (Names{"exp", "mul", "alias", "add"}));
  expect_same(merged);

  Graph folded = merged;
  FoldConstants(folded);
  EXPECT_EQ(OpNames(BodyOf(folded)), (Names{"mul", "alias", "add"}));
  expect_same(folded);

  Graph plain = folded;
  RemoveIdentities(plain);
  EXPECT_EQ(OpNames(plain), (Names{"exp", "sum", "gt", "if"}));
  EXPECT_EQ(OpNames(BodyOf(plain)), (Names{"mul", "add"}));
  // The capture reads what the identity read.
  EXPECT_EQ(plain.node(plain.nodes().back()).inputs[2], plain.node(plain.nodes()[0]).outputs[0]);
  expect_same(plain);
  // The graph that they were copied from is as it was.
  EXPECT_EQ(OpNames(BodyOf(graph)).size(), 6u);
}

TEST(FoldBatchNorm, ACaptureReadsTheConvolution) {
  const Tensor weight = Randn({4, 3, 3, 3}), ones = Ones({4});
  Graph graph = Capture(
      [&](const Tensor& x) {
        return BatchNormInference(Conv2d(x, weight), ones, ones, ones, ones);
      },
      {Rand({2, 3, 8, 8})});
  const ValueId convolved = graph.node(graph.nodes()[0]).outputs[0];
  Graph body;
  body.AddOutput(body.AddInput("y", kFloat32, {Open(), 4, 6, 6}), "y");
  graph.AddOutput(graph.AddCall("same", {convolved}, std::make_shared<const Graph>(body))[0], "y");
  FoldBatchNorm(graph);
  EXPECT_EQ(OpNames(graph), (Names{"conv", "batch_norm_inference", "same"}));
}

TEST(EliminateCommonSubexpressions, KeepsRandomOperationsApart) {
  Graph graph = Capture([](const Tensor& x) { return x + Rand({3}) * Rand({3}); }, {Rand({2, 3})});
  EliminateCommonSubexpressions(graph);
  FoldConstants(graph);
  EXPECT_EQ(OpNames(graph), (Names{"random_uniform", "random_uniform", "mul", "add"}));
}

TEST(EliminateDeadCode, KeepsWhatOnlySizesRead) {
  // The extent of one value is an option of a node that does not read it.
  Graph graph;
  const ValueId x = graph.AddInput("x", kFloat32, {Open("n"), 3});
  const AsStridedOptions strided{.shape = {2}, .strides = {1}};
  const ValueId part = graph.AddNode(op::kAsStrided, OptionsBox(op::kAsStrided, &strided), {x})[0];
  const FullOptions full{.shape = {0}, .value = 1};
  const ValueId ones = graph.AddNode(op::kFull, OptionsBox(op::kFull, &full), {},
                                     {{0, graph.value(part).shape[0]}})[0];
  graph.AddOutput(ones, "y");
  EliminateDeadCode(graph);
  EXPECT_EQ(OpNames(graph), (Names{"as_strided", "full"}));
  EXPECT_EQ(Program(graph)(Rand({4, 3})).shape(), DimsView({2}));
}

TEST(Graph, RefusesToEraseWhatIsInUse) {
  Graph graph = Capture([](const Tensor& x) { return Exp(x); }, {Rand({2})});
  EXPECT_THROW(graph.Erase(graph.nodes()[0]), Error);
}

TEST(Graph, RefusesOperationsThatChangeMemory) {
  Graph graph;
  const ValueId x = graph.AddInput("x", kFloat32, {2});
  EXPECT_THROW(graph.AddNode(op::kAssign, OptionsBox(op::kAssign), {x, x}), Error);
}

}  // namespace
}  // namespace neura::graph
