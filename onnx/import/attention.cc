// Attention and what stands beside it.
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "neura/onnx/format/tensor_message.h"
#include "neura/onnx/import/ops.h"
#include "neura/tensor/tensor.h"

namespace neura::onnx {
namespace {

using graph::kNone;
using graph::ValueId;

constexpr double kInf = std::numeric_limits<double>::infinity();

// [N, T, heads * size] as [N, heads, T, size].
Tensor SplitHeads(const Tensor& x, int64_t heads) {
  if (x.dim() == 4) return x;
  const int64_t size = x.size(2) / heads;
  return Transpose(Reshape(x, {x.size(0), x.size(1), heads, size}), 1, 2);
}

Tensor Repeated(const Tensor& x, int64_t times) {
  return times == 1 ? x : RepeatInterleave(x, times, 1);
}

struct AttentionOptions {
  int64_t q_heads = 0, kv_heads = 0;
  std::optional<double> scale = {};
  double softcap = 0;
  bool is_causal = false;
  int64_t left = -1, right = -1;  // the window beside the position of a query; -1: no bound
  int64_t shown = -1;             // which scores are the last output, -1: none
  std::optional<DType> precision = {};
};

// What is added to the scores [..., Tq, Tk], -inf where nothing may be attended to; undefined where
// everything may.
Tensor Bias(const AttentionOptions& options, const Tensor& q, const Tensor& k, Tensor mask,
            const Tensor& past, const Tensor& lengths) {
  const int64_t queries = q.size(2), keys = k.size(2);
  const DType dtype = q.dtype();
  const auto allow = [&](const Tensor& allowed) {
    const Tensor zero = Zeros({}, {.dtype = dtype});
    return Where(allowed, zero, FullLike(zero, -kInf));
  };
  Tensor bias;
  const auto add = [&](const Tensor& more) { bias = bias.defined() ? bias + more : more; };
  if (mask.defined()) {
    if (mask.dtype() == kBool) mask = allow(mask);
    if (mask.size(-1) != keys) {
      const auto rank = static_cast<size_t>(mask.dim());
      PadOptions pad{.before = Dims(rank, 0), .after = Dims(rank, 0), .value = -kInf};
      pad.after[rank - 1] = keys - mask.size(-1);
      mask = Pad(mask, pad);
    }
    add(mask);
  }
  // How far the keys begin before the queries.
  Tensor position = Unsqueeze(Arange(queries), 1);
  if (past.defined()) {
    position = position + past.size(2);
  } else if (lengths.defined()) {
    position = position + (Reshape(Cast(lengths, kInt64), {-1, 1, 1, 1}) - queries);
  }
  const Tensor key = Unsqueeze(Arange(keys), 0);
  if (options.is_causal) add(allow(key <= position));
  if (options.left >= 0) add(allow(position - key <= options.left));
  if (options.right >= 0) add(allow(key - position <= options.right));
  if (lengths.defined()) {
    add(allow(Unsqueeze(key, 0) < Reshape(Cast(lengths, kInt64), {-1, 1, 1, 1})));
  }
  return bias;
}

// Y, the keys and values with those of before, and the scores that are asked for.
std::vector<Tensor> Attend(const AttentionOptions& options, absl::Span<const Tensor> in) {
  const bool flat = in[0].dim() == 3;
  const Tensor q = SplitHeads(in[0], options.q_heads);
  Tensor k = SplitHeads(in[1], options.kv_heads), v = SplitHeads(in[2], options.kv_heads);
  const Tensor &past_k = in[4], &past_v = in[5];
  if (past_k.defined()) k = Cat({past_k, k}, 2);
  if (past_v.defined()) v = Cat({past_v, v}, 2);
  const double scale =
      std::sqrt(options.scale.value_or(1 / std::sqrt(static_cast<double>(q.size(3)))));
  if (k.size(1) < 1 || v.size(1) != k.size(1) || q.size(1) % k.size(1) != 0) {
    ThrowInvalidArgument(absl::StrCat(q.size(1), " heads of queries, ", k.size(1), " of keys and ",
                                      v.size(1), " of values"));
  }
  const int64_t times = q.size(1) / k.size(1);
  const Tensor product = MatMul(q * scale, Transpose(Repeated(k, times), 2, 3) * scale);
  Tensor scores = product;
  if (options.softcap > 0) scores = Tanh(scores / options.softcap) * options.softcap;
  const Tensor capped = scores;
  const Tensor bias = Bias(options, q, k, in[3], past_k, in[6]);
  if (bias.defined()) scores = scores + bias;
  const Tensor biased = scores;
  if (options.precision) scores = Cast(scores, *options.precision);
  Tensor weights = Softmax(scores, {.dim = -1});
  if (bias.defined()) {
    // What may attend to nothing gets nothing.
    const Tensor none = Eq(AMax(bias, {.dims = {-1}, .keepdim = true}), -kInf);
    weights = Where(none, ZerosLike(weights), weights);
  }
  weights = Cast(weights, q.dtype());
  Tensor y = MatMul(weights, Repeated(v, times));
  if (flat) y = Flatten(Transpose(y, 1, 2), 2, 3);
  std::vector<Tensor> results{y, k, v};
  if (options.shown >= 0) {
    results.push_back(options.shown == 0   ? product
                      : options.shown == 1 ? capped
                      : options.shown == 2 ? biased
                                           : weights);
  }
  return results;
}

}  // namespace

void ReadAttention(NodeReader& node) {
  const ValueId q = node.in(0), k = node.in(1), v = node.in(2);
  AttentionOptions options{.q_heads = node.Int("q_num_heads", 0),
                           .kv_heads = node.Int("kv_num_heads", 0),
                           .softcap = node.Float("softcap", 0),
                           .is_causal = node.Int("is_causal", 0) != 0,
                           .left = node.Int("left_window_size", -1),
                           .right = node.Int("right_window_size", -1)};
  if (node.HasAttribute("scale")) options.scale = node.Float("scale", 0);
  if (node.HasAttribute("softmax_precision")) {
    const absl::StatusOr<DType> dtype =
        FromElementType(static_cast<int>(node.Int("softmax_precision", 0)));
    if (!dtype.ok()) node.Unsupported(dtype.status().message());
    options.precision = *dtype;
  }
  const int64_t shown = node.Int("qk_matmul_output_mode", 0);
  if (shown < 0 || shown > 3) ThrowInvalidArgument("qk_matmul_output_mode is not 0 to 3");
  if (node.Wants(3)) options.shown = shown;
  for (const ValueId value : {q, k, v}) {
    if (node.rank(value) != node.rank(q) || (node.rank(q) != 3 && node.rank(q) != 4)) {
      ThrowInvalidArgument("expects three tensors of 3 or of 4 dimensions");
    }
    if (node.rank(q) == 3 && (options.q_heads < 1 || options.kv_heads < 1)) {
      ThrowInvalidArgument("q_num_heads and kv_num_heads are missing");
    }
  }
  const std::vector<ValueId> results = node.TraceAll(
      {q, k, v, node.in_or_none(3), node.in_or_none(4), node.in_or_none(5), node.in_or_none(6)},
      [&](absl::Span<const Tensor> in) { return Attend(options, in); });
  for (size_t i = 0; i < results.size(); ++i) {
    if (node.Wants(i)) node.Out(results[i], i);
  }
}

// Su et al., 2021 (arXiv:2104.09864).
Tensor Turned(const Tensor& x, const Tensor& cos, const Tensor& sin, bool interleaved) {
  const int64_t size = x.size(3), turned = 2 * cos.size(3);
  const Tensor part = Slice(x, 3, 0, turned);
  const Tensor a = interleaved ? Slice(part, 3, 0, turned, 2) : Slice(part, 3, 0, turned / 2);
  const Tensor b = interleaved ? Slice(part, 3, 1, turned, 2) : Slice(part, 3, turned / 2, turned);
  const Tensor real = cos * a - sin * b, imaginary = sin * a + cos * b;
  Tensor y = interleaved ? Flatten(Stack({real, imaginary}, -1), 3, 4) : Cat({real, imaginary}, 3);
  if (turned < size) y = Cat({y, Slice(x, 3, turned, size)}, 3);
  return y;
}

void ReadRotaryEmbedding(NodeReader& node) {
  const bool interleaved = node.Int("interleaved", 0) != 0;
  const int64_t given = node.Int("rotary_embedding_dim", 0), heads = node.Int("num_heads", 0);
  const ValueId x = node.in(0);
  const bool flat = node.rank(x) == 3;
  if (node.rank(x) != 4 && !(flat && heads > 0)) {
    ThrowInvalidArgument("expects 4 dimensions, or 3 and num_heads");
  }
  const auto turn = [&](absl::Span<const Tensor> in) {
    // [N, T, heads, size]
    const Tensor all =
        flat ? Reshape(in[0], {in[0].size(0), in[0].size(1), heads, in[0].size(2) / heads})
             : Transpose(in[0], 1, 2);
    const auto angles = [&](const Tensor& cache) {
      Tensor rows = cache;
      if (in[3].defined()) {
        rows = Reshape(IndexSelect(cache, 0, Flatten(in[3])),
                       {in[3].size(0), in[3].size(1), cache.size(1)});
      }
      if (2 * rows.size(2) != (given > 0 ? given : all.size(3))) {
        ThrowInvalidArgument(absl::StrCat(rows.size(2), " angles for ",
                                          given > 0 ? given : all.size(3), " features"));
      }
      return Unsqueeze(rows, 2);
    };
    const Tensor y = Turned(all, angles(in[1]), angles(in[2]), interleaved);
    return std::vector{flat ? Flatten(y, 2, 3) : Transpose(y, 1, 2)};
  };
  node.Out(node.TraceAll({x, node.in(1), node.in(2), node.in_or_none(3)}, turn)[0]);
}

}  // namespace neura::onnx
