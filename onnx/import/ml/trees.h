// Trees of decisions, as the host runs them.
#ifndef NEURA_ONNX_IMPORT_ML_TREES_H_
#define NEURA_ONNX_IMPORT_ML_TREES_H_

#include <cstdint>
#include <vector>

#include "neura/onnx/import/importer.h"

namespace neura::onnx {

// What a feature is beside the node's value, in the order of TreeEnsemble's numbers.
enum class TreeMode : uint8_t { kLeq, kLt, kGte, kGt, kEq, kNeq, kMember, kLeaf };

struct TreeNode {
  double value = 0;  // of kMember, which set
  int32_t feature = 0;
  // The next nodes; of a leaf the first of its weights, and how many there are.
  int32_t on_true = 0, on_false = 0;
  TreeMode mode = TreeMode::kLeaf;
  bool nan_is_true = false;
};

struct TreeWeight {
  double weight = 0;
  int32_t target = 0;
};

// What each tree adds to the scores of targets.
enum class Aggregate : int64_t { kAverage, kSum, kMin, kMax };

struct Forest {
  std::vector<TreeNode> nodes = {};
  std::vector<int32_t> roots = {};  // of each tree
  std::vector<TreeWeight> weights = {};
  std::vector<std::vector<double>> sets = {};
  int64_t num_targets = 0;
  Aggregate aggregate = Aggregate::kSum;
  std::vector<double> base = {};  // none, or one for each target
  bool in_double = false;         // whether scores are added up in float64, and not in float32
};

// That every path ends: throws InvalidArgument where a node comes after itself. Indices are in
// range.
void RequireEnds(const Forest& forest);

struct ForestScores {
  graph::ValueId scores;  // [N, targets], float64 or float32
  graph::ValueId best;    // [N], int64: the first of the largest scores that some leaf gives
};
// Of x [N, F] or [F], of any real dtype. A run whose rows lack a feature is an error.
ForestScores ScoresOf(NodeReader& node, const Forest& forest, graph::ValueId x);

}  // namespace neura::onnx

#endif  // NEURA_ONNX_IMPORT_ML_TREES_H_
