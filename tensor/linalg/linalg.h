// Linear algebra: matrices are the last two dimensions, those before them a batch. What each
// function does stands in its row of linalg.inc, which declares it.
#ifndef NEURA_TENSOR_LINALG_LINALG_H_
#define NEURA_TENSOR_LINALG_LINALG_H_

#include <optional>
#include <string>
#include <vector>

#include "neura/tensor/core/result.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/linalg/error.h"
#include "neura/tensor/linalg/norm_order.h"
#include "neura/tensor/ops/operand.h"

namespace neura::linalg {

NEURA_RESULT(CholeskyResult, L, info);
NEURA_RESULT(EigResult, eigenvalues, eigenvectors);
NEURA_RESULT(EighResult, eigenvalues, eigenvectors);
NEURA_RESULT(InvResult, inverse, info);
NEURA_RESULT(LdlFactorExResult, LD, pivots, info);
NEURA_RESULT(LdlFactorResult, LD, pivots);
NEURA_RESULT(LstSqResult, solution, residuals, rank, singular_values);
NEURA_RESULT(LuFactorExResult, LU, pivots, info);
NEURA_RESULT(LuFactorResult, LU, pivots);
NEURA_RESULT(LuResult, P, L, U);
NEURA_RESULT(QrResult, Q, R);
NEURA_RESULT(SlogDetResult, sign, logabsdet);
NEURA_RESULT(SolveResult, result, info);
NEURA_RESULT(SvdResult, U, S, Vh);

#define NEURA_COMPOSITE(space, Result, Name, name, parameters, python_parameters, doc) \
  Result Name parameters;
#define NEURA_COMPOSITE_AS(space, name, python_parameters, function, doc)
#include "neura/tensor/linalg/linalg.inc"
#undef NEURA_COMPOSITE
#undef NEURA_COMPOSITE_AS

// What PyTorch has beside torch.linalg:
// X of A @ X = B from the factor of A = L @ L.mH, or of U.mH @ U.
Tensor CholeskySolve(const Tensor& B, const Tensor& factor, bool upper = false);
// The inverse of the matrix with that factor.
Tensor CholeskyInverse(const Tensor& factor, bool upper = false);
// log(det(A)); NaN where the determinant is negative.
Tensor LogDet(const Tensor& A);
// U, S and V of A = U @ diag(S) @ V.mH; without `compute_uv` zeros for U and V.
NEURA_RESULT(SvdWithVResult, U, S, V);
SvdWithVResult SvdWithV(const Tensor& A, bool some = true, bool compute_uv = true);
// X of A @ X = B, or of A.mT @ X = B, and A itself.
NEURA_RESULT(TriangularSolveResult, solution, cloned_coefficient);
TriangularSolveResult SolveTriangularWithCopy(const Tensor& B, const Tensor& A, bool upper = true,
                                              bool transpose = false, bool unitriangular = false);
// P, L and U of the factors of LuFactor.
LuResult LuUnpack(const Tensor& LU, const Tensor& pivots);
// Q and R of A = Q @ R as LAPACK's geqrf has them: R, and below its diagonal the vectors of the
// reflections that HouseholderProduct multiplies. There is no gradient.
NEURA_RESULT(GeqrfResult, a, tau);
GeqrfResult Geqrf(const Tensor& A);
// Q @ C for the whole Q of the reflections of HouseholderProduct, or C @ Q, or with Q.mH for Q. It
// throws InvalidArgument where the shapes do not fit.
Tensor OrMQr(const Tensor& reflectors, const Tensor& tau, const Tensor& C, bool left = true,
             bool transpose = false);
// The q largest singular values of A - M, [..., m, n], and their vectors, nearly, by Halko,
// Martinsson and Tropp, 2009 (arXiv:0909.4061): the singular values of the product with an
// orthonormal basis that q random vectors and niter passes over A find. U is [..., m, q], V [...,
// n, q].
SvdWithVResult SvdLowRank(const Tensor& A, int64_t q = 6, int64_t niter = 2,
                          const std::optional<Tensor>& M = {});
// SvdLowRank of A, whose columns' means are taken away first with `center`; q is by default 6, or
// the shorter side of A where that is less.
SvdWithVResult PcaLowRank(const Tensor& A, const std::optional<int64_t>& q = {}, bool center = true,
                          int64_t niter = 2);

}  // namespace neura::linalg

#endif  // NEURA_TENSOR_LINALG_LINALG_H_
