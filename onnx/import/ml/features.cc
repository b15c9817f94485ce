// Features: chosen, replaced and scaled.
#include <cmath>

#include "absl/strings/str_cat.h"
#include "neura/onnx/import/ml/scores.h"
#include "neura/onnx/import/ops.h"
#include "neura/tensor/tensor.h"

namespace neura::onnx {
namespace {

using graph::Datum;
using graph::HostContext;
using graph::HostFunction;
using graph::ValueId;
using graph::ValueKind;
using graph::ValueType;

// Strings of the last dimension, at places in it.
std::vector<Datum> ColumnsOfStrings(const HostContext& context) {
  const Datum& x = context.inputs[0];
  const Tensor index = Contiguous(HostCopy(context.inputs[1].tensor()));
  Dims shape(x.strings_shape().begin(), x.strings_shape().end());
  const int64_t columns = shape.back(), rows = NumElements(shape) / std::max<int64_t>(columns, 1);
  std::vector<std::string> picked;
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t i = 0; i < index.numel(); ++i) {
      const int64_t at = index.data<int64_t>()[i];
      if (at < 0 || at >= columns) {
        ThrowOutOfRange(absl::StrCat("there is no column ", at, " of ", columns));
      }
      picked.push_back(x.strings()[static_cast<size_t>(row * columns + at)]);
    }
  }
  shape.back() = index.numel();
  if (shape.size() == 1) shape.insert(shape.begin(), 1);
  return {Datum::Strings(std::move(picked), shape)};
}
constinit const HostFunction kColumnsOfStrings = {"columns_of_strings", &ColumnsOfStrings};

// An attribute that has one number for all features, or one for each.
ValueId PerFeature(NodeReader& node, const char* name, const std::vector<double>& values, ValueId x,
                   DType dtype) {
  const auto count = static_cast<int64_t>(values.size());
  if (node.rank(x) < 1) ThrowInvalidArgument("a number has no features");
  const graph::SymInt& features = node.shape(x).back();
  if (count == 0 || (count != 1 && features.is_number() && features.number() != count)) {
    ThrowInvalidArgument(absl::StrCat(name, " has ", count, " elements for ",
                                      features.is_number() ? absl::StrCat(features.number()) : "?",
                                      " features"));
  }
  return Vector(node, values, dtype);
}

}  // namespace

// Of one dimension, as a row.
void ReadArrayFeatureExtractor(NodeReader& node) {
  const ValueId x = node.in_any(0), index = node.Cast(node.in(1), kInt64);
  if (node.graph().value(x).kind == ValueKind::kStrings) {
    const auto rank = std::max<size_t>(node.shape(x).size(), 2);
    const ValueType type{.kind = ValueKind::kStrings,
                         .shape = std::vector<graph::DeclaredExtent>(rank, graph::Open())};
    if (node.shape(x).empty()) ThrowInvalidArgument("a string has no features");
    return node.Out(node.graph().AddHostCall(kColumnsOfStrings, {x, index}, {}, {&type, 1})[0]);
  }
  if (node.rank(node.in(0)) < 1) ThrowInvalidArgument("a number has no features");
  node.Out(node.Trace(
      [](const Tensor& x, const Tensor& index) {
        const Tensor picked = IndexSelect(x, -1, Flatten(index));
        return x.dim() == 1 ? Unsqueeze(picked, 0) : picked;
      },
      x, index));
}

void ReadBinarizer(NodeReader& node) {
  const double threshold = node.Float("threshold", 0);
  const ValueId x = node.in(0);
  const DType dtype = node.dtype(x);
  node.Out(node.Pointwise([&](const Tensor& x) { return Cast(x > threshold, dtype); }, x));
}

