// Distances.
#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/autocast.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/index.h"
#include "neura/tensor/ops/linalg.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"

namespace neura {
namespace {

// p-norms over the last dimension; with p = 0 how many elements are not zero.
Tensor Lengths(const Tensor& difference, double p) {
  if (p == 0) return Cast(CountNonZero(difference, Dims{-1}), difference.dtype());
  return Norm(difference, p, {.dims = {-1}});
}

// sqrt(|a|^2 - 2 a b + |b|^2), which needs no memory for the differences of all pairs.
Tensor EuclideanByProducts(const Tensor& x1, const Tensor& x2) {
  const Tensor squares1 = Sum(Square(x1), {.dims = {-1}, .keepdim = true});
  const Tensor squares2 = Transpose(Sum(Square(x2), {.dims = {-1}, .keepdim = true}), -2, -1);
  const Tensor squares = squares1 + squares2 - MatMul(x1, Transpose(x2, -2, -1)) * 2;
  // Rounding may leave less than 0; at 0 the root has no derivative.
  const Tensor apart = squares > 0;
  return Where(apart, Sqrt(Where(apart, squares, 1)), 0);
}

}  // namespace

Tensor CDist(const Tensor& x1, const Tensor& x2, double p, const std::string& compute_mode) {
  if (AutocastWidens({&x1, &x2})) {
    return CDist(Widened(x1), Widened(x2), p, compute_mode);
  }
  RequireDefined("cdist", x1);
  RequireDefined("cdist", x2);
  if (x1.dim() < 2 || x2.dim() < 2 || x1.size(-1) != x2.size(-1)) {
    ThrowInvalidArgument(absl::StrCat("cdist: expected [..., P, M] and [..., R, M], got ",
                                      Describe(x1), " and ", Describe(x2)));
  }
  const bool always = compute_mode == "use_mm_for_euclid_dist",
             where_large = compute_mode == "use_mm_for_euclid_dist_if_necessary";
  if (!always && !where_large && compute_mode != "donot_use_mm_for_euclid_dist") {
    ThrowInvalidArgument(
        absl::StrCat("cdist: compute_mode must be 'use_mm_for_euclid_dist_if_necessary', "
                     "'use_mm_for_euclid_dist' or 'donot_use_mm_for_euclid_dist', got '",
                     compute_mode, "'"));
  }
  constexpr int64_t kLarge = 25;  // rows, as in PyTorch
  const bool large = x1.size(-2) > kLarge || x2.size(-2) > kLarge;
  if (p == 2 && (always || (where_large && large))) return EuclideanByProducts(x1, x2);
  return Lengths(Unsqueeze(x1, -2) - Unsqueeze(x2, -3), p);
}

Tensor PDist(const Tensor& input, double p) {
  RequireDims("pdist", input, 2);
  const Tensor pairs =
      TriuIndices(input.size(0), input.size(0), 1, {.dtype = kInt64, .device = input.device()});
  return Lengths(
      IndexSelect(input, 0, Select(pairs, 0, 0)) - IndexSelect(input, 0, Select(pairs, 0, 1)), p);
}

}  // namespace neura
