// Factors of matrices that are nearly of low rank.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/linalg/checks.h"
#include "neura/tensor/linalg/linalg.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/linalg.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"

namespace neura::linalg {

SvdWithVResult SvdLowRank(const Tensor& A, int64_t q, int64_t niter,
                          const std::optional<Tensor>& M) {
  RequireMatrices("svd_lowrank", A);
  const Tensor whole = M && M->defined() ? Sub(A, *M) : A;
  const bool wide = whole.size(-2) < whole.size(-1);
  const Tensor tall = wide ? Adjoint(whole) : whole, across = Adjoint(tall);
  if (q < 0 || q > tall.size(-1) || niter < 0) {
    ThrowInvalidArgument(absl::StrCat("svd_lowrank: q = ", q, " of ", Describe(A),
                                      " with niter = ", niter,
                                      ": q is from 0 to the shorter side, niter not negative"));
  }
  const DType real = RealDType(tall.dtype());
  const Tensor random =
      Cast(Randn({tall.size(-1), q}, {.dtype = real, .device = tall.device()}), tall.dtype());
  Tensor basis = Qr(MatMul(tall, random)).Q;
  for (int64_t i = 0; i < niter; ++i) {
    basis = Qr(MatMul(tall, Qr(MatMul(across, basis)).Q)).Q;
  }
  const SvdResult svd = Svd(MatMul(Adjoint(basis), tall), false);
  const Tensor left = MatMul(basis, svd.U), right = Adjoint(svd.Vh);
  return wide ? SvdWithVResult{right, svd.S, left} : SvdWithVResult{left, svd.S, right};
}

SvdWithVResult PcaLowRank(const Tensor& A, const std::optional<int64_t>& q, bool center,
                          int64_t niter) {
  RequireMatrices("pca_lowrank", A);
  const int64_t rank = q.value_or(std::min({int64_t{6}, A.size(-2), A.size(-1)}));
  if (!center) return SvdLowRank(A, rank, niter);
  return SvdLowRank(A, rank, niter, Mean(A, {.dims = {-2}, .keepdim = true}));
}

}  // namespace neura::linalg
