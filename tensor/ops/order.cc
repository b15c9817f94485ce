// What follows from sorting, and statistics of it.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/default_dtype.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/iteration/lane_order.h"
#include "neura/tensor/ops/autocast.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/dispatch.h"
#include "neura/tensor/ops/index.h"
#include "neura/tensor/ops/linalg.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"

namespace neura {
namespace {

Tensor WithDim(std::string_view op, const Tensor& input) {
  RequireDefined(op, input);
  return AtLeast1d(input);
}

Tensor InShapeOf(const Tensor& result, const Tensor& input, int64_t dim, bool keepdim) {
  return input.dim() == 0 || !keepdim ? Squeeze(result, {dim}) : result;
}

ReduceOptions Over(const std::optional<Dims>& dim, bool keepdim) {
  ReduceOptions options{.keepdim = keepdim};
  if (dim) options.dims = *dim;
  return options;
}

// The first `count` of each row in order. What watches operations sees a sort of all; else the CPU
// does not put in order what nobody asks for.
ValuesAndIndices FirstInOrder(const Tensor& x, int64_t dim, bool descending, int64_t count) {
  const bool direct = x.device().type == DeviceType::kCpu && !IsWatched() && count < x.size(dim);
  if (direct && HasLaneOrder(WideDType(x.dtype()))) {
    Dims shape(x.shape().begin(), x.shape().end());
    shape[static_cast<size_t>(dim)] = count;
    const Tensor indices = Empty(shape, {.dtype = kInt64, .device = kCpu});
    OrderLanes(Contiguous(Cast(x, WideDType(x.dtype()))), dim, descending, count, nullptr,
               indices.data<int64_t>());
    return {Gather(x, dim, indices), indices};
  }
  const ValuesAndIndices sorted = Sort(x, {.dim = dim, .descending = descending, .stable = true});
  return {Contiguous(Narrow(sorted.values, dim, 0, count)),
          Contiguous(Narrow(sorted.indices, dim, 0, count))};
}

// The element of each row of sorted values at `place`, [.., 1, ..].
ValuesAndIndices Pick(const ValuesAndIndices& sorted, int64_t dim, const Tensor& place) {
  return {Gather(sorted.values, dim, place), Gather(sorted.indices, dim, place)};
}

}  // namespace

ValuesAndIndices TopK(const Tensor& input, int64_t k, int64_t dim, bool largest, bool) {
  const Tensor x = WithDim("topk", input);
  dim = NormalizeDim("topk", dim, x.dim());
  if (k < 0 || k > x.size(dim)) {
    ThrowInvalidArgument(absl::StrCat("topk: k = ", k, " is outside [0, ", x.size(dim),
                                      "], the extent of dimension ", dim, " of ", Describe(input)));
  }
  ValuesAndIndices first = FirstInOrder(x, dim, largest, k);
  if (input.dim() == 0 && k == 1) return {Reshape(first.values, {}), Reshape(first.indices, {})};
  return first;
}

ValuesAndIndices KthValue(const Tensor& input, int64_t k, int64_t dim, bool keepdim) {
  const Tensor x = WithDim("kthvalue", input);
  dim = NormalizeDim("kthvalue", dim, x.dim());
  if (k < 1 || k > x.size(dim)) {
    ThrowInvalidArgument(absl::StrCat("kthvalue: k = ", k, " is outside [1, ", x.size(dim),
                                      "], the extent of dimension ", dim, " of ", Describe(input)));
  }
  const ValuesAndIndices first = FirstInOrder(x, dim, false, k);
  return {InShapeOf(Narrow(first.values, dim, k - 1, 1), input, dim, keepdim),
          InShapeOf(Narrow(first.indices, dim, k - 1, 1), input, dim, keepdim)};
}

namespace {

ValuesAndIndices MedianAlong(std::string_view op, const Tensor& input, int64_t dim, bool keepdim,
                             bool skip_nan) {
  const Tensor x = WithDim(op, input);
  dim = NormalizeDim(op, dim, x.dim());
  const int64_t extent = x.size(dim);
  if (extent == 0) {
    ThrowInvalidArgument(
        absl::StrCat(op, ": dimension ", dim, " of ", Describe(input), " has no elements"));
  }
  const ValuesAndIndices sorted = Sort(x, {.dim = dim, .descending = false, .stable = true});
  const Tensor nan = IsNan(x);
  const Tensor missing = Sum(nan, {.dims = {dim}, .keepdim = true});
  // NaN are the last ones: the first of them, or the middle of the others.
  const Tensor middle = FloorDivide(ClampMin(extent - 1 - missing, 0), int64_t{2});
  const Tensor first_nan = extent - missing;
  const Tensor place = skip_nan ? middle : Where(missing > 0, first_nan, middle);
  const ValuesAndIndices picked = Pick(sorted, dim, place);
  return {InShapeOf(picked.values, input, dim, keepdim),
          InShapeOf(picked.indices, input, dim, keepdim)};
}

}  // namespace

ValuesAndIndices Median(const Tensor& input, int64_t dim, bool keepdim) {
  return MedianAlong("median", input, dim, keepdim, false);
}
ValuesAndIndices NanMedian(const Tensor& input, int64_t dim, bool keepdim) {
  return MedianAlong("nanmedian", input, dim, keepdim, true);
}

namespace {

Tensor QuantileOf(std::string_view op, const Tensor& input, const Operand& q,
                  const std::optional<int64_t>& dim, bool keepdim, const std::string& interpolation,
                  bool skip_nan) {
  RequireDefined(op, input);
  if (!IsFloating(input.dtype())) {
    ThrowInvalidArgument(
        absl::StrCat(op, ": expected floating point numbers, got ", Describe(input)));
  }
  const DType dtype = WideDType(input.dtype());
  const Tensor x = dim ? WithDim(op, input) : Ravel(input);
  const int64_t along = dim ? NormalizeDim(op, *dim, x.dim()) : 0;
  const int64_t extent = x.size(along);
  if (extent == 0) {
    ThrowInvalidArgument(
        absl::StrCat(op, ": no elements to take a quantile of in ", Describe(input)));
  }
  Tensor levels =
      q.is_tensor ? q.tensor : ScalarTensor(q.scalar, {.dtype = dtype, .device = input.device()});
  RequireDefined(op, levels);
  if (levels.dim() > 1) {
    ThrowInvalidArgument(
        absl::StrCat(op, ": q must be a number or a vector, got ", Describe(levels)));
  }
  const bool one = levels.dim() == 0;
  // Places in float64: float32 cannot count beyond 2^24.
  levels = Cast(Reshape(Cast(levels, dtype), {-1}), kFloat64);
  if (!All(LogicalAnd(levels >= 0, levels <= 1)).Item<bool>()) {
    ThrowInvalidArgument(absl::StrCat(op, ": q must lie in [0, 1]"));
  }
  // [..., n] -> [..., q]
  const Tensor in_order = Sort(x, {.dim = along, .descending = false, .stable = true}).values;
  const Tensor sorted = MoveDim(Cast(in_order, dtype), {along}, {-1});
  const Tensor missing = Sum(IsNan(sorted), {.dims = {-1}, .keepdim = true});
  const Tensor last =
      Cast(skip_nan ? ClampMin(extent - 1 - missing, 0) : FullLike(missing, extent - 1), kFloat64);
  const Tensor rank = levels * last;
  Tensor low = Floor(rank), high = Ceil(rank), weight = rank - low;
  if (interpolation == "lower") {
    high = low;
  } else if (interpolation == "higher") {
    low = high;
  } else if (interpolation == "nearest") {
    low = high = Round(rank);
  } else if (interpolation == "midpoint") {
    weight = Where(low == high, 0, FullLike(weight, 0.5));
  } else if (interpolation != "linear") {
    ThrowInvalidArgument(absl::StrCat(op,
                                      ": interpolation must be \"linear\", \"lower\", "
                                      "\"higher\", \"midpoint\" or \"nearest\", got \"",
                                      interpolation, "\""));
  }
  const Tensor below = Gather(sorted, -1, Cast(low, kInt64)),
               above = Gather(sorted, -1, Cast(high, kInt64));
  // Equal infinities have no difference.
  const Tensor difference = Where(LogicalAnd(below == above, IsInf(below)), 0, above - below);
  Tensor result = Cast(below + difference * Cast(weight, dtype), input.dtype());
  if (!skip_nan) {
    result = Where(missing > 0, std::numeric_limits<double>::quiet_NaN(), result);
  }
  result = MoveDim(result, {-1}, {0});
  if (keepdim) {
    if (dim && input.dim() > 0) {
      result = Unsqueeze(result, along + 1);
    } else {
      Dims shape(static_cast<size_t>(input.dim()) + 1, 1);
      shape[0] = levels.numel();
      result = Reshape(result, shape);
    }
  }
  return one ? Squeeze(result, {0}) : result;
}

}  // namespace

Tensor Quantile(const Tensor& input, const Operand& q, const std::optional<int64_t>& dim,
                bool keepdim, const std::string& interpolation) {
  if (AutocastWidens({&input})) {
    return Quantile(Widened(input), q, dim, keepdim, interpolation);
  }
  return QuantileOf("quantile", input, q, dim, keepdim, interpolation, false);
}
Tensor NanQuantile(const Tensor& input, const Operand& q, const std::optional<int64_t>& dim,
                   bool keepdim, const std::string& interpolation) {
  if (AutocastWidens({&input})) {
    return NanQuantile(Widened(input), q, dim, keepdim, interpolation);
  }
  return QuantileOf("nanquantile", input, q, dim, keepdim, interpolation, true);
}

Tensor MSort(const Tensor& input) {
  const Tensor x = WithDim("msort", input);
  return Reshape(Sort(x, {.dim = 0, .descending = false, .stable = true}).values, input.shape());
}

Tensor NanSum(const Tensor& input, const std::optional<Dims>& dim, bool keepdim) {
  RequireDefined("nansum", input);
  return Sum(IsDifferentiable(input.dtype()) ? Where(IsNan(input), 0, input) : input,
             Over(dim, keepdim));
}
Tensor NanMean(const Tensor& input, const std::optional<Dims>& dim, bool keepdim) {
  RequireDefined("nanmean", input);
  const ReduceOptions options = Over(dim, keepdim);
  return NanSum(input, dim, keepdim) / Sum(LogicalNot(IsNan(input)), options);
}

std::vector<Tensor> VarMean(const Tensor& input, const std::optional<Dims>& dim, bool keepdim,
                            int64_t correction) {
  const ReduceOptions options = Over(dim, keepdim);
  return {Var(input, options, correction), Mean(input, options)};
}
std::vector<Tensor> StdMean(const Tensor& input, const std::optional<Dims>& dim, bool keepdim,
                            int64_t correction) {
  const ReduceOptions options = Over(dim, keepdim);
  return {Std(input, options, correction), Mean(input, options)};
}

Tensor Bucketize(const Tensor& input, const Tensor& boundaries, bool out_int32, bool right) {
  RequireDims("bucketize", boundaries, 1);
  return SearchSortedAs(boundaries, input, out_int32, right);
}

Tensor SearchSortedAs(const Tensor& sorted_sequence, const Tensor& input, bool out_int32,
                      bool right, const std::optional<std::string>& side,
                      const std::optional<Tensor>& sorter) {
  if (side && *side != "left" && *side != "right") {
    ThrowInvalidArgument(
        absl::StrCat("searchsorted: side must be \"left\" or \"right\", got \"", *side, "\""));
  }
  const Tensor sorted =
      sorter && sorter->defined() ? TakeAlongDim(sorted_sequence, *sorter, -1) : sorted_sequence;
  const Tensor places = SearchSorted(sorted, input, {.right = side ? *side == "right" : right});
  return out_int32 ? Cast(places, kInt32) : places;
}

namespace {

// The product of how often each of n observations was made and how much each counts; undefined
// where neither is given.
Tensor WeightsOf(int64_t n, const std::optional<Tensor>& fweights,
                 const std::optional<Tensor>& aweights) {
  Tensor product;
  const auto multiply = [&](const std::optional<Tensor>& weights, const char* name, bool integers) {
    if (!weights || !weights->defined()) return;
    if (weights->dim() != 1 || weights->numel() != n ||
        !(integers ? IsIntegral(weights->dtype()) : IsFloating(weights->dtype()))) {
      ThrowInvalidArgument(absl::StrCat("cov: ", name, " must be ", n,
                                        integers ? " integers" : " floating point numbers",
                                        ", one for each observation, got ", Describe(*weights)));
    }
    if (n > 0 && AMin(*weights).Item<double>() < 0) {
      ThrowInvalidArgument(absl::StrCat("cov: ", name, " must not be negative"));
    }
    product = product.defined() ? product * *weights : *weights;
  };
  multiply(fweights, "fweights", true);
  multiply(aweights, "aweights", false);
  return product;
}

}  // namespace

Tensor Cov(const Tensor& input, int64_t correction, const std::optional<Tensor>& fweights,
           const std::optional<Tensor>& aweights) {
  RequireDefined("cov", input);
  if (input.dim() > 2) {
    ThrowInvalidArgument(absl::StrCat("cov: at most two dimensions, got ", Describe(input)));
  }
  const Tensor rows = AtLeast2d(input);
  const Tensor x = IsDifferentiable(rows.dtype()) ? rows : Cast(rows, DefaultDType());
  Tensor weights = WeightsOf(x.size(1), fweights, aweights);
  if (!weights.defined()) {
    const Tensor centered = x - Mean(x, {.dims = {1}, .keepdim = true});
    const double freedom =
        std::max(0.0, static_cast<double>(x.size(1)) - static_cast<double>(correction));
    return Squeeze(MatMul(centered, Adjoint(centered)) / freedom);
  }
  weights = Cast(weights, RealDType(x.dtype()));
  const Tensor total = Sum(weights);
  const Tensor centered = x - Sum(x * weights, {.dims = {1}, .keepdim = true}) / total;
  Tensor lost = Full({}, correction, {.dtype = kInt64, .device = x.device()});
  if (aweights && aweights->defined()) lost = lost * Sum(weights * *aweights) / total;
  return Squeeze(MatMul(centered, Adjoint(centered * weights)) / Clamp(total - lost, {.min = 0}));
}

Tensor CorrCoef(const Tensor& input) {
  const Tensor covariance = Cov(input);
  if (covariance.dim() == 0) return covariance / covariance;
  const Tensor deviation = Sqrt(Real(Diagonal(covariance)));
  const Tensor correlation = covariance / Unsqueeze(deviation, 1) / Unsqueeze(deviation, 0);
  const auto within = [](const Tensor& x) { return Clamp(x, {.min = -1.0, .max = 1.0}); };
  return IsComplex(correlation.dtype())
             ? Complex(within(Real(correlation)), within(Imag(correlation)))
             : within(correlation);
}

}  // namespace neura
