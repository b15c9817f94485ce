#include "neura/onnx/import/ml/scores.h"

#include <cmath>
#include <numbers>

#include "absl/strings/str_cat.h"
#include "neura/onnx/import/ops.h"
#include "neura/tensor/tensor.h"

namespace neura::onnx {

using graph::ValueId;

PostTransform PostTransformByName(const std::string& name) {
  if (name == "NONE") return PostTransform::kNone;
  if (name == "SOFTMAX") return PostTransform::kSoftmax;
  if (name == "LOGISTIC") return PostTransform::kLogistic;
  if (name == "SOFTMAX_ZERO") return PostTransform::kSoftmaxZero;
  if (name == "PROBIT") return PostTransform::kProbit;
  ThrowInvalidArgument(absl::StrCat("post_transform ", name, " is unknown"));
}

namespace {

// sqrt(2) * erfinv(2 p - 1) by Winitzki's approximation (2008), which ONNX's reference has.
Tensor Probit(const Tensor& p) {
  constexpr double a = 0.147;
  const Tensor x = p * 2 - 1;
  const Tensor log = Log((1 - x) * (1 + x));
  const Tensor half = log * 0.5 + 2 / (std::numbers::pi * a);
  return Sign(x) * Sqrt(Sqrt(Square(half) - log * (1 / a)) - half) * std::numbers::sqrt2;
}

// What is 0 stays so, and takes no part.
Tensor SoftmaxZero(const Tensor& x) {
  const Tensor most = AMax(x, {.dims = {-1}, .keepdim = true});
  const Tensor counts = Abs(x) > 1e-7;
  const Tensor exp = Exp(x - most);
  const Tensor sum = Sum(Where(counts, exp, ZerosLike(exp)), {.dims = {-1}, .keepdim = true});
  return Where(counts, exp, x * Exp(-most)) / sum;
}

}  // namespace

Tensor Transformed(const Tensor& scores, PostTransform transform) {
  switch (transform) {
    case PostTransform::kNone:
      return scores;
    case PostTransform::kSoftmax:
      return Softmax(scores, {.dim = -1});
    case PostTransform::kLogistic:
      return Sigmoid(scores);
    case PostTransform::kSoftmaxZero:
      return SoftmaxZero(scores);
    case PostTransform::kProbit:
      return Probit(scores);
  }
  return scores;
}

Tensor TransformedTargets(const Tensor& scores, PostTransform transform) {
  if (scores.size(1) == 1 && transform != PostTransform::kProbit) return scores;
  return Transformed(scores, transform);
}

Tensor ScoresOfBoth(const Tensor& score, PostTransform transform, bool is_probability) {
  if (transform == PostTransform::kProbit) {
    ThrowUnimplemented("PROBIT of one score for two classes");
  }
  if (transform == PostTransform::kLogistic) return Cat({Sigmoid(-score), Sigmoid(score)}, 1);
  if (is_probability) return Cat({1 - score, score}, 1);
  return Cat({-score, score}, 1);
}

Tensor AsRows(const Tensor& x) {
  const Tensor numbers = Cast(x, kFloat32);
  return numbers.dim() == 1 ? Unsqueeze(numbers, 0) : numbers;
}

Classes ReadClasses(NodeReader& node, std::string_view ints, std::string_view strings) {
  Classes classes{node.Ints(ints), node.Strings(strings)};
  if (classes.ints.empty() == classes.strings.empty()) {
    ThrowInvalidArgument(absl::StrCat("expects one of ", ints, " and ", strings));
  }
  return classes;
}

ValueId LabelsAt(NodeReader& node, const Classes& classes, ValueId index) {
  if (!classes.strings.empty()) {
    return StringsAt(node.graph(), AddStrings(node.graph(), classes.strings, {classes.size()}),
                     index);
  }
  const ValueId labels = node.Constant(FromVector(classes.ints, {classes.size()}));
  return node.Trace(
      [](const Tensor& labels, const Tensor& index) {
        return Reshape(IndexSelect(labels, 0, Flatten(index)), index.shape());
      },
      labels, index);
}

ValueId Vector(NodeReader& node, const std::vector<double>& values, DType dtype) {
  return node.Constant(Cast(FromVector(values, {static_cast<int64_t>(values.size())}), dtype));
}

}  // namespace neura::onnx
