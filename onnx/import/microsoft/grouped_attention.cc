// Attention of groups of heads beside a cache of keys and values, and rotary embeddings.
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "neura/onnx/import/microsoft/attention.h"
#include "neura/onnx/import/ops.h"
#include "neura/tensor/tensor.h"

namespace neura::onnx {
namespace {

using graph::kNone;
using graph::SymInt;
using graph::ValueId;

struct GroupOptions {
  int64_t heads = 0, kv_heads = 0;
  std::optional<double> scale = {};
  double softcap = 0;
  int64_t window = -1;  // keys that a query sees, its own among them; -1: all
  bool is_causal = true, rotates = false, interleaved = false, smooth = false;
};

// What TraceAll is given, in order.
enum Given : size_t {
  kQuery,
  kKey,
  kValue,
  kPastKey,
  kPastValue,
  kLast,  // place of each example's last key
  kCos,
  kSin,
  kPositions,
  kBias,
  kSink,
  kSlots,  // 0, 1, ...: places in the cache
};

// An extent as an element: numbers in a trace must not follow from open sizes.
Tensor Count(int64_t extent) { return Sum(OnesLike(Arange(extent))); }

// [rows, pairs] by places [N, T], as they broadcast with [N, T, heads, pairs].
Tensor RowsAt(const Tensor& cache, const Tensor& places) {
  return Unsqueeze(Reshape(IndexSelect(cache, 0, Flatten(places)),
                           {places.size(0), places.size(1), cache.size(1)}),
                   2);
}

// The cache [N, heads, slots, size] with what came before, of each example so many, behind it what
// is new [N, heads, T, size], and then zeros.
Tensor Appended(const Tensor& past, const Tensor& fresh, const Tensor& before,
                const Tensor& slots) {
  const Tensor held = Count(past.defined() ? past.size(2) : 0), steps = Count(fresh.size(2));
  const Tensor all = past.defined() ? Cat({past, fresh}, 2) : fresh;
  const Tensor slot = Unsqueeze(slots, 0), first = Unsqueeze(before, 1);
  const Tensor from = Where(slot < first, slot, slot - first + held);
  const Tensor inside = Minimum(Maximum(from, 0), held + steps - 1);
  const Dims shape{all.size(0), all.size(1), slots.size(0), all.size(3)};
  const auto spread = [&](const Tensor& of_slots) {
    return Expand(Reshape(of_slots, {all.size(0), 1, slots.size(0), 1}), shape);
  };
  const Tensor rows = Gather(all, 2, spread(inside));
  return Where(spread(slot < first + steps), rows, ZerosLike(rows));
}

std::vector<Tensor> AttendGroups(const GroupOptions& options, absl::Span<const Tensor> in) {
  Tensor q = in[kQuery], k = in[kKey], v = in[kValue];
  if (!k.defined()) {
    const int64_t size = q.size(2) / (options.heads + 2 * options.kv_heads);
    const int64_t queries = options.heads * size, keys = options.kv_heads * size;
    k = Slice(q, 2, queries, queries + keys);
    v = Slice(q, 2, queries + keys, queries + 2 * keys);
    q = Slice(q, 2, 0, queries);
  }
  const auto split = [](const Tensor& x, int64_t heads) {
    return Reshape(x, {x.size(0), x.size(1), heads, x.size(2) / heads});
  };
  q = split(q, options.heads);
  k = split(k, options.kv_heads);
  v = Transpose(split(v, options.kv_heads), 1, 2);
  const int64_t batch = q.size(0), steps = q.size(1), slots = in[kSlots].size(0);
  const Tensor last = Reshape(Cast(in[kLast], kInt64), {-1});
  const Tensor before = Maximum(last + 1 - Count(steps), 0);
  const Tensor place = Unsqueeze(before, 1) + Arange(steps);
  if (options.rotates) {
    const Tensor& at = in[kPositions].defined() ? in[kPositions] : place;
    const Tensor cos = RowsAt(in[kCos], at), sin = RowsAt(in[kSin], at);
    q = Turned(q, cos, sin, options.interleaved);
    k = Turned(k, cos, sin, options.interleaved);
  }
  k = Appended(in[kPastKey], Transpose(k, 1, 2), before, in[kSlots]);
  v = Appended(in[kPastValue], v, before, in[kSlots]);
  const int64_t size = q.size(3), groups = options.heads / options.kv_heads;
  const double scale = options.scale.value_or(1 / std::sqrt(static_cast<double>(size)));
  // The queries of a group beside each other, so that keys need not be repeated.
  const Tensor of_groups =
      Reshape(Transpose(q, 1, 2), {batch, options.kv_heads, groups * steps, size});
  Tensor scores =
      Reshape(MatMul(of_groups, Transpose(k, 2, 3)) * scale, {batch, options.heads, steps, slots});
  if (options.softcap > 0) scores = Tanh(scores / options.softcap) * options.softcap;
  if (in[kBias].defined()) {
    const Tensor column = Minimum(in[kSlots], Count(in[kBias].size(3)) - 1);
    scores = scores + IndexSelect(in[kBias], 3, column);
  }
  const Tensor slot = in[kSlots], query = Reshape(place, {batch, 1, steps, 1});
  Tensor allowed = slot <= Reshape(last, {batch, 1, 1, 1});
  if (options.is_causal) allowed = LogicalAnd(allowed, slot <= query);
  if (options.window > 0) allowed = LogicalAnd(allowed, slot > query - options.window);
  scores = Where(allowed, scores, FullLike(scores, -std::numeric_limits<double>::infinity()));
  Tensor weights;
  if (in[kSink].defined() || options.smooth) {
    // One more score, of which nothing is taken.
    const Tensor sink = in[kSink].defined() ? Reshape(in[kSink], {1, options.heads, 1, 1})
                                            : Zeros({1, 1, 1, 1}, {.dtype = scores.dtype()});
    const ReduceOptions over{.dims = {3}, .keepdim = true};
    const Tensor most = Maximum(AMax(scores, over), sink), exp = Exp(scores - most);
    weights = exp / (Sum(exp, over) + Exp(sink - most));
  } else {
    weights = Softmax(scores, {.dim = -1});
  }
  const Tensor y = MatMul(Reshape(weights, {batch, options.kv_heads, groups * steps, slots}), v);
  return {JoinHeads(Reshape(y, {batch, options.heads, steps, size})), k, v};
}

}  // namespace

void ReadGroupQueryAttention(NodeReader& node) {
  GroupOptions options{.heads = node.Int("num_heads", 0),
                       .kv_heads = node.Int("kv_num_heads", 0),
                       .softcap = node.Float("softcap", 0),
                       .window = node.Int("local_window_size", -1),
                       .is_causal = node.Int("causal", 1) != 0,
                       .rotates = node.Int("do_rotary", 0) != 0,
                       .interleaved = node.Int("rotary_interleaved", 0) != 0,
                       .smooth = node.Int("smooth_softmax", -1) == 1};
  if (const double scale = node.Float("scale", 0); scale != 0) options.scale = scale;
  if (options.heads < 1 || options.kv_heads < 1 || options.heads > INT32_MAX ||
      options.heads % options.kv_heads != 0) {
    ThrowInvalidArgument(
        absl::StrCat(options.heads, " heads of queries in ", options.kv_heads, " groups"));
  }
  for (const char* name : {"k_quant_type", "v_quant_type"}) {
    if (node.String(name, "NONE") != "NONE") node.Unsupported("a quantized cache");
  }
  node.Int("kv_cache_bit_width", 0);
  if (node.Int("sliding_window_cache", 0) != 0) node.Unsupported("sliding_window_cache = 1");
  if (node.Int("qk_output", 0) != 0 && node.Wants(3)) node.Unsupported("qk_output");
  for (const char* name : {"qk_norm_epsilon", "q_norm_epsilon", "k_norm_epsilon"}) {
    node.Float(name, 0);  // of what is refused below
  }
  for (const auto& [input, what] : {std::pair<size_t, const char*>{12, "a quantized cache"},
                                    {14, "normalization of queries and keys"},
                                    {16, "chunks of queries with padding"}}) {
    if (node.has(input)) node.Unsupported(what);
  }
  const ValueId query = node.in(0), past = node.in_or_none(3);
  const ValueId key = node.in_or_none(1), value = node.in_or_none(2);
  for (const ValueId id : {query, key, value}) {
    if (id != kNone && node.rank(id) != 3) ThrowInvalidArgument("expects three dimensions");
  }
  if ((key == kNone) != (value == kNone) || node.has(3) != node.has(4)) {
    ThrowInvalidArgument("keys and values are given together or not at all");
  }
  if (options.rotates && !(node.has(7) && node.has(8))) {
    ThrowInvalidArgument("do_rotary without cos_cache and sin_cache");
  }
  const std::vector<SymInt> total = node.Extents(6);
  if (total.size() != 1) ThrowInvalidArgument("total_sequence_length is not one number");
  SymInt slots = total[0];
  if (past != kNone) {
    if (node.rank(past) != 4) ThrowInvalidArgument("the past has not four dimensions");
    slots = SymInt::Max(slots, node.shape(past)[2]);
  }
  const auto if_rotated = [&](size_t i) { return options.rotates ? node.in_or_none(i) : kNone; };
  const std::vector<ValueId> results = node.TraceAll(
      {query, key, value, past, node.in_or_none(4), node.in(5), if_rotated(7), if_rotated(8),
       if_rotated(9), node.in_or_none(10), node.in_or_none(11), node.Counted(slots)},
      [&](absl::Span<const Tensor> in) { return AttendGroups(options, in); });
  for (size_t i = 0; i < results.size(); ++i) {
    if (node.Wants(i)) node.Out(results[i], i);
  }
}

// Positions are those of each token, or where the first one stands.
void ReadMicrosoftRotaryEmbedding(NodeReader& node) {
  const bool interleaved = node.Int("interleaved", 0) != 0;
  const int64_t heads = node.Int("num_heads", 0), dim = node.Int("rotary_embedding_dim", 0);
  const double scale = node.Float("scale", 1);
  if (node.Int("is_packed_batching", 0) != 0) node.Unsupported("is_packed_batching = 1");
  const ValueId x = node.in(0), positions = node.in(1);
  const bool flat = node.rank(x) == 3;
  if (!flat && node.rank(x) != 4) ThrowInvalidArgument("expects three or four dimensions");
  if (dim > 0 && flat && heads < 1) ThrowInvalidArgument("rotary_embedding_dim without num_heads");
  const bool first = node.rank(positions) == 1;
  const auto turn = [&](const Tensor& given, const Tensor& at, const Tensor& cos,
                        const Tensor& sin) {
    const int64_t pairs = cos.size(1);
    if (pairs < 1) ThrowInvalidArgument("there are no angles");
    Tensor all = given;
    if (flat) {
      const int64_t size = dim > 0 ? given.size(2) / heads : 2 * pairs;
      if (size < 1) {
        ThrowInvalidArgument(absl::StrCat(given.size(2), " features for ", heads, " heads"));
      }
      all = Reshape(given, {given.size(0), given.size(1), given.size(2) / size, size});
    } else {
      all = Transpose(given, 1, 2);
    }
    const Tensor places = first ? Unsqueeze(Reshape(at, {}) + Arange(all.size(1)), 0) : at;
    const Tensor y = Turned(all, RowsAt(cos, places), RowsAt(sin, places), interleaved) * scale;
    return flat ? Flatten(y, 2, 3) : Transpose(y, 1, 2);
  };
  node.Out(node.Trace(turn, x, positions, node.in(2), node.in(3)));
}

}  // namespace neura::onnx
