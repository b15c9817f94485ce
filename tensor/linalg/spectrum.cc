// Singular values and eigenvalues, and what they tell.
#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/dtype_limits.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/linalg/checks.h"
#include "neura/tensor/linalg/linalg.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/dispatch.h"
#include "neura/tensor/ops/op_list/linalg.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"

namespace neura::linalg {
namespace {

void RequireDriver(std::string_view op, const std::optional<std::string>& driver) {
  if (!driver || *driver == "gesvd" || *driver == "gesvdj" || *driver == "gesvda") return;
  ThrowInvalidArgument(absl::StrCat(op, ": there is no driver \"", *driver, "\""));
}

EighOptions TriangleOf(std::string_view op, const std::string& uplo) {
  if (uplo == "L" || uplo == "l") return {.upper = false};
  if (uplo == "U" || uplo == "u") return {.upper = true};
  ThrowInvalidArgument(absl::StrCat(op, ": UPLO must be \"L\" or \"U\", got \"", uplo, "\""));
}

}  // namespace

SvdResult Svd(const Tensor& A, bool full_matrices, const std::optional<std::string>& driver) {
  RequireMatrices("linalg.svd", A);
  RequireDriver("linalg.svd", driver);
  const auto [U, S, Vh] = Call<op::kLinalgSvd>({.complete = full_matrices}, A);
  return {U, S, Vh};
}

SvdWithVResult SvdWithV(const Tensor& A, bool some, bool compute_uv) {
  RequireMatrices("svd", A);
  if (!compute_uv) {
    const auto zeros = [&](int64_t extent) {
      return ExpandBatch(Zeros({extent, extent}, {.dtype = A.dtype(), .device = A.device()}),
                         BatchOf(A));
    };
    return {zeros(A.size(-2)), SvdVals(A), zeros(A.size(-1))};
  }
  const SvdResult svd = Svd(A, !some);
  return {svd.U, svd.S, Adjoint(svd.Vh)};
}

Tensor SvdVals(const Tensor& A, const std::optional<std::string>& driver) {
  RequireMatrices("linalg.svdvals", A);
  RequireDriver("linalg.svdvals", driver);
  return CallFor<op::kLinalgSvd>(0b010, {}, A).S;
}

EighResult Eigh(const Tensor& A, const std::string& uplo) {
  RequireSquare("linalg.eigh", A);
  const auto [eigenvalues, eigenvectors] =
      Call<op::kLinalgEigh>(TriangleOf("linalg.eigh", uplo), A);
  return {eigenvalues, eigenvectors};
}

EigResult Eig(const Tensor& A) {
  RequireSquare("linalg.eig", A);
  const auto [eigenvalues, eigenvectors] = Call<op::kLinalgEig>({}, A);
  return {eigenvalues, eigenvectors};
}

Tensor Eigvals(const Tensor& A) {
  RequireSquare("linalg.eigvals", A);
  return CallFor<op::kLinalgEig>(0b01, {}, A).eigenvalues;
}

Tensor EigvalsH(const Tensor& A, const std::string& uplo) {
  RequireSquare("linalg.eigvalsh", A);
  return CallFor<op::kLinalgEigh>(0b01, TriangleOf("linalg.eigvalsh", uplo), A).eigenvalues;
}

Tensor MatrixRank(const Tensor& A, const std::optional<Operand>& tol, bool hermitian,
                  const std::optional<Operand>& atol, const std::optional<Operand>& rtol) {
  hermitian ? RequireSquare("linalg.matrix_rank", A) : RequireMatrices("linalg.matrix_rank", A);
  const Tensor values = hermitian ? Abs(EigvalsH(A)) : SvdVals(A);
  if (values.size(-1) == 0) return Zeros(BatchOf(A), {.dtype = kInt64, .device = A.device()});
  const Tensor largest = AMax(values, {.dims = {-1}});
  // A bound for each matrix.
  const auto times = [](const Operand& factor, const Tensor& by) {
    return factor.is_tensor ? factor.tensor * by : factor.scalar * by;
  };
  const std::optional<Operand>& absolute = tol ? tol : atol;
  const double eps =
      FloatLimitsOf(values.dtype()).eps * static_cast<double>(std::max(A.size(-2), A.size(-1)));
  Tensor bound = times(rtol ? *rtol : Operand(absolute ? 0.0 : eps), largest);
  if (absolute) bound = Maximum(times(*absolute, OnesLike(largest)), bound);
  return Sum(values > Unsqueeze(bound, -1), {.dims = {-1}});
}

Tensor Cond(const Tensor& A, const std::optional<NormOrder>& p) {
  RequireMatrices("linalg.cond", A);
  const bool by_values = !p || (p->name.empty() && (p->p == 2 || p->p == -2));
  if (by_values) {
    const Tensor values = SvdVals(A);
    if (values.size(-1) == 0) {
      return Zeros(BatchOf(A), {.dtype = values.dtype(), .device = A.device()});
    }
    const Tensor largest = Select(values, -1, 0), least = Select(values, -1, -1);
    return p && p->p < 0 ? least / largest : largest / least;
  }
  RequireSquare("linalg.cond", A);
  const InvResult inverse = InvEx(A);
  const Tensor singular = Unsqueeze(Unsqueeze(inverse.info != 0, -1), -1);
  const Tensor norm = MatrixNorm(Where(singular, 0, inverse.inverse), *p);
  return Where(inverse.info != 0, std::numeric_limits<double>::infinity(),
               MatrixNorm(A, *p) * norm);
}

}  // namespace neura::linalg
