// Cases of composites that are sums of products.
#include <cmath>

#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/composite_cases.h"
#include "neura/tensor/testing/references.h"

namespace neura::testing {
namespace {

// [B, M, K] x [B, K, N], `rows` being B * M.
double Entry(const Array& a, const Array& b, int64_t rows, int64_t inner, int64_t columns,
             int64_t row, int64_t column) {
  double sum = 0;
  for (int64_t k = 0; k < inner; ++k) {
    sum += a[row * inner + k] * b[(row / rows * inner + k) * columns + column];
  }
  return sum;
}

Reference Distances(double (*distance)(const double* a, const double* b, int64_t n)) {
  return [distance](Arrays in) {
    const int64_t p = in[0].size(0), r = in[1].size(0), n = in[0].size(1);
    Array out{{p, r}, {}};
    for (int64_t i = 0; i < p * r; ++i) {
      out.values.push_back(
          distance(in[0].values.data() + i / r * n, in[1].values.data() + i % r * n, n));
    }
    return std::vector<Array>{out};
  };
}

}  // namespace

void AddProductCases(CaseList& cases) {
  const Tensor matrix = Sample({2, 3}, 1), square = Sample({3, 3}, 2), vector = Sample({3}, 3),
               two = Sample({2}, 4);
  const Tensor first = Sample({2, 2, 3}, 5), second = Sample({2, 3, 4}, 6);
  cases.push_back(Case(
      "addmv/scaled", {two, matrix, vector},
      [](Inputs in) { return Addmv(in[0], in[1], in[2], 0.5, -2); },
      [](Arrays in) {
        Array out = in[0];
        for (int64_t i = 0; i < 2; ++i) {
          out[i] = 0.5 * in[0][i] - 2 * Entry(in[1], in[2], 2, 3, 1, i, 0);
        }
        return std::vector<Array>{out};
      }));
  cases.push_back(Case(
      "addr/scaled", {matrix, two, vector},
      [](Inputs in) { return Addr(in[0], in[1], in[2], 2, 3); },
      [](Arrays in) {
        Array out = in[0];
        for (int64_t i = 0; i < 6; ++i) out[i] = 2 * out[i] + 3 * in[1][i / 3] * in[2][i % 3];
        return std::vector<Array>{out};
      }));
  const auto batched = [](bool sum) {
    return [sum](Arrays in) {
      Array out{sum ? Dims{2, 4} : Dims{2, 2, 4}, std::vector<double>(sum ? 8 : 16)};
      for (int64_t i = 0; i < 16; ++i) {
        const double entry = Entry(in[1], in[2], 2, 3, 4, i / 4, i % 4);
        if (!sum || i < 8) out[i] += 0.5 * in[0][i % 4];
        out[sum ? i % 8 : i] += -2 * entry;
      }
      return std::vector<Array>{out};
    };
  };
  cases.push_back(Case(
      "baddbmm/scaled", {Sample({4}, 7), first, second},
      [](Inputs in) { return Baddbmm(in[0], in[1], in[2], 0.5, -2); }, batched(false)));
  cases.push_back(Case(
      "addbmm/scaled", {Sample({4}, 7), first, second},
      [](Inputs in) { return Addbmm(in[0], in[1], in[2], 0.5, -2); }, batched(true)));
  cases.push_back(Case(
      "inner/matrices", {matrix, Sample({4, 3}, 8)}, [](Inputs in) { return Inner(in[0], in[1]); },
      Distances([](const double* a, const double* b, int64_t n) {
        double sum = 0;
        for (int64_t k = 0; k < n; ++k) sum += a[k] * b[k];
        return sum;
      })));
  cases.push_back(Case(
      "cdist/euclidean", {matrix, Sample({4, 3}, 8)}, [](Inputs in) { return CDist(in[0], in[1]); },
      Distances([](const double* a, const double* b, int64_t n) {
        double sum = 0;
        for (int64_t k = 0; k < n; ++k) sum += (a[k] - b[k]) * (a[k] - b[k]);
        return std::sqrt(sum);
      })));
  cases.push_back(Case(
      "pairwise_distance/ones", {matrix, Sample({2, 3}, 8)},
      [](Inputs in) { return PairwiseDistance(in[0], in[1], 1, 0.01, true); },
      [](Arrays in) {
        Array out{{2, 1}, {0, 0}};
        for (int64_t i = 0; i < 6; ++i) out[i / 3] += std::abs(in[0][i] - in[1][i] + 0.01);
        return std::vector<Array>{out};
      }));
  cases.push_back(Case(
      "cosine_similarity/rows", {matrix, Sample({2, 3}, 8)},
      [](Inputs in) { return CosineSimilarity(in[0], in[1]); },
      [](Arrays in) {
        Array out{{2}, {}};
        for (int64_t r = 0; r < 2; ++r) {
          double ab = 0, aa = 0, bb = 0;
          for (int64_t i = r * 3; i < r * 3 + 3; ++i) {
            ab += in[0][i] * in[1][i];
            aa += in[0][i] * in[0][i];
            bb += in[1][i] * in[1][i];
          }
          out.values.push_back(ab / std::sqrt(aa * bb));
        }
        return std::vector<Array>{out};
      }));
  cases.push_back(Case(
      "kron/ranks", {matrix, two}, [](Inputs in) { return Kron(in[0], in[1]); },
      [](Arrays in) {
        Array out{{2, 6}, {}};
        for (int64_t i = 0; i < 12; ++i) {
          out.values.push_back(in[0][i / 6 * 3 + i % 6 / 2] * in[1][i % 2]);
        }
        return std::vector<Array>{out};
      }));
  cases.push_back(Case(
      "cross/broadcast", {matrix, vector}, [](Inputs in) { return Cross(in[0], in[1]); },
      [](Arrays in) {
        Array out = in[0];
        for (int64_t i = 0; i < 6; ++i) {
          const int64_t row = i / 3 * 3, j = (i + 1) % 3, k = (i + 2) % 3;
          out[i] = in[0][row + j] * in[1][k] - in[0][row + k] * in[1][j];
        }
        return std::vector<Array>{out};
      }));
  cases.push_back(Case(
      "renorm/rows", {matrix}, [](Inputs in) { return Renorm(in[0], 2, 0, 0.5); },
      [](Arrays in) {
        Array out = in[0];
        for (int64_t r = 0; r < 2; ++r) {
          double square = 0;
          for (int64_t c = 0; c < 3; ++c) square += in[0][r * 3 + c] * in[0][r * 3 + c];
          for (int64_t c = 0; c < 3 && square > 0.25; ++c)
            out[r * 3 + c] *= 0.5 / (std::sqrt(square) + 1e-7);
        }
        return std::vector<Array>{out};
      }));
  cases.push_back(Case(
      "vander/falling", {Sample({3}, 1, 0.5, 2)}, [](Inputs in) { return Vander(in[0]); },
      [](Arrays in) {
        Array out{{3, 3}, {}};
        for (int64_t i = 0; i < 9; ++i) {
          out.values.push_back(std::pow(in[0][i / 3], static_cast<double>(2 - i % 3)));
        }
        return std::vector<Array>{out};
      }));
  // Queries [2, 3], keys [4, 3] and values [4, 2].
  for (const bool causal : {false, true}) {
    cases.push_back(Case(
        causal ? "scaled_dot_product_attention/causal" : "scaled_dot_product_attention/all",
        {matrix, Sample({4, 3}, 8), Sample({4, 2}, 9)},
        [causal](Inputs in) {
          return ScaledDotProductAttention(in[0], in[1], in[2], {}, 0, causal);
        },
        [causal](Arrays in) {
          Array out{{2, 2}, std::vector<double>(4)};
          for (int64_t i = 0; i < 2; ++i) {
            const int64_t seen = causal ? i + 1 : 4;
            double total = 0;
            for (int64_t j = 0; j < seen; ++j) {
              double score = 0;
              for (int64_t k = 0; k < 3; ++k) score += in[0][i * 3 + k] * in[1][j * 3 + k];
              const double weight = std::exp(score / std::sqrt(3.0));
              total += weight;
              for (int64_t c = 0; c < 2; ++c) out[i * 2 + c] += weight * in[2][j * 2 + c];
            }
            for (int64_t c = 0; c < 2; ++c) out[i * 2 + c] /= total;
          }
          return std::vector<Array>{out};
        }));
  }
  cases.push_back(Case(
      "einsum/batches", {first, second}, [](Inputs in) { return Einsum("bij,bjk->bki", in); },
      [](Arrays in) {
        Array out{{2, 4, 2}, {}};
        for (int64_t i = 0; i < 16; ++i) {
          const int64_t batch = i / 8, k = i / 2 % 4, row = i % 2;
          out.values.push_back(Entry(in[0], in[1], 2, 3, 4, batch * 2 + row, k));
        }
        return std::vector<Array>{out};
      }));
  cases.push_back(Case(
      "einsum/trace", {square, vector}, [](Inputs in) { return Einsum("ii,i", in); },
      [](Arrays in) {
        double sum = 0;
        for (int64_t i = 0; i < 3; ++i) sum += in[0][i * 4] * in[1][i];
        return std::vector<Array>{{{}, {sum}}};
      }));
  cases.push_back(Case(
      "einsum/ellipsis", {first, vector}, [](Inputs in) { return Einsum("...i,i->...", in); },
      [](Arrays in) {
        Array out{{2, 2}, std::vector<double>(4)};
        for (int64_t i = 0; i < 12; ++i) out[i / 3] += in[0][i] * in[1][i % 3];
        return std::vector<Array>{out};
      }));
}

}  // namespace neura::testing
