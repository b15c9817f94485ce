// Cases of decompositions. Of factors that are determined up to phases those functions are looked
// at that do not depend on them.
#include <algorithm>
#include <cmath>
#include <utility>

#include "neura/tensor/linalg/linalg.h"
#include "neura/tensor/ops/op_list/linalg.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/complex_cases.h"
#include "neura/tensor/testing/op_cases.h"

namespace neura::testing {
namespace {

using Number = ComplexNumber;
using Cases = std::vector<ComplexCase>;
using Inputs = const std::vector<Tensor>&;
using Arrays = const std::vector<ComplexArray>&;

// ---- references: textbook loops over small matrices -------------------------------------------

Number& At(ComplexArray& a, int64_t r, int64_t c) {
  return a.values[static_cast<size_t>(r * a.shape[1] + c)];
}
Number At(const ComplexArray& a, int64_t r, int64_t c) { return a[r * a.shape[1] + c]; }

ComplexArray Zero(int64_t rows, int64_t columns) {
  return {{rows, columns}, std::vector<Number>(static_cast<size_t>(rows * columns))};
}
ComplexArray Identity(int64_t n, double value = 1) {
  ComplexArray out = Zero(n, n);
  for (int64_t i = 0; i < n; ++i) At(out, i, i) = value;
  return out;
}
ComplexArray AdjointOf(const ComplexArray& a) {
  ComplexArray out = Zero(a.shape[1], a.shape[0]);
  for (int64_t r = 0; r < a.shape[0]; ++r) {
    for (int64_t c = 0; c < a.shape[1]; ++c) At(out, c, r) = std::conj(At(a, r, c));
  }
  return out;
}
ComplexArray Plus(ComplexArray a, const ComplexArray& b) {
  for (size_t i = 0; i < a.values.size(); ++i) a.values[i] += b.values[i];
  return a;
}
ComplexArray Chain(const std::vector<ComplexArray>& factors) {
  ComplexArray product = factors[0];
  for (size_t i = 1; i < factors.size(); ++i) product = Product(product, factors[i]);
  return product;
}

// By Gauss and Jordan, with the determinant on the way.
struct Inverted {
  ComplexArray inverse;
  Number determinant = 1;
};
Inverted Invert(ComplexArray a) {
  const int64_t n = a.shape[0];
  Inverted out{Identity(n)};
  for (int64_t k = 0; k < n; ++k) {
    int64_t largest = k;
    for (int64_t r = k; r < n; ++r) {
      if (std::abs(At(a, r, k)) > std::abs(At(a, largest, k))) largest = r;
    }
    if (largest != k) out.determinant = -out.determinant;
    const Number pivot = At(a, largest, k);
    out.determinant *= pivot;
    for (ComplexArray* x : {&a, &out.inverse}) {
      for (int64_t c = 0; c < n; ++c) {
        std::swap(At(*x, k, c), At(*x, largest, c));
        At(*x, k, c) /= pivot;
      }
    }
    for (int64_t r = 0; r < n; ++r) {
      const Number factor = At(a, r, k);
      for (ComplexArray* x : {&a, &out.inverse}) {
        for (int64_t c = 0; r != k && c < n; ++c) At(*x, r, c) -= factor * At(*x, k, c);
      }
    }
  }
  return out;
}
ComplexArray Inverse(const ComplexArray& a) { return Invert(a).inverse; }

// What is left of A when one triangle counts.
ComplexArray Triangle(ComplexArray a, bool upper) {
  for (int64_t i = 0; i < a.shape[0] * a.shape[1]; ++i) {
    const int64_t r = i / a.shape[1], c = i % a.shape[1];
    if (upper ? r > c : r < c) At(a, r, c) = 0;
  }
  return a;
}

// A @ A.mH + 1, and as a tensor.
ComplexArray Definite(const ComplexArray& a) {
  return Plus(Product(a, AdjointOf(a)), Identity(a.shape[0]));
}
Tensor Definite(const Tensor& a) {
  return MatMul(a, Adjoint(a)) + Eye(a.size(-1), {.dtype = a.dtype()});
}

// L of L @ L.mH, row by row.
ComplexArray CholeskyOf(const ComplexArray& a) {
  const int64_t n = a.shape[0];
  ComplexArray l = Zero(n, n);
  for (int64_t r = 0; r < n; ++r) {
    for (int64_t c = 0; c <= r; ++c) {
      Number sum = At(a, r, c);
      for (int64_t k = 0; k < c; ++k) sum -= At(l, r, k) * std::conj(At(l, c, k));
      At(l, r, c) = r == c ? std::sqrt(sum.real()) : sum / At(l, c, c);
    }
  }
  return l;
}

// Orthonormal columns by Gram and Schmidt, as many as A has rows or columns.
ComplexArray OrthonormalOf(const ComplexArray& a) {
  const int64_t rows = a.shape[0], columns = std::min(rows, a.shape[1]);
  ComplexArray q = Zero(rows, columns);
  for (int64_t c = 0; c < columns; ++c) {
    for (int64_t r = 0; r < rows; ++r) At(q, r, c) = At(a, r, c);
    for (int64_t k = 0; k < c; ++k) {
      Number along = 0;
      for (int64_t r = 0; r < rows; ++r) along += std::conj(At(q, r, k)) * At(q, r, c);
      for (int64_t r = 0; r < rows; ++r) At(q, r, c) -= along * At(q, r, k);
    }
    double square = 0;
    for (int64_t r = 0; r < rows; ++r) square += std::norm(At(q, r, c));
    for (int64_t r = 0; r < rows; ++r) At(q, r, c) /= std::sqrt(square);
  }
  return q;
}

// Both eigenvalues of a matrix of 2 rows, the one with the smaller real part first.
std::pair<Number, Number> EigenvaluesOfTwo(const ComplexArray& a) {
  const Number middle = (a[0] + a[3]) / 2.0, half = (a[0] - a[3]) / 2.0;
  const Number apart = std::sqrt(half * half + a[1] * a[2]);
  return {middle - apart, middle + apart};
}

// A batch of two and a single one.
using OfMatrices = std::function<ComplexArray(const std::vector<ComplexArray>&)>;
std::function<ComplexArray(Arrays)> PerMatrix(OfMatrices f) {
  return [f](Arrays in) {
    ComplexArray out;
    const int64_t count = in[0].shape.size() > 2 ? in[0].shape[0] : 1;
    for (int64_t i = 0; i < count; ++i) {
      std::vector<ComplexArray> matrices;
      for (const ComplexArray& array : in) {
        const size_t rank = array.shape.size();
        ComplexArray matrix = Zero(array.shape[rank - 2], array.shape[rank - 1]);
        const auto size = static_cast<int64_t>(matrix.values.size());
        const int64_t first = rank == 2 ? 0 : i * size;
        std::copy_n(array.values.begin() + first, size, matrix.values.begin());
        matrices.push_back(std::move(matrix));
      }
      const ComplexArray one = f(matrices);
      out.values.insert(out.values.end(), one.values.begin(), one.values.end());
      if (i == 0) out.shape = one.shape;
    }
    if (in[0].shape.size() > 2) out.shape.insert(out.shape.begin(), count);
    return out;
  };
}

// ---- cases -----------------------------------------------------------------------------------

// Far from singular.
Tensor Regular(DimsView shape, int seed) {
  return Numbers(shape, seed) + Eye(shape.back(), {.dtype = kFloat64}) * 2;
}

void AddEquations(Cases& cases) {
  const Tensor batch = Regular({2, 3, 3}, 1), b = Numbers({2, 3, 2}, 2);
  const auto solution = PerMatrix([](Arrays in) { return Product(Inverse(in[0]), in[1]); });
  const auto add = [&](const char* name, std::vector<Tensor> inputs,
                       std::function<Tensor(Inputs)> function,
                       std::function<ComplexArray(Arrays)> reference) {
    cases.push_back(
        {name, std::nullopt, std::move(inputs), std::move(function), std::move(reference)});
  };
  add(
      "linalg.solve/complex", {batch, b}, [](Inputs in) { return linalg::Solve(in[0], in[1]); },
      solution);
  add(
      "linalg.inv/complex", {batch}, [](Inputs in) { return linalg::Inv(in[0]); },
      PerMatrix([](Arrays in) { return Inverse(in[0]); }));
  add(
      "linalg.matrix_power/complex", {batch},
      [](Inputs in) { return linalg::MatrixPower(in[0], -2); },
      PerMatrix([](Arrays in) { return Inverse(Product(in[0], in[0])); }));
  for (const bool upper : {false, true}) {
    add(
        "linalg.solve_triangular/complex", {batch, b},
        [=](Inputs in) { return linalg::SolveTriangular(in[0], in[1], upper); },
        PerMatrix([=](Arrays in) { return Product(Inverse(Triangle(in[0], upper)), in[1]); }));
    add(
        "linalg.lu_solve/complex", {batch, b},
        [=](Inputs in) {
          const auto [LU, pivots] = linalg::LuFactor(in[0]);
          return linalg::LuSolve(LU, pivots, in[1], true, upper);
        },
        PerMatrix(
            [=](Arrays in) { return Product(Inverse(upper ? AdjointOf(in[0]) : in[0]), in[1]); }));
  }
  add(
      "cholesky_solve/complex", {batch, b},
      [](Inputs in) { return linalg::CholeskySolve(in[1], in[0]); }, PerMatrix([](Arrays in) {
        const ComplexArray l = Triangle(in[0], false);
        return Product(Inverse(Product(l, AdjointOf(l))), in[1]);
      }));
  add(
      "linalg.pinv/complex", {Numbers({4, 2}, 3)}, [](Inputs in) { return linalg::Pinv(in[0]); },
      [](Arrays in) {
        const ComplexArray t = AdjointOf(in[0]);
        return Product(Inverse(Product(t, in[0])), t);
      });
  add(
      "linalg.pinv/complex_hermitian", {Numbers({3, 3}, 4)},
      [](Inputs in) { return linalg::Pinv(in[0] + Adjoint(in[0]), {}, true); },
      [](Arrays in) { return Inverse(Plus(in[0], AdjointOf(in[0]))); });
  // One matrix loses a singular value, the other none.
  add(
      "linalg.pinv/tolerances", {FromList<double>({2, 0, 0, 0.5, 2, 0, 0, 0.5}, {2, 2, 2})},
      [](Inputs in) {
        return linalg::Pinv(in[0], {}, false, FromList<double>({1, 0.1}),
                            FromList<double>({0, 0.01}));
      },
      [](Arrays) {
        return ComplexArray{{2, 2, 2}, {0.5, 0, 0, 0, 0.5, 0, 0, 2}};
      });
  cases.back().differentiable = false;
  add(
      "linalg.vecdot/complex", {Numbers({2, 3}, 8), Numbers({3}, 9)},
      [](Inputs in) { return linalg::VecDot(in[0], in[1]); },
      [](Arrays in) {
        ComplexArray out{{2}, {0, 0}};
        for (int64_t i = 0; i < 6; ++i) {
          out.values[static_cast<size_t>(i / 3)] += std::conj(in[0][i]) * in[1][i % 3];
        }
        return out;
      });
  add(
      "linalg.lstsq/complex", {Numbers({4, 2}, 5), Numbers({4, 1}, 6)},
      [](Inputs in) { return linalg::LstSq(in[0], in[1]).solution; },
      [](Arrays in) {
        const ComplexArray t = AdjointOf(in[0]);
        return Chain({Inverse(Product(t, in[0])), t, in[1]});
      });
  add(
      "linalg.matrix_exp/complex", {Numbers({3, 3}, 7) * 2},
      [](Inputs in) { return linalg::MatrixExp(in[0]); },
      [](Arrays in) {
        // The series of a 2^-6th of it, to the power of 2^6.
        ComplexArray term = Identity(3), sum = term;
        for (int k = 1; k < 30; ++k) {
          term = Chain({term, in[0], Identity(3, 0x1p-6 / k)});
          sum = Plus(sum, term);
        }
        for (int k = 0; k < 6; ++k) sum = Product(sum, sum);
        return sum;
      });
}

void AddDeterminants(Cases& cases) {
  const Tensor a = Numbers({2, 3, 3}, 11);
  const auto of_determinant = [](Number (*f)(Number)) {
    return [f](Arrays in) {
      ComplexArray out = PerMatrix([](Arrays one) {
        return ComplexArray{{}, {Invert(one[0]).determinant}};
      })(in);
      for (Number& value : out.values) value = f(value);
      return out;
    };
  };
  cases.push_back({"linalg.det/complex",
                   std::nullopt,
                   {a},
                   [](Inputs in) { return linalg::Det(in[0]); },
                   of_determinant([](Number z) { return z; })});
  // Of rank 2, where the derivative is not 0.
  cases.push_back({"linalg.det/complex_singular",
                   std::nullopt,
                   {Numbers({3, 2}, 12), Numbers({2, 3}, 13)},
                   [](Inputs in) { return linalg::Det(MatMul(in[0], in[1])); },
                   [](Arrays) {
                     return ComplexArray{{}, {0}};
                   }});
  cases.push_back({"linalg.slogdet/complex_sign",
                   std::nullopt,
                   {a},
                   [](Inputs in) { return linalg::SlogDet(in[0]).sign; },
                   of_determinant([](Number z) { return z / std::abs(z); })});
  cases.push_back({"linalg.slogdet/complex_logabsdet",
                   std::nullopt,
                   {a},
                   [](Inputs in) { return linalg::SlogDet(in[0]).logabsdet; },
                   of_determinant([](Number z) -> Number { return std::log(std::abs(z)); })});
  cases.push_back({"logdet/complex",
                   std::nullopt,
                   {a},
                   [](Inputs in) { return linalg::LogDet(in[0]); },
                   of_determinant([](Number z) { return std::log(z); })});
}

void AddTriangles(Cases& cases) {
  cases.push_back({"linalg.cholesky/complex",
                   std::nullopt,
                   {Numbers({2, 3, 3}, 21)},
                   [](Inputs in) { return linalg::Cholesky(Definite(in[0])); },
                   PerMatrix([](Arrays in) { return CholeskyOf(Definite(in[0])); })});
  cases.push_back({"linalg.cholesky/complex_upper",
                   std::nullopt,
                   {Numbers({3, 3}, 22)},
                   [](Inputs in) { return linalg::Cholesky(Definite(in[0]), true); },
                   [](Arrays in) { return AdjointOf(CholeskyOf(Definite(in[0]))); }});
  for (const Dims& shape : {Dims{2, 3, 3}, Dims{4, 3}, Dims{3, 4}}) {
    cases.push_back({"linalg.lu/complex",
                     std::nullopt,
                     {Numbers(shape, 23)},
                     [](Inputs in) {
                       const auto [P, L, U] = linalg::Lu(in[0]);
                       return MatMul(MatMul(P, L * 2), U);
                     },
                     [](Arrays in) {
                       ComplexArray out = in[0];
                       for (Number& value : out.values) value *= 2;
                       return out;
                     }});
    // With the signs for which R has a positive diagonal.
    cases.push_back(
        {"linalg.qr/complex",
         std::nullopt,
         {Numbers(shape, 24)},
         [](Inputs in) {
           const auto [Q, R] = linalg::Qr(in[0]);
           const Tensor signs = Sign(Real(Diagonal(R, 0, -2, -1)));
           return Cat({Q * Unsqueeze(signs, -2), Adjoint(Unsqueeze(signs, -1) * R)}, -2);
         },
         PerMatrix([](Arrays in) {
           const ComplexArray q = OrthonormalOf(in[0]);
           const ComplexArray r = Product(AdjointOf(in[0]), q);
           ComplexArray both = q;
           both.shape[0] += r.shape[0];
           both.values.insert(both.values.end(), r.values.begin(), r.values.end());
           return both;
         })});
  }
  // What LU is, beyond its product: the second row is the largest by |re| + |im|.
  cases.push_back(
      {"linalg.lu_factor/complex",
       std::nullopt,
       {FromList<Number>({{2.2, 0}, 4, {1.5, 1.5}, {3, 3}}, {2, 2})},
       [](Inputs in) { return linalg::LuFactor(in[0]).LU; },
       [](Arrays in) {
         const Number factor = in[0][0] / in[0][2];
         return ComplexArray{{2, 2}, {in[0][2], in[0][3], factor, in[0][1] - factor * in[0][3]}};
       }});
}

void AddSpectra(Cases& cases) {
  const auto add = [&](const char* name, std::vector<Tensor> inputs,
                       std::function<Tensor(Inputs)> function, OfMatrices reference) {
    cases.push_back({name, std::nullopt, std::move(inputs), std::move(function),
                     PerMatrix(std::move(reference))});
  };
  // The cubes of the singular values.
  for (const Dims& shape : {Dims{2, 3, 3}, Dims{4, 2}, Dims{2, 4}}) {
    add(
        "linalg.svd/complex_cube", {Numbers(shape, 31)},
        [](Inputs in) {
          const auto [U, S, Vh] = linalg::Svd(in[0], false);
          return MatMul(U * Unsqueeze(Pow(S, 3), -2), Vh);
        },
        [](Arrays in) {
          return Chain({in[0], AdjointOf(in[0]), in[0]});
        });
  }
  // On the space that the columns, or the rows, span.
  add(
      "linalg.svd/complex_left", {Numbers({4, 2}, 32)},
      [](Inputs in) {
        const Tensor u = linalg::Svd(in[0], false).U;
        return MatMul(u, Adjoint(u));
      },
      [](Arrays in) {
        const ComplexArray t = AdjointOf(in[0]);
        return Chain({in[0], Inverse(Product(t, in[0])), t});
      });
  add(
      "linalg.svd/complex_right", {Numbers({2, 4}, 33)},
      [](Inputs in) {
        const Tensor vh = linalg::Svd(in[0], false).Vh;
        return MatMul(Adjoint(vh), vh);
      },
      [](Arrays in) {
        const ComplexArray t = AdjointOf(in[0]);
        return Chain({t, Inverse(Product(in[0], t)), in[0]});
      });
  add(
      "linalg.svd/complex_full", {Numbers({4, 2}, 34)},
      [](Inputs in) {
        const Tensor u = linalg::Svd(in[0]).U;
        return MatMul(Adjoint(u), u);
      },
      [](Arrays) { return Identity(4); });
  cases.back().differentiable = false;
  add(
      "linalg.svdvals/complex", {Numbers({2, 2, 2}, 35)},
      [](Inputs in) { return Unsqueeze(linalg::SvdVals(in[0]), -1); },
      [](Arrays in) {
        const auto [least, most] = EigenvaluesOfTwo(Product(AdjointOf(in[0]), in[0]));
        return ComplexArray{{2, 1}, {std::sqrt(most.real()), std::sqrt(least.real())}};
      });
  for (const char* uplo : {"L", "U"}) {
    add(
        "linalg.eigh/complex", {Numbers({2, 3, 3}, 36)},
        [=](Inputs in) {
          const auto [w, V] = linalg::Eigh(in[0] + Adjoint(in[0]), uplo);
          return MatMul(V * Unsqueeze(Pow(w, 3), -2), Adjoint(V));
        },
        [](Arrays in) {
          const ComplexArray h = Plus(in[0], AdjointOf(in[0]));
          return Chain({h, h, h});
        });
  }
  add(
      "linalg.eigvalsh/complex", {Numbers({2, 2, 2}, 37)},
      [](Inputs in) { return Unsqueeze(linalg::EigvalsH(in[0] + Adjoint(in[0])), -1); },
      [](Arrays in) {
        const auto [least, most] = EigenvaluesOfTwo(Plus(in[0], AdjointOf(in[0])));
        return ComplexArray{{2, 1}, {least.real(), most.real()}};
      });
  add(
      "linalg.matrix_norm/complex_nuc", {Numbers({2, 2}, 38)},
      [](Inputs in) {
        return Reshape(linalg::MatrixNorm(in[0], "nuc"), {1, 1});
      },
      [](Arrays in) {
        const auto [least, most] = EigenvaluesOfTwo(Product(AdjointOf(in[0]), in[0]));
        return ComplexArray{{1, 1}, {std::sqrt(least.real()) + std::sqrt(most.real())}};
      });

  // Of complex matrices, and of real ones that turn: their eigenvalues are complex.
  const auto cube = [](Arrays in) { return Chain({in[0], in[0], in[0]}); };
  const auto cube_of_values = [](Inputs in) {
    const auto [w, V] = linalg::Eig(in[0]);
    return MatMul(V * Unsqueeze(w * w * w, -2), linalg::Inv(V));
  };
  const Tensor turning = Sample({2, 2, 2}, 39) + FromList<double>({0, 3, -3, 0}, {2, 2});
  add("linalg.eig/complex_cube", {Numbers({2, 3, 3}, 40)}, cube_of_values, cube);
  cases.back().op = op::kLinalgEig;
  add("linalg.eig/real_cube", {turning}, cube_of_values, cube);
  // The squares of the components of vectors, sorted by the real parts of their eigenvalues: of
  // (A - w) @ v = 0 with 2 rows, v is (b, w - a) but for its length.
  add(
      "linalg.eig/sizes", {Numbers({2, 2, 2}, 41)},
      [](Inputs in) {
        const auto [w, V] = linalg::Eig(in[0]);
        return TakeAlongDim(Square(Abs(V)), Unsqueeze(ArgSort(Real(w)), -2), -1);
      },
      [](Arrays in) {
        const auto [least, most] = EigenvaluesOfTwo(in[0]);
        ComplexArray out = Zero(2, 2);
        for (int64_t c = 0; c < 2; ++c) {
          const double first = std::norm(in[0][1]),
                       second = std::norm((c == 0 ? least : most) - in[0][0]);
          At(out, 0, c) = first / (first + second);
          At(out, 1, c) = second / (first + second);
        }
        return out;
      });
  add(
      "linalg.eigvals/complex", {Numbers({2, 2, 2}, 42)},
      [](Inputs in) {
        const Tensor w = linalg::Eigvals(in[0]);
        return Unsqueeze(TakeAlongDim(w, ArgSort(Real(w)), -1), -1);
      },
      [](Arrays in) {
        const auto [least, most] = EigenvaluesOfTwo(in[0]);
        return ComplexArray{{2, 1}, {least, most}};
      });
  // With imaginary parts that differ, and as real ones.
  add(
      "linalg.eigvals/real", {turning},
      [](Inputs in) {
        const Tensor w = linalg::Eigvals(in[0]);
        return Unsqueeze(TakeAlongDim(w, ArgSort(Imag(w)), -1), -1);
      },
      [](Arrays in) {
        auto [one, other] = EigenvaluesOfTwo(in[0]);
        if (one.imag() > other.imag()) std::swap(one, other);
        return ComplexArray{{2, 1}, {one, other}};
      });
}

void AddSymmetric(Cases& cases) {
  // The second has a 0 in the first place, which is no pivot.
  const Tensor hole = FromList<double>({0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, {4, 4});
  for (const bool hermitian : {false, true}) {
    for (const Tensor& a : {Numbers({2, 4, 4}, 52), hole * Numbers({4, 4}, 53)}) {
      cases.push_back({"linalg.ldl_factor/complex",
                       op::kLinalgLdl,
                       {a, Numbers({4, 2}, 54)},
                       [=](Inputs in) {
                         const Tensor x =
                             in[0] + (hermitian ? Adjoint(in[0]) : Transpose(in[0], -2, -1));
                         const auto [LD, pivots] = linalg::LdlFactor(x, hermitian);
                         return linalg::LdlSolve(LD, pivots, in[1], hermitian);
                       },
                       PerMatrix([=](Arrays in) {
                         ComplexArray t = AdjointOf(in[0]);
                         if (!hermitian) {
                           for (Number& value : t.values) value = std::conj(value);
                         }
                         return Product(Inverse(Plus(in[0], t)), in[1]);
                       }),
                       false});
    }
  }
  // With both kinds of blocks: of 2 rows, exchanged, and of 1.
  cases.push_back({"linalg.ldl_factor_ex/blocks",
                   op::kLinalgLdlSolve,
                   {FromList<double>({0, 9, 9, 1, 0, 9, 4, 2, 1}, {3, 3})},
                   [](Inputs in) {
                     const auto [LD, pivots, info] = linalg::LdlFactorEx(in[0]);
                     return Cat({LD, Unsqueeze(Cast(pivots, LD.dtype()), 0),
                                 Expand(Cast(info, LD.dtype()), {1, 3})},
                                0);
                   },
                   [](Arrays) {
                     // A block of [[0, 4], [4, 1]], and (1, 2) times its inverse.
                     const double left = 7.0 / 16, right = 1.0 / 4;
                     return ComplexArray{{5, 3},
                                         {0, 0, 0, 4, 1, 0, left, right, 0 - (left * 1 + right * 2),
                                          -3, -3, 3, 0, 0, 0}};
                   },
                   false});
  cases.push_back({"linalg.ldl_solve/zero",
                   std::nullopt,
                   {FromList<double>({1, 9, 0, 0}, {2, 2})},
                   [](Inputs in) { return linalg::LdlFactorEx(in[0]).info; },
                   [](Arrays) {
                     return ComplexArray{{}, {2}};
                   },
                   false});
}

void AddReflections(Cases& cases) {
  for (const Dims& shape : {Dims{2, 4, 3}, Dims{3, 3}}) {
    cases.push_back({"geqrf/complex",
                     op::kLinalgGeqrf,
                     {Numbers(shape, 61)},
                     [](Inputs in) {
                       const auto [a, tau] = linalg::Geqrf(in[0]);
                       const Tensor r = Triu(Narrow(a, -2, 0, a.size(-1)));
                       return MatMul(linalg::HouseholderProduct(a, tau), r);
                     },
                     [](Arrays in) { return in[0]; },
                     false});
  }
  // The product of two reflections that are written out, and of their adjoints from the last to the
  // first.
  for (const bool left : {true, false}) {
    for (const bool transpose : {true, false}) {
      cases.push_back(
          {"ormqr/complex",
           std::nullopt,
           {Numbers({4, 2}, 62), Numbers({2}, 63), Numbers(left ? Dims{4, 3} : Dims{3, 4}, 64)},
           [=](Inputs in) { return linalg::OrMQr(in[0], in[1], in[2], left, transpose); },
           [=](Arrays in) {
             ComplexArray q = Identity(4);
             for (int64_t i = 0; i < 2; ++i) {
               ComplexArray v = Zero(4, 1);
               At(v, i, 0) = 1;
               for (int64_t r = i + 1; r < 4; ++r) At(v, r, 0) = At(in[0], r, i);
               ComplexArray change = Product(v, AdjointOf(v));
               for (Number& value : change.values) value *= -in[1][i];
               q = Product(q, Plus(Identity(4), change));
             }
             if (transpose) q = AdjointOf(q);
             return left ? Product(q, in[2]) : Product(in[2], q);
           }});
    }
  }
}

void AddLowRank(Cases& cases) {
  // Of rank 2, and so exactly.
  for (const Dims& shape : {Dims{7, 5}, Dims{5, 7}}) {
    cases.push_back({"svd_lowrank/complex",
                     std::nullopt,
                     {Numbers({shape[0], 2}, 71), Numbers({2, shape[1]}, 72)},
                     [](Inputs in) {
                       ManualSeed(1);
                       const auto [U, S, V] = linalg::SvdLowRank(MatMul(in[0], in[1]), 2);
                       return MatMul(U * S, Adjoint(V));
                     },
                     [](Arrays in) { return Product(in[0], in[1]); },
                     false});
  }
  // Rows on a line that does not pass through the origin.
  cases.push_back({"pca_lowrank/line",
                   std::nullopt,
                   {Sample({6, 1}, 73), Sample({1, 4}, 74)},
                   [](Inputs in) {
                     ManualSeed(1);
                     const auto [U, S, V] = linalg::PcaLowRank(MatMul(in[0], in[1]) + 3, 1);
                     return MatMul(V, Transpose(V, 0, 1));
                   },
                   [](Arrays in) {
                     double square = 0;
                     for (const Number value : in[1].values) square += std::norm(value);
                     ComplexArray out = Product(AdjointOf(in[1]), in[1]);
                     for (Number& value : out.values) value /= square;
                     return out;
                   },
                   false});
}

}  // namespace

void AddMatrixCases(Cases& cases) {
  AddEquations(cases);
  AddDeterminants(cases);
  AddTriangles(cases);
  AddSpectra(cases);
  AddSymmetric(cases);
  AddReflections(cases);
  AddLowRank(cases);
}

}  // namespace neura::testing
