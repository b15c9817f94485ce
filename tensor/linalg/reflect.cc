// QR factors as reflections.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/linalg/checks.h"
#include "neura/tensor/linalg/linalg.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/dispatch.h"
#include "neura/tensor/ops/linalg.h"
#include "neura/tensor/ops/op_list/linalg.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/shape.h"

namespace neura::linalg {
namespace {

// The product of reflections I - tau[i] * v[i] @ v[i].mH is I - V @ T @ V.mH with an upper triangle
// T (Schreiber and Van Loan, 1989, "A Storage-Efficient WY Representation for Products of
// Householder Transformations"): T = inv(I + diag(tau) @ S) @ diag(tau), where S is V.mH @ V above
// its diagonal.
struct Reflections {
  Tensor vectors, middle;  // V and T
};

Reflections ReflectionsOf(const Tensor& A, const Tensor& tau) {
  const int64_t count = tau.size(-1);
  const Tensor vectors = Tril(Narrow(A, -1, 0, count), -1) +
                         Eye(A.size(-2), count, {.dtype = A.dtype(), .device = A.device()});
  const Tensor above = Unsqueeze(tau, -1) * Triu(MatMul(Adjoint(vectors), vectors), 1);
  return {vectors,
          SolveTriangular(above, DiagEmbed(tau), /*upper=*/true, true, /*unitriangular=*/true)};
}

// One tau for each of the first columns of A, of its dtype.
bool AreReflections(const Tensor& A, const Tensor& tau) {
  return tau.dim() == A.dim() - 1 && tau.shape().first(BatchOf(A).size()) == BatchOf(A) &&
         tau.size(-1) <= std::min(A.size(-2), A.size(-1)) && tau.dtype() == A.dtype();
}

}  // namespace

Tensor HouseholderProduct(const Tensor& A, const Tensor& tau) {
  RequireMatrices("linalg.householder_product", A);
  RequireFloating("linalg.householder_product", tau);
  if (!AreReflections(A, tau) || A.size(-2) < A.size(-1)) {
    ThrowInvalidArgument(
        absl::StrCat("linalg.householder_product: expected [..., m, n] and "
                     "[..., k] of one dtype with m >= n >= k, got ",
                     Describe(A), " and ", Describe(tau)));
  }
  const int64_t rows = A.size(-2), columns = A.size(-1);
  const auto [vectors, middle] = ReflectionsOf(A, tau);
  return Eye(rows, columns, {.dtype = A.dtype(), .device = A.device()}) -
         MatMul(vectors, MatMul(middle, Narrow(Adjoint(vectors), -1, 0, columns)));
}

GeqrfResult Geqrf(const Tensor& A) {
  RequireMatrices("geqrf", A);
  const auto [a, tau] = Call<op::kLinalgGeqrf>({}, A);
  return {a, tau};
}

Tensor OrMQr(const Tensor& reflectors, const Tensor& tau, const Tensor& C, bool left,
             bool transpose) {
  RequireMatrices("ormqr", reflectors);
  RequireFloating("ormqr", tau);
  RequireMatrices("ormqr", C);
  if (!AreReflections(reflectors, tau) || C.dtype() != tau.dtype() ||
      BatchOf(C) != BatchOf(reflectors) || C.size(left ? -2 : -1) != reflectors.size(-2)) {
    ThrowInvalidArgument(
        absl::StrCat("ormqr: expected [..., m, n], [..., k] and [..., ", left ? "m, c" : "c, m",
                     "] of one dtype with m >= k and n >= k, got ", Describe(reflectors), ", ",
                     Describe(tau), " and ", Describe(C)));
  }
  const auto [vectors, triangle] = ReflectionsOf(reflectors, tau);
  const Tensor middle = transpose ? Adjoint(triangle) : triangle, across = Adjoint(vectors);
  return left ? C - MatMul(vectors, MatMul(middle, MatMul(across, C)))
              : C - MatMul(MatMul(MatMul(C, vectors), middle), across);
}

}  // namespace neura::linalg
