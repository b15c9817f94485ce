#include "neura/onnx/import/ml/trees.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "neura/onnx/import/ml/scores.h"
#include "neura/tensor/parallel/thread_pool.h"
#include "neura/tensor/tensor.h"

namespace neura::onnx {
namespace {

using graph::Datum;
using graph::HostContext;
using graph::HostFunction;
using graph::ValueId;
using graph::ValueType;

// Rows that go through a tree one after the other, while it is in the cache, of up to so many
// targets; fewer of more.
constexpr int64_t kBlock = 64, kTargets = 64;

// Structs as the bytes of a tensor.
template <typename T>
Tensor Packed(const std::vector<T>& values) {
  static_assert(std::is_trivially_copyable_v<T>);
  const auto bytes = static_cast<int64_t>(values.size() * sizeof(T));
  const Tensor tensor = Tensor::Empty({bytes}, kUInt8, kCpu);
  if (bytes > 0) std::memcpy(tensor.raw_data(), values.data(), static_cast<size_t>(bytes));
  return tensor;
}
template <typename T>
absl::Span<const T> Unpacked(const Datum& datum) {
  const Tensor& tensor = datum.tensor();
  return {static_cast<const T*>(tensor.raw_data()),
          static_cast<size_t>(tensor.numel()) * ItemSize(tensor.dtype()) / sizeof(T)};
}

struct View {
  absl::Span<const TreeNode> nodes;
  absl::Span<const int32_t> roots;
  absl::Span<const TreeWeight> weights;
  absl::Span<const double> members;  // of all sets, each in order
  absl::Span<const int64_t> begins;  // of each set, and behind the last
  absl::Span<const double> base;
  int64_t num_targets;
  Aggregate aggregate;
  bool plain;  // whether all compare by <=, and NaN is never true
};

template <typename X>
bool Holds(const View& forest, const TreeNode& node, X x) {
  if (node.nan_is_true && std::isnan(x)) return true;
  switch (node.mode) {
    case TreeMode::kLeq:
      return x <= node.value;
    case TreeMode::kLt:
      return x < node.value;
    case TreeMode::kGte:
      return x >= node.value;
    case TreeMode::kGt:
      return x > node.value;
    case TreeMode::kEq:
      return x == node.value;
    case TreeMode::kNeq:
      return x != node.value;
    case TreeMode::kMember: {
      const auto set = static_cast<size_t>(node.value);
      return !std::isnan(x) && std::binary_search(forest.members.begin() + forest.begins[set],
                                                  forest.members.begin() + forest.begins[set + 1],
                                                  static_cast<double>(x));
    }
    case TreeMode::kLeaf:
      break;
  }
  return false;
}

template <bool plain, typename X>
const TreeNode& LeafOf(const View& forest, int32_t root, const X* row) {
  const TreeNode* node = &forest.nodes[static_cast<size_t>(root)];
  while (node->mode != TreeMode::kLeaf) {
    const X x = row[node->feature];
    const bool holds = plain ? x <= node->value : Holds(forest, *node, x);
    node = &forest.nodes[static_cast<size_t>(holds ? node->on_true : node->on_false)];
  }
  return *node;
}

// The scores of one row on the way, and which of them a leaf has given.
template <typename T>
struct Sums {
  explicit Sums(int64_t targets)
      : scores(static_cast<size_t>(targets)), given(static_cast<size_t>(targets)) {}
  std::vector<T> scores;
  std::vector<uint8_t> given;
};

template <typename T>
void AddWeight(Aggregate aggregate, const TreeWeight& weight, Sums<T>& sums) {
  const auto target = static_cast<size_t>(weight.target);
  const T value = static_cast<T>(weight.weight);
  T& score = sums.scores[target];
  switch (aggregate) {
    case Aggregate::kAverage:
    case Aggregate::kSum:
      score += value;
      break;
    case Aggregate::kMin:
      if (!sums.given[target] || value < score) score = value;
      break;
    case Aggregate::kMax:
      if (!sums.given[target] || value > score) score = value;
      break;
  }
  sums.given[target] = 1;
}

template <typename T>
void Finish(const View& forest, Sums<T>& sums, T* scores, int64_t* best) {
  *best = -1;
  for (size_t k = 0; k < sums.scores.size(); ++k) {
    T& score = sums.scores[k];
    if (forest.aggregate == Aggregate::kAverage) score /= static_cast<T>(forest.roots.size());
    if (!forest.base.empty()) {
      score += static_cast<T>(forest.base[k]);
      sums.given[k] = 1;
    }
    scores[k] = score;
    if (sums.given[k] && (*best < 0 || score > scores[*best])) *best = static_cast<int64_t>(k);
  }
  *best = std::max<int64_t>(*best, 0);
}

template <typename X, typename T>
void Run(const View& forest, const Tensor& x, const Tensor& scores, const Tensor& best) {
  const int64_t rows = x.size(0), features = x.size(1), targets = forest.num_targets;
  const auto* data = static_cast<const X*>(x.raw_data());
  const int64_t size = std::max<int64_t>(kBlock * kTargets / std::max(targets, kTargets), 1);
  ParallelFor((rows + size - 1) / size, [&](int64_t block) {
    const int64_t begin = block * size, end = std::min(begin + size, rows);
    std::vector<Sums<T>> sums(static_cast<size_t>(end - begin), Sums<T>(targets));
    for (const int32_t root : forest.roots) {
      for (int64_t row = begin; row < end; ++row) {
        const X* of_row = data + row * features;
        const TreeNode& leaf =
            forest.plain ? LeafOf<true>(forest, root, of_row) : LeafOf<false>(forest, root, of_row);
        for (int32_t i = 0; i < leaf.on_false; ++i) {
          AddWeight(forest.aggregate, forest.weights[static_cast<size_t>(leaf.on_true + i)],
                    sums[static_cast<size_t>(row - begin)]);
        }
      }
    }
    for (int64_t row = begin; row < end; ++row) {
      Finish(forest, sums[static_cast<size_t>(row - begin)],
             static_cast<T*>(scores.raw_data()) + row * targets,
             static_cast<int64_t*>(best.raw_data()) + row);
    }
  });
}

// data: nodes, roots, weights, members and begins of sets, base values. integers: targets, how they
// are aggregated, whether in float64, whether all nodes are plain, features of a row at least.
std::vector<Datum> RunForest(const HostContext& context) {
  const View forest{.nodes = Unpacked<TreeNode>(context.data[0]),
                    .roots = Unpacked<int32_t>(context.data[1]),
                    .weights = Unpacked<TreeWeight>(context.data[2]),
                    .members = Unpacked<double>(context.data[3]),
                    .begins = Unpacked<int64_t>(context.data[4]),
                    .base = Unpacked<double>(context.data[5]),
                    .num_targets = context.integers[0],
                    .aggregate = static_cast<Aggregate>(context.integers[1]),
                    .plain = context.integers[3] != 0};
  const bool in_double = context.integers[2] != 0;
  const Tensor x = Contiguous(HostCopy(context.inputs[0].tensor()));
  if (x.size(1) < context.integers[4]) {
    ThrowInvalidArgument(absl::StrCat("rows of ", x.size(1), " features, expected ",
                                      context.integers[4], " at least"));
  }
  const Tensor scores =
      Tensor::Empty({x.size(0), forest.num_targets}, in_double ? kFloat64 : kFloat32, kCpu);
  const Tensor best = Tensor::Empty({x.size(0)}, kInt64, kCpu);
  if (x.dtype() == kFloat64) {
    in_double ? Run<double, double>(forest, x, scores, best)
              : Run<double, float>(forest, x, scores, best);
  } else {
    in_double ? Run<float, double>(forest, x, scores, best)
              : Run<float, float>(forest, x, scores, best);
  }
  return {To(scores, context.device), To(best, context.device)};
}
constinit const HostFunction kForest = {"tree_ensemble", &RunForest};

}  // namespace

void RequireEnds(const Forest& forest) {
  enum : uint8_t { kNew, kOnPath, kDone };
  std::vector<uint8_t> state(forest.nodes.size(), kNew);
  // Nodes on the path from a root, and which of their two next ones comes next.
  std::vector<std::pair<int32_t, int>> path;
  for (const int32_t root : forest.roots) {
    path.assign(1, {root, 0});
    while (!path.empty()) {
      auto& [at, next] = path.back();
      const TreeNode& node = forest.nodes[static_cast<size_t>(at)];
      uint8_t& is = state[static_cast<size_t>(at)];
      if (is == kDone || node.mode == TreeMode::kLeaf || next == 2) {
        is = kDone;
        path.pop_back();
        continue;
      }
      is = kOnPath;
      const int32_t child = next++ == 0 ? node.on_true : node.on_false;
      if (state[static_cast<size_t>(child)] == kOnPath) {
        ThrowInvalidArgument("a node of a tree comes after itself");
      }
      path.emplace_back(child, 0);
    }
  }
}

ForestScores ScoresOf(NodeReader& node, const Forest& forest, ValueId x) {
  const int64_t rank = node.rank(x);
  if (rank != 1 && rank != 2) {
    ThrowInvalidArgument(absl::StrCat("expects [N, F] or [F], got ", rank, " dimensions"));
  }
  bool plain = true;
  int64_t features = 1;
  for (const TreeNode& each : forest.nodes) {
    if (each.mode == TreeMode::kLeaf) continue;
    plain &= each.mode == TreeMode::kLeq && !each.nan_is_true;
    features = std::max<int64_t>(features, int64_t{each.feature} + 1);
  }
  const graph::SymInt& given = node.shape(x).back();
  if (given.is_number() && given.number() < features) {
    ThrowInvalidArgument(
        absl::StrCat("rows of ", given.number(), " features, but nodes read ", features));
  }
  if (node.dtype(x) != kFloat64) x = node.Cast(x, kFloat32);
  if (rank == 1) x = node.Reshape(x, {1, node.shape(x)[0]});
  std::vector<double> members;
  std::vector<int64_t> begins{0};
  for (std::vector<double> set : forest.sets) {
    std::sort(set.begin(), set.end());
    members.insert(members.end(), set.begin(), set.end());
    begins.push_back(static_cast<int64_t>(members.size()));
  }
  const graph::SymInt rows = node.shape(x)[0];
  const graph::DeclaredExtent declared =
      rows.is_number() ? graph::DeclaredExtent(rows.number()) : graph::Open();
  const DType dtype = forest.in_double ? kFloat64 : kFloat32;
  const ValueType types[] = {{.dtype = dtype, .shape = {declared, forest.num_targets}},
                             {.dtype = kInt64, .shape = {declared}}};
  const absl::Span<const ValueId> made =
      node.graph().AddHostCall(kForest, {x},
                               {forest.num_targets, static_cast<int64_t>(forest.aggregate),
                                forest.in_double, plain, features},
                               types,
                               {Packed(forest.nodes), Packed(forest.roots), Packed(forest.weights),
                                Packed(members), Packed(begins), Packed(forest.base)});
  const ValueId scores = made[0], best = made[1];
  return {node.Reshape(scores, {rows, forest.num_targets}), node.Reshape(best, {rows})};
}

}  // namespace neura::onnx
