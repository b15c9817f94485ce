// Cases of neura::linalg: equations, inverses, powers and what they are measured by.
#include <cmath>

#include "neura/tensor/linalg/linalg.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/composite_cases.h"
#include "neura/tensor/testing/matrix_references.h"

namespace neura::testing {
namespace {

// Far from singular.
Tensor Regular(DimsView shape, int seed) {
  return Sample(shape, seed) + Eye(shape.back(), {.dtype = kFloat64}) * 2;
}

// What is left of A when one triangle counts.
Array Triangle(const Array& a, bool upper, bool unit) {
  Array out = a;
  const int64_t n = a.size(0);
  for (int64_t i = 0; i < n * n; ++i) {
    const int64_t r = i / n, c = i % n;
    if (r == c && unit) out[i] = 1;
    if (upper ? r > c : r < c) out[i] = 0;
  }
  return out;
}

// By the definition: A.T @ A, or A @ A.T, inverted.
Array PseudoInverse(const Array& a) {
  const Array t = Transposed(a);
  return a.size(0) >= a.size(1) ? Times(Inverse(Times(t, a)), t) : Times(t, Inverse(Times(a, t)));
}

Reference Solution() {
  return PerMatrix([](Arrays in) { return std::vector<Array>{Times(Inverse(in[0]), in[1])}; });
}

void AddEquations(CaseList& cases) {
  const Tensor batch = Regular({2, 3, 3}, 1), one = Regular({3, 3}, 2);
  cases.push_back(Case(
      "linalg.solve/batch", {batch, Sample({2, 3, 2}, 3)},
      [](Inputs in) { return linalg::Solve(in[0], in[1]); }, Solution()));
  cases.push_back(Case(
      "linalg.solve/broadcast", {batch, Sample({3, 2}, 3)},
      [](Inputs in) { return linalg::Solve(in[0], in[1]); }, Solution()));
  cases.push_back(Case(
      "linalg.solve/right", {batch, Sample({2, 2, 3}, 3)},
      [](Inputs in) { return linalg::Solve(in[0], in[1], false); },
      PerMatrix([](Arrays in) { return std::vector<Array>{Times(in[1], Inverse(in[0]))}; })));
  cases.push_back(Case(
      "linalg.solve/vector", {one, Sample({3}, 4)},
      [](Inputs in) { return linalg::Solve(in[0], in[1]); },
      [](Arrays in) {
        Array out = Times(Inverse(in[0]), Array{{3, 1}, in[1].values});
        out.shape = {3};
        return std::vector<Array>{out};
      }));
  cases.push_back(Case(
      "linalg.solve/empty", {Sample({2, 0, 0}), Sample({2, 0, 3})},
      [](Inputs in) { return linalg::Solve(in[0], in[1]); },
      [](Arrays in) { return std::vector<Array>{in[1]}; }));
  cases.push_back(Case(
      "linalg.solve_ex/singular", {FromList<double>({1, 2, 2, 4}, {2, 2}), Sample({2, 1})},
      [](Inputs in) { return linalg::SolveEx(in[0], in[1]).info; },
      [](Arrays) {
        return std::vector<Array>{{{}, {2}}};
      }));
  for (const bool upper : {false, true}) {
    for (const bool left : {false, true}) {
      cases.push_back(Case(
          std::string("linalg.solve_triangular/") + (upper ? "upper" : "lower") +
              (left ? "" : "_right"),
          {batch, Sample(left ? Dims{2, 3, 2} : Dims{2, 2, 3}, 5)},
          [=](Inputs in) { return linalg::SolveTriangular(in[0], in[1], upper, left, !left); },
          PerMatrix([=](Arrays in) {
            const Array inverse = Inverse(Triangle(in[0], upper, !left));
            return std::vector<Array>{left ? Times(inverse, in[1]) : Times(in[1], inverse)};
          })));
      cases.push_back(Case(
          std::string("linalg.lu_solve/") + (upper ? "adjoint" : "plain") + (left ? "" : "_right"),
          {batch, Sample(left ? Dims{2, 3, 2} : Dims{2, 2, 3}, 5)},
          [=](Inputs in) {
            const auto [LU, pivots] = linalg::LuFactor(in[0]);
            return linalg::LuSolve(LU, pivots, in[1], left, upper);
          },
          PerMatrix([=](Arrays in) {
            const Array inverse = Inverse(upper ? Transposed(in[0]) : in[0]);
            return std::vector<Array>{left ? Times(inverse, in[1]) : Times(in[1], inverse)};
          })));
    }
  }
  cases.push_back(Case(
      "linalg.cholesky_solve/lower", {one, Sample({3, 2}, 6)},
      [](Inputs in) { return linalg::CholeskySolve(in[1], in[0]); },
      [](Arrays in) {
        const Array l = Triangle(in[0], false, false);
        return std::vector<Array>{Times(Inverse(Times(l, Transposed(l))), in[1])};
      }));
  cases.push_back(Case(
      "linalg.cholesky_inverse/upper", {one},
      [](Inputs in) { return linalg::CholeskyInverse(in[0], true); },
      [](Arrays in) {
        const Array u = Triangle(in[0], true, false);
        return std::vector<Array>{Inverse(Times(Transposed(u), u))};
      }));
  cases.push_back(Case(
      "linalg.tensorsolve/matrix", {Reshape(Regular({6, 6}, 7), {2, 3, 6}), Sample({2, 3}, 8)},
      [](Inputs in) { return linalg::TensorSolve(in[0], in[1]); },
      [](Arrays in) {
        Array out = Times(Inverse(Array{{6, 6}, in[0].values}), Array{{6, 1}, in[1].values});
        out.shape = {6};
        return std::vector<Array>{out};
      }));
}

void AddInverses(CaseList& cases) {
  const Tensor batch = Regular({2, 3, 3}, 1);
  cases.push_back(Case(
      "linalg.inv/batch", {batch}, [](Inputs in) { return linalg::Inv(in[0]); },
      PerMatrix([](Arrays in) { return std::vector<Array>{Inverse(in[0])}; })));
  cases.push_back(Case(
      "linalg.inv_ex/info", {batch},
      [](Inputs in) -> std::vector<Tensor> {
        const auto [inverse, info] = linalg::InvEx(in[0]);
        return {inverse, info};
      },
      PerMatrix([](Arrays in) {
        return std::vector<Array>{Inverse(in[0]), {{}, {0}}};
      })));
  cases.push_back(Case(
      "linalg.tensorinv/three", {Reshape(Regular({6, 6}, 2), {6, 2, 3})},
      [](Inputs in) { return linalg::TensorInv(in[0], 1); },
      [](Arrays in) {
        Array out = Inverse(Array{{6, 6}, in[0].values});
        out.shape = {2, 3, 6};
        return std::vector<Array>{out};
      }));
  for (const auto& [name, shape] :
       {std::pair<const char*, Dims>{"tall", {2, 4, 2}}, {"wide", {2, 4}}, {"square", {3, 3}}}) {
    cases.push_back(Case(
        std::string("linalg.pinv/") + name, {Sample(shape, 3)},
        [](Inputs in) { return linalg::Pinv(in[0]); },
        PerMatrix([](Arrays in) { return std::vector<Array>{PseudoInverse(in[0])}; })));
    cases.back().tolerance = 1e-5;
    cases.push_back(Case(
        std::string("linalg.lstsq/") + name,
        {Sample(shape, 3), Sample({shape[shape.size() - 2], 2}, 4)},
        [](Inputs in) { return linalg::LstSq(in[0], in[1]).solution; }, PerMatrix([](Arrays in) {
          return std::vector<Array>{Times(PseudoInverse(in[0]), in[1])};
        })));
    cases.back().tolerance = 1e-5;
  }
  cases.push_back(Case(
      "linalg.pinv/hermitian", {Sample({3, 3}, 5)},
      [](Inputs in) { return linalg::Pinv(in[0] + Transpose(in[0], 0, 1), {}, true); },
      [](Arrays in) {
        return std::vector<Array>{Inverse(Combined(1, in[0], 1, Transposed(in[0])))};
      }));
  cases.back().tolerance = 1e-5;
  cases.push_back(Reading(
      "linalg.lstsq/all", {Cast(Sample({4, 2}, 6), kFloat32), Cast(Sample({4}, 7), kFloat32)},
      [](Inputs in) -> std::vector<Tensor> {
        const auto [solution, residuals, rank, values] = linalg::LstSq(in[0], in[1], {}, "gelsd");
        return {residuals, rank, values};
      },
      [](Arrays in) {
        const Array b{{4, 1}, in[1].values};
        const Array difference = Combined(1, Times(in[0], Times(PseudoInverse(in[0]), b)), -1, b);
        double squares = 0;
        for (double x : difference.values) squares += x * x;
        return std::vector<Array>{{{}, {squares}}, {{}, {2}}, {{2}, Singular(in[0]).values}};
      }));
  cases.push_back(Case(
      "linalg.matrix_power/third", {Sample({2, 3, 3}, 2)},
      [](Inputs in) { return linalg::MatrixPower(in[0], 3); },
      PerMatrix([](Arrays in) { return std::vector<Array>{Times(in[0], Times(in[0], in[0]))}; })));
  cases.push_back(Case(
      "linalg.matrix_power/none", {Sample({3, 3}, 2)},
      [](Inputs in) { return linalg::MatrixPower(in[0], 0); },
      [](Arrays) { return std::vector<Array>{Identity(3)}; }));
  cases.push_back(Case(
      "linalg.matrix_power/inverse", {batch},
      [](Inputs in) { return linalg::MatrixPower(in[0], -2); },
      PerMatrix([](Arrays in) { return std::vector<Array>{Inverse(Times(in[0], in[0]))}; })));
  for (const double scale : {0.5, 8.0}) {
    cases.push_back(Case(
        scale < 1 ? "linalg.matrix_exp/small" : "linalg.matrix_exp/large",
        {Sample({2, 3, 3}, 4, -scale, scale)}, [](Inputs in) { return linalg::MatrixExp(in[0]); },
        PerMatrix([](Arrays in) {
          // The series of a 2^-6th of it, to the power of 2^6.
          const Array part = Combined(0x1p-6, in[0], 0, in[0]);
          Array term = Identity(3), sum = term;
          for (int k = 1; k < 30; ++k) {
            term = Combined(1.0 / k, Times(term, part), 0, term);
            sum = Combined(1, sum, 1, term);
          }
          for (int k = 0; k < 6; ++k) sum = Times(sum, sum);
          return std::vector<Array>{sum};
        })));
    cases.back().tolerance = 1e-4;
  }
}

void AddMeasures(CaseList& cases) {
  const Tensor batch = Sample({2, 3, 4}, 1);
  // f of the singular values, and of the sums of absolute values in columns and rows.
  struct Sizes {
    std::vector<double> values, columns, rows;
  };
  const auto measure = [](const Array& a) {
    Sizes sizes{Singular(a).values, std::vector<double>(static_cast<size_t>(a.size(1))),
                std::vector<double>(static_cast<size_t>(a.size(0)))};
    for (int64_t i = 0; i < a.numel(); ++i) {
      sizes.columns[static_cast<size_t>(i % a.size(1))] += std::abs(a[i]);
      sizes.rows[static_cast<size_t>(i / a.size(1))] += std::abs(a[i]);
    }
    return sizes;
  };
  const auto most = [](const std::vector<double>& x) {
    return *std::max_element(x.begin(), x.end());
  };
  const auto least = [](const std::vector<double>& x) {
    return *std::min_element(x.begin(), x.end());
  };
  using Norms = std::function<double(const Array&)>;
  const auto norm = [&](const char* name, const linalg::NormOrder& ord, Norms of) {
    const auto reference = PerMatrix([of](Arrays in) {
      return std::vector<Array>{{{}, {of(in[0])}}};
    });
    cases.push_back(Case(
        std::string("linalg.matrix_norm/") + name, {batch},
        [ord](Inputs in) { return linalg::MatrixNorm(in[0], ord); }, reference));
    cases.push_back(Case(
        std::string("linalg.norm/") + name, {batch},
        [ord](Inputs in) {
          return linalg::Norm(in[0], ord, Dims{1, 2});
        },
        reference));
  };
  norm("fro", "fro", [=](const Array& a) {
    double sum = 0;
    for (double x : a.values) sum += x * x;
    return std::sqrt(sum);
  });
  norm("nuc", "nuc", [=](const Array& a) {
    double sum = 0;
    for (double x : measure(a).values) sum += x;
    return sum;
  });
  norm("two", 2, [=](const Array& a) { return most(measure(a).values); });
  norm("minus_two", -2, [=](const Array& a) { return least(measure(a).values); });
  norm("one", 1, [=](const Array& a) { return most(measure(a).columns); });
  norm("minus_one", -1, [=](const Array& a) { return least(measure(a).columns); });
  norm("inf", INFINITY, [=](const Array& a) { return most(measure(a).rows); });
  norm("minus_inf", -INFINITY, [=](const Array& a) { return least(measure(a).rows); });
  cases.push_back(Case(
      "linalg.cond/values", {batch}, [](Inputs in) { return linalg::Cond(in[0]); },
      PerMatrix([=](Arrays in) {
        const std::vector<double> values = Singular(in[0]).values;
        return std::vector<Array>{{{}, {values.front() / values.back()}}};
      })));
  cases.back().tolerance = 1e-4;
  cases.push_back(Case(
      "linalg.cond/one", {Regular({2, 3, 3}, 2)}, [](Inputs in) { return linalg::Cond(in[0], 1); },
      PerMatrix([=](Arrays in) {
        return std::vector<Array>{
            {{}, {most(measure(in[0]).columns) * most(measure(Inverse(in[0])).columns)}}};
      })));
  cases.push_back(Case(
      "linalg.cond/singular", {Ones({2, 2}, {.dtype = kFloat32})},
      [](Inputs in) { return linalg::Cond(in[0], "fro"); },
      [](Arrays) {
        return std::vector<Array>{{{}, {INFINITY}}};
      }));
  cases.push_back(Case(
      "linalg.matrix_rank/batch",
      {FromList<double>({1, 2, 2, 4, 1, 2, 2, 3, 0, 0, 0, 0}, {3, 2, 2})},
      [](Inputs in) -> std::vector<Tensor> {
        return {linalg::MatrixRank(in[0]), linalg::MatrixRank(in[0], 0.5, true)};
      },
      [](Arrays) {
        return std::vector<Array>{{{3}, {1, 2, 0}}, {{3}, {1, 1, 0}}};
      }));
}

}  // namespace

void AddEquationCases(CaseList& cases) {
  AddEquations(cases);
  AddInverses(cases);
  AddMeasures(cases);
}

}  // namespace neura::testing
