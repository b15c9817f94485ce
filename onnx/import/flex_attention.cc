// Attention with graphs that change its scores and its weights.
#include <cmath>

#include "absl/strings/str_cat.h"
#include "neura/onnx/format/tensor_message.h"
#include "neura/onnx/import/scope.h"
#include "neura/tensor/tensor.h"

namespace neura::onnx {

using graph::ValueId;

void ReadFlexAttention(Scope& scope, const NodeMessage& node,
                       const std::vector<ImportedValue>& inputs) {
  NodeReader reader(scope.graph_, node, scope.opset_, inputs);
  const ValueId q = reader.in(0), k = reader.in(1), v = reader.in(2);
  for (const ValueId value : {q, k, v}) {
    if (reader.rank(value) != 4) ThrowInvalidArgument("expects Q, K and V of 4 dimensions");
  }
  const DType dtype = reader.dtype(q);
  DType precision = dtype == kFloat64 ? kFloat64 : kFloat32;
  if (reader.HasAttribute("softmax_precision")) {
    const absl::StatusOr<DType> given =
        FromElementType(static_cast<int>(reader.Int("softmax_precision", 0)));
    if (!given.ok()) reader.Unsupported(given.status().message());
    if (!IsFloating(*given)) ThrowInvalidArgument("softmax_precision is no floating point dtype");
    precision = *given;
  }
  const int64_t q_heads = reader.FixedExtent(q, 1), heads = reader.FixedExtent(k, 1);
  if (heads < 1 || q_heads % heads != 0) {
    ThrowInvalidArgument(absl::StrCat(q_heads, " heads of queries and ", heads, " of keys"));
  }
  const auto repeated = [&](const Tensor& x) {
    return q_heads == heads ? x : RepeatInterleave(x, q_heads / heads, 1);
  };
  const auto size = static_cast<double>(reader.FixedExtent(q, 3));
  const double scale = reader.Float("scale", 1 / std::sqrt(size));
  // Through the graph that an attribute may be: of one input, which gives it back changed.
  const auto changed = [&](const char* attribute, ValueId x) {
    if (!reader.HasAttribute(attribute)) return x;
    const GraphMessage body = BodyOf(node, attribute);
    if (body.inputs.size() != 1 || body.outputs.size() != 1) {
      ThrowInvalidArgument(absl::StrCat(attribute, " has not one input and one output"));
    }
    Scope inner(scope, scope.graph_, Scope::Kind::kInline);
    inner.Define(body.inputs[0].name, {x, {}});
    inner.ReadGraph(body);
    const ValueId result = inner.ValueOf(body.outputs[0].name);
    if (reader.dtype(result) != precision || reader.shape(result) != reader.shape(x)) {
      ThrowInvalidArgument(absl::StrCat(attribute, " makes ", DTypeName(reader.dtype(result)),
                                        " of another shape or dtype than what it is given, ",
                                        DTypeName(precision)));
    }
    return result;
  };
  const ValueId scores = changed(
      "score_mod", reader.Trace(
                       [&](const Tensor& q, const Tensor& k) {
                         return Cast(MatMul(q, Transpose(repeated(k), 2, 3)), precision) * scale;
                       },
                       q, k));
  const ValueId weights = changed(
      "prob_mod", reader.Trace([](const Tensor& x) { return Softmax(x, {.dim = -1}); }, scores));
  const ValueId y =
      reader.Trace([&](const Tensor& weights,
                       const Tensor& v) { return MatMul(Cast(weights, dtype), repeated(v)); },
                   weights, v);
  scope.DefineOutputs(node, {{y, {}}});
}

}  // namespace neura::onnx
