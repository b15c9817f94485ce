// Cases of composites that sort and count, and of statistics.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/composite_cases.h"
#include "neura/tensor/testing/references.h"

namespace neura::testing {
namespace {

using Row = std::vector<double>;

std::vector<Tensor> Both(const ValuesAndIndices& result) { return {result.values, result.indices}; }

// The places of a row's elements in ascending order.
std::vector<size_t> Order(const Row& row) {
  std::vector<size_t> order(row.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return row[a] < row[b]; });
  return order;
}
// What stands k-th along dim 1, and where.
Reference KthOf(std::function<size_t(size_t)> k) {
  const auto at = [k](const Row& row) { return Order(row)[k(row.size())]; };
  return Each({Reduce({1}, false, [at](const Row& row) { return row[at(row)]; }),
               Reduce({1}, false, [at](const Row& row) { return static_cast<double>(at(row)); })});
}

double QuantileOf(Row row, double q) {
  std::sort(row.begin(), row.end());
  const double rank = q * static_cast<double>(row.size() - 1);
  const auto low = static_cast<size_t>(rank);
  const double above = row[std::min(low + 1, row.size() - 1)];
  return row[low] + (above - row[low]) * (rank - std::floor(rank));
}

double MeanOf(const Row& row) {
  return std::accumulate(row.begin(), row.end(), 0.0) / static_cast<double>(row.size());
}
double VarOf(const Row& row) {
  double sum = 0;
  for (double v : row) sum += (v - MeanOf(row)) * (v - MeanOf(row));
  return sum / static_cast<double>(row.size() - 1);
}

// Of the rows of [R, N], divided by the deviations where those of correlations are asked for.
Reference Covariances(bool correlations) {
  return [correlations](Arrays in) {
    const int64_t rows = in[0].size(0), n = in[0].size(1);
    const auto row = [&](int64_t r) {
      return Row(in[0].values.begin() + r * n, in[0].values.begin() + (r + 1) * n);
    };
    Array out{{rows, rows}, {}};
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t j = 0; j < rows; ++j) {
        const Row a = row(i), b = row(j);
        double sum = 0;
        for (size_t k = 0; k < a.size(); ++k) sum += (a[k] - MeanOf(a)) * (b[k] - MeanOf(b));
        sum /= static_cast<double>(n - 1);
        out.values.push_back(correlations ? sum / std::sqrt(VarOf(a) * VarOf(b)) : sum);
      }
    }
    return std::vector<Array>{out};
  };
}

}  // namespace

