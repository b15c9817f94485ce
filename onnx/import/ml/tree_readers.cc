// Trees as files have them.
#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "absl/strings/str_cat.h"
#include "neura/onnx/import/ml/scores.h"
#include "neura/onnx/import/ml/trees.h"
#include "neura/onnx/import/ops.h"
#include "neura/tensor/tensor.h"

namespace neura::onnx {
namespace {

using graph::ValueId;

void RequireSize(std::string_view name, size_t size, size_t expected) {
  if (size == expected) return;
  ThrowInvalidArgument(absl::StrCat(name, " has ", size, " elements, expected ", expected));
}

// `value` in [0, count), or an error that names the attribute.
int32_t InRange(std::string_view name, int64_t value, int64_t count) {
  if (value < 0 || value >= std::min<int64_t>(count, INT32_MAX)) {
    ThrowInvalidArgument(absl::StrCat(name, " has an element of ", value, ", of ", count));
  }
  return static_cast<int32_t>(value);
}

std::vector<double> NumbersIn(const Tensor& tensor) {
  const Tensor x = Contiguous(Cast(Flatten(tensor), kFloat64));
  return {x.data<double>(), x.data<double>() + x.numel()};
}

// Floats, or a tensor of doubles in the attribute with "_as_tensor".
std::vector<double> NumbersOf(NodeReader& node, const std::string& name, bool* in_double) {
  std::vector<double> floats = node.Floats(name);
  const std::optional<Tensor> tensor = node.TensorAttribute(name + "_as_tensor");
  if (!tensor) return floats;
  if (!floats.empty()) {
    ThrowInvalidArgument(absl::StrCat("expects one of ", name, " and ", name, "_as_tensor"));
  }
  *in_double |= tensor->dtype() == kFloat64;
  return NumbersIn(*tensor);
}

TreeMode ModeOf(std::string_view name) {
  static constexpr std::pair<std::string_view, TreeMode> kModes[] = {
      {"BRANCH_LEQ", TreeMode::kLeq}, {"BRANCH_LT", TreeMode::kLt}, {"BRANCH_GTE", TreeMode::kGte},
      {"BRANCH_GT", TreeMode::kGt},   {"BRANCH_EQ", TreeMode::kEq}, {"BRANCH_NEQ", TreeMode::kNeq},
      {"LEAF", TreeMode::kLeaf}};
  for (const auto& [known, mode] : kModes) {
    if (known == name) return mode;
  }
  ThrowInvalidArgument(absl::StrCat("nodes_modes has an element of ", name));
}

// A tree's number and a node's in it.
struct NodeName {
  int64_t tree, node;
  friend bool operator==(const NodeName&, const NodeName&) = default;
};
struct HashOfName {
  size_t operator()(const NodeName& name) const {
    return std::hash<int64_t>()(name.tree * 1000003 ^ name.node);
  }
};

// Of operator sets before 5. A tree begins at its first node; what stands in `prefix`_ids,
// _nodeids, _treeids and _weights are the weights of leaves.
Forest ReadForest(NodeReader& node, const std::string& prefix, int64_t num_targets) {
  Forest forest{.num_targets = num_targets};
  const std::vector<int64_t> trees = node.Ints("nodes_treeids"), ids = node.Ints("nodes_nodeids"),
                             features = node.Ints("nodes_featureids"),
                             on_true = node.Ints("nodes_truenodeids"),
                             on_false = node.Ints("nodes_falsenodeids"),
                             tracks = node.Ints("nodes_missing_value_tracks_true");
  const std::vector<std::string> modes = node.Strings("nodes_modes");
  const std::vector<double> values = NumbersOf(node, "nodes_values", &forest.in_double);
  node.IgnoreAttribute("nodes_hitrates");  // says nothing about results
  node.IgnoreAttribute("nodes_hitrates_as_tensor");
  const size_t count = trees.size();
  if (count == 0) ThrowInvalidArgument("there are no nodes");
  RequireSize("nodes_nodeids", ids.size(), count);
  RequireSize("nodes_featureids", features.size(), count);
  RequireSize("nodes_truenodeids", on_true.size(), count);
  RequireSize("nodes_falsenodeids", on_false.size(), count);
  RequireSize("nodes_modes", modes.size(), count);
  RequireSize("nodes_values", values.size(), count);
  if (!tracks.empty()) RequireSize("nodes_missing_value_tracks_true", tracks.size(), count);
  std::unordered_map<NodeName, int32_t, HashOfName> places;
  std::unordered_map<int64_t, int32_t> roots;
  for (size_t i = 0; i < count; ++i) {
    const auto place = static_cast<int32_t>(i);
    if (!places.try_emplace({trees[i], ids[i]}, place).second) {
      ThrowInvalidArgument(absl::StrCat("tree ", trees[i], " has two nodes ", ids[i]));
    }
    if (roots.try_emplace(trees[i], place).second) forest.roots.push_back(place);
  }
  const auto place_of = [&](int64_t tree, int64_t id) {
    const auto found = places.find({tree, id});
    if (found != places.end()) return found->second;
    ThrowInvalidArgument(absl::StrCat("tree ", tree, " has no node ", id));
  };
  for (size_t i = 0; i < count; ++i) {
    TreeNode made{.value = values[i], .mode = ModeOf(modes[i])};
    if (made.mode != TreeMode::kLeaf) {
      made.feature = InRange("nodes_featureids", features[i], INT32_MAX);
      made.on_true = place_of(trees[i], on_true[i]);
      made.on_false = place_of(trees[i], on_false[i]);
      made.nan_is_true = !tracks.empty() && tracks[i] != 0;
    }
    forest.nodes.push_back(made);
  }
  RequireEnds(forest);
  const std::vector<int64_t> targets = node.Ints(prefix + "_ids"),
                             of_nodes = node.Ints(prefix + "_nodeids"),
                             of_trees = node.Ints(prefix + "_treeids");
  const std::vector<double> weights = NumbersOf(node, prefix + "_weights", &forest.in_double);
  RequireSize(prefix + "_nodeids", of_nodes.size(), targets.size());
  RequireSize(prefix + "_treeids", of_trees.size(), targets.size());
  RequireSize(prefix + "_weights", weights.size(), targets.size());
  // By their leaves, in the order of the file.
  std::vector<std::pair<int32_t, size_t>> order;
  for (size_t i = 0; i < targets.size(); ++i) {
    order.emplace_back(place_of(of_trees[i], of_nodes[i]), i);
  }
  std::sort(order.begin(), order.end());
  for (const auto& [place, i] : order) {
    TreeNode& leaf = forest.nodes[static_cast<size_t>(place)];
    // Of nodes that are no leaves nothing is read.
    if (leaf.mode != TreeMode::kLeaf) continue;
    if (leaf.on_false++ == 0) leaf.on_true = static_cast<int32_t>(forest.weights.size());
    forest.weights.push_back(
        {.weight = weights[i], .target = InRange(prefix + "_ids", targets[i], num_targets)});
  }
  forest.base = NumbersOf(node, "base_values", &forest.in_double);
  return forest;
}

int64_t TargetsOf(NodeReader& node) {
  const int64_t targets = node.Int("n_targets", 0);
  if (targets < 1 || targets > 1 << 20) {
    ThrowInvalidArgument(absl::StrCat("n_targets is ", targets));
  }
  return targets;
}

// In range for Forest's numbers.
Aggregate AggregateByName(const std::string& name) {
  if (name == "AVERAGE") return Aggregate::kAverage;
  if (name == "SUM") return Aggregate::kSum;
  if (name == "MIN") return Aggregate::kMin;
  if (name == "MAX") return Aggregate::kMax;
  ThrowInvalidArgument(absl::StrCat("aggregate_function ", name, " is unknown"));
}

}  // namespace

void ReadTreeEnsembleRegressor(NodeReader& node) {
  Forest forest = ReadForest(node, "target", TargetsOf(node));
  forest.aggregate = AggregateByName(node.String("aggregate_function", "SUM"));
  const PostTransform transform = PostTransformByName(node.String("post_transform", "NONE"));
  if (!forest.base.empty()) {
    RequireSize("base_values", forest.base.size(), static_cast<size_t>(forest.num_targets));
  }
  const ForestScores scores = ScoresOf(node, forest, node.in(0));
  node.Out(
      node.Trace([&](const Tensor& y) { return Cast(TransformedTargets(y, transform), kFloat32); },
                 scores.scores));
}

// Where all weights are of one of two classes, they are the score of both.
void ReadTreeEnsembleClassifier(NodeReader& node) {
  const Classes classes = ReadClasses(node, "classlabels_int64s", "classlabels_strings");
  const PostTransform transform = PostTransformByName(node.String("post_transform", "NONE"));
  if (classes.size() < 2) node.Unsupported("one class");
  Forest forest = ReadForest(node, "class", classes.size());
  const bool of_one =
      classes.size() == 2 && !forest.weights.empty() &&
      std::all_of(forest.weights.begin(), forest.weights.end(), [&](const TreeWeight& weight) {
        return weight.target == forest.weights[0].target;
      });
  std::vector<ValueId> results;
  if (of_one) {
    const bool of_second = forest.weights[0].target == 1;
    if (forest.base.size() > (of_second ? 0 : 1)) {
      node.Unsupported(absl::StrCat(forest.base.size(), " base values and the weights of class ",
                                    of_second ? 1 : 0, " alone"));
    }
    const bool likely = std::all_of(forest.weights.begin(), forest.weights.end(),
                                    [](const TreeWeight& weight) { return weight.weight >= 0; });
    forest.num_targets = 1;
    for (TreeWeight& weight : forest.weights) weight.target = 0;
    results = node.TraceAll(
        {ScoresOf(node, forest, node.in(0)).scores}, [&](absl::Span<const Tensor> in) {
          const Tensor& score = in[0];
          return std::vector{
              Cast(Select(score, 1, 0) > (likely ? 0.5 : 0.0), kInt64),
              Cast(of_second ? Transformed(Cat({ZerosLike(score), score}, 1), transform)
                             : ScoresOfBoth(score, transform, likely),
                   kFloat32)};
        });
  } else {
    if (!forest.base.empty()) {
      RequireSize("base_values", forest.base.size(), static_cast<size_t>(classes.size()));
    }
    const ForestScores scores = ScoresOf(node, forest, node.in(0));
    results = {
        scores.best,
        node.Trace([&](const Tensor& y) { return Cast(Transformed(y, transform), kFloat32); },
                   scores.scores)};
  }
  if (node.Wants(0)) node.Out(LabelsAt(node, classes, results[0]));
  if (node.Wants(1)) node.Out(results[1], 1);
}

namespace {

// One for each node that is kMember, each ended by NaN, in their order.
std::vector<std::vector<double>> SetsOf(const std::optional<Tensor>& given) {
  std::vector<std::vector<double>> sets;
  if (!given) return sets;
  std::vector<double> set;
  for (const double member : NumbersIn(*given)) {
    if (!std::isnan(member)) {
      set.push_back(member);
      continue;
    }
    sets.push_back(std::move(set));
    set.clear();
  }
  if (!set.empty()) sets.push_back(std::move(set));
  return sets;
}

Tensor RequiredTensor(NodeReader& node, const char* name) {
  const std::optional<Tensor> tensor = node.TensorAttribute(name);
  if (!tensor) ThrowInvalidArgument(absl::StrCat("attribute ", name, " is missing"));
  return *tensor;
}

}  // namespace

// Inner nodes and leaves stand apart.
void ReadTreeEnsemble(NodeReader& node) {
  Forest forest{.num_targets = TargetsOf(node)};
  const std::vector<int64_t> features = node.Ints("nodes_featureids"),
                             on_true = node.Ints("nodes_truenodeids"),
                             on_false = node.Ints("nodes_falsenodeids"),
                             true_is_leaf = node.Ints("nodes_trueleafs"),
                             false_is_leaf = node.Ints("nodes_falseleafs"),
                             targets = node.Ints("leaf_targetids"),
                             tracks = node.Ints("nodes_missing_value_tracks_true");
  const std::vector<double> splits = NumbersIn(RequiredTensor(node, "nodes_splits")),
                            modes = NumbersIn(RequiredTensor(node, "nodes_modes")),
                            weights = NumbersIn(RequiredTensor(node, "leaf_weights"));
  forest.sets = SetsOf(node.TensorAttribute("membership_values"));
  node.IgnoreAttribute("nodes_hitrates");
  const int64_t aggregate = node.Int("aggregate_function", 1);
  const int64_t transform = node.Int("post_transform", 0);
  InRange("aggregate_function", aggregate, 4);
  InRange("post_transform", transform, 5);
  forest.aggregate = static_cast<Aggregate>(aggregate);
  const size_t count = features.size();
  const auto inner = static_cast<int64_t>(count), leaves = static_cast<int64_t>(targets.size());
  RequireSize("nodes_truenodeids", on_true.size(), count);
  RequireSize("nodes_falsenodeids", on_false.size(), count);
  RequireSize("nodes_trueleafs", true_is_leaf.size(), count);
  RequireSize("nodes_falseleafs", false_is_leaf.size(), count);
  RequireSize("nodes_splits", splits.size(), count);
  RequireSize("nodes_modes", modes.size(), count);
  RequireSize("leaf_weights", weights.size(), targets.size());
  if (!tracks.empty()) RequireSize("nodes_missing_value_tracks_true", tracks.size(), count);
  const auto next = [&](const char* name, int64_t place, bool is_leaf) {
    if (!is_leaf) return InRange(name, place, inner);
    return static_cast<int32_t>(inner + InRange(name, place, leaves));
  };
  size_t sets = 0;
  for (size_t i = 0; i < count; ++i) {
    TreeNode made{
        .value = splits[i],
        .feature = InRange("nodes_featureids", features[i], INT32_MAX),
        .on_true = next("nodes_truenodeids", on_true[i], true_is_leaf[i] != 0),
        .on_false = next("nodes_falsenodeids", on_false[i], false_is_leaf[i] != 0),
        .mode = static_cast<TreeMode>(InRange("nodes_modes", static_cast<int64_t>(modes[i]), 7)),
        .nan_is_true = !tracks.empty() && tracks[i] != 0};
    if (made.mode == TreeMode::kMember) made.value = static_cast<double>(sets++);
    forest.nodes.push_back(made);
  }
  RequireSize("membership_values, in sets,", forest.sets.size(), sets);
  for (int64_t i = 0; i < leaves; ++i) {
    forest.nodes.push_back({.on_true = static_cast<int32_t>(i), .on_false = 1});
    forest.weights.push_back(
        {.weight = weights[static_cast<size_t>(i)],
         .target = InRange("leaf_targetids", targets[static_cast<size_t>(i)], forest.num_targets)});
  }
  for (const int64_t root : node.Ints("tree_roots")) {
    forest.roots.push_back(InRange("tree_roots", root, inner));
  }
  RequireEnds(forest);
  const ValueId x = node.in(0);
  const DType dtype = node.dtype(x);
  forest.in_double = dtype == kFloat64;
  const ForestScores scores = ScoresOf(node, forest, x);
  node.Out(node.Trace(
      [&](const Tensor& y) {
        return Cast(TransformedTargets(y, static_cast<PostTransform>(transform)), dtype);
      },
      scores.scores));
}

}  // namespace neura::onnx
