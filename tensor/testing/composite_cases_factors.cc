// Cases of neura::linalg: determinants and factors. What factors leave open, such as the signs of
// singular vectors, is not compared: their products are.
#include <cmath>
#include <utility>

#include "neura/tensor/linalg/linalg.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/composite_cases.h"
#include "neura/tensor/testing/matrix_references.h"

namespace neura::testing {
namespace {

Tensor One(int64_t n) { return Eye(n, {.dtype = kFloat64}); }
Tensor Turned(const Tensor& x) { return Transpose(x, -2, -1); }
// Symmetric and positive-definite.
Tensor Definite(const Tensor& x) {
  return MatMul(x, Turned(x)) + Eye(x.size(-1), {.dtype = x.dtype(), .device = x.device()});
}
Array DefiniteArray(const Array& x) {
  return Combined(1, Times(x, Transposed(x)), 1, Identity(x.size(0)));
}

Array Number(double value) { return {{}, {value}}; }
Array Numbers(const std::vector<double>& values) {
  return {{static_cast<int64_t>(values.size())}, values};
}

// Rows of A in the order of its pivots, L and U, each step by its definition.
struct LuFactors {
  std::vector<int64_t> order;
  std::vector<double> pivots;
  Array l, u;
};
LuFactors Doolittle(Array a, bool pivot) {
  const int64_t m = a.size(0), n = a.size(1), k = std::min(m, n);
  LuFactors factors{{}, {}, MakeArray({m, k}), MakeArray({k, n})};
  for (int64_t r = 0; r < m; ++r) factors.order.push_back(r);
  for (int64_t step = 0; step < k; ++step) {
    int64_t largest = step;
    for (int64_t r = step; pivot && r < m; ++r) {
      if (std::abs(a[r * n + step]) > std::abs(a[largest * n + step])) largest = r;
    }
    factors.pivots.push_back(static_cast<double>(largest + 1));
    std::swap(factors.order[static_cast<size_t>(step)],
              factors.order[static_cast<size_t>(largest)]);
    for (int64_t c = 0; c < n; ++c) std::swap(a[step * n + c], a[largest * n + c]);
    for (int64_t c = 0; c < k; ++c) std::swap(factors.l[step * k + c], factors.l[largest * k + c]);
    factors.l[step * k + step] = 1;
    for (int64_t c = step; c < n; ++c) factors.u[step * n + c] = a[step * n + c];
    for (int64_t r = step + 1; r < m; ++r) {
      const double factor = factors.l[r * k + step] = a[r * n + step] / a[step * n + step];
      for (int64_t c = step; c < n; ++c) a[r * n + c] -= factor * a[step * n + c];
    }
  }
  return factors;
}

Array PermutationOf(const LuFactors& factors) {
  const auto m = static_cast<int64_t>(factors.order.size());
  Array out = MakeArray({m, m});
  for (int64_t i = 0; i < m; ++i) out[factors.order[static_cast<size_t>(i)] * m + i] = 1;
  return out;
}

Array Packed(const LuFactors& factors) {
  const int64_t m = factors.l.size(0), n = factors.u.size(1), k = factors.u.size(0);
  Array out = MakeArray({m, n});
  for (int64_t i = 0; i < m * n; ++i) {
    const int64_t r = i / n, c = i % n;
    out[i] = r > c ? factors.l[r * k + c] : factors.u[i];
  }
  return out;
}

void AddDeterminants(CaseList& cases) {
  const auto det = [](Arrays in) { return std::vector<Array>{Number(Determinant(in[0]))}; };
  const Tensor batch = Sample({2, 3, 3}, 1);
  // Of ranks n - 1 and n - 2, with derivatives all the same.
  Tensor singular = Clone(batch);
  Assign(Select(singular, 1, 2), Select(batch, 1, 0) - Select(batch, 1, 1));
  const Tensor outer = MatMul(Sample({4, 2}, 3), Sample({2, 4}, 4));
  const auto add_det = [&](const char* name, const Tensor& a) {
    cases.push_back(Case(
        std::string("linalg.det/") + name, {a}, [](Inputs in) { return linalg::Det(in[0]); },
        PerMatrix(det)));
    cases.back().tolerance = 1e-5;
  };
  add_det("batch", batch);
  add_det("singular", singular);
  add_det("rank_two", outer);
  add_det("number", Sample({1, 1}, 2));
  add_det("empty", Sample({2, 0, 0}));
  cases.push_back(Case(
      "linalg.slogdet/batch", {batch},
      [](Inputs in) -> std::vector<Tensor> {
        const auto [sign, logabsdet] = linalg::SlogDet(in[0]);
        return {logabsdet, sign};
      },
      PerMatrix([](Arrays in) {
        const double value = Determinant(in[0]);
        return std::vector<Array>{Number(std::log(std::abs(value))),
                                  Number(std::copysign(1, value))};
      })));
  cases.push_back(Case(
      "linalg.slogdet/logdet", {Sample({3, 3}, 2)},
      [](Inputs in) { return linalg::LogDet(Definite(in[0])); },
      [](Arrays in) {
        return std::vector<Array>{Number(std::log(Determinant(DefiniteArray(in[0]))))};
      }));
}

void AddTriangles(CaseList& cases) {
  // L of L @ L.T, row by row (Banachiewicz).
  const auto cholesky = [](const Array& a) {
    const int64_t n = a.size(0);
    Array l = MakeArray({n, n});
    for (int64_t i = 0; i < n * n; ++i) {
      const int64_t r = i / n, c = i % n;
      if (c > r) continue;
      double sum = a[i];
      for (int64_t k = 0; k < c; ++k) sum -= l[r * n + k] * l[c * n + k];
      l[i] = r == c ? std::sqrt(sum) : sum / l[c * n + c];
    }
    return l;
  };
  cases.push_back(Case(
      "linalg.cholesky/batch", {Sample({2, 3, 3}, 1)},
      [](Inputs in) { return linalg::Cholesky(Definite(in[0])); },
      PerMatrix([=](Arrays in) { return std::vector<Array>{cholesky(DefiniteArray(in[0]))}; })));
  cases.push_back(Case(
      "linalg.cholesky/upper", {Sample({3, 3}, 2)},
      [](Inputs in) { return linalg::Cholesky(Definite(in[0]), true); },
      [=](Arrays in) { return std::vector<Array>{Transposed(cholesky(DefiniteArray(in[0])))}; }));
  // Above the size at which it is halved.
  cases.push_back(Case(
      "linalg.cholesky/large", {Cast(Sample({70, 70}, 2), kFloat32)},
      [](Inputs in) { return linalg::Cholesky(Definite(in[0])); },
      [=](Arrays in) { return std::vector<Array>{cholesky(DefiniteArray(in[0]))}; }));
  cases.back().tolerance = 1e-4;
  cases.push_back(Case(
      "linalg.cholesky_ex/not_positive", {FromList<double>({1, 2, 2, 1, 4, 0, 0, 9}, {2, 2, 2})},
      [](Inputs in) { return linalg::CholeskyEx(in[0]).info; },
      [](Arrays) {
        return std::vector<Array>{{{2}, {2, 0}}};
      }));
  for (const bool pivot : {true, false}) {
    cases.push_back(Case(
        pivot ? "linalg.lu/batch" : "linalg.lu/without_pivots", {Sample({2, 3, 3}, 1) + One(3)},
        [pivot](Inputs in) -> std::vector<Tensor> {
          const auto [P, L, U] = linalg::Lu(in[0], pivot);
          if (!pivot) return {L, U};
          return {L, U, P};
        },
        PerMatrix([pivot](Arrays in) {
          const LuFactors factors = Doolittle(in[0], pivot);
          std::vector<Array> out = {factors.l, factors.u};
          if (pivot) out.push_back(PermutationOf(factors));
          return out;
        })));
  }
  const auto factor = [&](const char* name, const Tensor& a) {
    cases.push_back(Case(
        std::string("linalg.lu_factor/") + name, {a},
        [](Inputs in) -> std::vector<Tensor> {
          const auto [LU, pivots] = linalg::LuFactor(in[0]);
          return {LU, pivots};
        },
        PerMatrix([](Arrays in) {
          const LuFactors factors = Doolittle(in[0], true);
          return std::vector<Array>{Packed(factors), Numbers(factors.pivots)};
        })));
    cases.back().tolerance = 1e-4;
  };
  factor("wide", Sample({2, 3, 5}, 3));
  factor("tall", Sample({5, 3}, 4));
  factor("large", Cast(Sample({50, 60}, 5), kFloat32));
  cases.push_back(Case(
      "linalg.lu_factor_ex/singular", {FromList<double>({1, 2, 2, 4, 1, 2, 3, 4}, {2, 2, 2})},
      [](Inputs in) { return linalg::LuFactorEx(in[0]).info; },
      [](Arrays) {
        return std::vector<Array>{{{2}, {2, 0}}};
      }));
}

void AddOrthogonal(CaseList& cases) {
  // With the signs for which R has a positive diagonal.
  const auto qr = [&](const char* name, const Tensor& a, const std::string& mode) {
    cases.push_back(Case(
        std::string("linalg.qr/") + name, {a},
        [mode](Inputs in) -> std::vector<Tensor> {
          const auto [Q, R] = linalg::Qr(in[0], mode);
          const Tensor signs = Sign(Diagonal(R, 0, -2, -1));
          if (mode == "r") return {Unsqueeze(signs, -1) * R};
          return {Q * Unsqueeze(signs, -2), Unsqueeze(signs, -1) * R};
        },
        PerMatrix([mode](Arrays in) {
          const int64_t least = std::min(in[0].size(0), in[0].size(1));
          const Array q = GramSchmidt(Columns(in[0], 0, least)).q;
          const Array r = Times(Transposed(q), in[0]);
          return mode == "r" ? std::vector<Array>{r} : std::vector<Array>{q, r};
        })));
    cases.back().tolerance = 1e-5;
  };
  qr("batch", Sample({2, 3, 3}, 1), "reduced");
  qr("tall", Sample({5, 3}, 2), "reduced");
  qr("wide", Sample({2, 5}, 3), "reduced");
  qr("square", Sample({3, 3}, 4), "complete");
  qr("triangle", Sample({4, 3}, 5), "r");
  // Of integers, because there is no derivative.
  cases.push_back(Case(
      "linalg.qr/complete", {Cast(Sample({4, 2}, 6, -9, 9), kInt64)},
      [](Inputs in) -> std::vector<Tensor> {
        const auto [Q, R] = linalg::Qr(Cast(in[0], kFloat32), "complete");
        return {MatMul(Turned(Q), Q), MatMul(Q, R)};
      },
      [](Arrays in) {
        return std::vector<Array>{Identity(4), in[0]};
      }));

  const auto weights = [](int64_t n) {
    std::vector<double> values;
    for (int64_t i = 0; i < n; ++i) values.push_back(1 + 0.1 * static_cast<double>(i));
    return values;
  };
  const auto svd = [&](const char* name, const Tensor& a, bool full) {
    cases.push_back(Case(
        std::string("linalg.svd/") + name, {a},
        [=](Inputs in) -> std::vector<Tensor> {
          const auto [U, S, Vh] = linalg::Svd(in[0], full);
          const int64_t k = S.size(-1);
          const Tensor scaled =
              Narrow(U, -1, 0, k) * Cast(To(FromVector(weights(k), {k}), S.device()), S.dtype());
          return {MatMul(scaled, Narrow(Vh, -2, 0, k)), S, MatMul(Turned(U), U),
                  MatMul(Vh, Turned(Vh))};
        },
        PerMatrix([=](Arrays in) {
          const SingularFactors factors = Singular(in[0]);
          const auto k = static_cast<int64_t>(factors.values.size());
          const Array product =
              Times(factors.u, Times(DiagonalOf(weights(k)), Transposed(factors.v)));
          return std::vector<Array>{product, Numbers(factors.values),
                                    Identity(full ? in[0].size(0) : k),
                                    Identity(full ? in[0].size(1) : k)};
        })));
    cases.back().tolerance = 1e-5;
  };
  svd("batch", Sample({2, 3, 3}, 1), true);
  svd("tall", Sample({4, 2}, 2), false);
  svd("wide", Sample({2, 4}, 3), false);
  svd("full", Cast(Sample({4, 2}, 4), kFloat32), true);
  svd("full_wide", Cast(Sample({2, 3, 4}, 4), kFloat32), true);
  // Large enough to be divided.
  svd("large", Cast(Sample({40, 24}, 5), kFloat32), false);
  cases.push_back(Case(
      "linalg.svdvals/batch", {Sample({2, 2, 3}, 6)},
      [](Inputs in) { return linalg::SvdVals(in[0]); },
      PerMatrix([](Arrays in) { return std::vector<Array>{Numbers(Singular(in[0]).values)}; })));
  for (const char* uplo : {"L", "U"}) {
    cases.push_back(Case(
        std::string("linalg.eigh/") + uplo, {Sample({2, 3, 3}, 7)},
        [=](Inputs in) -> std::vector<Tensor> {
          const auto [w, V] = linalg::Eigh(in[0] + Turned(in[0]), uplo);
          return {w, MatMul(V * Cast(To(FromVector(weights(3), {3}), w.device()), w.dtype()),
                            Turned(V))};
        },
        PerMatrix([=](Arrays in) {
          const auto [w, v] = Jacobi(Combined(1, in[0], 1, Transposed(in[0])));
          return std::vector<Array>{Numbers(w),
                                    Times(v, Times(DiagonalOf(weights(3)), Transposed(v)))};
        })));
    cases.back().tolerance = 1e-5;
  }
  cases.push_back(Case(
      "linalg.eigvalsh/matrix", {Sample({4, 4}, 8)},
      [](Inputs in) { return linalg::EigvalsH(in[0] + Turned(in[0])); },
      [](Arrays in) {
        return std::vector<Array>{Numbers(Jacobi(Combined(1, in[0], 1, Transposed(in[0]))).values)};
      }));
  // Reflections of vectors (1, a), (0, 1, b), ... that are written out.
  cases.push_back(Case(
      "linalg.householder_product/batch", {Sample({2, 4, 3}, 1), Sample({2, 2}, 2)},
      [](Inputs in) { return linalg::HouseholderProduct(in[0], in[1]); },
      [](Arrays in) {
        Array out = MakeArray({2, 4, 3});
        for (int64_t b = 0; b < 2; ++b) {
          Array product = Identity(4);
          for (int64_t i = 0; i < 2; ++i) {
            Array v = MakeArray({4, 1});
            v[i] = 1;
            for (int64_t r = i + 1; r < 4; ++r) v[r] = in[0][b * 12 + r * 3 + i];
            product = Times(product,
                            Combined(1, Identity(4), -in[1][b * 2 + i], Times(v, Transposed(v))));
          }
          product = Columns(product, 0, 3);
          std::copy(product.values.begin(), product.values.end(), out.values.begin() + b * 12);
        }
        return std::vector<Array>{out};
      }));
}

}  // namespace

void AddFactorCases(CaseList& cases) {
  AddDeterminants(cases);
  AddTriangles(cases);
  AddOrthogonal(cases);
}

}  // namespace neura::testing
