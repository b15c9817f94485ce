// Derivatives of decompositions and of what is solved with them. A is [..., m, n], k the smaller of
// m and n; formulas are those of Giles, 2008, "An extended collection of matrix derivative results
// for forward and reverse mode automatic differentiation", where no other source is named. They are
// written with adjoints and hold for complex numbers as they stand, but for the phases that factors
// are determined up to.
#include <algorithm>

#include "neura/autograd/rule_table.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/linalg/linalg.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/dispatch.h"
#include "neura/tensor/ops/linalg.h"
#include "neura/tensor/ops/op_list/linalg.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"

namespace neura::autograd {
namespace {

// [...] or [..., n] beside matrices.
Tensor AsMatrices(const Tensor& numbers) { return Unsqueeze(Unsqueeze(numbers, -1), -1); }
Tensor AsRows(const Tensor& vectors) { return Unsqueeze(vectors, -2); }
Tensor AsColumns(const Tensor& vectors) { return Unsqueeze(vectors, -1); }

// 0 on the diagonal, 1 elsewhere, as bool.
Tensor OffDiagonal(const Tensor& like, int64_t n) {
  return LogicalNot(Eye(n, {.dtype = kBool, .device = like.device()}));
}

// x / (values[j] - values[i]) at i, j, and 0 on the diagonal.
Tensor OverDifferences(const Tensor& x, const Tensor& values) {
  const Tensor off = OffDiagonal(x, values.size(-1));
  return Where(off, x / Where(off, AsRows(values) - AsColumns(values), 1), 0);
}

// ---- equations -------------------------------------------------------------------------------

// Of A @ X = B: the gradient of B, and -that @ X.mH of A. Whether A is singular was asked before.
void Solve(RuleContext& c) {
  const Tensor of_b = linalg::SolveEx(Adjoint(c.input(0)), c.grad()).result;
  if (c.needs(1)) c.Set(1, of_b);
  if (c.needs(0)) c.Set(0, -MatMul(of_b, Adjoint(c.output())));
}

void SolveTriangular(RuleContext& c) {
  const auto& options = c.Get<SolveTriangularOptions>();
  const Tensor of_b = linalg::SolveTriangular(Adjoint(c.input(0)), c.grad(), !options.upper, true,
                                              options.unitriangular);
  if (c.needs(1)) c.Set(1, of_b);
  if (!c.needs(0)) return;
  const Tensor of_a = -MatMul(of_b, Adjoint(c.output()));
  const int64_t diagonal = options.unitriangular ? 1 : 0;
  c.Set(0, options.upper ? Triu(of_a, diagonal) : Tril(of_a, -diagonal));
}

// Golub and Pereyra, 1973, "The Differentiation of Pseudo-Inverses and Nonlinear Least Squares
// Problems Whose Variables Separate".
void Pinv(RuleContext& c) {
  const Tensor a = c.input(0), p = c.output(), ph = Adjoint(p), gh = Adjoint(c.grad());
  // Products begin at the shorter side.
  if (a.size(-2) <= a.size(-1)) {
    const Tensor k = MatMul(gh, p), kph = MatMul(k, ph);
    c.Set(0, kph - Adjoint(MatMul(p, k)) - MatMul(MatMul(a, p), kph) +
                 MatMul(MatMul(ph, p), gh - MatMul(k, a)));
  } else {
    const Tensor k = MatMul(p, gh), phk = MatMul(ph, k);
    c.Set(0, phk - Adjoint(MatMul(k, p)) + MatMul(MatMul(gh - MatMul(a, k), p), ph) -
                 MatMul(MatMul(phk, p), a));
  }
}

// ---- determinants ----------------------------------------------------------------------------

void Det(RuleContext& c) {
  const Tensor cofactors = Call<op::kLinalgCofactor>({}, c.input(0));
  c.Set(0, AsMatrices(c.grad()) * Conj(cofactors));
}

// In the bases of singular vectors A is diagonal, and so the derivative of cofactor i, i by element
// j, j, or of i, j by j, i, is a product of singular values, all but i and j, or less it.
void Cofactor(RuleContext& c) {
  const linalg::SvdResult svd = linalg::Svd(c.input(0), false);
  const int64_t n = svd.S.size(-1);
  const Tensor off = OffDiagonal(svd.S, n);
  // [n, n, n]: whether the last is neither i nor j.
  const Tensor others = LogicalAnd(Unsqueeze(off, 1), Unsqueeze(off, 0));
  const Tensor products =
      Where(off, Prod(Where(others, AsRows(AsRows(svd.S)), 1), {.dims = {-1}}), 0);
  const Tensor turn = linalg::Det(svd.U) * linalg::Det(svd.Vh);
  const Tensor g = AsMatrices(Conj(turn)) *
                   MatMul(MatMul(Transpose(svd.U, -2, -1), c.grad()), Transpose(svd.Vh, -2, -1));
  const Tensor diagonal = MatMul(products, AsColumns(Diagonal(g, 0, -2, -1)));
  const Tensor moved = DiagEmbed(Squeeze(diagonal, {-1})) - products * Transpose(g, -2, -1);
  c.Set(0, MatMul(MatMul(svd.U, moved), svd.Vh));
}

// The sign turns with the imaginary part of the trace of inv(A) @ dA, of which the logarithm has
// the real one. That of a real number is constant.
void SlogDet(RuleContext& c) {
  const Tensor a = c.input(0);
  Tensor of_trace = c.grad(1);
  if (c.grad(0).defined() && IsComplex(a.dtype())) {
    const Tensor turn = Imag(Conj(c.output(0)) * c.grad(0));
    of_trace = Complex(of_trace.defined() ? of_trace : ZerosLike(turn), turn);
  }
  if (!of_trace.defined()) return;
  const Tensor scaled =
      AsMatrices(of_trace) * Eye(a.size(-1), {.dtype = a.dtype(), .device = a.device()});
  c.Set(0, linalg::SolveEx(Adjoint(a), scaled).result);
}

// ---- factors ---------------------------------------------------------------------------------

// With a triangle, its adjoint, and the real diagonal of x: factors have real diagonals.
Tensor Hermitian(const Tensor& triangle, const Tensor& x) {
  return triangle + Adjoint(triangle) + DiagEmbed(Real(Diagonal(x, 0, -2, -1)));
}

// Murray, 2016, "Differentiation of the Cholesky decomposition" (arXiv:1602.07527).
void Cholesky(RuleContext& c) {
  const Tensor l = c.output(), lh = Adjoint(l);
  const Tensor product = MatMul(lh, c.grad());
  const Tensor half = Hermitian(Tril(product, -1), product) / 2;
  c.Set(0, linalg::SolveTriangular(l, linalg::SolveTriangular(lh, half, true), false,
                                   /*left=*/false));
}

// Of the square part of A = P @ L @ U as of two triangles. What stands right of it is L @ U2, and
// what stands below it L2 @ U.
void Lu(RuleContext& c) {
  const Tensor lu = c.output(0), pivots = c.output(1), g = c.grad();
  const int64_t m = lu.size(-2), n = lu.size(-1), k = std::min(m, n);
  const auto square = [&](const Tensor& x) { return Narrow(Narrow(x, -2, 0, k), -1, 0, k); };
  const auto right = [&](const Tensor& x) { return Narrow(x, -1, k, n - k); };
  const auto below = [&](const Tensor& x) { return Narrow(x, -2, k, m - k); };
  const Tensor l = Tril(square(lu), -1) + Eye(k, {.dtype = lu.dtype(), .device = lu.device()});
  const Tensor u = Triu(square(lu)), lh = Adjoint(l), uh = Adjoint(u);
  const Tensor g_square = square(g);
  Tensor of_l = MatMul(lh, Tril(g_square, -1)), of_u = MatMul(Triu(g_square), uh);
  if (n > k) of_l = of_l - MatMul(right(g), Adjoint(right(lu)));
  if (m > k) of_u = of_u - MatMul(Adjoint(below(lu)), below(g));
  const auto under_l = [&](const Tensor& x) {
    return linalg::SolveTriangular(lh, x, true, true, true);
  };
  const auto over_u = [&](const Tensor& x) {
    return linalg::SolveTriangular(uh, x, false, /*left=*/false);
  };
  Tensor of_a = over_u(under_l(Tril(of_l, -1) + Triu(of_u)));
  if (n > k) of_a = Cat({of_a, under_l(right(g))}, -1);
  if (m > k) of_a = Cat({of_a, over_u(below(g))}, -2);
  const Tensor order = Call<op::kLinalgPermutation>({.rows = m, .inverse = true}, pivots);
  c.Set(0, TakeAlongDim(of_a, AsColumns(order), -2));
}

// Walter and Lehmann, 2010, "Algorithmic Differentiation of Linear Algebra Functions with
// Application in Optimum Experimental Design" (arXiv:1009.6112), for at least as many rows as
// columns. Undefined gradients are 0.
Tensor QrGradient(const Tensor& q, const Tensor& r, const Tensor& of_q, const Tensor& of_r) {
  Tensor inner;
  if (of_r.defined()) inner = MatMul(of_r, Adjoint(r));
  if (of_q.defined()) {
    const Tensor product = MatMul(Adjoint(q), of_q);
    inner = inner.defined() ? inner - product : -product;
  }
  Tensor sum = MatMul(q, Hermitian(Triu(inner, 1), inner));
  if (of_q.defined()) sum = sum + of_q;
  return linalg::SolveTriangular(Adjoint(r), sum, false, /*left=*/false);
}

void Qr(RuleContext& c) {
  const Tensor q = c.output(0), r = c.output(1);
  const Tensor of_q = c.grad(0);
  Tensor of_r = c.grad(1);
  const int64_t m = q.size(-2), n = r.size(-1);
  if (q.size(-1) > n) {
    ThrowUnimplemented(
        "the gradient of linalg.qr with mode \"complete\" is defined for no more rows than "
        "columns");
  }
  if (m >= n) return c.Set(0, QrGradient(q, r, of_q, of_r));
  // The columns of A behind the square part are Q times those of R.
  if (!of_r.defined()) of_r = ZerosLike(r);
  const auto square = [&](const Tensor& x) { return Narrow(x, -1, 0, m); };
  const auto right = [&](const Tensor& x) { return Narrow(x, -1, m, n - m); };
  const Tensor of_right = right(of_r);
  const Tensor through_q = MatMul(MatMul(q, right(r)), Adjoint(of_right));
  const Tensor of_square =
      QrGradient(q, square(r), of_q.defined() ? of_q + through_q : through_q, square(of_r));
  c.Set(0, Cat({of_square, MatMul(q, of_right)}, -1));
}

Tensor Skew(const Tensor& x) { return x - Adjoint(x); }

// Of complex numbers: Wan and Zhang, 2019, "Automatic Differentiation for Complex Valued SVD"
// (arXiv:1909.02659), for a loss that does not depend on the phases of pairs of vectors.
void Svd(RuleContext& c) {
  const Tensor s = c.output(1);
  const int64_t k = s.size(-1);
  const Tensor u = Narrow(c.output(0), -1, 0, k), vh = Narrow(c.output(2), -2, 0, k);
  const int64_t m = u.size(-2), n = vh.size(-1);
  Tensor inner = c.grad(1).defined() ? DiagEmbed(c.grad(1)) : Tensor(), outside;
  const auto add = [](Tensor& sum, const Tensor& term) { sum = sum.defined() ? sum + term : term; };
  if (c.grad(0).defined()) {
    const Tensor g = Narrow(c.grad(0), -1, 0, k), product = MatMul(Adjoint(u), g);
    const Tensor skew = Skew(product);
    add(inner, OverDifferences(skew, Square(s)) * AsRows(s));
    if (IsComplex(u.dtype())) add(inner, DiagEmbed(Diagonal(skew, 0, -2, -1) / (s * 2)));
    if (m > k) outside = MatMul((g - MatMul(u, product)) / AsRows(s), vh);
  }
  if (c.grad(2).defined()) {
    const Tensor g = Narrow(c.grad(2), -2, 0, k), product = MatMul(g, Adjoint(vh));
    add(inner, AsColumns(s) * OverDifferences(Skew(Adjoint(product)), Square(s)));
    if (n > k) add(outside, MatMul(u, (g - MatMul(product, vh)) / AsColumns(s)));
  }
  const Tensor through = MatMul(MatMul(u, inner), vh);
  c.Set(0, outside.defined() ? through + outside : through);
}

void Eigh(RuleContext& c) {
  const Tensor values = c.output(0), vectors = c.output(1), vh = Adjoint(vectors);
  Tensor inner;
  if (c.grad(1).defined()) inner = OverDifferences(MatMul(vh, c.grad(1)), values);
  if (c.grad(0).defined()) {
    const Tensor diagonal = DiagEmbed(c.grad(0));
    inner = inner.defined() ? inner + diagonal : diagonal;
  }
  // The hermitian part, so that a step along the gradient leaves a hermitian matrix one.
  const Tensor of_a = MatMul(MatMul(vectors, inner), vh);
  c.Set(0, (of_a + Adjoint(of_a)) / 2);
}

// Boeddeker et al., 2017, "On the Computation of Complex-valued Gradients with Application to
// Statistically Optimum Beamforming" (arXiv:1701.00392), with vectors whose norms stay 1, for a
// loss that does not depend on their phases.
void Eig(RuleContext& c) {
  const Tensor values = c.output(0), vectors = c.output(1), vh = Adjoint(vectors);
  Tensor inner;
  if (c.grad(1).defined()) {
    const Tensor product = MatMul(vh, c.grad(1));
    const Tensor along = AsRows(Real(Diagonal(product, 0, -2, -1)));
    inner = OverDifferences(product - MatMul(vh, vectors * along), Conj(values));
  }
  if (c.grad(0).defined()) {
    const Tensor diagonal = DiagEmbed(c.grad(0));
    inner = inner.defined() ? inner + diagonal : diagonal;
  }
  const Tensor of_a = linalg::SolveEx(vh, MatMul(inner, vh)).result;
  c.Set(0, IsComplex(c.input_dtype(0)) ? of_a : Real(of_a));
}

// Al-Mohy and Higham, 2009, "Computing the Frechet Derivative of the Matrix Exponential, with an
// Application to Condition Number Estimation": it stands in the exponential of a matrix of blocks.
void MatrixExp(RuleContext& c) {
  const Tensor ah = Adjoint(c.input(0));
  const int64_t n = ah.size(-1);
  const Tensor blocks = Cat({Cat({ah, c.grad()}, -1), Cat({ZerosLike(ah), ah}, -1)}, -2);
  c.Set(0, Narrow(Narrow(linalg::MatrixExp(blocks), -2, 0, n), -1, n, n));
}

}  // namespace

void AddFactorRules(RuleTable& table) {
  table.AddOfParts(op::kLinalgSolve, {.inputs = 0b01, .outputs = 0b01}, &Solve);
  table.AddOfParts(op::kLinalgSolveTriangular, {.inputs = 0b01, .outputs = 0b1}, &SolveTriangular);
  table.AddOfParts(op::kLinalgPinv, {.inputs = 0b1, .outputs = 0b1}, &Pinv);
  table.AddOfParts(op::kLinalgDet, kSaveInput, &Det);
  table.AddOfParts(op::kLinalgCofactor, kSaveInput, &Cofactor);
  table.AddOfParts(op::kLinalgSlogDet, {.inputs = 0b1, .outputs = 0b1}, &SlogDet, 0b11);
  table.AddOfParts(op::kLinalgCholesky, kSaveOutput, &Cholesky);
  table.AddOfParts(op::kLinalgLu, {.outputs = 0b11}, &Lu);
  table.AddOfParts(op::kLinalgQr, {.outputs = 0b11}, &Qr, 0b11);
  table.AddOfParts(op::kLinalgSvd, {.outputs = 0b111}, &Svd, 0b111);
  table.AddOfParts(op::kLinalgEigh, {.outputs = 0b11}, &Eigh, 0b11);
  table.AddOfParts(op::kLinalgEig, {.outputs = 0b11}, &Eig, 0b11);
  table.AddOfParts(op::kLinalgMatrixExp, kSaveInput, &MatrixExp);
  for (OpId op : {op::kLinalgPermutation, op::kLinalgGeqrf, op::kLinalgLdl, op::kLinalgLdlSolve}) {
    table.NotDifferentiable(op);
  }
}

}  // namespace neura::autograd
