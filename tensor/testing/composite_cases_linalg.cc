// Cases of neura::linalg.
#include <cmath>

#include "neura/tensor/linalg/linalg.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/composite_cases.h"
#include "neura/tensor/testing/references.h"

namespace neura::testing {
namespace {

// The product of all inputs, matrices, from the left.
std::vector<Array> ChainReference(Arrays in) {
  Array product = in[0];
  for (size_t i = 1; i < in.size(); ++i) {
    const int64_t rows = product.size(0), inner = product.size(1), columns = in[i].size(1);
    Array next = MakeArray({rows, columns});
    for (int64_t e = 0; e < rows * inner * columns; ++e) {
      const int64_t r = e / (inner * columns), k = e / columns % inner, c = e % columns;
      next[r * columns + c] += product[r * inner + k] * in[i][k * columns + c];
    }
    product = next;
  }
  return {product};
}

// The norm of each row of a matrix.
Reference RowNorms(double (*norm)(const double* x, int64_t n)) {
  return [norm](Arrays in) {
    Array out = MakeArray({in[0].size(0)});
    const int64_t n = in[0].size(1);
    for (int64_t r = 0; r < out.numel(); ++r) out[r] = norm(in[0].values.data() + r * n, n);
    return std::vector<Array>{out};
  };
}

void AddLinalgProductCases(CaseList& cases) {
  cases.push_back(Case(
      "linalg.multi_dot/four",
      {Sample({2, 5}, 1), Sample({5, 3}, 2), Sample({3, 4}, 3), Sample({4, 2}, 4)},
      [](Inputs in) { return linalg::MultiDot(in); }, ChainReference));
  cases.push_back(Case(
      "linalg.multi_dot/vectors", {Sample({5}, 1), Sample({5, 3}, 2), Sample({3}, 3)},
      [](Inputs in) { return linalg::MultiDot(in); },
      [](Arrays in) {
        Array out{{}, {0}};
        for (int64_t i = 0; i < 15; ++i) out[0] += in[0][i / 3] * in[1][i] * in[2][i % 3];
        return std::vector<Array>{out};
      }));
  cases.push_back(Case(
      "linalg.vander/batch", {Sample({2, 3}, 1, 0.5, 2)},
      [](Inputs in) { return linalg::Vander(in[0], 4); },
      [](Arrays in) {
        Array out = MakeArray({2, 3, 4});
        for (int64_t i = 0; i < 24; ++i)
          out[i] = std::pow(in[0][i / 4], static_cast<double>(i % 4));
        return std::vector<Array>{out};
      }));
  cases.push_back(Case(
      "linalg.vecdot/broadcast", {Sample({2, 3}, 1), Sample({3}, 2)},
      [](Inputs in) { return linalg::VecDot(in[0], in[1]); },
      [](Arrays in) {
        Array out = MakeArray({2});
        for (int64_t i = 0; i < 6; ++i) out[i / 3] += in[0][i] * in[1][i % 3];
        return std::vector<Array>{out};
      }));
}

void AddLinalgNormCases(CaseList& cases) {
  const Tensor matrix = Sample({2, 3}, 3);
  const auto vector_norm = [&](const char* name, double ord, Reference reference) {
    cases.push_back(Case(
        std::string("linalg.vector_norm/") + name, {matrix},
        [ord](Inputs in) { return linalg::VectorNorm(in[0], ord, Dims{1}); },
        std::move(reference)));
  };
  vector_norm("third", 3, RowNorms([](const double* x, int64_t n) {
                double sum = 0;
                for (int64_t i = 0; i < n; ++i) sum += std::pow(std::abs(x[i]), 3);
                return std::cbrt(sum);
              }));
  vector_norm("minus_one", -1, RowNorms([](const double* x, int64_t n) {
                double sum = 0;
                for (int64_t i = 0; i < n; ++i) sum += 1 / std::abs(x[i]);
                return 1 / sum;
              }));
  vector_norm("least", -INFINITY, RowNorms([](const double* x, int64_t n) {
                double least = INFINITY;
                for (int64_t i = 0; i < n; ++i) least = std::min(least, std::abs(x[i]));
                return least;
              }));
  vector_norm("count", 0,
              RowNorms([](const double*, int64_t n) { return static_cast<double>(n); }));
  cases.push_back(Case(
      "linalg.vector_norm/all", {matrix},
      [](Inputs in) { return linalg::VectorNorm(in[0], 2, {}, true); },
      [](Arrays in) {
        Array out{{1, 1}, {0}};
        for (double x : in[0].values) out[0] += x * x;
        out[0] = std::sqrt(out[0]);
        return std::vector<Array>{out};
      }));
}

}  // namespace

void AddLinalgCases(CaseList& cases) {
  AddLinalgProductCases(cases);
  AddLinalgNormCases(cases);
}

}  // namespace neura::testing
