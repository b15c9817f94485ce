#include "neura/tensor/masked/masked.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/default_dtype.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/linalg/linalg.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/norm.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"

namespace neura::masked {
namespace {

using Mask = std::optional<Tensor>;
using OptDType = std::optional<DType>;

// Where elements count, in the input's shape; undefined where all do.
Tensor Counting(const char* op, const Tensor& input, const Mask& mask) {
  RequireDefined(op, input);
  if (!mask || !mask->defined()) return {};
  if (mask->dim() > input.dim() ||
      DimsView(BroadcastShapes(op, input.shape(), mask->shape())) != input.shape()) {
    ThrowInvalidArgument(absl::StrCat(op, ": the mask ", Describe(*mask),
                                      " must broadcast to the input ", Describe(input)));
  }
  return Expand(mask->dtype() == kBool ? *mask : *mask != 0, input.shape());
}

// The input, in its dtype, with `identity` where it does not count.
Tensor Filled(const char* op, const Tensor& input, const Mask& mask, const Scalar& identity) {
  const Tensor counts = Counting(op, input, mask);
  if (!counts.defined()) return input;
  return Where(counts, input,
               Full({}, identity, {.dtype = input.dtype(), .device = input.device()}));
}

// With what changes no maximum, or no minimum.
Tensor FilledForExtremum(const char* op, const Tensor& input, const Mask& mask, bool of_max) {
  RequireDefined(op, input);
  if (IsComplex(input.dtype())) {
    ThrowInvalidArgument(
        absl::StrCat(op, ": complex numbers have no order, got ", Describe(input)));
  }
  return Filled(op, input, mask, ExtremumIdentity(input.dtype(), of_max));
}

ReduceOptions Over(const std::optional<Dims>& dim, bool keepdim, const OptDType& dtype = {}) {
  ReduceOptions options{.keepdim = keepdim, .dtype = dtype};
  if (dim) options.dims = *dim;
  return options;
}

// How many elements count, int64.
Tensor CountOf(const Tensor& input, const Tensor& counts, const ReduceOptions& options) {
  const TensorOptions truths{.dtype = kBool, .device = input.device()};
  return neura::Sum(counts.defined() ? counts : Expand(Full({}, true, truths), input.shape()),
                    options);
}

// The dtype in which a mean of `dtype` is computed: 16 bits cannot count.
DType MeanDType(DType dtype) { return IsDifferentiable(dtype) ? WideDType(dtype) : DefaultDType(); }

Tensor Variance(const char* op, const Tensor& input, const std::optional<Dims>& dim, bool unbiased,
                bool keepdim, const OptDType& dtype, const Mask& mask) {
  const Tensor counts = Counting(op, input, mask);
  const DType result = dtype                             ? *dtype
                       : IsDifferentiable(input.dtype()) ? input.dtype()
                                                         : DefaultDType();
  Tensor x = Cast(input, MeanDType(result));
  if (counts.defined()) x = Where(counts, x, 0);
  const ReduceOptions keep = Over(dim, true);
  Tensor count = CountOf(input, counts, keep);
  const Tensor apart = x - neura::Sum(x, keep) / count;
  Tensor squares = IsComplex(x.dtype()) ? apart * Conj(apart) : Square(apart);
  if (counts.defined()) squares = Where(counts, squares, 0);
  const Tensor total = neura::Sum(squares, Over(dim, keepdim));
  count = Reshape(count, total.shape());
  return Cast(total / (unbiased ? ClampMin(count - 1, 0) : count), result);
}

}  // namespace

Tensor Sum(const Tensor& input, const std::optional<Dims>& dim, bool keepdim, const OptDType& dtype,
           const Mask& mask) {
  return neura::Sum(Filled("masked.sum", input, mask, 0), Over(dim, keepdim, dtype));
}
Tensor Prod(const Tensor& input, const std::optional<Dims>& dim, bool keepdim,
            const OptDType& dtype, const Mask& mask) {
  return neura::Prod(Filled("masked.prod", input, mask, 1), Over(dim, keepdim, dtype));
}

Tensor AMax(const Tensor& input, const std::optional<Dims>& dim, bool keepdim,
            const OptDType& dtype, const Mask& mask) {
  const Tensor x = FilledForExtremum("masked.amax", input, mask, true);
  return Cast(neura::AMax(x, Over(dim, keepdim)), dtype.value_or(input.dtype()));
}
Tensor AMin(const Tensor& input, const std::optional<Dims>& dim, bool keepdim,
            const OptDType& dtype, const Mask& mask) {
  const Tensor x = FilledForExtremum("masked.amin", input, mask, false);
  return Cast(neura::AMin(x, Over(dim, keepdim)), dtype.value_or(input.dtype()));
}

Tensor ArgMax(const Tensor& input, const std::optional<int64_t>& dim, bool keepdim,
              const OptDType& dtype, const Mask& mask) {
  const Tensor x = FilledForExtremum("masked.argmax", input, mask, true);
  return Cast(neura::ArgMax(x, {.dim = dim, .keepdim = keepdim}), dtype.value_or(input.dtype()));
}
Tensor ArgMin(const Tensor& input, const std::optional<int64_t>& dim, bool keepdim,
              const OptDType& dtype, const Mask& mask) {
  const Tensor x = FilledForExtremum("masked.argmin", input, mask, false);
  return Cast(neura::ArgMin(x, {.dim = dim, .keepdim = keepdim}), dtype.value_or(input.dtype()));
}

Tensor Mean(const Tensor& input, const std::optional<Dims>& dim, bool keepdim,
            const OptDType& dtype, const Mask& mask) {
  const Tensor counts = Counting("masked.mean", input, mask);
  const DType asked = dtype.value_or(input.dtype());
  const DType wide = MeanDType(asked);
  // Integers are added as such.
  Tensor x = IsDifferentiable(asked) ? Cast(input, wide) : input;
  if (counts.defined()) x = Where(counts, x, 0);
  const ReduceOptions options = Over(dim, keepdim);
  const Tensor mean = Cast(neura::Sum(x, options), wide) / CountOf(input, counts, options);
  return Cast(mean, IsDifferentiable(asked) ? asked : wide);
}

Tensor Median(const Tensor& input, int64_t dim, bool keepdim, const OptDType& dtype,
              const Mask& mask) {
  RequireDefined("masked.median", input);
  const bool floating = IsFloating(input.dtype());
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Tensor x = Filled("masked.median", floating ? input : Cast(input, kFloat64), mask, nan);
  const Tensor median = NanMedian(x, dim, keepdim).values;
  if (!floating && Any(IsNan(median)).Item<bool>()) {
    ThrowInvalidArgument(absl::StrCat("masked.median: no integer is the median of nothing, which ",
                                      "the mask leaves of a row of ", Describe(input)));
  }
  return Cast(median, dtype.value_or(input.dtype()));
}

Tensor Norm(const Tensor& input, double ord, const std::optional<Dims>& dim, bool keepdim,
            const OptDType& dtype, const Mask& mask) {
  const double infinity = std::numeric_limits<double>::infinity();
  const Tensor x = Filled("masked.norm", input, mask, ord == -infinity ? infinity : 0.0);
  if (dim && dim->empty()) return linalg::VectorNorm(x, ord, {}, keepdim, dtype);
  return linalg::VectorNorm(x, ord, dim, keepdim, dtype);
}

Tensor Var(const Tensor& input, const std::optional<Dims>& dim, bool unbiased, bool keepdim,
           const OptDType& dtype, const Mask& mask) {
  return Variance("masked.var", input, dim, unbiased, keepdim, dtype, mask);
}
Tensor Std(const Tensor& input, const std::optional<Dims>& dim, bool unbiased, bool keepdim,
           const OptDType& dtype, const Mask& mask) {
  return Sqrt(Variance("masked.std", input, dim, unbiased, keepdim, dtype, mask));
}

Tensor LogSumExp(const Tensor& input, const std::optional<Dims>& dim, bool keepdim,
                 const OptDType& dtype, const Mask& mask) {
  const Tensor x = FilledForExtremum("masked.logsumexp", input, mask, true);
  return Cast(neura::LogSumExp(x, Over(dim, keepdim)), dtype.value_or(input.dtype()));
}

Tensor CumSum(const Tensor& input, int64_t dim, const OptDType& dtype, const Mask& mask) {
  const Tensor x = Filled("masked.cumsum", input, mask, 0);
  const DType result = dtype.value_or(input.dtype());
  return Cast(neura::CumSum(Cast(x, result), dim), result);
}
Tensor CumProd(const Tensor& input, int64_t dim, const OptDType& dtype, const Mask& mask) {
  const Tensor x = Filled("masked.cumprod", input, mask, 1);
  const DType result = dtype.value_or(input.dtype());
  return Cast(neura::CumProd(Cast(x, result), dim), result);
}

Tensor Softmax(const Tensor& input, int64_t dim, const OptDType& dtype, const Mask& mask) {
  const Tensor x = FilledForExtremum("masked.softmax", input, mask, true);
  return neura::Softmax(Cast(x, dtype.value_or(x.dtype())), {.dim = dim});
}
Tensor LogSoftmax(const Tensor& input, int64_t dim, const OptDType& dtype, const Mask& mask) {
  const Tensor x = FilledForExtremum("masked.log_softmax", input, mask, true);
  return neura::LogSoftmax(Cast(x, dtype.value_or(x.dtype())), {.dim = dim});
}
Tensor SoftMin(const Tensor& input, int64_t dim, const OptDType& dtype, const Mask& mask) {
  return neura::SoftMin(FilledForExtremum("masked.softmin", input, mask, false), dim, dtype);
}

Tensor Normalize(const Tensor& input, double ord, int64_t dim, double eps, const OptDType& dtype,
                 const Mask& mask) {
  const Tensor x = Filled("masked.normalize", input, mask, 0);
  return x / ClampMin(Norm(input, ord, Dims{dim}, true, dtype, mask), eps);
}

Tensor LogAddExp(const Tensor& input, const Tensor& other, const OptDType& dtype,
                 const Mask& input_mask, const Mask& other_mask) {
  const Tensor x = FilledForExtremum("masked.logaddexp", input, input_mask, true),
               y = FilledForExtremum("masked.logaddexp", other, other_mask, true);
  return Cast(neura::LogAddExp(x, y), dtype.value_or(input.dtype()));
}

}  // namespace neura::masked
