// Attention and transformers against their formulas.
#include "neura/nn/attention.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "neura/autograd/autograd.h"
#include "neura/autograd/gradcheck.h"
#include "neura/nn/nn.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"
#include "neura/tensor/testing/op_cases.h"

namespace neura {
namespace {

using testing::Array;
using ::testing::ElementsAre;
using testing::ErrorOf;
using ::testing::HasSubstr;
using testing::MakeArray;
using testing::Sample;
using testing::ToArray;

// [T, N, columns] times [rows, columns].T plus a bias, from row `first` of the weight on.
Array Projection(const Array& x, const Array& weight, int64_t first, int64_t rows,
                 const Array* bias) {
  Array out = MakeArray({x.size(0), x.size(1), rows});
  const int64_t columns = weight.size(1);
  for (int64_t i = 0; i < out.numel(); ++i) {
    const int64_t at = i / rows, row = first + i % rows;
    out[i] = bias == nullptr ? 0 : (*bias)[row];
    for (int64_t k = 0; k < columns; ++k) out[i] += x[at * columns + k] * weight[row * columns + k];
  }
  return out;
}

// A time step more at the end, of the same vector for each example.
Array OneMore(const Array& x, const Array& vector) {
  Array out = MakeArray({x.size(0) + 1, x.size(1), x.size(2)});
  for (int64_t i = 0; i < out.numel(); ++i) {
    out[i] = i < x.numel() ? x[i] : vector[i % x.size(2)];
  }
  return out;
}

struct Expected {
  Array output;   // [L, N, E]
  Array weights;  // [N, H, L, S]
};
// In plain loops over [T, N, ...]. `allowed` says what may be attended to and `added` what is added
// to a score, for (example, head, query, key).
template <typename Allowed, typename Added>
Expected Attend(const nn::MultiheadAttention& layer, const Tensor& query, const Tensor& key,
                const Tensor& value, Allowed allowed, Added added) {
  const int64_t heads = layer.options.num_heads, e = layer.options.embed_dim, d = e / heads;
  const auto array = [](const nn::Parameter& p) { return ToArray(Detach(p.tensor())); };
  Array bias;
  if (layer.in_proj_bias.defined()) bias = array(layer.in_proj_bias);
  const auto project = [&](const Tensor& x, const nn::Parameter& own, int64_t part) {
    const bool joint = layer.in_proj_weight.defined();
    Array shifted = MakeArray({e});
    for (int64_t i = 0; i < e && bias.numel() > 0; ++i) shifted[i] = bias[part * e + i];
    Array weight = array(joint ? layer.in_proj_weight : own);
    if (joint) {
      Array rows = MakeArray({e, e});
      for (int64_t i = 0; i < e * e; ++i) rows[i] = weight[part * e * e + i];
      weight = rows;
    }
    return Projection(ToArray(x), weight, 0, e, &shifted);
  };
  const Array q = project(query, layer.q_proj_weight, 0);
  Array k = project(key, layer.k_proj_weight, 1), v = project(value, layer.v_proj_weight, 2);
  const int64_t given = k.size(0), length = q.size(0), batch = q.size(1);
  if (layer.bias_k.defined()) {
    k = OneMore(k, array(layer.bias_k));
    v = OneMore(v, array(layer.bias_v));
  }
  if (layer.options.add_zero_attn) {
    k = OneMore(k, MakeArray({e}));
    v = OneMore(v, MakeArray({e}));
  }
  const int64_t keys = k.size(0);
  Expected result{MakeArray({length, batch, e}), MakeArray({batch, heads, length, keys})};
  Array joined = MakeArray({length, batch, e});
  for (int64_t n = 0; n < batch; ++n) {
    for (int64_t h = 0; h < heads; ++h) {
      for (int64_t l = 0; l < length; ++l) {
        const int64_t row = ((n * heads + h) * length + l) * keys;
        double sum = 0;
        for (int64_t s = 0; s < keys; ++s) {
          if (s < given && !allowed(n, h, l, s)) continue;
          double score = 0;
          for (int64_t i = 0; i < d; ++i) {
            score += q[(l * batch + n) * e + h * d + i] * k[(s * batch + n) * e + h * d + i];
          }
          score = score / std::sqrt(static_cast<double>(d)) + (s < given ? added(n, h, l, s) : 0);
          result.weights[row + s] = std::exp(score);
          sum += result.weights[row + s];
        }
        for (int64_t s = 0; s < keys && sum > 0; ++s) {
          result.weights[row + s] /= sum;
          for (int64_t i = 0; i < d; ++i) {
            joined[(l * batch + n) * e + h * d + i] +=
                result.weights[row + s] * v[(s * batch + n) * e + h * d + i];
          }
        }
      }
    }
  }
  Array out_bias;
  if (layer.out_proj.bias.defined()) out_bias = array(layer.out_proj.bias);
  result.output = Projection(joined, array(layer.out_proj.weight), 0, e,
                             out_bias.numel() > 0 ? &out_bias : nullptr);
  return result;
}
bool Always(int64_t, int64_t, int64_t, int64_t) { return true; }
double Nothing(int64_t, int64_t, int64_t, int64_t) { return 0; }

void ExpectNear(const Tensor& actual, const Array& expected) {
  ASSERT_EQ(actual.shape(), DimsView(expected.shape));
  const Array values = ToArray(Detach(actual));
  for (int64_t i = 0; i < expected.numel(); ++i) EXPECT_NEAR(values[i], expected[i], 1e-12) << i;
}

nn::MultiheadAttention Made(nn::MultiheadAttentionOptions options) {
  nn::MultiheadAttention layer(options);
  layer.To(kFloat64);
  NoGradGuard no_grad;
  int seed = 10;
  for (const Tensor& parameter : layer.Parameters()) {
    Assign(parameter, Sample(parameter.shape(), seed++));
  }
  return layer;
}

TEST(AttentionTest, ComputesItsFormula) {
  const Tensor q = Sample({3, 2, 6}, 1), k = Sample({4, 2, 6}, 2), v = Sample({4, 2, 6}, 3);
  nn::MultiheadAttention layer = Made({.embed_dim = 6, .num_heads = 2});
  const Expected expected = Attend(layer, q, k, v, Always, Nothing);
  const auto [output, weights] = layer(q, k, v, {.average_attn_weights = false});
  ExpectNear(output, expected.output);
  ExpectNear(weights, expected.weights);
  const auto average = layer(q, k, v);
  ExpectNear(average.weights, ToArray(Mean(weights, {.dims = {1}})));
  const auto without = layer(q, k, v, {.need_weights = false});
  ExpectNear(without.output, expected.output);
  EXPECT_FALSE(without.weights.defined());
  // One product for all three, and for what is not the same.
  ExpectNear(layer(q, q, q).output, Attend(layer, q, q, q, Always, Nothing).output);
}

TEST(AttentionTest, HasKeysAndValuesOfOtherSizes) {
  const Tensor q = Sample({3, 2, 6}, 1), k = Sample({4, 2, 3}, 2), v = Sample({4, 2, 5}, 3);
  nn::MultiheadAttention layer = Made({.embed_dim = 6,
                                       .num_heads = 3,
                                       .add_bias_kv = true,
                                       .add_zero_attn = true,
                                       .kdim = 3,
                                       .vdim = 5});
  const Expected expected = Attend(layer, q, k, v, Always, Nothing);
  const auto [output, weights] = layer(q, k, v, {.average_attn_weights = false});
  ExpectNear(output, expected.output);
  ExpectNear(weights, expected.weights);
  nn::MultiheadAttention plain = Made({.embed_dim = 6, .num_heads = 2, .bias = false});
  ExpectNear(plain(q, q, q).output, Attend(plain, q, q, q, Always, Nothing).output);
}

TEST(AttentionTest, Masks) {
  const Tensor q = Sample({3, 2, 4}, 1), k = Sample({3, 2, 4}, 2);
  nn::MultiheadAttention layer =
      Made({.embed_dim = 4, .num_heads = 2, .add_bias_kv = true, .add_zero_attn = true});
  const Tensor later = Triu(Ones({3, 3}, {.dtype = kBool}), 1);
  const Tensor padding =
      Cast(FromList<int64_t>({0, 1, 0, 0, 0, 1}, {2, 3}), kBool);  // key 1 of 0, key 2 of 1
  const auto causal = [](int64_t, int64_t, int64_t l, int64_t s) { return s <= l; };
  const auto padded = [&](int64_t n, int64_t, int64_t, int64_t s) { return s != n + 1; };
  const auto both = [&](int64_t n, int64_t h, int64_t l, int64_t s) {
    return causal(n, h, l, s) && padded(n, h, l, s);
  };
  const Array expected = Attend(layer, q, k, k, causal, Nothing).output;
  ExpectNear(layer(q, k, k, {.attn_mask = later}).output, expected);
  ExpectNear(layer(q, k, k, {.need_weights = false, .is_causal = true}).output, expected);
  ExpectNear(layer(q, k, k, {.attn_mask = nn::GenerateSquareSubsequentMask(3)}).output, expected);
  const Array of_both = Attend(layer, q, k, k, both, Nothing).output;
  ExpectNear(layer(q, k, k, {.key_padding_mask = padding, .attn_mask = later}).output, of_both);
  const nn::AttentionArguments mixed{.key_padding_mask = padding,
                                     .need_weights = false,
                                     .attn_mask = nn::GenerateSquareSubsequentMask(3)};
  ExpectNear(layer(q, k, k, mixed).output, of_both);

  const Tensor each = Sample({4, 3, 3}, 5);
  const Array added = ToArray(each);
  const auto of_head = [&](int64_t n, int64_t h, int64_t l, int64_t s) {
    return added[((n * 2 + h) * 3 + l) * 3 + s];
  };
  ExpectNear(layer(q, k, k, {.key_padding_mask = padding, .attn_mask = each}).output,
             Attend(layer, q, k, k, padded, of_head).output);
}

TEST(AttentionTest, WhatMayAttendToNothingGetsNothing) {
  nn::MultiheadAttention layer = Made({.embed_dim = 4, .num_heads = 2});
  const Tensor x = SetRequiresGrad(Sample({3, 1, 4}, 1));
  const Tensor all = Ones({1, 3}, {.dtype = kBool});
  for (const bool need_weights : {false, true}) {
    const auto result = layer(x, x, x, {.key_padding_mask = all, .need_weights = need_weights});
    ExpectNear(Select(Select(result.output, 1, 0), 0, 2),
               ToArray(Detach(layer.out_proj.bias.tensor())));
    Backward(Sum(result.output));
    EXPECT_FALSE(Any(IsNan(autograd::GradOf(x))).Item<bool>());
  }
}

TEST(AttentionTest, LayoutsAreTheSame) {
  const Tensor q = Sample({3, 2, 4}, 1), k = Sample({5, 2, 4}, 2);
  nn::MultiheadAttention layer = Made({.embed_dim = 4, .num_heads = 2, .add_bias_kv = true});
  nn::MultiheadAttention first = layer;
  first.options.batch_first = true;
  const auto expected = layer(q, k, k);
  const Tensor kb = Transpose(k, 0, 1);
  const auto actual = first(Transpose(q, 0, 1), kb, kb);
  EXPECT_TRUE(AllClose(Transpose(actual.output, 0, 1), expected.output, 1e-12, 1e-12));
  EXPECT_TRUE(AllClose(actual.weights, expected.weights, 1e-12, 1e-12));
  const Tensor one = Select(k, 1, 1);
  const auto alone = layer(Select(q, 1, 1), one, one);
  EXPECT_TRUE(AllClose(alone.output, Select(expected.output, 1, 1), 1e-12, 1e-12));
  EXPECT_TRUE(AllClose(alone.weights, Select(expected.weights, 0, 1), 1e-12, 1e-12));
}

TEST(AttentionTest, HasGradients) {
  nn::MultiheadAttention layer = Made({.embed_dim = 4, .num_heads = 2, .add_bias_kv = true});
  const Tensor mask = Sample({2, 3}, 9);
  EXPECT_EQ(
      autograd::GradCheck(
          [&](const std::vector<Tensor>& in) {
            const nn::Substitution others(layer, {{"in_proj_weight", in[2]},
                                                  {"in_proj_bias", in[3]},
                                                  {"bias_k", in[4]},
                                                  {"out_proj.weight", in[5]}});
            const auto result = layer(in[0], in[1], in[1], {.attn_mask = in[6]});
            return std::vector<Tensor>{result.output, result.weights};
          },
          {Sample({2, 2, 4}, 1), Sample({3, 2, 4}, 2), Detach(layer.in_proj_weight),
           Detach(layer.in_proj_bias), Detach(layer.bias_k), Detach(layer.out_proj.weight), mask}),
      "");
}

TEST(AttentionTest, DropsWeightsWhileTraining) {
  nn::MultiheadAttention layer({.embed_dim = 4, .num_heads = 2, .dropout = 0.5});
  const Tensor x = Randn({8, 1, 4});
  EXPECT_FALSE(SameBits(layer(x, x, x).output, layer(x, x, x).output));
  layer.Eval();
  EXPECT_TRUE(SameBits(layer(x, x, x).output, layer(x, x, x).output));
}

TEST(AttentionTest, SaysWhatDoesNotFit) {
  nn::MultiheadAttention layer({.embed_dim = 4, .num_heads = 2});
  const Tensor x = Ones({3, 2, 4});
  EXPECT_THAT(ErrorOf([&] { layer(x, Ones({3, 2, 5}), x); }), HasSubstr("last dimension kdim"));
  EXPECT_THAT(ErrorOf([&] { layer(x, Ones({3, 4}), x); }), HasSubstr("as many dimensions"));
  EXPECT_THAT(ErrorOf([&] { layer(x, Ones({4, 2, 4}), x); }), HasSubstr("the same lengths"));
  EXPECT_THAT(ErrorOf([&] {
                layer(x, x, x, {.attn_mask = Ones({2, 3})});
              }),
              HasSubstr("attn_mask must be [L, S] or [N * num_heads, L, S], got float32 [2, 3]"));
  EXPECT_THAT(ErrorOf([&] {
                layer(x, x, x, {.key_padding_mask = Ones({3, 2})});
              }),
              HasSubstr("key_padding_mask must be [N, S]"));
  EXPECT_THAT(ErrorOf([] { nn::MultiheadAttention({.embed_dim = 5, .num_heads = 2}); }),
              HasSubstr("embed_dim = 5 must be divisible by num_heads = 2"));
  EXPECT_THAT(
      ErrorOf([] { nn::MultiheadAttention({.embed_dim = 4, .num_heads = 2, .dropout = -1}); }),
      HasSubstr("dropout = -1"));
}

// What a residual connection with a norm makes of x and of the block's result.
Tensor Normalized(nn::LayerNorm& norm, const Tensor& x) {
  const Tensor centred = x - Mean(x, {.dims = {-1}, .keepdim = true});
  const Tensor variance = Mean(centred * centred, {.dims = {-1}, .keepdim = true});
  return centred / Sqrt(variance + norm.options.eps) * norm.weight.tensor() + norm.bias.tensor();
}

TEST(TransformerTest, LayersComputeTheirFormulas) {
  const Tensor x = Sample({3, 2, 4}, 1), memory = Sample({5, 2, 4}, 2);
  for (const bool norm_first : {false, true}) {
    nn::TransformerEncoderLayer encoder({.d_model = 4,
                                         .nhead = 2,
                                         .dim_feedforward = 7,
                                         .activation = "gelu",
                                         .norm_first = norm_first});
    encoder.To(kFloat64);
    encoder.Eval();
    const auto attended = [](nn::MultiheadAttention& layer, const Tensor& q, const Tensor& kv) {
      return layer(q, kv, kv).output;
    };
    const auto forward = [](auto& layer, const Tensor& in) {
      return layer.linear2(layer.activation(layer.linear1(in)));
    };
    Tensor y, z;
    if (norm_first) {
      const Tensor n = Normalized(encoder.norm1, x);
      y = x + attended(encoder.self_attn, n, n);
      z = y + forward(encoder, Normalized(encoder.norm2, y));
    } else {
      y = Normalized(encoder.norm1, x + attended(encoder.self_attn, x, x));
      z = Normalized(encoder.norm2, y + forward(encoder, y));
    }
    EXPECT_TRUE(AllClose(encoder(x), z, 1e-10, 1e-10));

    nn::TransformerDecoderLayer decoder(
        {.d_model = 4, .nhead = 2, .dim_feedforward = 7, .norm_first = norm_first});
    decoder.To(kFloat64);
    decoder.Eval();
    Tensor u;
    if (norm_first) {
      const Tensor n = Normalized(decoder.norm1, x);
      y = x + attended(decoder.self_attn, n, n);
      z = y + attended(decoder.multihead_attn, Normalized(decoder.norm2, y), memory);
      u = z + forward(decoder, Normalized(decoder.norm3, z));
    } else {
      y = Normalized(decoder.norm1, x + attended(decoder.self_attn, x, x));
      z = Normalized(decoder.norm2, y + attended(decoder.multihead_attn, y, memory));
      u = Normalized(decoder.norm3, z + forward(decoder, z));
    }
    EXPECT_TRUE(AllClose(decoder(x, memory), u, 1e-10, 1e-10));
  }
}

TEST(TransformerTest, IsAnEncoderAndADecoder) {
  nn::Transformer net({.d_model = 4,
                       .nhead = 2,
                       .num_encoder_layers = 2,
                       .num_decoder_layers = 1,
                       .dim_feedforward = 8,
                       .dropout = 0});
  const Tensor src = Randn({3, 2, 4}), tgt = Randn({5, 2, 4});
  const Tensor mask = nn::GenerateSquareSubsequentMask(5);
  const Tensor expected = net.decoder(tgt, net.encoder(src), {.tgt_mask = mask});
  EXPECT_TRUE(SameBits(net(src, tgt, {.tgt_mask = mask}), expected));
  EXPECT_TRUE(AllClose(net(src, tgt, {.tgt_is_causal = true}), expected, 1e-5, 1e-5));
  // The first of the targets depends on none of the later ones.
  const Tensor other = Cat({Narrow(tgt, 0, 0, 1), Randn({4, 2, 4})}, 0);
  EXPECT_TRUE(AllClose(Select(net(src, other, {.tgt_mask = mask}), 0, 0), Select(expected, 0, 0),
                       1e-6, 1e-6));
  const NamedTensors state = net.StateDict();
  EXPECT_EQ(state.front().first, "encoder.layers.0.self_attn.in_proj_weight");
  EXPECT_EQ(state.back().first, "decoder.norm.bias");
  const nn::Transformer copy = net;
  EXPECT_TRUE(SameBits(copy.StateDict()[0].second, state[0].second));
  EXPECT_FALSE(IsSame(copy.StateDict()[0].second, state[0].second));
  // Layers of an encoder are copies, which are trained apart.
  EXPECT_EQ(net.encoder.layers.size(), 2u);
  EXPECT_FALSE(
      IsSame(net.encoder.layers[0]->Parameters()[0], net.encoder.layers[1]->Parameters()[0]));
  EXPECT_THAT(ErrorOf([&] {
                net(Ones({3, 2, 5}), tgt);
              }),
              HasSubstr("Transformer.encoder.layers.0.self_attn: multi_head_attention"));
  EXPECT_THAT(ErrorOf([] { nn::TransformerEncoderLayer({.d_model = 4, .activation = "tanh"}); }),
              HasSubstr("activation = 'tanh' must be one of 'relu', 'gelu'"));
}

}  // namespace
}  // namespace neura
