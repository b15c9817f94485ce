// The same bits for any number of threads, with inputs large enough that each kernel has several
// items to share out. The cases of op_cases_test are too small for that.
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "neura/tensor/tensor.h"

namespace neura::testing {
namespace {

using Tensors = std::vector<Tensor>;

struct Group {
  std::string name;
  std::function<Tensors()> run;
};

Tensor Random(DimsView shape, uint64_t seed) {
  Generator generator(seed);
  return Normal(shape, 0, 1, {}, &generator);
}

Tensors Pointwise() {
  const Tensor x = Random({300, 1000}, 1), y = Random({1000, 300}, 2), row = Random({1000}, 3);
  return {x + Transpose(y, 0, 1), Gelu(x * row), Where(x > 0, x, row), Cast(x, kInt64)};
}

Tensors Reductions() {
  const Tensor x = Random({700, 600}, 1), wide = Random({3, 200'000}, 2);
  return {Sum(x),
          Sum(x, {.dims = {0}}),
          Mean(x, {.dims = {1}}),
          Sum(wide, {.dims = {1}}),
          Sum(Transpose(wide, 0, 1), {.dims = {0}}),
          Prod(x, {.dims = {1}}),
          AMax(wide),
          ArgMax(x, {.dim = 1}),
          CumSum(x, 0),
          CumSum(wide, 1)};
}

Tensors Products() {
  const Tensor a = Random({300, 200}, 1), b = Random({200, 400}, 2);
  return {MatMul(a, b), MatMul(Random({40, 30, 50}, 3), Random({40, 50, 20}, 4)),
          Linear(Random({500, 200}, 5), a, Random({300}, 6))};
}

Tensors Images() {
  const Tensor x = Random({4, 16, 40, 40}, 1), w = Random({24, 16, 3, 3}, 2);
  const Tensor y = Conv2d(x, w, {}, {.padding = 1}), g = Random(y.shape(), 3);
  const auto max = MaxPool2dWithIndices(x, {.kernel_size = 2});
  return {y,
          ConvInputGrad(g, w, {.size = 40, .padding = 1}),
          ConvWeightGrad(g, x, {.size = 3, .padding = 1}),
          max.values,
          max.indices,
          MaxPoolScatter(max.values, max.indices, 40),
          AvgPool2d(x, {.kernel_size = 3}),
          AdaptiveAvgPool2d(x, 7)};
}

Tensors Norms() {
  const Tensor x = Random({500, 300}, 1), scale = Random({300}, 2), shift = Random({300}, 3);
  const auto layer = LayerNorm(x, scale, shift);
  const auto batch = BatchNormTraining(x, scale, shift);
  const Tensor g = Random(x.shape(), 4);
  const auto layer_grads = LayerNormGrad(g, x, scale, layer.mean, layer.rstd, {});
  const auto batch_grads = BatchNormTrainingGrad(g, x, scale, batch.mean, batch.rstd);
  return {Softmax(x),        LogSoftmax(x, {.dim = 0}),
          layer.output,      layer.mean,
          batch.output,      batch.rstd,
          layer_grads.input, layer_grads.weight,
          batch_grads.input, batch_grads.bias};
}

Tensors Indexing() {
  const Tensor x = Random({400, 500}, 1);
  Generator generator(2);
  const Tensor index = RandInt(0, 400, {900}, {.dtype = kInt64}, &generator);
  const Tensor places = RandInt(0, 500, {400, 300}, {.dtype = kInt64}, &generator);
  return {IndexSelect(x, 0, index),
          Gather(x, 1, places),
          ScatterAdd(x, 1, places, Random({400, 300}, 5)),
          Sort(x, {.dim = 0}).indices,
          TopK(x, 9).indices,
          Interpolate(Random({8, 9, 40, 40}, 6), {.size = Dims{70, 90}, .mode = "bilinear"}),
          IndexSelect(Transpose(x, 0, 1), 1, index),
          IndexAdd(x, 0, index, Random({900, 500}, 3)),
          Flip(x, {0, 1}),
          Tril(x),
          Cat({x, Transpose(Random({500, 400}, 4), 0, 1)}, 1)};
}

Tensors RandomNumbers() {
  Generator generator(5);
  return {Uniform({100'000}, 0, 1, {}, &generator),
          Normal({100'001}, 0, 1, {.dtype = kFloat64}, &generator),
          Normal({100'001}, 0, 1, {}, &generator),
          RandInt(-5, 5, {100'000}, {.dtype = kInt64}, &generator)};
}

class ThreadsTest : public ::testing::TestWithParam<Group> {};

TEST_P(ThreadsTest, SameBits) {
  const int threads = GetNumThreads();
  SetNumThreads(1);
  const Tensors expected = GetParam().run();
  for (int n : {2, 3}) {
    SetNumThreads(n);
    const Tensors actual = GetParam().run();
    ASSERT_EQ(actual.size(), expected.size());
    for (size_t i = 0; i < actual.size(); ++i) {
      const Tensor a = Contiguous(actual[i]), b = Contiguous(expected[i]);
      ASSERT_EQ(a.shape(), b.shape()) << i;
      const size_t bytes = static_cast<size_t>(a.numel()) * ItemSize(a.dtype());
      EXPECT_EQ(std::memcmp(a.raw_data(), b.raw_data(), bytes), 0)
          << "result " << i << " with " << n << " threads";
    }
  }
  SetNumThreads(threads);
}

INSTANTIATE_TEST_SUITE_P(Groups, ThreadsTest,
                         ::testing::Values(Group{"Pointwise", Pointwise},
                                           Group{"Reductions", Reductions},
                                           Group{"Products", Products}, Group{"Images", Images},
                                           Group{"Norms", Norms}, Group{"Indexing", Indexing},
                                           Group{"RandomNumbers", RandomNumbers}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace neura::testing
