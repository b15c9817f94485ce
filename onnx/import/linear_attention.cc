// Layers whose state goes from one step, or one run, to the next.
#include <cmath>

#include "absl/strings/str_cat.h"
#include "neura/onnx/import/ops.h"
#include "neura/tensor/tensor.h"

namespace neura::onnx {
namespace {

using graph::kNone;
using graph::ValueId;

// The last of three dimensions, which holds so many heads.
int64_t HeadSize(NodeReader& node, const char* name, ValueId x, int64_t heads) {
  const int64_t size = node.rank(x) == 3 ? node.FixedExtent(x, 2) : -1;
  if (size < 0 || size % heads != 0) {
    ThrowInvalidArgument(absl::StrCat(name, " is no [B, T, ", heads, " * size]"));
  }
  return size / heads;
}

// [B, T, heads * size] as [T, B, heads, size] in float32.
ValueId Steps(NodeReader& node, ValueId x, int64_t heads, int64_t size) {
  return node.Trace(
      [=](const Tensor& x) {
        const Tensor wide = Cast(x, kFloat32);
        return Transpose(Reshape(wide, {x.size(0), x.size(1), heads, size}), 0, 1);
      },
      x);
}

}  // namespace

// S = exp(g) S + k (b (v - exp(g) S' k))', and scale S' q of each step.
void ReadLinearAttention(NodeReader& node) {
  const ValueId query = node.in(0), key = node.in(1), value = node.in(2);
  const ValueId past = node.in_or_none(3), decay = node.in_or_none(4), beta = node.in_or_none(5);
  const int64_t q_heads = node.Int("q_num_heads", 0), heads = node.Int("kv_num_heads", 0);
  const std::string rule = node.String("update_rule", "gated_delta");
  node.Int("chunk_size", 64);
  const bool gated = rule == "gated" || rule == "gated_delta";
  const bool corrected = rule == "delta" || rule == "gated_delta";
  if (!gated && !corrected && rule != "linear") node.Unsupported(absl::StrCat("rule ", rule));
  if (heads < 1 || q_heads < 1 || q_heads % heads != 0) {
    ThrowInvalidArgument(absl::StrCat(q_heads, " heads of queries and ", heads, " of keys"));
  }
  if (gated != (decay != kNone) || corrected != (beta != kNone)) {
    ThrowInvalidArgument(absl::StrCat("decay and beta are not those of the rule ", rule));
  }
  const int64_t size = HeadSize(node, "query", query, q_heads);
  const int64_t v_size = HeadSize(node, "value", value, heads);
  if (HeadSize(node, "key", key, heads) != size) {
    ThrowInvalidArgument("heads of queries and of keys differ in size");
  }
  double scale = node.Float("scale", 0);
  if (scale == 0) scale = 1 / std::sqrt(static_cast<double>(size));
  std::vector<ValueId> scanned{Steps(node, query, q_heads, size), Steps(node, key, heads, size),
                               Steps(node, value, heads, v_size)};
  if (gated) {
    const int64_t each = HeadSize(node, "decay", decay, heads);
    if (each != 1 && each != size) ThrowInvalidArgument("decay is not one for each head or key");
    scanned.push_back(Steps(node, decay, heads, each));
  }
  if (corrected) {
    const int64_t rates = node.rank(beta) == 3 ? node.FixedExtent(beta, 2) : 0;
    if (rates != 1 && rates != heads) ThrowInvalidArgument("beta is not one for each head, or one");
    scanned.push_back(Steps(node, beta, rates, 1));
  }
  if (past != kNone && node.rank(past) != 4) ThrowInvalidArgument("past_state is no [B, H, K, V]");
  const ValueId before = past == kNone
                             ? node.Full({node.shape(query)[0], heads, size, v_size}, 0, kFloat32)
                             : node.Cast(past, kFloat32);
  const std::vector<ValueId> results =
      node.ScanOver({before}, scanned, {}, [&](absl::Span<const Tensor> in) {
        Tensor state = in[0], v = in[3];
        const Tensor &q = in[1], &k = in[2];
        if (gated) state = state * Unsqueeze(Exp(in[4]), 3);
        if (corrected) v = in.back() * (v - Squeeze(MatMul(Unsqueeze(k, 2), state), {2}));
        state = state + Unsqueeze(k, 3) * Unsqueeze(v, 2);
        const int64_t times = q_heads / heads;
        const Tensor read = times == 1 ? state : RepeatInterleave(state, times, 1);
        return std::vector{state, Squeeze(MatMul(Unsqueeze(q, 2), read), {2}) * scale};
      });
  if (node.Wants(0)) {
    const DType dtype = node.dtype(query);
    node.Out(
        node.Trace([&](const Tensor& y) { return Cast(Flatten(Transpose(y, 0, 1), 2, 3), dtype); },
                   results[1]));
  }
  if (node.Wants(1)) node.Out(node.Cast(results[0], node.dtype(past == kNone ? query : past)), 1);
}

// A convolution of each channel alone over what was before and x, and the end of both.
void ReadCausalConvWithState(NodeReader& node) {
  const ValueId x = node.in(0), weight = node.in(1);
  const std::string activation = node.String("activation", "none");
  if (activation != "none" && activation != "silu" && activation != "swish") {
    node.Unsupported(absl::StrCat("activation ", activation));
  }
  if (node.rank(x) != 3 || node.rank(weight) != 3) {
    ThrowInvalidArgument("expects x of [N, C, T] and a weight of [C, 1, K]");
  }
  const int64_t channels = node.FixedExtent(weight, 0), more = node.FixedExtent(weight, 2) - 1;
  if (more < 0) ThrowInvalidArgument("the weight has no elements");
  if (node.has(3) && (node.rank(node.in(3)) != 3 || node.FixedExtent(node.in(3), 2) != more)) {
    ThrowInvalidArgument(absl::StrCat("past_state is no [N, C, ", more, "]"));
  }
  const DType dtype = node.dtype(x);
  const std::vector<ValueId> results = node.TraceAll(
      {x, weight, node.in_or_none(2), node.in_or_none(3)}, [&](absl::Span<const Tensor> in) {
        const Tensor& x = in[0];
        const Tensor before =
            in[3].defined() ? in[3] : Zeros({x.size(0), x.size(1), more}, {.dtype = dtype});
        const Tensor all = Cat({before, x}, 2);
        Tensor y = Conv(all, in[1], in[2], {.groups = channels});
        if (activation != "none") y = Cast(Silu(Cast(y, WideDType(dtype))), dtype);
        return std::vector{y, Slice(all, 2, x.size(2), x.size(2) + more)};
      });
  for (size_t i = 0; i < results.size(); ++i) {
    if (node.Wants(i)) node.Out(results[i], i);
  }
}

}  // namespace neura::onnx