// Each input with as many features as the attribute says: what is too much is cut off, what is
// missing 0.
void ReadFeatureVectorizer(NodeReader& node) {
  const std::vector<int64_t> sizes = node.Ints("inputdimensions");
  if (sizes.size() != node.num_inputs() || sizes.empty()) {
    ThrowInvalidArgument(absl::StrCat("inputdimensions has ", sizes.size(), " elements for ",
                                      node.num_inputs(), " inputs"));
  }
  std::vector<ValueId> parts;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] < 1 || sizes[i] > INT32_MAX) {
      ThrowInvalidArgument(absl::StrCat("inputdimensions has an element of ", sizes[i]));
    }
    const ValueId x = node.Cast(node.in(i), kFloat32);
    if (node.rank(x) < 1) ThrowInvalidArgument(absl::StrCat("input ", i, " is a number"));
    parts.push_back(node.Trace(
        [](const Tensor& x) { return x.dim() == 1 ? Unsqueeze(x, 0) : Flatten(x, 1, -1); }, x));
  }
  node.Out(node.TraceAll(parts, [&](absl::Span<const Tensor> in) {
    // Room is left at the end.
    std::vector<Tensor> cut;
    int64_t missing = 0;
    for (size_t i = 0; i < in.size(); ++i) {
      const int64_t given = in[i].size(1);
      cut.push_back(given > sizes[i] ? Slice(in[i], 1, 0, sizes[i]) : in[i]);
      missing += std::max<int64_t>(sizes[i] - given, 0);
    }
    const Tensor all = Cat(cut, 1);
    if (missing == 0) return std::vector{all};
    return std::vector{Pad(all, {.before = {0, 0}, .after = {0, missing}})};
  })[0]);
}

void ReadImputer(NodeReader& node) {
  const std::vector<double> floats = node.Floats("imputed_value_floats");
  const std::vector<int64_t> ints = node.Ints("imputed_value_int64s");
  const double replaced = node.Float("replaced_value_float", 0);
  const int64_t replaced_int = node.Int("replaced_value_int64", 0);
  const ValueId x = node.in(0);
  const DType dtype = node.dtype(x);
  ValueId values;
  if (IsFloating(dtype)) {
    values = PerFeature(node, "imputed_value_floats", floats, x, dtype);
  } else {
    PerFeature(node, "imputed_value_int64s", {ints.begin(), ints.end()}, x, dtype);
    values = node.Constant(Cast(FromVector(ints, {static_cast<int64_t>(ints.size())}), dtype));
  }
  node.Out(node.Pointwise(
      [&](const Tensor& x, const Tensor& values) {
        const Tensor is_missing = !IsFloating(dtype)     ? Eq(x, replaced_int)
                                  : std::isnan(replaced) ? IsNan(x)
                                                         : Eq(x, replaced);
        return Where(is_missing, values, x);
      },
      x, values));
}

// Rows of [N, C] or [C], by their largest element, the sum of their magnitudes or their length; of
// one whose divisor is 0 nothing changes.
void ReadNormalizer(NodeReader& node) {
  const std::string norm = node.String("norm", "MAX");
  if (norm != "MAX" && norm != "L1" && norm != "L2") {
    ThrowInvalidArgument(absl::StrCat("norm ", norm, " is unknown"));
  }
  const ValueId x = node.in(0);
  if (node.rank(x) != 1 && node.rank(x) != 2) ThrowInvalidArgument("expects [N, C] or [C]");
  node.Out(node.Trace(
      [&](const Tensor& given) {
        const Tensor x = Cast(given, kFloat32);
        const ReduceOptions over{.dims = {-1}, .keepdim = true};
        const Tensor divisor = norm == "MAX"  ? AMax(x, over)
                               : norm == "L1" ? Sum(Abs(x), over)
                                              : Sqrt(Sum(Square(x), over));
        return Where(Eq(divisor, 0), x, x / divisor);
      },
      x));
}

void ReadScaler(NodeReader& node) {
  const std::vector<double> offset = node.Floats("offset"), scale = node.Floats("scale");
  if (offset.size() != scale.size()) {
    ThrowInvalidArgument(
        absl::StrCat("offset has ", offset.size(), " elements, scale ", scale.size()));
  }
  const ValueId x = node.Cast(node.in(0), kFloat32);
  const ValueId by_offset = PerFeature(node, "offset", offset, x, kFloat32);
  const ValueId by_scale = PerFeature(node, "scale", scale, x, kFloat32);
  node.Out(node.Pointwise([](const Tensor& x, const Tensor& offset,
                             const Tensor& scale) { return (x - offset) * scale; },
                          x, by_offset, by_scale));
}

}  // namespace neura::onnx
