// Cases of neura::masked.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "neura/tensor/masked/masked.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/composite_cases.h"
#include "neura/tensor/testing/references.h"

namespace neura::testing {
namespace {

// For each row of in[0], what fold makes of its elements where in[1] holds.
Reference OfRows(std::function<double(Values)> fold) {
  return [fold](Arrays in) {
    const int64_t rows = in[0].size(0), columns = in[0].size(1);
    Array out{{rows}, {}};
    for (int64_t r = 0; r < rows; ++r) {
      std::vector<double> kept;
      for (int64_t c = 0; c < columns; ++c) {
        if (in[1][r * columns + c] != 0) kept.push_back(in[0][r * columns + c]);
      }
      out.values.push_back(fold(kept));
    }
    return std::vector<Array>{out};
  };
}

// Each element of in[0] where in[1] holds by those of its row before it that count, itself the
// last, and by all that count; 0 where it does not hold, or there as well `everywhere`.
Reference InRows(std::function<double(Values before, Values row)> f, bool everywhere = false) {
  return [=](Arrays in) {
    Array out = in[0];
    const int64_t columns = in[0].size(1);
    for (int64_t i = 0; i < out.numel(); ++i) {
      std::vector<double> before, row;
      for (int64_t j = i / columns * columns; j < (i / columns + 1) * columns; ++j) {
        if (in[1][j] == 0) continue;
        row.push_back(in[0][j]);
        if (j <= i) before.push_back(in[0][j]);
      }
      out[i] = everywhere || in[1][i] != 0 ? f(before, row) : 0;
    }
    return std::vector<Array>{out};
  };
}

double SumOf(Values v) { return std::accumulate(v.begin(), v.end(), 0.0); }
double ProductOf(Values v) {
  return std::accumulate(v.begin(), v.end(), 1.0, [](double a, double b) { return a * b; });
}
double MeanOf(Values v) { return SumOf(v) / static_cast<double>(v.size()); }
double VarianceOf(Values v, double less) {
  double sum = 0;
  for (double x : v) sum += (x - MeanOf(v)) * (x - MeanOf(v));
  return sum / (static_cast<double>(v.size()) - less);
}
double SumOfExp(Values v, double sign = 1) {
  double sum = 0;
  for (double x : v) sum += std::exp(sign * x);
  return sum;
}
double Length(Values v) {
  double sum = 0;
  for (double x : v) sum += x * x;
  return std::sqrt(sum);
}

void AddReductions(CaseList& cases, const Tensor& x, const Tensor& mask) {
  using Reduction = Tensor (*)(const Tensor&, const std::optional<Dims>&, bool,
                               const std::optional<DType>&, const std::optional<Tensor>&);
  const auto add = [&](const char* name, Reduction function, std::function<double(Values)> fold) {
    cases.push_back(Case(
        std::string("masked.") + name + "/rows", {x, mask},
        [function](Inputs in) { return function(in[0], Dims{1}, false, {}, in[1]); },
        OfRows(std::move(fold))));
  };
  add("sum", &masked::Sum, SumOf);
  add("prod", &masked::Prod, ProductOf);
  add("amax", &masked::AMax, [](Values v) { return *std::max_element(v.begin(), v.end()); });
  add("amin", &masked::AMin, [](Values v) { return *std::min_element(v.begin(), v.end()); });
  add("mean", &masked::Mean, MeanOf);
  add("logsumexp", &masked::LogSumExp, [](Values v) { return std::log(SumOfExp(v)); });
  // Of all elements, by a mask that broadcasts.
  cases.push_back(Case(
      "masked.mean/columns", {x, FromList<bool>({true, false, true, true})},
      [](Inputs in) { return masked::Mean(in[0], {}, false, {}, in[1]); },
      [](Arrays in) {
        double sum = 0;
        for (int64_t i = 0; i < 12; ++i) sum += in[1][i % 4] * in[0][i];
        return std::vector<Array>{{{}, {sum / 9}}};
      }));
  cases.push_back(Case(
      "masked.median/rows", {x, mask},
      [](Inputs in) { return masked::Median(in[0], 1, false, {}, in[1]); },
      OfRows([](std::vector<double> v) {
        std::sort(v.begin(), v.end());
        return v[(v.size() - 1) / 2];
      })));
  cases.push_back(Case(
      "masked.norm/rows", {x, mask},
      [](Inputs in) { return masked::Norm(in[0], 2, Dims{1}, false, {}, in[1]); }, OfRows(Length)));
  cases.push_back(Case(
      "masked.norm/least", {x, mask},
      [](Inputs in) { return masked::Norm(in[0], -INFINITY, Dims{1}, false, {}, in[1]); },
      OfRows([](Values v) {
        double least = INFINITY;
        for (double element : v) least = std::min(least, std::fabs(element));
        return least;
      })));
  cases.push_back(Case(
      "masked.var/rows", {x, mask},
      [](Inputs in) { return masked::Var(in[0], Dims{1}, false, false, {}, in[1]); },
      OfRows([](Values v) { return VarianceOf(v, 0); })));
  cases.push_back(Case(
      "masked.std/unbiased", {x, mask},
      [](Inputs in) { return masked::Std(in[0], Dims{1}, true, false, {}, in[1]); },
      OfRows([](Values v) { return std::sqrt(VarianceOf(v, 1)); })));
  // Places count what the mask leaves out, too.
  const auto place = [](double sign) {
    return [sign](Arrays in) {
      Array out{{3}, {}};
      for (int64_t r = 0; r < 3; ++r) {
        int64_t best = -1;
        for (int64_t c = 0; c < 4; ++c) {
          if (in[1][r * 4 + c] == 0) continue;
          if (best < 0 || sign * in[0][r * 4 + c] > sign * in[0][r * 4 + best]) best = c;
        }
        out.values.push_back(static_cast<double>(best));
      }
      return std::vector<Array>{out};
    };
  };
  cases.push_back(Case(
      "masked.argmax/rows", {x, mask},
      [](Inputs in) { return masked::ArgMax(in[0], 1, false, kInt64, in[1]); }, place(1)));
  cases.push_back(Case(
      "masked.argmin/rows", {x, mask},
      [](Inputs in) { return masked::ArgMin(in[0], 1, false, kInt64, in[1]); }, place(-1)));
}

void AddNormalizations(CaseList& cases, const Tensor& x, const Tensor& mask) {
  using Along =
      Tensor (*)(const Tensor&, int64_t, const std::optional<DType>&, const std::optional<Tensor>&);
  const auto add = [&](const char* name, Along function, Reference reference) {
    cases.push_back(Case(
        std::string("masked.") + name + "/rows", {x, mask},
        [function](Inputs in) { return function(in[0], 1, {}, in[1]); }, std::move(reference)));
  };
  add("cumsum", &masked::CumSum, InRows([](Values before, Values) { return SumOf(before); }, true));
  add("cumprod", &masked::CumProd,
      InRows([](Values before, Values) { return ProductOf(before); }, true));
  add("softmax", &masked::Softmax,
      InRows([](Values before, Values row) { return std::exp(before.back()) / SumOfExp(row); }));
  add("softmin", &masked::SoftMin, InRows([](Values before, Values row) {
        return std::exp(-before.back()) / SumOfExp(row, -1);
      }));
  // Without a mask: what it leaves out is at -infinity.
  cases.push_back(Case(
      "masked.log_softmax/all", {x}, [](Inputs in) { return masked::LogSoftmax(in[0], 1); },
      [](Arrays in) {
        Array out = in[0];
        for (int64_t i = 0; i < 12; ++i) {
          const auto row = in[0].values.begin() + i / 4 * 4;
          out[i] -= std::log(SumOfExp({row, row + 4}));
        }
        return std::vector<Array>{out};
      }));
  cases.push_back(Case(
      "masked.normalize/rows", {x, mask},
      [](Inputs in) { return masked::Normalize(in[0], 2, 1, 1e-12, {}, in[1]); },
      InRows([](Values before, Values row) { return before.back() / Length(row); })));
  cases.push_back(Case(
      "masked.logaddexp/both", {x, mask, Sample({3, 4}, 5)},
      [](Inputs in) { return masked::LogAddExp(in[0], in[2], {}, in[1]); },
      [](Arrays in) {
        Array out = in[2];
        for (int64_t i = 0; i < 12; ++i) {
          if (in[1][i] != 0) out[i] = std::log(std::exp(in[0][i]) + std::exp(in[2][i]));
        }
        return std::vector<Array>{out};
      }));
}

}  // namespace

void AddMaskedCases(CaseList& cases) {
  const Tensor x = Sample({3, 4}, 3);
  const Tensor mask = FromList<bool>(
      {true, false, true, true, false, true, true, false, true, true, true, true}, {3, 4});
  AddReductions(cases, x, mask);
  AddNormalizations(cases, x, mask);
}

}  // namespace neura::testing
