// Scores of classes or targets, and the labels of classes.
#ifndef NEURA_ONNX_IMPORT_ML_SCORES_H_
#define NEURA_ONNX_IMPORT_ML_SCORES_H_

#include <string>
#include <vector>

#include "neura/onnx/import/importer.h"
#include "neura/tensor/core/tensor.h"

namespace neura::onnx {

// In the order of TreeEnsemble's numbers for them.
enum class PostTransform : uint8_t { kNone, kSoftmax, kLogistic, kSoftmaxZero, kProbit };
PostTransform PostTransformByName(const std::string& name);

// Of scores [N, E], each row by itself.
Tensor Transformed(const Tensor& scores, PostTransform transform);
// The same of regressions, of which one number by itself is transformed by kProbit alone, as ONNX
// Runtime does.
Tensor TransformedTargets(const Tensor& scores, PostTransform transform);
// Of one score [N, 1] for two classes: [1 - s, s] where it is a probability, else [-s, s]; with
// kLogistic the logistic functions of -s and s.
Tensor ScoresOfBoth(const Tensor& score, PostTransform transform, bool is_probability);

// x [N, F] or [F] as float32 rows.
Tensor AsRows(const Tensor& x);

// Numbers or strings.
struct Classes {
  std::vector<int64_t> ints = {};
  std::vector<std::string> strings = {};

  int64_t size() const { return static_cast<int64_t>(ints.size() + strings.size()); }
};
// Of one of two attributes, which must be there.
Classes ReadClasses(NodeReader& node, std::string_view ints, std::string_view strings);
// What stands at the places `index`, int64 and in range: int64 or strings.
graph::ValueId LabelsAt(NodeReader& node, const Classes& classes, graph::ValueId index);

// A constant vector.
graph::ValueId Vector(NodeReader& node, const std::vector<double>& values, DType dtype);

}  // namespace neura::onnx

#endif  // NEURA_ONNX_IMPORT_ML_SCORES_H_
