// Norms.
#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/linalg/checks.h"
#include "neura/tensor/linalg/linalg.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"

namespace neura::linalg {

Tensor VectorNorm(const Tensor& x, double ord, const std::optional<Dims>& dim, bool keepdim,
                  const std::optional<DType>& dtype) {
  RequireFloating("linalg.vector_norm", x);
  return neura::Norm(dtype ? Cast(x, *dtype) : x, ord,
                     {.dims = dim ? *dim : Dims{}, .keepdim = keepdim});
}

namespace {

// The extremum of the singular values, or of the sums in rows or columns, or a sum of the former:
// [..., m, n] to [...].
Tensor NormOfLastTwo(const Tensor& A, const NormOrder& ord) {
  const ReduceOptions last{.dims = {-1}};
  if (ord.name == "nuc") return Sum(SvdVals(A), last);
  const double size = std::abs(ord.p);
  if (!ord.name.empty() || (size != 1 && size != 2 && !std::isinf(size))) {
    ThrowInvalidArgument(absl::StrCat(
        "linalg.matrix_norm: ord must be \"fro\", \"nuc\", 1, -1, 2, -2, inf or -inf, got ",
        ord.name.empty() ? absl::StrCat(ord.p) : absl::StrCat("\"", ord.name, "\"")));
  }
  const Tensor values = size == 2 ? SvdVals(A) : Sum(Abs(A), {.dims = {size == 1 ? -2 : -1}});
  return ord.p > 0 ? AMax(values, last) : AMin(values, last);
}

}  // namespace

Tensor MatrixNorm(const Tensor& A, const NormOrder& ord, const Dims& dim, bool keepdim,
                  const std::optional<DType>& dtype) {
  RequireMatrices("linalg.matrix_norm", A);
  if (dim.size() != 2) {
    ThrowInvalidArgument("linalg.matrix_norm: dim must name two dimensions");
  }
  const int64_t rows = NormalizeDim("linalg.matrix_norm", dim[0], A.dim()),
                columns = NormalizeDim("linalg.matrix_norm", dim[1], A.dim());
  if (rows == columns) {
    ThrowInvalidArgument("linalg.matrix_norm: dim must name two different dimensions");
  }
  const Tensor input = dtype ? Cast(A, *dtype) : A;
  if (ord.name == "fro") return VectorNorm(input, 2, dim, keepdim);
  Dims order;
  for (int64_t d = 0; d < A.dim(); ++d) {
    if (d != rows && d != columns) order.push_back(d);
  }
  order.push_back(rows);
  order.push_back(columns);
  const Tensor norm = NormOfLastTwo(Permute(input, order), ord);
  if (!keepdim) return norm;
  const auto [first, second] = std::minmax(rows, columns);
  return Unsqueeze(Unsqueeze(norm, first), second);
}

Tensor Norm(const Tensor& A, const std::optional<NormOrder>& ord, const std::optional<Dims>& dim,
            bool keepdim, const std::optional<DType>& dtype) {
  RequireFloating("linalg.norm", A);
  if (!ord) return VectorNorm(A, 2, dim, keepdim, dtype);
  const size_t dims = dim ? dim->size() : A.shape().size();
  if (dims == 2) return MatrixNorm(A, *ord, dim.value_or(Dims{-2, -1}), keepdim, dtype);
  if (dims != 1 || !ord->name.empty()) {
    ThrowInvalidArgument(absl::StrCat(
        "linalg.norm: a norm of this order is one of 2 dimensions, or of 1 for a number, not of ",
        dims, ": ", Describe(A)));
  }
  return VectorNorm(A, ord->p, dim, keepdim, dtype);
}

}  // namespace neura::linalg
