// Sparse gradients of embeddings, beside the dense ones, and what becomes of them on their way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "neura/autograd/autograd.h"
#include "neura/autograd/functional.h"
#include "neura/autograd/vmap.h"
#include "neura/nn/nn.h"
#include "neura/tensor/sparse/sparse.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"
#include "neura/tensor/testing/values.h"

namespace neura {
namespace {

using autograd::GradOf;
using testing::Close;
using ::testing::ElementsAre;
using testing::ErrorOf;
using ::testing::HasSubstr;
using testing::Values;

Tensor Weight() { return SetRequiresGrad(Sin(Reshape(Cast(Arange(12), kFloat32), {6, 2}) + 0.5)); }
Tensor Factors(DimsView shape) {
  return Reshape(Cos(Cast(Arange(NumElements(shape)), kFloat32)), shape);
}

TEST(SparseEmbeddingTest, GradientsAreThoseOfDenseOnes) {
  const Tensor input = FromList<int64_t>({4, 1, 4, 0, 1, 1}, {2, 3});
  for (const std::optional<int64_t> padding :
       {std::optional<int64_t>(), std::optional<int64_t>(1), std::optional<int64_t>(-6)}) {
    for (bool by_freq : {false, true}) {
      for (DType index : {kInt64, kInt32}) {
        const auto gradient = [&](bool is_sparse) {
          const Tensor weight = Weight();
          const Tensor rows = nn::Embed(
              Cast(input, index), weight,
              {.padding_idx = padding, .scale_grad_by_freq = by_freq, .sparse = is_sparse});
          EXPECT_TRUE(SameBits(rows, nn::Embed(input, Detach(weight))));
          Backward(Sum(rows * Factors(rows.shape())));
          return GradOf(weight);
        };
        const Tensor got = gradient(true);
        ASSERT_TRUE(IsSparse(got));
        EXPECT_EQ(sparse::NumValues(got), !padding ? 6 : *padding == 1 ? 3 : 5);
        EXPECT_TRUE(Close(sparse::ToDense(got), gradient(false)));
      }
    }
  }
}

TEST(SparseEmbeddingTest, Layers) {
  nn::Embedding layer({.num_embeddings = 5, .embedding_dim = 2, .sparse = true});
  Backward(Sum(layer(FromList<int64_t>({1, 3, 1}))));
  EXPECT_THAT(Values<int64_t>(sparse::Indices(GradOf(layer.weight))), ElementsAre(1, 3, 1));
  layer.ZeroGrad();
  EXPECT_FALSE(GradOf(layer.weight).defined());
  Backward(Sum(layer(FromVector<int64_t>({}, {0}))));
  EXPECT_EQ(sparse::NumValues(GradOf(layer.weight)), 0);
  // Rows that were too long were scaled before.
  nn::Embedding scaled(
      {.num_embeddings = 3, .embedding_dim = 2, .max_norm = 1, .norm_type = 1, .sparse = true});
  {
    NoGradGuard no_grad;
    Fill(scaled.weight, 2);
  }
  EXPECT_TRUE(Close(scaled(FromList<int64_t>({1, 1})), Full({2, 2}, 0.5)));
  EXPECT_TRUE(Close(Select(scaled.weight, 0, 0), Full({2}, 2.0)));
}

TEST(SparseEmbeddingTest, Bags) {
  const Tensor input = FromList<int64_t>({4, 1, 4, 0, 5, 1, 1});
  const Tensor offsets = FromList<int64_t>({0, 3, 3, 5});
  for (const char* mode : {"sum", "mean"}) {
    for (const std::optional<int64_t> padding :
         {std::optional<int64_t>(), std::optional<int64_t>(4)}) {
      const auto gradient = [&](bool is_sparse) {
        const Tensor weight = Weight();
        const Tensor bags =
            nn::EmbedBag(input, weight, offsets, {},
                         {.mode = mode, .rows = {.padding_idx = padding, .sparse = is_sparse}});
        Backward(Sum(bags * Factors(bags.shape())));
        return GradOf(weight);
      };
      ASSERT_TRUE(IsSparse(gradient(true)));
      EXPECT_TRUE(Close(sparse::ToDense(gradient(true)), gradient(false)));
    }
  }
  nn::EmbeddingBag layer({.num_embeddings = 6, .embedding_dim = 2, .mode = "sum", .sparse = true});
  const Tensor weights = SetRequiresGrad(Cast(Arange(7), kFloat32));
  Backward(Sum(layer(input, offsets, weights)));
  EXPECT_THAT(Values(sparse::ToDense(GradOf(layer.weight))),
              ElementsAre(3, 3, 12, 12, 0, 0, 0, 0, 2, 2, 4, 4));
  EXPECT_FALSE(IsSparse(GradOf(weights)));
  EXPECT_THAT(ErrorOf([&] {
                nn::EmbedBag(input, Weight(), offsets, {},
                             {.mode = "max", .rows = {.sparse = true}});
              }),
              HasSubstr("max mode does not support sparse weights"));
}

TEST(SparseEmbeddingTest, Accumulates) {
  const Tensor weight = Weight(), index = FromList<int64_t>({2, 5});
  const nn::EmbedOptions options{.sparse = true};
  for (int i = 0; i < 2; ++i) Backward(Sum(nn::Embed(index, weight, options)));
  EXPECT_EQ(sparse::NumValues(GradOf(weight)), 4);
  // One that is used twice, and beside a dense one.
  const Tensor other = Weight();
  Backward(Sum(nn::Embed(index, other, options) * nn::Embed(index, other, options)));
  EXPECT_EQ(sparse::NumValues(GradOf(other)), 4);
  EXPECT_TRUE(Close(IndexSelect(sparse::ToDense(GradOf(other)), 0, index),
                    2 * IndexSelect(Detach(other), 0, index)));
  Backward(Sum(other * 3));
  EXPECT_FALSE(IsSparse(GradOf(other)));
  Backward(Sum(nn::Embed(index, other, options)));
  EXPECT_FALSE(IsSparse(GradOf(other)));
  EXPECT_FLOAT_EQ(Values(GradOf(other))[0], 3);
  EXPECT_FLOAT_EQ(Values(GradOf(other))[4], 4 + 2 * Values(Detach(other))[4]);
  // What has accumulated is nobody else's.
  const Tensor a = Weight(), b = Weight();
  Backward(Sum(nn::Embed(index, a, options) + nn::Embed(index, b, options)));
  MulInPlace(GradOf(a), 10);
  EXPECT_THAT(Values(sparse::Values(GradOf(b))), ElementsAre(1, 1, 1, 1));
}

TEST(SparseEmbeddingTest, HooksGradAndWeightsThatAreComputed) {
  const Tensor weight = Weight(), index = FromList<int64_t>({2, 5, 2});
  const nn::EmbedOptions options{.sparse = true};
  bool seen_sparse = false;
  autograd::RegisterHook(weight, [&](const Tensor& grad) {
    seen_sparse = IsSparse(grad);
    return grad * 2;
  });
  const Tensor loss = Sum(nn::Embed(index, weight, options));
  Backward(loss, {.retain_graph = true});
  EXPECT_TRUE(seen_sparse);
  EXPECT_THAT(Values(sparse::Values(GradOf(weight))), ElementsAre(2, 2, 2, 2, 2, 2));
  const Tensor grad = Grad({loss}, {weight})[0];
  EXPECT_TRUE(IsSparse(grad));
  // Through an operation gradients go on as dense ones.
  const Tensor leaf = Weight(), computed = leaf * 3;
  Backward(Sum(nn::Embed(index, computed, options)));
  EXPECT_FALSE(IsSparse(GradOf(leaf)));
  EXPECT_THAT(Values(GradOf(leaf)), ElementsAre(0, 0, 0, 0, 6, 6, 0, 0, 0, 0, 3, 3));
}

TEST(SparseEmbeddingTest, SecondDerivatives) {
  const Tensor index = FromList<int64_t>({2, 5, 2});
  const auto second = [&](bool is_sparse) {
    const Tensor weight = Weight();
    const Tensor rows = nn::Embed(index, weight, {.sparse = is_sparse});
    Tensor grad = Grad({Sum(rows * rows * rows)}, {weight}, {.create_graph = true})[0];
    if (IsSparse(grad)) grad = sparse::ToDense(grad);
    const Tensor again = Grad({Sum(grad * grad)}, {weight})[0];
    return IsSparse(again) ? sparse::ToDense(again) : again;
  };
  EXPECT_TRUE(Close(second(true), second(false)));
}

TEST(SparseEmbeddingTest, ErrorsSayWhatToDo) {
  const Tensor weight = Weight(), index = FromList<int64_t>({2, 5});
  const nn::EmbedOptions options{.sparse = true};
  const Tensor rows = nn::Embed(index, weight, options);
  AddInPlace(index, 0);
  EXPECT_THAT(ErrorOf([&] { Backward(Sum(rows)); }), HasSubstr("changed by an in-place operation"));
  const Tensor sparse_grad = sparse::FromDense(Ones({6, 2}), 1);
  EXPECT_THAT(ErrorOf([&] { SetRequiresGrad(sparse_grad); }), HasSubstr("sparse::ToDense()"));
  autograd::SetGrad(weight, sparse_grad);
  EXPECT_TRUE(IsSparse(GradOf(weight)));
  EXPECT_THAT(ErrorOf([&] {
                autograd::SetGrad(weight, sparse::FromDense(Ones({5, 2}), 1));
              }),
              HasSubstr("cannot be sparse float32 [5, 2]"));
}

}  // namespace
}  // namespace neura
