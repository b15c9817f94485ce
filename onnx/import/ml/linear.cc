// Linear models.
#include "absl/strings/str_cat.h"
#include "neura/onnx/import/ml/scores.h"
#include "neura/onnx/import/ops.h"
#include "neura/tensor/tensor.h"

namespace neura::onnx {
namespace {

using graph::kNone;
using graph::ValueId;

// Scores [N, rows] of x [N, F] or [F] by a matrix of coefficients, as many as there are rows.
ValueId Products(NodeReader& node, ValueId x, const std::vector<double>& coefficients,
                 const std::vector<double>& intercepts, int64_t rows) {
  const auto count = static_cast<int64_t>(coefficients.size());
  const int64_t rank = node.rank(x);
  if (rank != 1 && rank != 2) {
    ThrowInvalidArgument(absl::StrCat("expects [N, F] or [F], got ", rank, " dimensions"));
  }
  if (rows < 1 || count == 0 || count % rows != 0) {
    ThrowInvalidArgument(absl::StrCat(count, " coefficients do not make ", rows, " rows"));
  }
  const graph::SymInt& features = node.shape(x)[static_cast<size_t>(rank - 1)];
  if (features.is_number() && features.number() != count / rows) {
    ThrowInvalidArgument(
        absl::StrCat(count / rows, " coefficients for ", features.number(), " features"));
  }
  if (!intercepts.empty() && static_cast<int64_t>(intercepts.size()) != rows) {
    ThrowInvalidArgument(absl::StrCat(intercepts.size(), " intercepts for ", rows, " rows"));
  }
  const ValueId weight =
      node.Constant(Cast(FromVector(coefficients, {rows, count / rows}), kFloat32));
  const ValueId bias = intercepts.empty() ? kNone : Vector(node, intercepts, kFloat32);
  return node.TraceAll({x, weight, bias}, [](absl::Span<const Tensor> in) {
    return std::vector{Linear(AsRows(in[0]), in[1], in[2])};
  })[0];
}

}  // namespace

void ReadLinearRegressor(NodeReader& node) {
  const int64_t targets = node.Int("targets", 1);
  const PostTransform transform = PostTransformByName(node.String("post_transform", "NONE"));
  const ValueId scores =
      Products(node, node.in(0), node.Floats("coefficients"), node.Floats("intercepts"), targets);
  node.Out(node.Trace([&](const Tensor& y) { return TransformedTargets(y, transform); }, scores));
}

// One row of coefficients for each class, or for the second of two.
void ReadLinearClassifier(NodeReader& node) {
  const Classes classes = ReadClasses(node, "classlabels_ints", "classlabels_strings");
  const std::vector<double> intercepts = node.Floats("intercepts"),
                            coefficients = node.Floats("coefficients");
  const PostTransform transform = PostTransformByName(node.String("post_transform", "NONE"));
  node.Int("multi_class", 0);  // says how the coefficients were found
  int64_t rows = static_cast<int64_t>(intercepts.size());
  if (rows == 0) {
    const ValueId x = node.in(0);
    const int64_t features = std::max<int64_t>(node.FixedExtent(x, node.rank(x) - 1), 1);
    rows = static_cast<int64_t>(coefficients.size()) / features;
  }
  const ValueId scores = Products(node, node.in(0), coefficients, intercepts, rows);
  const bool one_of_two = rows == 1 && classes.size() == 2;
  if (!one_of_two && rows != classes.size()) {
    ThrowInvalidArgument(
        absl::StrCat(rows, " rows of coefficients for ", classes.size(), " classes"));
  }
  const std::vector<ValueId> results = node.TraceAll({scores}, [&](absl::Span<const Tensor> in) {
    const Tensor& y = in[0];
    if (one_of_two) {
      return std::vector{Cast(Select(y, 1, 0) > 0, kInt64), ScoresOfBoth(y, transform, true)};
    }
    return std::vector{ArgMax(y, {.dim = 1}), Transformed(y, transform)};
  });
  if (node.Wants(0)) node.Out(LabelsAt(node, classes, results[0]));
  if (node.Wants(1)) node.Out(results[1], 1);
}

}  // namespace neura::onnx
