#include "neura/graph/passes/passes.h"

#include <algorithm>

#include "gtest/gtest.h"
#include "neura/graph/capture.h"
#include "neura/graph/program.h"
#include "neura/tensor/ops/op_list/copy.h"
#include "neura/tensor/tensor.h"

namespace neura::graph {
namespace {

std::vector<std::string> OpNames(const Graph& graph) {
  std::vector<std::string> names;
  for (NodeId node : graph.nodes()) names.push_back(SchemaOf(graph.node(node).op).name);
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
      EXPECT_EQ(OpNames(graph), (Names{"conv2d", "relu"}));
      const Tensor x = Randn({3, 3, 8, 8});
      const Tensor difference = Abs(Program(std::move(graph))(x) - model(x));
      EXPECT_LT(AMax(difference).Item<double>(), 1e-4);
    }
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
  EXPECT_EQ(OpNames(graph), (Names{"conv2d", "batch_norm_inference"}));
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
