// Attention with its projections and its masks.
#include "neura/onnx/import/microsoft/attention.h"

#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "neura/onnx/import/ops.h"
#include "neura/onnx/import/quantize.h"
#include "neura/tensor/tensor.h"

namespace neura::onnx {

using graph::kNone;
using graph::ValueId;

Tensor SplitHeads(const Tensor& x, int64_t heads) {
  return Transpose(Reshape(x, {x.size(0), x.size(1), heads, x.size(2) / heads}), 1, 2);
}

Tensor JoinHeads(const Tensor& x) { return Flatten(Transpose(x, 1, 2), 2, 3); }

HeadOptions ReadHeadOptions(NodeReader& node) {
  HeadOptions options{.heads = node.Int("num_heads", 0),
                      .filter = node.Float("mask_filter_value", -10000),
                      .is_causal = node.Int("unidirectional", 0) != 0};
  if (node.HasAttribute("scale")) options.scale = node.Float("scale", 0);
  if (options.scale == 0) options.scale.reset();
  if (options.heads < 1 || options.heads > INT32_MAX) {
    ThrowInvalidArgument(absl::StrCat("num_heads is ", options.heads));
  }
  return options;
}

MaskKind KindOfMask(NodeReader& node, size_t input, ValueId query) {
  if (!node.has(input)) return MaskKind::kNone;
  const ValueId mask = node.in(input);
  const int64_t rank = node.rank(mask);
  if (rank == 2 || rank == 3) return MaskKind::kElements;
  if (rank == 1) {
    const graph::SymInt &given = node.shape(mask)[0], &batch = node.shape(query)[0];
    if (given == batch * 2) return MaskKind::kEnds;
    if (given == batch || !given.is_number() || !batch.is_number()) return MaskKind::kLengths;
  }
  node.Unsupported(absl::StrCat("a mask of ", rank, " dimensions and this shape"));
}

Tensor MaskBias(const Tensor& mask, MaskKind kind, int64_t keys, const HeadOptions& options,
                DType dtype) {
  Tensor allowed;
  if (kind == MaskKind::kElements) {
    allowed = mask > 0;
    allowed = Unsqueeze(mask.dim() == 2 ? Unsqueeze(allowed, 1) : allowed, 1);
  } else {
    const Tensor key = Arange(keys);
    const bool ends = kind == MaskKind::kEnds;
    const Tensor all = Cast(mask, kInt64);
    const int64_t batch = ends ? all.size(0) / 2 : all.size(0);
    const auto part = [&](int64_t i) {
      return Reshape(Slice(all, 0, i * batch, (i + 1) * batch), {batch, 1, 1, 1});
    };
    allowed = key < part(0);
    if (ends) allowed = LogicalAnd(allowed, key >= part(1));
  }
  const Tensor zero = Zeros({}, {.dtype = dtype});
  return Where(allowed, zero, FullLike(zero, options.filter));
}

Attended Attend(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& bias,
                const HeadOptions& options) {
  const double scale = options.scale.value_or(1 / std::sqrt(static_cast<double>(q.size(3))));
  Tensor scores = MatMul(q, Transpose(k, 2, 3)) * scale;
  if (bias.defined()) scores = scores + bias;
  if (options.is_causal) {
    const Tensor key = Arange(k.size(2)), query = Slice(key, 0, k.size(2) - q.size(2), k.size(2));
    const Tensor later = Unsqueeze(key, 0) > Unsqueeze(query, 1);
    scores = Where(later, FullLike(scores, -std::numeric_limits<double>::infinity()), scores);
  }
  const Tensor weights = Softmax(scores, {.dim = -1});
  return {JoinHeads(MatMul(weights, v)), weights};
}

namespace {

// The bias of a mask and one that is given, either of which may be undefined.
Tensor BiasOf(const Tensor& mask, MaskKind kind, const Tensor& given, int64_t keys,
              const HeadOptions& options, DType dtype) {
  if (!mask.defined()) return given;
  const Tensor bias = MaskBias(mask, kind, keys, options, dtype);
  return given.defined() ? bias + given : bias;
}

// The sizes of queries, keys and values in `all` features.
std::vector<int64_t> ProjectedSizes(NodeReader& node, int64_t all, int64_t heads) {
  const std::vector<int64_t> sizes =
      node.Ints("qkv_hidden_sizes", std::vector<int64_t>(3, all / 3));
  const auto fits = [&](int64_t size) { return size > 0 && size <= all && size % heads == 0; };
  if (sizes.size() != 3 || !fits(sizes[0]) || sizes[1] != sizes[0] || !fits(sizes[2]) ||
      sizes[0] + sizes[1] + sizes[2] != all) {
    ThrowInvalidArgument(absl::StrCat("weights of ", all, " features for ", heads,
                                      " heads of queries, keys and values"));
  }
  return sizes;
}

// The output, and keys and values together, of what was projected [N, T, all features].
void ReadProjected(NodeReader& node, ValueId projected, size_t mask_input, size_t past_input,
                   size_t bias_input, const HeadOptions& options) {
  const std::vector<int64_t> sizes =
      ProjectedSizes(node, node.FixedExtent(projected, 2), options.heads);
  const MaskKind kind = KindOfMask(node, mask_input, projected);
  const ValueId mask = node.in_or_none(mask_input), past = node.in_or_none(past_input);
  const ValueId bias = bias_input == 0 ? kNone : node.in_or_none(bias_input);
  if (past != kNone && node.rank(past) != 5) ThrowInvalidArgument("the past has not 5 dimensions");
  const std::vector<ValueId> results =
      node.TraceAll({projected, mask, past, bias}, [&](absl::Span<const Tensor> in) {
        int64_t begin = 0;
        const auto part = [&](int64_t size) {
          begin += size;
          return SplitHeads(Slice(in[0], 2, begin - size, begin), options.heads);
        };
        const Tensor q = part(sizes[0]);
        Tensor k = part(sizes[1]), v = part(sizes[2]);
        if (in[2].defined()) {
          k = Cat({Select(in[2], 0, 0), k}, 2);
          v = Cat({Select(in[2], 0, 1), v}, 2);
        }
        const Tensor added = BiasOf(in[1], kind, in[3], k.size(2), options, in[0].dtype());
        std::vector<Tensor> out{Attend(q, k, v, added, options).output};
        if (sizes[1] == sizes[2]) out.push_back(Stack({k, v}, 0));
        return out;
      });
  node.Out(results[0]);
  if (node.Wants(1) && results.size() > 1) node.Out(results[1], 1);
}

// [N, T, heads, parts, size], of which one part is [N, heads, T, size].
Tensor Unpacked(const Tensor& x, int64_t part) { return Transpose(Select(x, 3, part), 1, 2); }

}  // namespace

void ReadMicrosoftAttention(NodeReader& node) {
  const HeadOptions options = ReadHeadOptions(node);
  if (node.Int("do_rotary", 0) != 0) node.Unsupported("do_rotary = 1");
  if (node.Int("past_present_share_buffer", 0) != 0) {
    node.Unsupported("past_present_share_buffer = 1");
  }
  node.Int("rotary_embedding_dim", 0);
  if (node.rank(node.in(0)) != 3 || node.rank(node.in(1)) != 2) {
    ThrowInvalidArgument("expects [N, T, features] and a matrix of weights");
  }
  const ValueId projected =
      node.TraceAll({node.in(0), node.in(1), node.in_or_none(2)}, [](absl::Span<const Tensor> in) {
        const Tensor y = MatMul(in[0], in[1]);
        return std::vector{in[2].defined() ? y + in[2] : y};
      })[0];
  ReadProjected(node, projected, 3, 4, 5, options);
}

// The same of quantized inputs and weights, whose product is exact.
void ReadQAttention(NodeReader& node) {
  const HeadOptions options = ReadHeadOptions(node);
  if (node.Int("do_rotary", 0) != 0) node.Unsupported("do_rotary = 1");
  if (node.Int("past_present_share_buffer", 0) != 0) {
    node.Unsupported("past_present_share_buffer = 1");
  }
  const ValueId sum =
      IntegerProduct(node, node.in(0), node.in_or_none(6), node.in(1), node.in_or_none(7));
  const ValueId projected = node.Trace(
      [](const Tensor& sum, const Tensor& scale, const Tensor& of_weight, const Tensor& bias) {
        return Cast(sum, scale.dtype()) * (Reshape(scale, {}) * of_weight) + bias;
      },
      sum, node.in(3), node.in(4), node.in(2));
  if (node.rank(projected) != 3) ThrowInvalidArgument("expects [N, T, features]");
  ReadProjected(node, projected, 5, 8, 0, options);
}

void ReadMultiHeadAttention(NodeReader& node) {
  const HeadOptions options = ReadHeadOptions(node);
  if (node.has(8) || node.has(9)) node.Unsupported("caches of a fixed size");
  const ValueId query = node.in(0), key = node.in_or_none(1), value = node.in_or_none(2);
  const auto rank = [&](ValueId id) { return id == kNone ? 0 : node.rank(id); };
  const bool packed_all = rank(query) == 5, packed_kv = rank(key) == 5, of_heads = rank(key) == 4;
  const bool plain = rank(query) == 3 && rank(key) == 3 && rank(value) == 3;
  const bool fits = packed_all  ? key == kNone && value == kNone
                    : packed_kv ? rank(query) == 3 && value == kNone
                    : of_heads  ? rank(query) == 3 && rank(value) == 4
                                : plain;
  if (!fits) {
    ThrowInvalidArgument(absl::StrCat("queries, keys and values of ", rank(query), ", ", rank(key),
                                      " and ", rank(value), " dimensions"));
  }
  const MaskKind kind = KindOfMask(node, 4, query);
  const std::vector<ValueId> given{query,
                                   key,
                                   value,
                                   node.in_or_none(3),
                                   node.in_or_none(4),
                                   node.in_or_none(5),
                                   node.in_or_none(6),
                                   node.in_or_none(7)};
  const std::vector<ValueId> results =
      node.TraceAll(given, [&](absl::Span<const Tensor> in) -> std::vector<Tensor> {
        const Tensor& bias = in[3];
        // Parts of the bias follow each other as queries, keys and values do.
        int64_t begin = 0;
        const auto part = [&](const Tensor& x) {
          if (!bias.defined()) return SplitHeads(x, options.heads);
          begin += x.size(2);
          return SplitHeads(x + Slice(bias, 0, begin - x.size(2), begin), options.heads);
        };
        Tensor q, k, v;
        if (packed_all) {
          Tensor all = in[0];
          if (bias.defined()) {
            all = all + Transpose(Reshape(bias, {3, options.heads, all.size(4)}), 0, 1);
          }
          q = Unpacked(all, 0);
          k = Unpacked(all, 1);
          v = Unpacked(all, 2);
        } else {
          q = part(in[0]);
          k = packed_kv ? Unpacked(in[1], 0) : of_heads ? in[1] : part(in[1]);
          v = packed_kv ? Unpacked(in[1], 1) : of_heads ? in[2] : part(in[2]);
        }
        if (in[6].defined()) k = Cat({in[6], k}, 2);
        if (in[7].defined()) v = Cat({in[7], v}, 2);
        const Tensor added = BiasOf(in[4], kind, in[5], k.size(2), options, q.dtype());
        const Attended attended = Attend(q, k, v, added, options);
        return {attended.output, k, v, attended.weights};
      });
  for (size_t i = 0; i < results.size(); ++i) {
    if (node.Wants(i)) node.Out(results[i], i);
  }
}

}  // namespace neura::onnx
