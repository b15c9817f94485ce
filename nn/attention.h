// Attention with several heads. Options, defaults, initial values and names are PyTorch's.
#ifndef NEURA_NN_ATTENTION_H_
#define NEURA_NN_ATTENTION_H_

#include <optional>

#include "neura/nn/layers.h"
#include "neura/nn/parts.h"
#include "neura/nn/with_options.h"

namespace neura::nn {

struct AttentionResult {
  Tensor output;   // of the query's shape
  Tensor weights;  // [N, L, S], or [N, num_heads, L, S]; undefined where they are not needed
  NEURA_PARTS(output, weights)
};

// What a call of attention may be given besides query, key and value. Masks are bool and true where
// may not be attended to, or are added to the scores. What may attend to nothing gets weights of 0.
struct AttentionArguments {
  Tensor key_padding_mask = {};  // [N, S], or [S] without N
  bool need_weights = true;
  Tensor attn_mask = {};             // [L, S] or [N * num_heads, L, S]
  bool average_attn_weights = true;  // over the heads
  bool is_causal = false;            // without attn_mask: to nothing later
  NEURA_PARTS(key_padding_mask, attn_mask)
};

// The parameters of attention. in_proj_weight [3 * embed_dim, embed_dim] holds those of query, key
// and value one below the other; where it is undefined, the next three are there.
struct AttentionParameters {
  Tensor in_proj_weight = {};
  Tensor q_proj_weight = {};  // [embed_dim, embed_dim]
  Tensor k_proj_weight = {};  // [embed_dim, kdim]
  Tensor v_proj_weight = {};  // [embed_dim, vdim]
  Tensor in_proj_bias = {};   // [3 * embed_dim]
  Tensor bias_k = {};         // [1, 1, embed_dim], a key and a value more
  Tensor bias_v = {};
  Tensor out_proj_weight = {};  // [embed_dim, embed_dim]
  Tensor out_proj_bias = {};    // [embed_dim]
};

struct MultiHeadOptions {
  int64_t num_heads = 1;
  bool add_zero_attn = false;  // a key and a value of zeros more
  double dropout = 0;          // of the weights
  bool batch_first = false;
  // Keys and values of each head in the place of the projected ones, [N * num_heads, S,
  // embed_dim / num_heads].
  Tensor static_k = {};
  Tensor static_v = {};
};
// Of query [L, N, embed_dim], key [S, N, kdim] and value [S, N, vdim], with batch_first [N, L,
// ...], or without N: for each head softmax(q k.T / sqrt(embed_dim / num_heads)) v of their
// projections, joined and projected. Vaswani et al., 2017 (arXiv:1706.03762).
AttentionResult MultiHeadAttention(const Tensor& query, const Tensor& key, const Tensor& value,
                                   const AttentionParameters& weights,
                                   const MultiHeadOptions& options,
                                   const AttentionArguments& arguments = {});

struct MultiheadAttentionOptions {
  int64_t embed_dim = 0;
  int64_t num_heads = 1;
  double dropout = 0;  // of the weights, while training
  bool bias = true;
  bool add_bias_kv = false;
  bool add_zero_attn = false;
  std::optional<int64_t> kdim = {};  // absent: embed_dim
  std::optional<int64_t> vdim = {};
  bool batch_first = false;
  NEURA_FIELDS(embed_dim, num_heads, dropout, bias, add_bias_kv, add_zero_attn, kdim, vdim,
               batch_first)
};
// See MultiHeadAttention. Input weights start as Glorot and Bengio, 2010, biases as zeros.
//
//   nn::MultiheadAttention attention({.embed_dim = 64, .num_heads = 8, .batch_first = true});
//   auto [output, weights] = attention(x, x, x);
//   output = attention(x, x, x, {.need_weights = false, .is_causal = true}).output;
class MultiheadAttention
    : public WithOptions<MultiheadAttentionOptions,
                         ModuleOf<AttentionResult(const Tensor&, const Tensor&, const Tensor&,
                                                  const AttentionArguments&)>> {
 public:
  explicit MultiheadAttention(const MultiheadAttentionOptions& options);
  AttentionResult Forward(const Tensor& query, const Tensor& key, const Tensor& value,
                          const AttentionArguments& arguments = {}) override;

  // See AttentionParameters.
  Parameter in_proj_weight;
  Parameter q_proj_weight;
  Parameter k_proj_weight;
  Parameter v_proj_weight;
  Parameter in_proj_bias;
  Parameter bias_k;
  Parameter bias_v;
  Linear out_proj;
  NEURA_MODULE(in_proj_weight, q_proj_weight, k_proj_weight, v_proj_weight, in_proj_bias, bias_k,
               bias_v, out_proj)
};

}  // namespace neura::nn

#endif  // NEURA_NN_ATTENTION_H_
