// Differences, derivatives and integrals of samples.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/default_dtype.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"

namespace neura {

Tensor Diff(const Tensor& input, int64_t n, int64_t dim, const std::optional<Tensor>& prepend,
            const std::optional<Tensor>& append) {
  RequireDefined("diff", input);
  if (n < 0) ThrowInvalidArgument("diff: n must not be negative");
  dim = NormalizeDim("diff", dim, input.dim());
  if (input.dim() == 0) ThrowInvalidArgument("diff: expected at least one dimension");
  // Nothing is joined where no difference is taken, as in PyTorch.
  if (n == 0) return Clone(input);
  Tensor result = input;
  if (prepend && prepend->defined()) result = Cat({*prepend, result}, dim);
  if (append && append->defined()) result = Cat({result, *append}, dim);
  for (; n > 0 && result.size(dim) > 0; --n) {
    const Tensor later = Slice(result, dim, 1), earlier = Slice(result, dim, 0, -1);
    result = input.dtype() == kBool ? LogicalXor(later, earlier) : later - earlier;
  }
  return result;
}

namespace {

// Each trapezoid between neighbours along dim.
Tensor Trapezoids(std::string_view op, const Tensor& y, const std::optional<Tensor>& x, double dx,
                  int64_t dim) {
  if (y.dim() == 0) ThrowInvalidArgument(absl::StrCat(op, ": expected at least one dimension"));
  const Tensor heights = Slice(y, dim, 1) + Slice(y, dim, 0, -1);
  if (!x || !x->defined()) return heights * (dx / 2);
  if (x->dim() == 0 || x->dim() > y.dim()) {
    ThrowInvalidArgument(absl::StrCat(op, ": the places ", Describe(*x),
                                      " must be a vector, or broadcast to ", Describe(y)));
  }
  // A vector lies along dim.
  Dims shape(static_cast<size_t>(y.dim()), 1);
  if (x->dim() == 1) {
    shape[static_cast<size_t>(dim)] = x->numel();
  } else {
    std::copy_backward(x->shape().begin(), x->shape().end(), shape.end());
  }
  return heights * Diff(Reshape(*x, shape), 1, dim) / 2;
}

}  // namespace

Tensor Trapezoid(const Tensor& y, const std::optional<Tensor>& x, double dx, int64_t dim) {
  RequireDefined("trapezoid", y);
  dim = NormalizeDim("trapezoid", dim, y.dim());
  return Sum(Trapezoids("trapezoid", y, x, dx, dim), {.dims = {dim}});
}

Tensor CumulativeTrapezoid(const Tensor& y, const std::optional<Tensor>& x, double dx,
                           int64_t dim) {
  RequireDefined("cumulative_trapezoid", y);
  dim = NormalizeDim("cumulative_trapezoid", dim, y.dim());
  return CumSum(Trapezoids("cumulative_trapezoid", y, x, dx, dim), dim);
}

namespace {

// The derivative along one dimension. Inside by parabolas through neighbours at distances a and b,
// which the places `x`, a vector along dim, tell.
Tensor Derivative(const Tensor& input, const Tensor& x, int64_t dim, int64_t edge_order) {
  const int64_t n = input.size(dim);
  if (n < edge_order + 1) {
    ThrowInvalidArgument(absl::StrCat("gradient: dimension ", dim, " of ", Describe(input),
                                      " needs ", edge_order + 1, " elements"));
  }
  const Tensor step = Diff(x, 1, dim), slope = Diff(input, 1, dim) / step;
  const auto part = [&](const Tensor& t, int64_t start, int64_t end) {
    return Slice(t, dim, start, end);
  };
  const Tensor a = part(step, 0, -1), b = part(step, 1, INT64_MAX);
  const Tensor inside = (part(slope, 0, -1) * b + part(slope, 1, INT64_MAX) * a) / (a + b);
  Tensor first = part(slope, 0, 1), last = part(slope, n - 2, n - 1);
  if (edge_order == 2) {
    // The parabola through three elements, at its end.
    const auto at_end = [&](int64_t outer, int64_t inner) {
      const Tensor h = part(step, outer, outer + 1), k = part(step, inner, inner + 1);
      const Tensor near = part(slope, outer, outer + 1), far = part(slope, inner, inner + 1);
      return near + (near - far) * h / (h + k);
    };
    first = at_end(0, 1);
    last = at_end(n - 2, n - 3);
  }
  return Cat({first, inside, last}, dim);
}

}  // namespace

std::vector<Tensor> Gradient(const Tensor& input, const std::vector<Operand>& spacing,
                             const std::optional<Dims>& dim, int64_t edge_order) {
  RequireDefined("gradient", input);
  if (edge_order != 1 && edge_order != 2) {
    ThrowInvalidArgument(absl::StrCat("gradient: edge_order must be 1 or 2, got ", edge_order));
  }
  Dims dims;
  if (dim) dims = *dim;
  for (int64_t i = 0; !dim && i < input.dim(); ++i) dims.push_back(i);
  if (spacing.size() != 1 && spacing.size() != dims.size()) {
    ThrowInvalidArgument(
        absl::StrCat("gradient: ", spacing.size(), " spacings for ", dims.size(), " dimensions"));
  }
  const Tensor x = IsDifferentiable(input.dtype()) ? input : Cast(input, DefaultDType());
  std::vector<Tensor> results;
  for (size_t i = 0; i < dims.size(); ++i) {
    const int64_t along = NormalizeDim("gradient", dims[i], x.dim());
    if (x.dim() == 0) ThrowInvalidArgument("gradient: expected at least one dimension");
    const Operand& apart = spacing[spacing.size() == 1 ? 0 : i];
    Tensor places =
        apart.is_tensor
            ? apart.tensor
            : Arange(0, x.size(along), 1, {.dtype = RealDType(x.dtype()), .device = x.device()}) *
                  apart.scalar.To<double>();
    RequireDims("gradient", places, 1);
    if (places.numel() != x.size(along)) {
      ThrowInvalidArgument(absl::StrCat("gradient: ", Describe(places),
                                        " must name a place for each element of dimension ", along,
                                        " of ", Describe(input)));
    }
    Dims shape(static_cast<size_t>(x.dim()), 1);
    shape[static_cast<size_t>(along)] = places.numel();
    results.push_back(Derivative(x, Reshape(places, shape), along, edge_order));
  }
  return results;
}

}  // namespace neura
