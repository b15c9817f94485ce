#include "neura/tensor/ops/reduce.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/default_dtype.h"
#include "neura/tensor/core/dtype_limits.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/dispatch.h"
#include "neura/tensor/ops/index.h"
#include "neura/tensor/ops/op_list/reduce.h"
#include "neura/tensor/ops/options/dims.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/shape.h"

namespace neura {

Tensor Sum(const Tensor& input, const ReduceOptions& options) {
  return Call<op::kSum>(options, input);
}
Tensor Mean(const Tensor& input, const ReduceOptions& options) {
  return Call<op::kMean>(options, input);
}
Tensor Prod(const Tensor& input, const ReduceOptions& options) {
  // As a product of truths: whether all hold.
  if (options.dtype == kBool) return All(input, {.dims = options.dims, .keepdim = options.keepdim});
  return Call<op::kProd>(options, input);
}
Tensor AMax(const Tensor& input, const ReduceOptions& options) {
  return Call<op::kAMax>(options, input);
}
Tensor AMin(const Tensor& input, const ReduceOptions& options) {
  return Call<op::kAMin>(options, input);
}
Tensor All(const Tensor& input, const ReduceOptions& options) {
  return Call<op::kAll>(options, input);
}
Tensor Any(const Tensor& input, const ReduceOptions& options) {
  return Call<op::kAny>(options, input);
}
Tensor ArgMax(const Tensor& input, const ArgReduceOptions& options) {
  return Call<op::kArgMax>(options, input);
}
Tensor ArgMin(const Tensor& input, const ArgReduceOptions& options) {
  return Call<op::kArgMin>(options, input);
}
Tensor CumSum(const Tensor& input, int64_t dim) { return Call<op::kCumSum>({.dim = dim}, input); }
Tensor CumProd(const Tensor& input, int64_t dim) { return Call<op::kCumProd>({.dim = dim}, input); }
Tensor LogCumSumExp(const Tensor& input, int64_t dim) {
  return Call<op::kLogCumSumExp>({.dim = dim}, input);
}
ValuesAndIndices CumMax(const Tensor& input, int64_t dim) {
  const auto [values, indices] = Call<op::kCumMax>({.dim = dim}, input);
  return {values, indices};
}
ValuesAndIndices CumMin(const Tensor& input, int64_t dim) {
  const auto [values, indices] = Call<op::kCumMin>({.dim = dim}, input);
  return {values, indices};
}
Tensor SearchSorted(const Tensor& sorted_sequence, const Tensor& input,
                    const SearchSortedOptions& options) {
  return Call<op::kSearchSorted>(options, sorted_sequence, input);
}
ValuesAndIndices Sort(const Tensor& input, const SortOptions& options) {
  auto [values, indices] = Call<op::kSort>(options, input);
  return {std::move(values), std::move(indices)};
}
Tensor ArgSort(const Tensor& input, int64_t dim, bool descending, bool stable) {
  return CallFor<op::kSort>(0b10, {.dim = dim, .descending = descending, .stable = stable}, input)
      .indices;
}

Scalar ExtremumIdentity(DType dtype, bool of_max) {
  if (dtype == kBool) return !of_max;
  if (IsFloating(dtype)) {
    const double infinity = std::numeric_limits<double>::infinity();
    return of_max ? -infinity : infinity;
  }
  const IntegerLimits limits = IntegerLimitsOf(dtype);
  return of_max ? Scalar(limits.min) : Scalar(limits.max);
}

namespace {

ValuesAndIndices AlongDim(OpId op, const Tensor& input, int64_t dim, bool keepdim) {
  const ArgReduceOptions options{.dim = dim, .keepdim = true};
  Tensor indices = CallAny(op, &options, input);
  if (input.dim() == 0) return {Clone(input), indices};
  Tensor values = Gather(input, dim, indices);
  if (keepdim) return {values, indices};
  return {Squeeze(values, {dim}), Squeeze(indices, {dim})};
}

}  // namespace

ValuesAndIndices Max(const Tensor& input, int64_t dim, bool keepdim) {
  return AlongDim(op::kArgMax, input, dim, keepdim);
}
ValuesAndIndices Min(const Tensor& input, int64_t dim, bool keepdim) {
  return AlongDim(op::kArgMin, input, dim, keepdim);
}

namespace {

// Whether a reduction over `dims`, all where there are none, meets no elements.
bool IsEmptyReduction(const char* op, const Tensor& input, DimsView dims) {
  if (dims.empty() || input.dim() == 0) return input.numel() == 0;
  return std::any_of(dims.begin(), dims.end(), [&](int64_t dim) {
    return input.size(NormalizeDim(op, dim, input.dim())) == 0;
  });
}

// For composites of several reductions: the input in options.dtype, which is then settled.
Tensor InDType(const char* op, const Tensor& input, ReduceOptions& options) {
  RequireDefined(op, input);
  const DType dtype = options.dtype.value_or(input.dtype());
  options.dtype.reset();
  return Cast(input, dtype);
}

}  // namespace

Tensor Var(const Tensor& tensor, const ReduceOptions& reduce_options, int64_t correction) {
  ReduceOptions options = reduce_options;
  const Tensor input = InDType("var", tensor, options);
  if (!IsDifferentiable(input.dtype())) {
    ThrowInvalidArgument(absl::StrCat(
        "var: std and var only support floating point and complex dtypes, got ", Describe(input)));
  }
  ReduceOptions keep = options;
  keep.keepdim = true;
  const Tensor mean = Mean(input, keep);
  const int64_t count = input.numel() / std::max<int64_t>(mean.numel(), 1);
  const double divisor = static_cast<double>(std::max<int64_t>(count - correction, 0));
  const Tensor apart = input - mean;
  return Sum(Square(IsComplex(apart.dtype()) ? Abs(apart) : apart), options) / divisor;
}

namespace {

// sum to the power of 1 / p. The root has no derivative at 0, where that of a norm counts as 0.
Tensor Root(const Tensor& sum, double p) {
  const Tensor is_zero = sum == 0;
  const Tensor inside = Where(is_zero, 1.0, sum);
  return Where(is_zero, 0.0, p == 2 ? Sqrt(inside) : Pow(inside, 1 / p));
}

}  // namespace

Tensor Std(const Tensor& input, const ReduceOptions& options, int64_t correction) {
  return Root(Var(input, options, correction), 2);
}

Tensor LogSumExp(const Tensor& tensor, const ReduceOptions& reduce_options) {
  ReduceOptions options = reduce_options;
  const Tensor input = InDType("logsumexp", tensor, options);
  if (IsComplex(input.dtype())) {
    ThrowInvalidArgument(
        absl::StrCat("logsumexp: complex numbers have no order, got ", Describe(input)));
  }
  ReduceOptions keep = options;
  keep.keepdim = true;
  const Tensor floating = IsFloating(input.dtype()) ? input : Cast(input, DefaultDType());
  // Of no elements the sum is 0.
  if (IsEmptyReduction("logsumexp", floating, options.dims)) return Log(Sum(floating, options));
  const Tensor max = AMax(floating, keep);
  // An infinite maximum would turn the difference into NaN.
  const Tensor shift = Where(IsFinite(max), max, 0.0);
  const Tensor sum = Log(Sum(Exp(floating - shift), keep)) + shift;
  return options.keepdim ? sum : Sum(sum, options);
}

Tensor Norm(const Tensor& tensor, double p, const ReduceOptions& reduce_options) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (std::isnan(p)) ThrowInvalidArgument("norm: p is not a number");
  ReduceOptions options = reduce_options;
  const Tensor numbers = InDType("norm", tensor, options);
  const Tensor input = IsComplex(numbers.dtype()) ? Abs(numbers) : numbers;
  if (std::isinf(p)) {
    if (IsEmptyReduction("norm", input, options.dims)) {
      ThrowInvalidArgument(
          absl::StrCat("norm: no elements have a largest or a least one: ", Describe(input),
                       " over dims ", ToString(DimsView(options.dims))));
    }
    return p > 0 ? AMax(Abs(input), options) : AMin(Abs(input), options);
  }
  if (p == 0) return Sum(Cast(input != 0, input.dtype()), options);
  if (p == 1) return Sum(Abs(input), options);
  if (p == 2) return Root(Sum(Square(input), options), p);
  if (p < 0) {
    const Tensor sizes = Abs(input), is_zero = sizes == 0;
    const Tensor sum = Sum(Where(is_zero, kInfinity, Pow(Where(is_zero, 1.0, sizes), p)), options);
    const Tensor beside_zero = sum == kInfinity;
    return Where(beside_zero, 0.0, Pow(Where(beside_zero, 1.0, sum), 1 / p));
  }
  Tensor powers = Abs(input);
  // Below 1 a power has no derivative at 0 either.
  powers =
      p < 1 ? Where(powers == 0, 0.0, Pow(Where(powers == 0, 1.0, powers), p)) : Pow(powers, p);
  return Root(Sum(powers, options), p);
}

Tensor SumTo(const Tensor& input, DimsView shape) {
  RequireDefined("SumTo", input);
  if (input.shape() == shape) return input;
  Dims dims;
  const int64_t lead = input.dim() - static_cast<int64_t>(shape.size());
  for (int64_t i = 0; i < input.dim(); ++i) {
    if (i < lead || (shape[static_cast<size_t>(i - lead)] == 1 && input.size(i) != 1)) {
      dims.push_back(i);
    }
  }
  Tensor sum = dims.empty() ? input : Sum(input, {.dims = dims, .keepdim = true});
  return lead == 0 ? sum : Reshape(sum, shape);
}

}  // namespace neura