void AddOrderCases(CaseList& cases) {
  const Tensor x = Sample({3, 5}, 1), even = Sample({2, 4}, 2), vector = Sample({7}, 3);
  cases.push_back(Case(
      "topk/largest", {x}, [](Inputs in) { return Both(TopK(in[0], 2)); },
      [](Arrays in) {
        Array values{{3, 2}, {}}, indices{{3, 2}, {}};
        for (int64_t r = 0; r < 3; ++r) {
          const Row row(in[0].values.begin() + r * 5, in[0].values.begin() + r * 5 + 5);
          for (size_t k : {size_t{4}, size_t{3}}) {
            values.values.push_back(row[Order(row)[k]]);
            indices.values.push_back(static_cast<double>(Order(row)[k]));
          }
        }
        return std::vector<Array>{values, indices};
      }));
  cases.push_back(Case(
      "kthvalue/second", {x}, [](Inputs in) { return Both(KthValue(in[0], 2)); },
      KthOf([](size_t) { return 1; })));
  cases.push_back(Case(
      "median/lower", {even}, [](Inputs in) { return Both(Median(in[0], 1)); },
      KthOf([](size_t n) { return (n - 1) / 2; })));
  cases.push_back(Case(
      "quantile/number", {x}, [](Inputs in) { return Quantile(in[0], 0.3, 1); },
      Reduce({1}, false, [](const Row& row) { return QuantileOf(row, 0.3); })));
  cases.push_back(Case(
      "nanquantile/all", {x}, [](Inputs in) { return NanQuantile(in[0], 0.8); },
      Reduce({0, 1}, false, [](const Row& row) { return QuantileOf(row, 0.8); })));
  for (OpCase& op_case : cases) {
    // They look at q.
    if (op_case.name.find("quantile/") != std::string::npos) op_case.reads_elements = true;
  }
  cases.push_back(Case(
      "msort/columns", {x}, [](Inputs in) { return MSort(in[0]); },
      [](Arrays in) {
        Array out = in[0];
        for (int64_t c = 0; c < 5; ++c) {
          Row column;
          for (int64_t r = 0; r < 3; ++r) column.push_back(in[0][r * 5 + c]);
          std::sort(column.begin(), column.end());
          for (int64_t r = 0; r < 3; ++r) out[r * 5 + c] = column[static_cast<size_t>(r)];
        }
        return std::vector<Array>{out};
      }));
  cases.push_back(Case(
      "nansum/rows", {x}, [](Inputs in) { return NanSum(in[0], Dims{1}, true); },
      Reduce({1}, true,
             [](const Row& row) { return std::accumulate(row.begin(), row.end(), 0.0); })));
  cases.push_back(Case(
      "nanmean/rows", {x}, [](Inputs in) { return NanMean(in[0], Dims{1}); },
      Reduce({1}, false, MeanOf)));
  cases.push_back(Case(
      "var_mean/rows", {x}, [](Inputs in) { return VarMean(in[0], Dims{1}); },
      Each({Reduce({1}, false, VarOf), Reduce({1}, false, MeanOf)})));
  cases.push_back(Case(
      "std_mean/rows", {x}, [](Inputs in) { return StdMean(in[0], Dims{1}); },
      Each({Reduce({1}, false, [](const Row& row) { return std::sqrt(VarOf(row)); }),
            Reduce({1}, false, MeanOf)})));
  cases.push_back(Case(
      "trapezoid/apart", {x}, [](Inputs in) { return Trapezoid(in[0], {}, 0.5); },
      Reduce({1}, false, [](const Row& row) {
        double sum = 0;
        for (size_t i = 1; i < row.size(); ++i) sum += 0.25 * (row[i] + row[i - 1]);
        return sum;
      })));
  cases.push_back(Case(
      "trapezoid/places", {vector, Sample({7}, 9)},
      [](Inputs in) { return Trapezoid(in[0], in[1]); },
      [](Arrays in) {
        double sum = 0;
        for (int64_t i = 1; i < 7; ++i) {
          sum += (in[1][i] - in[1][i - 1]) * (in[0][i] + in[0][i - 1]) / 2;
        }
        return std::vector<Array>{{{}, {sum}}};
      }));
  cases.push_back(Case(
      "searchsorted/sorter", {FromList<double>({0.5, -0.5, 0}), x, FromList<int64_t>({1, 2, 0})},
      [](Inputs in) { return SearchSortedAs(in[0], in[1], true, false, "right", in[2]); },
      [](Arrays in) {
        Array out = in[1];
        for (double& v : out.values) v = (v >= -0.5) + (v >= 0) + (v >= 0.5);
        return std::vector<Array>{out};
      }));
  cases.push_back(Case(
      "bucketize/right", {x, FromList<double>({-0.5, 0, 0.5})},
      [](Inputs in) { return Bucketize(in[0], in[1], false, true); },
      [](Arrays in) {
        Array out = in[0];
        for (double& v : out.values) v = (v >= -0.5) + (v >= 0) + (v >= 0.5);
        return std::vector<Array>{out};
      }));
  cases.push_back(Reading(
      "bincount/weights", {FromList<int64_t>({3, 0, 3}), Sample({3}, 4)},
      [](Inputs in) { return BinCount(in[0], Cast(in[1], kFloat64), 5); },
      [](Arrays in) {
        return std::vector<Array>{{{5}, {in[1][1], 0, 0, in[1][0] + in[1][2], 0}}};
      }));
  cases.push_back(Case(
      "histc/parts", {FromList<double>({-1, 0.1, 0.9, 1.9, 1.5, 5})},
      [](Inputs in) { return HistC(in[0], 2, 0, 2); },
      [](Arrays) {
        return std::vector<Array>{{{2}, {2, 2}}};
      }));
  // Groups of two channels of two elements.
  cases.push_back(Case(
      "group_norm/affine", {Sample({2, 4, 2}, 1), Sample({4}, 2), Sample({4}, 3)},
      [](Inputs in) { return GroupNorm(in[0], 2, in[1], in[2], 0.1); },
      [](Arrays in) {
        Array out = in[0];
        for (int64_t i = 0; i < 16; ++i) {
          const Row group(in[0].values.begin() + i / 4 * 4, in[0].values.begin() + i / 4 * 4 + 4);
          const double variance = VarOf(group) * 3 / 4;
          out[i] = (out[i] - MeanOf(group)) / std::sqrt(variance + 0.1) * in[1][i / 2 % 4] +
                   in[2][i / 2 % 4];
        }
        return std::vector<Array>{out};
      }));
  cases.push_back(Case(
      "rms_norm/weight", {x, Sample({5}, 2)},
      [](Inputs in) { return RmsNorm(in[0], {5}, in[1], 0.1); },
      [](Arrays in) {
        Array out = in[0];
        for (int64_t i = 0; i < 15; ++i) {
          double squares = 0;
          for (int64_t k = i / 5 * 5; k < i / 5 * 5 + 5; ++k) squares += in[0][k] * in[0][k];
          out[i] *= in[1][i % 5] / std::sqrt(squares / 5 + 0.1);
        }
        return std::vector<Array>{out};
      }));
  cases.push_back(Case(
      "cov/rows", {x}, [](Inputs in) { return Cov(in[0]); }, Covariances(false)));
  cases.push_back(Case(
      "corrcoef/rows", {x}, [](Inputs in) { return CorrCoef(in[0]); }, Covariances(true)));
}

}  // namespace neura::testing
