// Equations, inverses and powers.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/dtype_limits.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/linalg/checks.h"
#include "neura/tensor/linalg/linalg.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/dispatch.h"
#include "neura/tensor/ops/linalg.h"
#include "neura/tensor/ops/op_list/linalg.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"

namespace neura::linalg {
namespace {

// Whether B holds one right hand side for each matrix.
bool HoldsVectors(const Tensor& A, const Tensor& B) {
  return B.dim() == 1 || (B.dim() == A.dim() - 1 && B.shape() == A.shape().first(B.shape().size()));
}

struct Equation {
  Tensor a, b;  // of one batch
};
// A @ X = B, of which X @ A = B is the transpose.
Equation EquationOf(std::string_view op, const Tensor& A, const Tensor& B, bool left) {
  RequireSquare(op, A);
  RequireMatrices(op, B);
  if (B.size(left ? -2 : -1) != A.size(-1)) {
    ThrowInvalidArgument(absl::StrCat(op, ": ", Describe(A), left ? " @ X" : " with X @ A",
                                      " cannot be ", Describe(B)));
  }
  const Dims batch = BroadcastShapes(std::string(op).c_str(), BatchOf(A), BatchOf(B));
  const auto side = [&](const Tensor& x) {
    return ExpandBatch(left ? x : Transpose(x, -2, -1), batch);
  };
  return {side(A), side(B)};
}

Tensor Back(const Tensor& x, bool left) { return left ? x : Transpose(x, -2, -1); }

// The rows of matrices in another order for each.
Tensor PickRows(const Tensor& matrices, const Tensor& order) {
  return TakeAlongDim(matrices, Unsqueeze(order, -1), -2);
}

double DefaultTolerance(const Tensor& A) {
  return FloatLimitsOf(A.dtype()).eps * static_cast<double>(std::max(A.size(-2), A.size(-1)));
}

}  // namespace

Tensor Solve(const Tensor& A, const Tensor& B, bool left) {
  return SolveEx(A, B, left, true).result;
}

SolveResult SolveEx(const Tensor& A, const Tensor& B, bool left, bool check_errors) {
  RequireSquare("linalg.solve", A);
  RequireFloating("linalg.solve", B);
  const bool vectors = HoldsVectors(A, B);
  if (vectors && !left) {
    ThrowInvalidArgument("linalg.solve: with left=False, B must hold matrices");
  }
  const auto [a, b] = EquationOf("linalg.solve", A, vectors ? Unsqueeze(B, -1) : B, left);
  const auto [result, info] = Call<op::kLinalgSolve>({.check_errors = check_errors}, a, b);
  return {vectors ? Squeeze(result, {-1}) : Back(result, left), info};
}

Tensor SolveTriangular(const Tensor& A, const Tensor& B, bool upper, bool left,
                       bool unitriangular) {
  const auto [a, b] = EquationOf("linalg.solve_triangular", A, B, left);
  return Back(Call<op::kLinalgSolveTriangular>(
                  {.upper = upper == left, .unitriangular = unitriangular}, a, b),
              left);
}

TriangularSolveResult SolveTriangularWithCopy(const Tensor& B, const Tensor& A, bool upper,
                                              bool transpose, bool unitriangular) {
  RequireMatrices("triangular_solve", A);
  const Tensor solution = SolveTriangular(transpose ? Transpose(A, -2, -1) : A, B,
                                          upper != transpose, true, unitriangular);
  return {solution, Clone(A)};
}

Tensor LuSolve(const Tensor& LU, const Tensor& pivots, const Tensor& B, bool left, bool adjoint) {
  if (!left) return Adjoint(LuSolve(LU, pivots, Adjoint(B), true, !adjoint));
  const auto [lu, b] = EquationOf("linalg.lu_solve", LU, B, true);
  const Tensor order =
      Call<op::kLinalgPermutation>({.rows = LU.size(-1), .inverse = adjoint}, pivots);
  if (!adjoint) {
    const Tensor y = SolveTriangular(lu, PickRows(b, order), false, true, true);
    return SolveTriangular(lu, y, true);
  }
  const Tensor y = SolveTriangular(Adjoint(lu), b, false);
  return PickRows(SolveTriangular(Adjoint(lu), y, true, true, true), order);
}

Tensor LdlSolve(const Tensor& LD, const Tensor& pivots, const Tensor& B, bool hermitian) {
  const auto [ld, b] = EquationOf("linalg.ldl_solve", LD, B, true);
  RequireDefined("linalg.ldl_solve", pivots);
  Dims shape(BatchOf(ld).begin(), BatchOf(ld).end());
  shape.push_back(ld.size(-1));
  return Call<op::kLinalgLdlSolve>({.hermitian = hermitian}, ld, Expand(pivots, shape), b);
}

Tensor Inv(const Tensor& A) { return InvEx(A, true).inverse; }

InvResult InvEx(const Tensor& A, bool check_errors) {
  RequireSquare("linalg.inv", A);
  const Tensor ones = Identities(A, BatchOf(A), A.size(-1));
  const auto [result, info] = Call<op::kLinalgSolve>({.check_errors = check_errors}, A, ones);
  return {result, info};
}

Tensor Pinv(const Tensor& A, const std::optional<Operand>& rcond, bool hermitian,
            const std::optional<Operand>& atol, const std::optional<Operand>& rtol) {
  RequireMatrices("linalg.pinv", A);
  const std::optional<Operand>& relative = rcond ? rcond : rtol;
  const bool absolute = atol && (atol->is_tensor || atol->scalar.To<double>() > 0);
  const auto number = [](const std::optional<Operand>& given, double otherwise) {
    return given && !given->is_tensor ? given->scalar.To<double>() : otherwise;
  };
  // One for each matrix.
  const auto numbers = [&](const std::optional<Operand>& given) {
    if (!given || !given->is_tensor) return Tensor();
    return Expand(Cast(given->tensor, kFloat64), BatchOf(A));
  };
  return Call<op::kLinalgPinv>({.atol = number(atol, 0),
                                .rtol = number(relative, absolute ? 0 : DefaultTolerance(A)),
                                .hermitian = hermitian},
                               A, numbers(atol), numbers(relative));
}

LstSqResult LstSq(const Tensor& A, const Tensor& B, const std::optional<double>& rcond,
                  const std::optional<std::string>& given_driver) {
  RequireMatrices("linalg.lstsq", A);
  RequireFloating("linalg.lstsq", B);
  const std::string driver = given_driver.value_or("gelsy");
  const bool with_values = driver == "gelsd" || driver == "gelss";
  if (!with_values && driver != "gelsy" && driver != "gels") {
    ThrowInvalidArgument(absl::StrCat(
        "linalg.lstsq: driver must be \"gels\", \"gelsy\", \"gelsd\" or \"gelss\", got \"", driver,
        "\""));
  }
  const bool vectors = HoldsVectors(A, B);
  const Tensor b = vectors ? Unsqueeze(B, -1) : B;
  if (b.dim() < 2 || b.size(-2) != A.size(-2) || b.dtype() != A.dtype()) {
    ThrowInvalidArgument(
        absl::StrCat("linalg.lstsq: ", Describe(A), " @ X cannot be near ", Describe(B)));
  }
  const double tolerance = rcond.value_or(DefaultTolerance(A));
  const Tensor x = MatMul(Pinv(A, tolerance), b);
  const auto none = [&](DType dtype) { return Empty({0}, {.dtype = dtype, .device = A.device()}); };
  LstSqResult result{vectors ? Squeeze(x, {-1}) : x, none(RealDType(A.dtype())), none(kInt64),
                     none(RealDType(A.dtype()))};
  if (driver != "gels") result.rank = MatrixRank(A, {}, false, {}, Operand(tolerance));
  if (with_values) result.singular_values = SvdVals(A);
  const bool full =
      driver == "gels" || (driver != "gelsy" && All(result.rank == A.size(-1)).Item<bool>());
  if (A.size(-2) > A.size(-1) && full) {
    const Tensor squares = Sum(Square(Abs(MatMul(A, x) - b)), {.dims = {-2}});
    result.residuals = vectors ? Squeeze(squares, {-1}) : squares;
  }
  return result;
}

Tensor TensorInv(const Tensor& A, int64_t ind) {
  RequireFloating("linalg.tensorinv", A);
  if (ind <= 0 || ind > A.dim()) {
    ThrowInvalidArgument(absl::StrCat("linalg.tensorinv: ind = ", ind, " of ", Describe(A)));
  }
  const DimsView before = A.shape().first(static_cast<size_t>(ind)),
                 behind = A.shape().subspan(static_cast<size_t>(ind));
  const Tensor inverse = Inv(Reshape(A, {NumElements(before), NumElements(behind)}));
  Dims shape(behind.begin(), behind.end());
  shape.insert(shape.end(), before.begin(), before.end());
  return Reshape(inverse, shape);
}

Tensor TensorSolve(const Tensor& A, const Tensor& B, const std::optional<Dims>& dims) {
  RequireFloating("linalg.tensorsolve", A);
  RequireFloating("linalg.tensorsolve", B);
  Tensor a = A;
  if (dims) {
    Dims last;
    for (size_t i = 0; i < dims->size(); ++i) {
      last.push_back(A.dim() - static_cast<int64_t>(dims->size() - i));
    }
    a = MoveDim(A, *dims, last);
  }
  if (a.dim() < B.dim()) {
    ThrowInvalidArgument(
        absl::StrCat("linalg.tensorsolve: ", Describe(A), " cannot be solved for ", Describe(B)));
  }
  const DimsView behind = a.shape().subspan(B.shape().size());
  return Reshape(Solve(Reshape(a, {B.numel(), NumElements(behind)}), Flatten(B)), behind);
}

Tensor CholeskySolve(const Tensor& B, const Tensor& factor, bool upper) {
  RequireSquare("cholesky_solve", factor);
  const Tensor adjoint = Adjoint(factor);
  const Tensor &first = upper ? adjoint : factor, &second = upper ? factor : adjoint;
  return SolveTriangular(second, SolveTriangular(first, B, false), true);
}

Tensor CholeskyInverse(const Tensor& factor, bool upper) {
  RequireSquare("cholesky_inverse", factor);
  return CholeskySolve(Identities(factor, BatchOf(factor), factor.size(-1)), factor, upper);
}

Tensor MatrixExp(const Tensor& A) {
  RequireSquare("linalg.matrix_exp", A);
  return Call<op::kLinalgMatrixExp>({}, A);
}

Tensor MatrixPower(const Tensor& A, int64_t n) {
  RequireDefined("linalg.matrix_power", A);
  if (A.dim() < 2 || A.size(-1) != A.size(-2)) {
    ThrowInvalidArgument(
        absl::StrCat("linalg.matrix_power: expected square matrices, got ", Describe(A)));
  }
  if (n == 0) return Clone(Identities(A, BatchOf(A), A.size(-1)));
  Tensor power = n < 0 ? Inv(A) : A, result;
  // Bits of |n|, also of the least integer.
  for (uint64_t rest = n < 0 ? -static_cast<uint64_t>(n) : static_cast<uint64_t>(n); rest > 0;
       rest /= 2) {
    if (rest % 2 == 1) result = result.defined() ? MatMul(result, power) : Clone(power);
    if (rest > 1) power = MatMul(power, power);
  }
  return result;
}

}  // namespace neura::linalg
