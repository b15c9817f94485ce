// Activations as layers.
#include <algorithm>
#include <cmath>

#include "neura/nn/layer_cases.h"

namespace neura::nn::testing {
namespace {

// Of the rows of a matrix, or of their negatives.
Reference Rows(std::function<double(double value, double sum_of_exponentials)> f, double sign = 1) {
  return [=](Arrays in) {
    const Array& x = in[0];
    Array out = x;
    for (int64_t i = 0; i < x.numel(); ++i) {
      const int64_t row = i / x.size(1) * x.size(1);
      double sum = 0;
      for (int64_t k = 0; k < x.size(1); ++k) sum += std::exp(sign * x[row + k]);
      out[i] = f(sign * x[i], sum);
    }
    return One(out);
  };
}

// Negative elements times the weight of their channel, or of all.
Reference Slopes() {
  return [](Arrays in) {
    Array out = in[0];
    for (int64_t i = 0; i < out.numel(); ++i) {
      const int64_t channel = in[1].numel() == 1 ? 0 : PositionOf(out.shape, i)[1];
      if (out[i] < 0) out[i] *= in[1][channel];
    }
    return One(out);
  };
}

// exp(x) over its sum along the channels of [N, C, H, W].
Reference OfChannels() {
  return [](Arrays in) {
    const Array& x = in[0];
    Array out = x;
    for (int64_t i = 0; i < x.numel(); ++i) {
      Position p = PositionOf(x.shape, i);
      double sum = 0;
      for (p[1] = 0; p[1] < x.size(1); ++p[1]) sum += std::exp(x[IndexOf(x.shape, p)]);
      out[i] = std::exp(x[i]) / sum;
    }
    return One(out);
  };
}

double Logistic(double x) { return 1 / (1 + std::exp(-x)); }

}  // namespace

void AddActivationCases(std::vector<LayerCase>& cases) {
  const Tensor x = Sample({3, 4}, 1, -3, 3);
  cases.push_back(
      Case<ReLU>("ReLU/matrix", x, Elementwise([](double v) { return std::max(v, 0.0); }), ""));
  cases.push_back(
      Case<SiLU>("SiLU/matrix", x, Elementwise([](double v) { return v * Logistic(v); }), ""));
  cases.push_back(
      Case<Tanh>("Tanh/matrix", x, Elementwise([](double v) { return std::tanh(v); }), ""));
  cases.push_back(Case<Sigmoid>("Sigmoid/matrix", x, Elementwise(Logistic), ""));
  cases.push_back(Case<LogSigmoid>(
      "LogSigmoid/matrix", x, Elementwise([](double v) { return std::log(Logistic(v)); }), ""));
  cases.push_back(Case<ReLU6>("ReLU6/matrix", Sample({3, 4}, 1, -9, 9),
                              Elementwise([](double v) { return std::min(std::max(v, 0.0), 6.0); }),
                              ""));
  cases.push_back(Case<GELU>("GELU/exact", x, Elementwise([](double v) {
                               return v * 0.5 * (1 + std::erf(v / std::sqrt(2.0)));
                             }),
                             "approximate=\"none\""));
  cases.push_back(Case<GELU>(
      "GELU/tanh", x, Elementwise([](double v) {
        return 0.5 * v * (1 + std::tanh(std::sqrt(2 / M_PI) * (v + 0.044715 * v * v * v)));
      }),
      "approximate=\"tanh\"", GeluOptions{.approximate = "tanh"}));
  cases.push_back(Case<LeakyReLU>("LeakyReLU/slope", x,
                                  Elementwise([](double v) { return v > 0 ? v : 0.2 * v; }),
                                  "negative_slope=0.2", LeakyReluOptions{.negative_slope = 0.2}));
  cases.push_back(Case<ELU>("ELU/alpha", x,
                            Elementwise([](double v) { return v > 0 ? v : 1.5 * std::expm1(v); }),
                            "alpha=1.5", EluOptions{.alpha = 1.5}));
  cases.push_back(Case<Hardtanh>(
      "Hardtanh/bounds", x, Elementwise([](double v) { return std::min(std::max(v, -2.0), 0.5); }),
      "min_val=-2, max_val=0.5", HardtanhOptions{.min_val = -2, .max_val = 0.5}));
  cases.push_back(Case<Softplus>(
      "Softplus/beta", x, Elementwise([](double v) { return std::log1p(std::exp(2 * v)) / 2; }),
      "beta=2, threshold=20", SoftplusOptions{.beta = 2}));
  const auto probability = [](double v, double sum) { return std::exp(v) / sum; };
  cases.push_back(Case<Softmax>("Softmax/last", x, Rows(probability), "dim=none"));
  cases.push_back(
      Case<Softmax>("Softmax/dim", x, Rows(probability), "dim=1", SoftmaxOptions{.dim = 1}));
  cases.push_back(Case<LogSoftmax>("LogSoftmax/last", x,
                                   Rows([](double v, double sum) { return v - std::log(sum); }),
                                   "dim=none"));
  const auto formula = [&]<typename Layer, typename... Options>(
                           const char* name, double (*f)(double), const char* printed, Layer*,
                           Options... options) {
    cases.push_back(
        Case<Layer>(name, x, Elementwise(std::function<double(double)>(f)), printed, options...));
  };
  formula(
      "CELU/alpha", [](double v) { return v > 0 ? v : 1.5 * std::expm1(v / 1.5); }, "alpha=1.5",
      static_cast<CELU*>(nullptr), CeluOptions{.alpha = 1.5});
  formula(
      "SELU/matrix",
      [](double v) {
        return 1.0507009873554805 * (v > 0 ? v : 1.6732632423543772 * std::expm1(v));
      },
      "", static_cast<SELU*>(nullptr));
  formula(
      "Mish/matrix", [](double v) { return v * std::tanh(std::log1p(std::exp(v))); }, "",
      static_cast<Mish*>(nullptr));
  formula(
      "Hardsigmoid/matrix", [](double v) { return std::min(std::max(v / 6 + 0.5, 0.0), 1.0); }, "",
      static_cast<Hardsigmoid*>(nullptr));
  formula(
      "Hardswish/matrix", [](double v) { return v * std::min(std::max(v / 6 + 0.5, 0.0), 1.0); },
      "", static_cast<Hardswish*>(nullptr));
  formula(
      "Softsign/matrix", [](double v) { return v / (1 + std::abs(v)); }, "",
      static_cast<Softsign*>(nullptr));
  formula(
      "Tanhshrink/matrix", [](double v) { return v - std::tanh(v); }, "",
      static_cast<Tanhshrink*>(nullptr));
  formula(
      "Hardshrink/lambd", [](double v) { return std::abs(v) > 1 ? v : 0; }, "lambd=1",
      static_cast<Hardshrink*>(nullptr), ShrinkOptions{.lambd = 1});
  formula(
      "Softshrink/plain",
      [](double v) { return std::abs(v) > 0.5 ? v - std::copysign(0.5, v) : 0; }, "lambd=0.5",
      static_cast<Softshrink*>(nullptr));
  formula(
      "Threshold/value", [](double v) { return v > 0.5 ? v : 2; }, "threshold=0.5, value=2",
      static_cast<Threshold*>(nullptr), ThresholdOptions{.threshold = 0.5, .value = 2});
  formula(
      "RReLU/one_slope", [](double v) { return v > 0 ? v : v / 4; }, "lower=0.25, upper=0.25",
      static_cast<RReLU*>(nullptr), RReluOptions{.lower = 0.25, .upper = 0.25});
  cases.push_back(Case<PReLU>("PReLU/all", x, Slopes(), "num_parameters=1, init=0.25"));
  cases.push_back(Case<PReLU>("PReLU/channels", Sample({2, 3, 2}, 1), Slopes(),
                              "num_parameters=3, init=0.5",
                              PReluOptions{.num_parameters = 3, .init = 0.5}));
  const auto gated = [](Arrays in) {
    Array out = MakeArray({3, 2});
    for (int64_t i = 0; i < out.numel(); ++i) {
      out[i] = in[0][i / 2 * 4 + i % 2] * Logistic(in[0][i / 2 * 4 + 2 + i % 2]);
    }
    return One(out);
  };
  cases.push_back(Case<GLU>("GLU/last", x, gated, "dim=-1"));
  cases.push_back(Case<Softmin>("Softmin/last", -x, Rows(probability, -1), "dim=none"));
  cases.push_back(Case<Softmax2d>("Softmax2d/batch", Sample({2, 3, 2, 2}, 1), OfChannels(), ""));
}

}  // namespace neura::nn::testing
