// Cases of matrix products, three loops, and of operations on single matrices.
#include <cmath>

#include "neura/tensor/ops/op_list/linalg.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/composite_cases.h"
#include "neura/tensor/testing/matrix_references.h"

namespace neura::testing {
namespace {

// Offset of the matrix of `array` that meets matrix i of the broadcast batch.
int64_t MatrixOffset(const Array& array, DimsView batch, int64_t i) {
  const auto rank = static_cast<size_t>(array.dim() - 2);
  int64_t offset = 0, stride = array.size(-1) * array.size(-2);
  for (size_t d = 0; d < batch.size(); ++d) {
    const int64_t extent = batch[batch.size() - 1 - d], position = i % extent;
    i /= extent;
    if (d >= rank) continue;
    const int64_t own = array.shape[rank - 1 - d];
    offset += (own == 1 ? 0 : position) * stride;
    stride *= own;
  }
  return offset;
}

Reference MatMulReference(Dims shape) {
  return [shape](const std::vector<Array>& in) {
    const Array &a = in[0], &b = in[1];
    Array out = MakeArray(shape);
    const DimsView batch = DimsView(shape).first(shape.size() - 2);
    const int64_t m = out.size(-2), n = out.size(-1), k = a.size(-1);
    for (int64_t i = 0; i < NumElements(batch); ++i) {
      const int64_t a0 = MatrixOffset(a, batch, i), b0 = MatrixOffset(b, batch, i);
      for (int64_t r = 0; r < m; ++r) {
        for (int64_t c = 0; c < n; ++c) {
          double sum = 0;
          for (int64_t j = 0; j < k; ++j) sum += a[a0 + r * k + j] * b[b0 + j * n + c];
          out[(i * m + r) * n + c] = sum;
        }
      }
    }
    return std::vector<Array>{out};
  };
}

std::vector<Array> LinearReference(const std::vector<Array>& in) {
  const Array &x = in[0], &w = in[1], &bias = in[2];
  Array out = MakeArray(x.shape);
  out.shape.back() = w.size(0);
  out = MakeArray(out.shape);
  const int64_t features = w.size(1), outputs = w.size(0);
  for (int64_t i = 0; i < out.numel(); ++i) {
    double sum = bias.values.empty() ? 0 : bias[i % outputs];
    for (int64_t j = 0; j < features; ++j) {
      sum += x[i / outputs * features + j] * w[i % outputs * features + j];
    }
    out[i] = sum;
  }
  return {out};
}

// Those of linalg whose results are no choice of the algorithm; more of all stand in
// composite_cases_factors.cc and composite_cases_equations.cc.
void AddFactorOpCases(CaseList& cases) {
  const Tensor a = Sample({2, 3, 3}, 1) + Eye(3, {.dtype = kFloat64}) * 2, b = Sample({2, 3, 2}, 2);
  const Array info = MakeArray({});
  cases.push_back({"linalg_solve_ex/batch",
                   op::kLinalgSolve,
                   {a, b},
                   Own(FactorOptions{}),
                   PerMatrix([info](Arrays in) {
                     return std::vector<Array>{Times(Inverse(in[0]), in[1]), info};
                   })});
  // Below the diagonal are zeros in the references.
  const auto triangular = [&](bool upper) {
    const Tensor triangle = upper ? Triu(a) : Tril(a);
    cases.push_back({upper ? "linalg_solve_triangular/upper" : "linalg_solve_triangular/lower",
                     op::kLinalgSolveTriangular,
                     {triangle, b},
                     Own(SolveTriangularOptions{.upper = upper}),
                     PerMatrix([=](Arrays in) {
                       Array counted = in[0];
                       for (int64_t i = 0; i < 9; ++i) {
                         if (upper ? i / 3 > i % 3 : i / 3 < i % 3) counted[i] = 0;
                       }
                       return std::vector<Array>{Times(Inverse(counted), in[1])};
                     })});
  };
  triangular(true);
  triangular(false);
  cases.push_back({"linalg_det/batch", op::kLinalgDet, {a}, nullptr, PerMatrix([](Arrays in) {
                     return std::vector<Array>{{{}, {Determinant(in[0])}}};
                   })});
  // Minors with their signs.
  const auto cofactors = PerMatrix([](Arrays in) {
    Array out = in[0];
    for (int64_t i = 0; i < 9; ++i) {
      Array minor = MakeArray({2, 2});
      for (int64_t j = 0; j < 4; ++j) {
        minor[j] = in[0][(i / 3 + 1 + j / 2) % 3 * 3 + (i % 3 + 1 + j % 2) % 3];
      }
      out[i] = Determinant(minor);
    }
    return std::vector<Array>{out};
  });
  cases.push_back({"linalg_cofactor/batch",
                   op::kLinalgCofactor,
                   {Sample({2, 3, 3}, 3)},
                   nullptr,
                   cofactors,
                   1e-5});
  cases.push_back({"linalg_cofactor/singular",
                   op::kLinalgCofactor,
                   {MatMul(Sample({3, 2}, 4), Sample({2, 3}, 5))},
                   nullptr,
                   cofactors,
                   1e-5});
  cases.push_back({"linalg_slogdet/batch",
                   op::kLinalgSlogDet,
                   {Sample({2, 3, 3}, 6)},
                   nullptr,
                   PerMatrix([](Arrays in) {
                     const double value = Determinant(in[0]);
                     return std::vector<Array>{{{}, {std::copysign(1, value)}},
                                               {{}, {std::log(std::abs(value))}}};
                   })});
  cases.push_back({"linalg_pinv/tall",
                   op::kLinalgPinv,
                   {Sample({4, 2}, 7)},
                   Own(PinvOptions{}),
                   PerMatrix([](Arrays in) {
                     const Array t = Transposed(in[0]);
                     return std::vector<Array>{Times(Inverse(Times(t, in[0])), t)};
                   }),
                   1e-5});
  // Of A with A @ A = 0.
  cases.push_back(
      {"linalg_matrix_exp/nilpotent",
       op::kLinalgMatrixExp,
       {FromList<double>({1, -1, 1, -1}, {2, 2})},
       nullptr,
       [](Arrays in) { return std::vector<Array>{Combined(1, Identity(2), 1, in[0])}; }});
  const Tensor pivots = Cast(FromList<int64_t>({3, 2, 3, 2, 4, 4}, {2, 3}), kInt32);
  const auto permutation = [&](bool inverse, std::vector<double> expected) {
    cases.push_back({inverse ? "linalg_permutation/inverse" : "linalg_permutation/tall",
                     op::kLinalgPermutation,
                     {pivots},
                     Own(PermutationOptions{.rows = 4, .inverse = inverse}),
                     [=](Arrays) {
                       return std::vector<Array>{{{2, 4}, expected}};
                     }});
  };
  permutation(false, {2, 1, 0, 3, 1, 3, 0, 2});
  permutation(true, {2, 1, 0, 3, 2, 0, 3, 1});
}

}  // namespace

void AddLinearAlgebraCases(CaseList& cases) {
  const auto matmul = [&](const char* name, Dims a, Dims b, Dims out, double tolerance = 2e-6) {
    cases.push_back({std::string("matmul/") + name,
                     op::kMatMul,
                     {Sample(a, 1), Sample(b, 2)},
                     nullptr,
                     MatMulReference(std::move(out)),
                     tolerance});
  };
  matmul("square", {4, 4}, {4, 4}, {4, 4});
  matmul("odd", {3, 7}, {7, 5}, {3, 5});
  matmul("row", {1, 9}, {9, 4}, {1, 4});
  matmul("column", {5, 6}, {6, 1}, {5, 1});
  matmul("batch", {2, 3, 4}, {2, 4, 5}, {2, 3, 5});
  matmul("broadcast", {2, 1, 3, 4}, {3, 4, 2}, {2, 3, 3, 2});
  matmul("empty_sum", {3, 0}, {0, 2}, {3, 2});
  matmul("empty", {0, 3}, {3, 2}, {0, 2});
  cases.push_back({"matmul/int64",
                   op::kMatMul,
                   {Reshape(Arange(6), {2, 3}), Reshape(Arange(12), {3, 4})},
                   nullptr,
                   MatMulReference({2, 4})});
  // Float32 only: too large for numerical gradients, large enough for blocks and threads.
  cases.push_back({"matmul/large",
                   op::kMatMul,
                   {Cast(Sample({150, 310}, 3), kFloat32), Cast(Sample({310, 170}, 4), kFloat32)},
                   nullptr,
                   MatMulReference({150, 170}),
                   1e-5});

  cases.push_back({"linear/bias",
                   op::kLinear,
                   {Sample({3, 4}, 1), Sample({5, 4}, 2), Sample({5}, 3)},
                   nullptr,
                   LinearReference});
  cases.push_back({"linear/plain",
                   op::kLinear,
                   {Sample({2, 3, 4}, 1), Sample({5, 4}, 2), Tensor()},
                   nullptr,
                   LinearReference});
  cases.push_back({"linear/vector",
                   op::kLinear,
                   {Sample({4}, 1), Sample({5, 4}, 2), Sample({5}, 3)},
                   nullptr,
                   LinearReference});
  AddFactorOpCases(cases);
}

}  // namespace neura::testing
