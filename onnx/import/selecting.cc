// Results whose number of elements only their inputs' elements tell: they are found on the host.
#include <algorithm>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "neura/onnx/import/ops.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/tensor.h"

namespace neura::onnx {
namespace {

using graph::Datum;
using graph::HostContext;
using graph::HostFunction;
using graph::SymInt;
using graph::ValueId;
using graph::ValueType;

// Whatever the device of the run is, the results lie there, in order as graphs expect it.
std::vector<Datum> On(Device device, std::vector<Tensor> tensors) {
  std::vector<Datum> results;
  for (const Tensor& tensor : tensors) results.emplace_back(Contiguous(To(tensor, device)));
  return results;
}

// Where elements are not 0, one row each.
std::vector<Datum> PlacesOfNonzeros(const HostContext& context) {
  return On(context.device, {NonZero(HostCopy(context.inputs[0].tensor()))});
}
constinit const HostFunction kPlacesOfNonzeros = {"nonzero", &PlacesOfNonzeros};

ValueId PlacesOf(NodeReader& node, ValueId x) {
  const ValueType type{.dtype = kInt64,
                       .shape = {graph::Open(), std::max<int64_t>(node.rank(x), 1)}};
  return node.graph().AddHostCall(kPlacesOfNonzeros, {x}, {}, {&type, 1})[0];
}

// Distinct slices along a dimension, or elements where integers[0] is negative; their first
// places, the result of each slice, and how often it occurs. In order, or with integers[1] = 0 in
// that of their first places.
std::vector<Datum> Distinct(const HostContext& context) {
  const Tensor x = HostCopy(context.inputs[0].tensor());
  const int64_t axis = context.integers[0];
  const bool sorted = context.integers[1] != 0;
  UniqueElements unique = Unique(x, axis < 0 ? std::nullopt : std::optional<int64_t>(axis));
  const Tensor inverse = Contiguous(Flatten(unique.inverse_indices));
  const int64_t count = unique.counts.numel(), all = inverse.numel();
  std::vector<int64_t> first(static_cast<size_t>(count), all);
  std::vector<int64_t> of(inverse.data<int64_t>(), inverse.data<int64_t>() + all);
  for (int64_t i = all - 1; i >= 0; --i) first[static_cast<size_t>(of[static_cast<size_t>(i)])] = i;
  std::vector<int64_t> order(static_cast<size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  if (!sorted) {
    std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
      return first[static_cast<size_t>(a)] < first[static_cast<size_t>(b)];
    });
    std::vector<int64_t> place(order.size());
    for (size_t i = 0; i < order.size(); ++i) {
      place[static_cast<size_t>(order[i])] = static_cast<int64_t>(i);
    }
    for (int64_t& i : of) i = place[static_cast<size_t>(i)];
  }
  const Tensor index = FromVector(order, {count});
  const int64_t dim = std::max<int64_t>(axis, 0);
  return On(context.device, {IndexSelect(unique.output, dim, index),
                             IndexSelect(FromVector(first, {count}), 0, index),
                             FromVector(of, {all}), IndexSelect(unique.counts, 0, index)});
}
constinit const HostFunction kDistinct = {"unique", &Distinct};

struct Box {
  float y1, x1, y2, x2;
  float area() const { return std::max(y2 - y1, 0.0f) * std::max(x2 - x1, 0.0f); }
};

float IntersectionOverUnion(const Box& a, const Box& b) {
  const float height = std::min(a.y2, b.y2) - std::max(a.y1, b.y1);
  const float width = std::min(a.x2, b.x2) - std::max(a.x1, b.x1);
  if (height <= 0 || width <= 0) return 0;
  const float both = height * width;
  return both / (a.area() + b.area() - both);
}

// Inputs: boxes [N, B, 4], scores [N, C, B], the most boxes of a class, and two thresholds;
// integers[0] says that boxes are centers and sizes. Output: rows of batch, class and box.
std::vector<Datum> Suppress(const HostContext& context) {
  const auto host = [&](size_t i) {
    return i < context.inputs.size() && context.inputs[i].kind() == graph::ValueKind::kTensor
               ? Contiguous(HostCopy(context.inputs[i].tensor()))
               : Tensor();
  };
  const Tensor boxes = Contiguous(Cast(host(0), kFloat32));
  const Tensor scores = Contiguous(Cast(host(1), kFloat32));
  const Tensor most = host(2), overlap = host(3), least = host(4);
  if (boxes.dim() != 3 || boxes.size(2) != 4 || scores.dim() != 3 ||
      scores.size(0) != boxes.size(0) || scores.size(2) != boxes.size(1)) {
    ThrowInvalidArgument(absl::StrCat("NonMaxSuppression: boxes are ", Describe(boxes),
                                      " and scores ", Describe(scores)));
  }
  const int64_t limit = most.defined() ? Flatten(most).Item<int64_t>() : 0;
  const float threshold = overlap.defined() ? Flatten(overlap).Item<float>() : 0;
  const bool has_least = least.defined();
  const float least_score = has_least ? Flatten(least).Item<float>() : 0;
  const bool centers = context.integers[0] != 0;
  const int64_t count = boxes.size(1), classes = scores.size(1);
  const auto box_at = [&](int64_t batch, int64_t i) {
    const float* b = boxes.data<float>() + (batch * count + i) * 4;
    if (centers) {
      return Box{b[1] - b[3] / 2, b[0] - b[2] / 2, b[1] + b[3] / 2, b[0] + b[2] / 2};
    }
    return Box{std::min(b[0], b[2]), std::min(b[1], b[3]), std::max(b[0], b[2]),
               std::max(b[1], b[3])};
  };
  std::vector<int64_t> rows;
  for (int64_t batch = 0; batch < boxes.size(0); ++batch) {
    for (int64_t c = 0; c < classes; ++c) {
      const float* score = scores.data<float>() + (batch * classes + c) * count;
      std::vector<int64_t> order;
      for (int64_t i = 0; i < count; ++i) {
        if (!has_least || score[i] > least_score) order.push_back(i);
      }
      std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
        // NaN comes last.
        return score[a] > score[b] || (score[a] == score[a] && score[b] != score[b]);
      });
      std::vector<Box> kept;
      for (const int64_t i : order) {
        if (static_cast<int64_t>(kept.size()) >= limit) break;
        const Box box = box_at(batch, i);
        const bool overlaps = std::any_of(kept.begin(), kept.end(), [&](const Box& other) {
          return IntersectionOverUnion(box, other) > threshold;
        });
        if (overlaps) continue;
        kept.push_back(box);
        rows.insert(rows.end(), {batch, c, i});
      }
    }
  }
  return On(context.device, {FromVector(rows, {static_cast<int64_t>(rows.size()) / 3, 3})});
}
constinit const HostFunction kSuppress = {"non_max_suppression", &Suppress};

}  // namespace

