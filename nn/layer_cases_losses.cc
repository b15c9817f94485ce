// Losses of three tensors and more.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "neura/nn/layer_cases.h"

namespace neura::nn::testing {
namespace {

std::vector<Array> MeanOfAll(const std::vector<double>& losses) {
  Array out = MakeArray({});
  out[0] = MeanOf(losses);
  return One(out);
}

// The mean of a loss of each row of two matrices or three.
Reference OverRows(std::function<double(Arrays in, int64_t row)> loss) {
  return [=](Arrays in) {
    std::vector<double> losses;
    for (int64_t row = 0; row < in[0].size(0); ++row) losses.push_back(loss(in, row));
    return MeanOfAll(losses);
  };
}

double Product(const Array& a, const Array& b, int64_t row) {
  double sum = 0;
  for (int64_t k = 0; k < a.size(1); ++k) sum += a[row * a.size(1) + k] * b[row * a.size(1) + k];
  return sum;
}

double Distance(const Array& a, const Array& b, int64_t row, double p, double eps) {
  double sum = 0;
  for (int64_t k = 0; k < a.size(1); ++k) {
    sum += std::pow(std::abs(a[row * a.size(1) + k] - b[row * a.size(1) + k] + eps), p);
  }
  return std::pow(sum, 1 / p);
}

// -log of the sum of the probabilities of all paths of a sequence that come to its target, which
// are as many as there are classes for each step.
double NegativeLogOfPaths(const Array& log_probs, int64_t n, const std::vector<int64_t>& target,
                          int64_t steps) {
  const int64_t batch = log_probs.size(1), classes = log_probs.size(2);
  double sum = 0;
  int64_t paths = 1;
  for (int64_t t = 0; t < steps; ++t) paths *= classes;
  for (int64_t path = 0; path < paths; ++path) {
    std::vector<int64_t> said;
    double log = 0;
    int64_t rest = path, last = 0;  // 0 is the blank
    for (int64_t t = 0; t < steps; ++t, rest /= classes) {
      const int64_t c = rest % classes;
      log += log_probs[(t * batch + n) * classes + c];
      if (c != 0 && c != last) said.push_back(c);
      last = c;
    }
    if (said == target) sum += std::exp(log);
  }
  return -std::log(sum);
}

}  // namespace

void AddLossCases(std::vector<LayerCase>& cases) {
  const Tensor signs = FromList<double>({1, -1, 1});
  cases.push_back(CaseWith<CosineEmbeddingLoss>(
      "CosineEmbeddingLoss/margin",
      {Sample({3, 4}, 1), Sample({3, 4}, 2, 0.1, 1), Cast(signs, kInt64)},
      OverRows([](Arrays in, int64_t row) {
        const double cosine =
            Product(in[0], in[1], row) /
            std::sqrt((Product(in[0], in[0], row) + 1e-12) * (Product(in[1], in[1], row) + 1e-12));
        return in[2][row] > 0 ? 1 - cosine : std::max(0.0, cosine + 0.9);
      }),
      "margin=-0.9, reduction=\"mean\"", MarginOptions{.margin = -0.9}));
  cases.push_back(CaseWith<MarginRankingLoss>(
      "MarginRankingLoss/margin", {Sample({3}, 1), Sample({3}, 2), Cast(signs, kInt64)},
      OverRows([](Arrays in, int64_t row) {
        return std::max(0.0, -in[2][row] * (in[0][row] - in[1][row]) + 3);
      }),
      "margin=3, reduction=\"mean\"", MarginOptions{.margin = 3}));
  cases.push_back(CaseWith<TripletMarginLoss>(
      "TripletMarginLoss/swap", {Sample({3, 4}, 1), Sample({3, 4}, 2), Sample({3, 4}, 3)},
      OverRows([](Arrays in, int64_t row) {
        const double near = Distance(in[0], in[1], row, 3, 1e-6);
        const double apart =
            std::min(Distance(in[0], in[2], row, 3, 1e-6), Distance(in[1], in[2], row, 3, 1e-6));
        return std::max(0.0, near - apart + 4);
      }),
      "margin=4, p=3, eps=1e-06, swap=true, reduction=\"mean\"",
      TripletMarginOptions{.margin = 4, .p = 3, .swap = true}));
  cases.push_back(CaseWith<GaussianNLLLoss>(
      "GaussianNLLLoss/full", {Sample({3}, 1), Sample({3}, 2), Sample({3}, 3, 0.5, 2)},
      OverRows([](Arrays in, int64_t row) {
        const double apart = in[0][row] - in[1][row], var = in[2][row];
        return (std::log(var) + apart * apart / var + std::log(2 * std::numbers::pi)) / 2;
      }),
      "full=true, eps=1e-06, reduction=\"mean\"", GaussianNllOptions{.full = true}));
  cases.push_back(CaseWith<CTCLoss>(
      "CTCLoss/paths",
      {Sample({4, 2, 3}, 1, -3, -0.5), FromList<int64_t>({1, 2, 1, 0}, {2, 2}),
       FromList<int64_t>({4, 3}), FromList<int64_t>({2, 1})},
      [](Arrays in) {
        const double a = NegativeLogOfPaths(in[0], 0, {1, 2}, 4),
                     b = NegativeLogOfPaths(in[0], 1, {1}, 3);
        return MeanOfAll({a / 2, b});
      },
      "blank=0, reduction=\"mean\", zero_infinity=false", CtcOptions{}));
}

}  // namespace neura::nn::testing
