#include "neura/tensor/ops/reduce.h"

#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/dispatch.h"
#include "neura/tensor/ops/index.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/shape.h"

namespace neura {

Tensor Sum(const Tensor& input, const ReduceOptions& options) {
  return Call(OpId::kSum, &options, input);
}
Tensor Mean(const Tensor& input, const ReduceOptions& options) {
  return Call(OpId::kMean, &options, input);
}
Tensor Prod(const Tensor& input, const ReduceOptions& options) {
  return Call(OpId::kProd, &options, input);
}
Tensor AMax(const Tensor& input, const ReduceOptions& options) {
  return Call(OpId::kAMax, &options, input);
}
Tensor AMin(const Tensor& input, const ReduceOptions& options) {
  return Call(OpId::kAMin, &options, input);
}
Tensor All(const Tensor& input, const ReduceOptions& options) {
  return Call(OpId::kAll, &options, input);
}
Tensor Any(const Tensor& input, const ReduceOptions& options) {
  return Call(OpId::kAny, &options, input);
}
Tensor ArgMax(const Tensor& input, const ArgReduceOptions& options) {
  return Call(OpId::kArgMax, &options, input);
}
Tensor ArgMin(const Tensor& input, const ArgReduceOptions& options) {
  return Call(OpId::kArgMin, &options, input);
}
Tensor CumSum(const Tensor& input, int64_t dim) {
  const DimOptions options{.dim = dim};
  return Call(OpId::kCumSum, &options, input);
}

namespace {

ValuesAndIndices AlongDim(OpId op, const Tensor& input, int64_t dim, bool keepdim) {
  const ArgReduceOptions options{.dim = dim, .keepdim = true};
  Tensor indices = Call(op, &options, input);
  if (input.dim() == 0) return {Clone(input), indices};
  Tensor values = Gather(input, dim, indices);
  if (keepdim) return {values, indices};
  return {Squeeze(values, {dim}), Squeeze(indices, {dim})};
}

}  // namespace

ValuesAndIndices Max(const Tensor& input, int64_t dim, bool keepdim) {
  return AlongDim(OpId::kArgMax, input, dim, keepdim);
}
ValuesAndIndices Min(const Tensor& input, int64_t dim, bool keepdim) {
  return AlongDim(OpId::kArgMin, input, dim, keepdim);
}

namespace {

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
  ReduceOptions keep = options;
  keep.keepdim = true;
  const Tensor mean = Mean(input, keep);
  const int64_t count = input.numel() / std::max<int64_t>(mean.numel(), 1);
  const double divisor = static_cast<double>(std::max<int64_t>(count - correction, 0));
  return Sum(Square(input - mean), options) / divisor;
}

Tensor Std(const Tensor& input, const ReduceOptions& options, int64_t correction) {
  return Sqrt(Var(input, options, correction));
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
  const Tensor floating = IsFloating(input.dtype()) ? input : Cast(input, kFloat32);
  const Tensor max = AMax(floating, keep);
  // An infinite maximum would turn the difference into NaN.
  const Tensor shift = Where(IsFinite(max), max, 0.0);
  const Tensor sum = Log(Sum(Exp(floating - shift), keep)) + shift;
  return options.keepdim ? sum : Sum(sum, options);
}

Tensor Norm(const Tensor& tensor, double p, const ReduceOptions& reduce_options) {
  if (!(p > 0)) ThrowInvalidArgument(absl::StrCat("norm: p = ", p, " must be positive"));
  ReduceOptions options = reduce_options;
  const Tensor input = InDType("norm", tensor, options);
  if (p == std::numeric_limits<double>::infinity()) return AMax(Abs(input), options);
  if (p == 1) return Sum(Abs(input), options);
  const Tensor sum = Sum(p == 2 ? Square(input) : Pow(Abs(input), p), options);
  // The root has no derivative at 0; that of the norm counts as 0 there.
  const Tensor is_zero = sum == 0;
  const Tensor inside = Where(is_zero, 1.0, sum);
  return Where(is_zero, 0.0, p == 2 ? Sqrt(inside) : Pow(inside, 1 / p));
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