// A number counts as one element.
void ReadNonZero(NodeReader& node) {
  const ValueId x = node.in(0);
  const ValueId places = PlacesOf(node, node.rank(x) == 0 ? node.Reshape(x, {1}) : x);
  node.Out(node.Permute(places, {1, 0}));
}

void ReadCompress(NodeReader& node) {
  ValueId x = node.in(0);
  if (node.rank(node.in(1)) != 1) ThrowInvalidArgument("the condition must be a vector");
  int64_t axis = 0;
  if (node.HasAttribute("axis")) {
    axis = node.Axis(node.Int("axis", 0), node.rank(x));
  } else {
    x = node.Reshape(x, {-1});
  }
  const ValueId index = node.Reshape(PlacesOf(node, node.in(1)), {-1});
  node.Out(node.Trace(
      [&](const Tensor& x, const Tensor& index) { return IndexSelect(x, axis, index); }, x, index));
}

void ReadUnique(NodeReader& node) {
  const ValueId x = node.in(0);
  const bool sorted = node.Int("sorted", 1) != 0;
  const int64_t axis =
      node.HasAttribute("axis") ? node.Axis(node.Int("axis", 0), node.rank(x)) : -1;
  ValueType values{.dtype = node.dtype(x)};
  for (int64_t d = 0; d < (axis < 0 ? 1 : node.rank(x)); ++d) {
    const SymInt& extent =
        axis < 0 || d == axis ? SymInt(-1) : node.shape(x)[static_cast<size_t>(d)];
    if (axis >= 0 && d != axis && extent.is_number()) {
      values.shape.emplace_back(extent.number());
    } else {
      values.shape.push_back(graph::Open());
    }
  }
  const ValueType indices{.dtype = kInt64, .shape = {graph::Open()}};
  const ValueType types[] = {values, indices, indices, indices};
  const absl::Span<const ValueId> found =
      node.graph().AddHostCall(kDistinct, {x}, {axis, sorted ? 1 : 0}, types);
  const std::vector<ValueId> results(found.begin(), found.end());
  for (size_t i = 0; i < results.size(); ++i) {
    if (node.Wants(i)) node.Out(results[i], i);
  }
}

// In the order of their first places, which are no result.
void ReadMicrosoftUnique(NodeReader& node) {
  const ValueId x = node.in(0);
  const ValueType indices{.dtype = kInt64, .shape = {graph::Open()}};
  const ValueType values{.dtype = node.dtype(x), .shape = {graph::Open()}};
  const ValueType types[] = {values, indices, indices, indices};
  const absl::Span<const ValueId> found = node.graph().AddHostCall(kDistinct, {x}, {-1, 0}, types);
  const std::vector<ValueId> results{found[0], found[2], found[3]};
  for (size_t i = 0; i < results.size(); ++i) {
    if (node.Wants(i)) node.Out(results[i], i);
  }
}

void ReadNonMaxSuppression(NodeReader& node) {
  const int64_t centers = node.Int("center_point_box", 0);
  std::vector<ValueId> inputs;
  for (size_t i = 0; i < 5; ++i) inputs.push_back(node.in_or_none(i));
  const ValueType type{.dtype = kInt64, .shape = {graph::Open(), 3}};
  node.Out(node.graph().AddHostCall(kSuppress, std::move(inputs), {centers}, {&type, 1})[0]);
}

}  // namespace neura::onnx
