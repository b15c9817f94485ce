// Factors, and determinants from them.
#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/linalg/checks.h"
#include "neura/tensor/linalg/linalg.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/dispatch.h"
#include "neura/tensor/ops/op_list/linalg.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/shape.h"

namespace neura::linalg {

Tensor Cholesky(const Tensor& A, bool upper) { return CholeskyEx(A, upper, true).L; }

CholeskyResult CholeskyEx(const Tensor& A, bool upper, bool check_errors) {
  RequireSquare("linalg.cholesky", A);
  const auto [L, info] =
      Call<op::kLinalgCholesky>({.check_errors = check_errors}, upper ? Adjoint(A) : A);
  return {upper ? Adjoint(L) : L, info};
}

LuFactorResult LuFactor(const Tensor& A, bool pivot) {
  const LuFactorExResult factors = LuFactorEx(A, pivot, true);
  return {factors.LU, factors.pivots};
}

LuFactorExResult LuFactorEx(const Tensor& A, bool pivot, bool check_errors) {
  RequireMatrices("linalg.lu_factor", A);
  const auto [LU, pivots, info] =
      Call<op::kLinalgLu>({.pivot = pivot, .check_errors = check_errors}, A);
  return {LU, pivots, info};
}

LuResult Lu(const Tensor& A, bool pivot) {
  const LuFactorExResult factors = LuFactorEx(A, pivot);
  LuResult result = LuUnpack(factors.LU, factors.pivots);
  if (!pivot) result.P = Empty({0}, {.dtype = A.dtype(), .device = A.device()});
  return result;
}

LuResult LuUnpack(const Tensor& LU, const Tensor& pivots) {
  RequireMatrices("lu_unpack", LU);
  const int64_t rows = LU.size(-2), columns = LU.size(-1), least = std::min(rows, columns);
  const Tensor order = Call<op::kLinalgPermutation>({.rows = rows}, pivots);
  const Tensor ones = Eye(rows, least, {.dtype = LU.dtype(), .device = LU.device()});
  const Tensor places = Arange(0, rows, 1, {.dtype = order.dtype(), .device = order.device()});
  return {Transpose(Cast(Unsqueeze(order, -1) == places, LU.dtype()), -2, -1),
          Tril(Narrow(LU, -1, 0, least), -1) + ones, Triu(Narrow(LU, -2, 0, least))};
}

QrResult Qr(const Tensor& A, const std::string& mode) {
  RequireMatrices("linalg.qr", A);
  if (mode == "r") {
    return {Empty({0}, {.dtype = A.dtype(), .device = A.device()}),
            CallFor<op::kLinalgQr>(0b10, {}, A).R};
  }
  if (mode != "reduced" && mode != "complete") {
    ThrowInvalidArgument(absl::StrCat(
        "linalg.qr: mode must be \"reduced\", \"complete\" or \"r\", got \"", mode, "\""));
  }
  const auto [Q, R] = Call<op::kLinalgQr>({.complete = mode == "complete"}, A);
  return {Q, R};
}

Tensor Det(const Tensor& A) {
  RequireSquare("linalg.det", A);
  return Call<op::kLinalgDet>({}, A);
}

SlogDetResult SlogDet(const Tensor& A) {
  RequireSquare("linalg.slogdet", A);
  const auto [sign, logabsdet] = Call<op::kLinalgSlogDet>({}, A);
  return {sign, logabsdet};
}

Tensor LogDet(const Tensor& A) {
  RequireSquare("logdet", A);
  const SlogDetResult parts = SlogDet(A);
  return parts.logabsdet + Log(parts.sign);
}

LdlFactorResult LdlFactor(const Tensor& A, bool hermitian) {
  const LdlFactorExResult factors = LdlFactorEx(A, hermitian, true);
  return {factors.LD, factors.pivots};
}

LdlFactorExResult LdlFactorEx(const Tensor& A, bool hermitian, bool check_errors) {
  RequireSquare("linalg.ldl_factor", A);
  const auto [LD, pivots, info] =
      Call<op::kLinalgLdl>({.hermitian = hermitian, .check_errors = check_errors}, A);
  return {LD, pivots, info};
}

}  // namespace neura::linalg
