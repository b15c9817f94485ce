#include "neura/nn/attention.h"

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "neura/nn/init.h"
#include "neura/nn/layer_parts.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/attention.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/linalg.h"
#include "neura/tensor/ops/norm.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"

namespace neura::nn {
namespace {

using internal::CheckAtLeast;
using internal::CheckPositive;

constexpr char kName[] = "multi_head_attention";

void Require(bool fits, const char* what, const Tensor& tensor) {
  if (fits) return;
  ThrowInvalidArgument(absl::StrCat(kName, ": ", what, ", got ", Describe(tensor)));
}

struct Three {
  Tensor q, k, v;
};

// The inputs times their weights, plus biases.
Three Projected(const Three& in, const AttentionParameters& w) {
  std::vector<Tensor> biases(3);
  if (w.in_proj_bias.defined()) biases = Chunk(w.in_proj_bias, 3, 0);
  if (!w.in_proj_weight.defined()) {
    return {neura::Linear(in.q, w.q_proj_weight, biases[0]),
            neura::Linear(in.k, w.k_proj_weight, biases[1]),
            neura::Linear(in.v, w.v_proj_weight, biases[2])};
  }
  // One product where all read the same.
  if (IsSame(in.q, in.k) && IsSame(in.k, in.v)) {
    const std::vector<Tensor> all =
        Chunk(neura::Linear(in.q, w.in_proj_weight, w.in_proj_bias), 3, -1);
    return {all[0], all[1], all[2]};
  }
  const std::vector<Tensor> weights = Chunk(w.in_proj_weight, 3, 0);
  return {neura::Linear(in.q, weights[0], biases[0]), neura::Linear(in.k, weights[1], biases[1]),
          neura::Linear(in.v, weights[2], biases[2])};
}

// [L, N, E] or [N, L, E] as [N, heads, L, E / heads].
Tensor SplitHeads(const Tensor& x, int64_t heads, bool batch_first) {
  const Tensor each = Reshape(x, {x.size(0), x.size(1), heads, x.size(2) / heads});
  return Permute(each, batch_first ? DimsView({0, 2, 1, 3}) : DimsView({1, 2, 0, 3}));
}

// Bool, or of the query's dtype.
Tensor AsMask(const char* name, const Tensor& mask, DType dtype) {
  CheckAttentionMask(kName, name, mask);
  return mask.defined() && mask.dtype() != kBool ? Cast(mask, dtype) : mask;
}

// A key more, which may be attended to.
Tensor WithOneMore(const Tensor& mask) {
  if (!mask.defined()) return mask;
  PadOptions pad{.before = Dims(mask.shape().size(), 0), .after = Dims(mask.shape().size(), 0)};
  pad.after.back() = 1;
  return Pad(mask, pad);
}

// Of two masks that are true where may not be attended to, or are added, one that is true where may
// be attended to, or is added.
Tensor Merged(const Tensor& a, const Tensor& b) {
  if (!a.defined() || !b.defined()) {
    const Tensor& only = a.defined() ? a : b;
    return only.defined() && only.dtype() == kBool ? LogicalNot(only) : only;
  }
  if (a.dtype() == kBool && b.dtype() == kBool) return LogicalNot(LogicalOr(a, b));
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (a.dtype() == kBool) return Where(a, -kInfinity, b);
  if (b.dtype() == kBool) return Where(b, -kInfinity, a);
  return a + b;
}

// Throws InvalidArgument unless the inputs fit each other and the weights.
void CheckInputs(const Three& in, const AttentionParameters& w, const MultiHeadOptions& options) {
  for (const Tensor* tensor : {&in.q, &in.k, &in.v}) RequireDefined(kName, *tensor);
  RequireDefined(kName, w.out_proj_weight);
  Require(in.q.dim() == 2 || in.q.dim() == 3, "the query must be [L, N, E], [N, L, E] or [L, E]",
          in.q);
  Require(in.k.dim() == in.q.dim() && in.v.dim() == in.q.dim(),
          "key and value must have as many dimensions as the query", in.k);
  const bool batched = in.q.dim() == 3;
  Require(
      in.k.shape().first(in.k.shape().size() - 1) == in.v.shape().first(in.v.shape().size() - 1),
      "key and value must have the same lengths and batches", in.v);
  if (batched) {
    const int64_t n = options.batch_first ? 0 : 1;
    Require(in.q.size(n) == in.k.size(n), "query and key must have the same batches", in.k);
  }
  const int64_t embed_dim = w.out_proj_weight.size(-1);
  Require(in.q.size(-1) == embed_dim, "the query must have the last dimension embed_dim", in.q);
  const Tensor kv[] = {in.k, in.v}, weights[] = {w.k_proj_weight, w.v_proj_weight};
  for (int i = 0; i < 2; ++i) {
    const int64_t expected =
        w.in_proj_weight.defined() || !weights[i].defined() ? embed_dim : weights[i].size(-1);
    Require(kv[i].size(-1) == expected,
            i == 0 ? "the key must have the last dimension kdim"
                   : "the value must have the last dimension vdim",
            kv[i]);
  }
  if (options.num_heads < 1 || embed_dim % options.num_heads != 0) {
    ThrowInvalidArgument(absl::StrCat(kName, ": embed_dim = ", embed_dim,
                                      " must be divisible by num_heads = ", options.num_heads));
  }
}

}  // namespace

AttentionResult MultiHeadAttention(const Tensor& query, const Tensor& key, const Tensor& value,
                                   const AttentionParameters& w, const MultiHeadOptions& options,
                                   const AttentionArguments& arguments) {
  CheckInputs({query, key, value}, w, options);
  const bool one = query.dim() == 2, batch_first = options.batch_first && !one;
  const int64_t heads = options.num_heads, embed_dim = query.size(-1), head_dim = embed_dim / heads;
  Three in{query, key, value};
  if (one) {
    const bool same = IsSame(query, key) && IsSame(key, value);
    in.q = Unsqueeze(query, 1);
    in.k = same ? in.q : Unsqueeze(key, 1);
    in.v = same ? in.q : Unsqueeze(value, 1);
  }
  const int64_t batch = in.q.size(batch_first ? 0 : 1), length = in.q.size(batch_first ? 1 : 0),
                keys = in.k.size(batch_first ? 1 : 0);

  Tensor padding = AsMask("key_padding_mask", arguments.key_padding_mask, query.dtype());
  if (padding.defined()) {
    if (one && padding.dim() == 1) padding = Unsqueeze(padding, 0);
    Require(padding.shape() == DimsView({batch, keys}), "key_padding_mask must be [N, S]",
            arguments.key_padding_mask);
    padding = Reshape(padding, {batch, 1, 1, keys});
  }
  Tensor mask = AsMask("attn_mask", arguments.attn_mask, query.dtype());
  if (mask.defined()) {
    const bool for_each = mask.shape() == DimsView({batch * heads, length, keys});
    Require(for_each || mask.shape() == DimsView({length, keys}),
            "attn_mask must be [L, S] or [N * num_heads, L, S]", mask);
    mask = for_each ? Reshape(mask, {batch, heads, length, keys})
                    : Reshape(mask, {1, 1, length, keys});
  } else if (arguments.is_causal) {
    mask = Triu(Ones({1, 1, length, keys}, {.dtype = kBool, .device = query.device()}), 1);
  }

  Three projected = Projected(in, w);
  const auto with_more = [&](const Tensor& x, const Tensor& more) {
    const Tensor expanded = Expand(
        more, batch_first ? DimsView({batch, 1, embed_dim}) : DimsView({1, batch, embed_dim}));
    return Cat({x, expanded}, batch_first ? 1 : 0);
  };
  if (w.bias_k.defined() && w.bias_v.defined()) {
    projected.k = with_more(projected.k, w.bias_k);
    projected.v = with_more(projected.v, w.bias_v);
    mask = WithOneMore(mask);
    padding = WithOneMore(padding);
  }
  const Tensor q = SplitHeads(projected.q, heads, batch_first);
  const auto of_heads = [&](const Tensor& given, const Tensor& x) {
    if (!given.defined()) return SplitHeads(x, heads, batch_first);
    Require(given.dim() == 3 && given.size(0) == batch * heads && given.size(2) == head_dim,
            "static_k and static_v must be [N * num_heads, S, embed_dim / num_heads]", given);
    return Reshape(given, {batch, heads, given.size(1), given.size(2)});
  };
  Tensor k = of_heads(options.static_k, projected.k), v = of_heads(options.static_v, projected.v);
  if (options.add_zero_attn) {
    const Tensor zeros =
        Zeros({batch, heads, 1, head_dim}, {.dtype = query.dtype(), .device = query.device()});
    k = Cat({k, zeros}, 2);
    v = Cat({v, zeros}, 2);
    mask = WithOneMore(mask);
    padding = WithOneMore(padding);
  }
  const Tensor merged = Merged(mask, padding);

  AttentionResult result;
  Tensor attended;
  if (arguments.need_weights) {
    const double scale = 1 / std::sqrt(static_cast<double>(head_dim));
    Attended both = Attend(q, k, v, merged, scale, false, options.dropout, true);
    attended = both.output;
    result.weights = both.weights;
    if (arguments.average_attn_weights) result.weights = Mean(result.weights, {.dims = {1}});
    if (one) result.weights = Squeeze(result.weights, {0});
  } else {
    attended = ScaledDotProductAttention(
        q, k, v, merged.defined() ? std::optional<Tensor>(merged) : std::nullopt, options.dropout);
  }
  const Tensor joined =
      Permute(attended, batch_first ? DimsView({0, 2, 1, 3}) : DimsView({2, 0, 1, 3}));
  const Dims shape(in.q.shape().begin(), in.q.shape().end());
  result.output = neura::Linear(Reshape(joined, shape), w.out_proj_weight, w.out_proj_bias);
  if (one) result.output = Squeeze(result.output, {1});
  return result;
}

namespace {

// A Linear of the options, which are first checked.
LinearOptions OutProjection(const MultiheadAttentionOptions& options) {
  constexpr char kLayer[] = "MultiheadAttention";
  CheckPositive(kLayer, "embed_dim", options.embed_dim);
  CheckPositive(kLayer, "num_heads", options.num_heads);
  if (options.embed_dim % options.num_heads != 0) {
    ThrowInvalidArgument(absl::StrCat(kLayer, ": embed_dim = ", options.embed_dim,
                                      " must be divisible by num_heads = ", options.num_heads));
  }
  if (!(options.dropout >= 0 && options.dropout <= 1)) {
    ThrowInvalidArgument(
        absl::StrCat(kLayer, ": dropout = ", options.dropout, " must be between 0 and 1"));
  }
  return {
      .in_features = options.embed_dim, .out_features = options.embed_dim, .bias = options.bias};
}

}  // namespace

MultiheadAttention::MultiheadAttention(const MultiheadAttentionOptions& given)
    : WithOptions(given), out_proj(OutProjection(given)) {
  const int64_t embed_dim = options.embed_dim, kdim = options.kdim.value_or(embed_dim),
                vdim = options.vdim.value_or(embed_dim);
  CheckAtLeast(0, "MultiheadAttention", "kdim", kdim);
  CheckAtLeast(0, "MultiheadAttention", "vdim", vdim);
  const auto weight = [](int64_t rows, int64_t columns) {
    return Parameter(init::XavierUniform(Empty({rows, columns})));
  };
  if (kdim == embed_dim && vdim == embed_dim) {
    in_proj_weight = weight(3 * embed_dim, embed_dim);
  } else {
    q_proj_weight = weight(embed_dim, embed_dim);
    k_proj_weight = weight(embed_dim, kdim);
    v_proj_weight = weight(embed_dim, vdim);
  }
  if (options.bias) {
    in_proj_bias = Parameter(Zeros({3 * embed_dim}));
    out_proj.bias = Parameter(Zeros({embed_dim}));
  }
  if (options.add_bias_kv) {
    bias_k = Parameter(init::XavierNormal(Empty({1, 1, embed_dim})));
    bias_v = Parameter(init::XavierNormal(Empty({1, 1, embed_dim})));
  }
}

AttentionResult MultiheadAttention::Forward(const Tensor& query, const Tensor& key,
                                            const Tensor& value,
                                            const AttentionArguments& arguments) {
  return MultiHeadAttention(query, key, value,
                            {.in_proj_weight = in_proj_weight,
                             .q_proj_weight = q_proj_weight,
                             .k_proj_weight = k_proj_weight,
                             .v_proj_weight = v_proj_weight,
                             .in_proj_bias = in_proj_bias,
                             .bias_k = bias_k,
                             .bias_v = bias_v,
                             .out_proj_weight = out_proj.weight,
                             .out_proj_bias = out_proj.bias},
                            {.num_heads = options.num_heads,
                             .add_zero_attn = options.add_zero_attn,
                             .dropout = training() ? options.dropout : 0,
                             .batch_first = options.batch_first},
                            arguments);
}

}  // namespace neura::nn
