// Every row of losses.inc: what the function and the module compute, in plain loops over doubles,
// gradients, reductions, the tensors that a module holds, copies.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "neura/autograd/gradcheck.h"
#include "neura/nn/nn.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"
#include "neura/tensor/testing/op_cases.h"
#include "neura/tensor/testing/values.h"

namespace neura {
namespace {

using LossModule = nn::ModuleOf<Tensor(const Tensor&, const Tensor&)>;
using testing::Array;
using testing::Close;
using testing::ErrorOf;
using testing::Sample;
using testing::ToArray;

struct LossCase {
  std::string name;  // "CrossEntropy/weights": the row and what is special
  std::function<Tensor(const Tensor& input, const Tensor& target, const std::string& reduction)>
      function;
  std::function<std::unique_ptr<LossModule>(const std::string& reduction)> make;
  Tensor input;  // float64
  Tensor target;
  // The loss of each element, and what "mean" divides their sum by.
  std::function<std::vector<double>(const Array& input, const Array& target)> losses;
  double divisor;
  std::string printed;  // with the reduction "mean"
};
void PrintTo(const LossCase& loss_case, std::ostream* out) { *out << loss_case.name; }

template <typename Module, typename Options>
LossCase Case(std::string name, Tensor (*function)(const Tensor&, const Tensor&, const Options&),
              Options options, Tensor input, Tensor target,
              std::function<std::vector<double>(const Array&, const Array&)> losses, double divisor,
              std::string printed) {
  const auto with = [=](const std::string& reduction) {
    Options with_reduction = options;
    with_reduction.reduction = reduction;
    return with_reduction;
  };
  return {
      .name = std::move(name),
      .function = [=](const Tensor& x, const Tensor& t,
                      const std::string& reduction) { return function(x, t, with(reduction)); },
      .make =
          [=](const std::string& reduction) { return std::make_unique<Module>(with(reduction)); },
      .input = std::move(input),
      .target = std::move(target),
      .losses = std::move(losses),
      .divisor = divisor,
      .printed = std::move(printed)};
}

// Of elements that meet, with the place of each.
std::function<std::vector<double>(const Array&, const Array&)> Pairs(
    std::function<double(double x, double t, int64_t i)> f) {
  return [f](const Array& input, const Array& target) {
    std::vector<double> losses;
    for (int64_t i = 0; i < input.numel(); ++i) losses.push_back(f(input[i], target[i], i));
    return losses;
  };
}

double BinaryLoss(double p, double t) { return -(t * std::log(p) + (1 - t) * std::log(1 - p)); }

void AddDivergences(std::vector<LossCase>& cases) {
  const Tensor x = Sample({2, 3}, 1, -2, 2), y = Sample({2, 3}, 2, -2, 2),
               p = Sample({2, 3}, 3, 0.1, 0.9);
  cases.push_back(
      Case<nn::KLDivLoss>("KlDiv/probabilities", &nn::KlDiv, nn::KlDivOptions{}, x, p,
                          Pairs([](double a, double b, int64_t) { return b * (std::log(b) - a); }),
                          6, "reduction=\"mean\", log_target=false"));
  cases.push_back(Case<nn::HuberLoss>("Huber/delta", &nn::Huber, nn::HuberOptions{.delta = 0.7}, x,
                                      y, Pairs([](double a, double b, int64_t) {
                                        const double d = std::abs(a - b);
                                        return d < 0.7 ? d * d / 2 : 0.7 * (d - 0.35);
                                      }),
                                      6, "reduction=\"mean\", delta=0.7"));
  cases.push_back(Case<nn::PoissonNLLLoss>(
      "PoissonNll/full", &nn::PoissonNll, nn::PoissonNllOptions{.full = true}, x,
      FromList<double>({0.5, 2, 3, 0.2, 1.7, 4}, {2, 3}), Pairs([](double a, double b, int64_t) {
        const double factorial = b * std::log(b) - b + 0.5 * std::log(2 * 3.14159265358979 * b);
        return std::exp(a) - b * a + (b > 1 ? factorial : 0);
      }),
      6, "log_input=true, full=true, eps=1e-08, reduction=\"mean\""));
}

void AddMargins(std::vector<LossCase>& cases) {
  const Tensor x = Sample({2, 3}, 1, -2, 2), t = Sample({2, 3}, 4, 0, 1);
  const Tensor weight = FromList<double>({0.5, 2, 1}), classes = FromList<int64_t>({2, 0});
  const std::vector<double> w = {0.5, 2, 1};
  cases.push_back(Case<nn::HingeEmbeddingLoss>(
      "HingeEmbedding/margin", &nn::HingeEmbedding, nn::HingeEmbeddingOptions{.margin = 0.5}, x,
      FromList<int64_t>({1, -1, 1, -1, 1, -1}, {2, 3}),
      Pairs([](double a, double b, int64_t) { return b == 1 ? a : std::max(0.0, 0.5 - a); }), 6,
      "margin=0.5, reduction=\"mean\""));
  cases.push_back(Case<nn::SoftMarginLoss>(
      "SoftMargin/signs", &nn::SoftMargin, nn::SoftMarginOptions{}, x,
      FromList<double>({1, -1, 1, -1, 1, -1}, {2, 3}),
      Pairs([](double a, double b, int64_t) { return std::log(1 + std::exp(-a * b)); }), 6,
      "reduction=\"mean\""));
  cases.push_back(Case<nn::MultiMarginLoss>(
      "MultiMargin/weights", &nn::MultiMargin,
      nn::MultiMarginOptions{.p = 2, .margin = 0.7, .weight = weight}, x, classes,
      [w](const Array& in, const Array& target) {
        std::vector<double> losses;
        for (int64_t n = 0; n < 2; ++n) {
          const auto c = static_cast<int64_t>(target[n]);
          double sum = 0;
          for (int64_t k = 0; k < 3; ++k) {
            const double cost = std::max(0.0, 0.7 - in[n * 3 + c] + in[n * 3 + k]);
            if (k != c) sum += w[static_cast<size_t>(c)] * cost * cost;
          }
          losses.push_back(sum / 3);
        }
        return losses;
      },
      2, "p=2, margin=0.7, reduction=\"mean\""));
  // One class of the first row, two of the second.
  cases.push_back(Case<nn::MultiLabelMarginLoss>(
      "MultiLabelMargin/two", &nn::MultiLabelMargin, nn::MultiLabelMarginOptions{}, x,
      FromList<int64_t>({1, -1, 2, 2, 0, -1}, {2, 3}),
      [](const Array& in, const Array&) {
        const auto cost = [&](int64_t n, int64_t right, int64_t wrong) {
          return std::max(0.0, 1 - in[n * 3 + right] + in[n * 3 + wrong]);
        };
        return std::vector<double>{(cost(0, 1, 0) + cost(0, 1, 2)) / 3,
                                   (cost(1, 2, 1) + cost(1, 0, 1)) / 3};
      },
      2, "reduction=\"mean\""));
  cases.push_back(Case<nn::MultiLabelSoftMarginLoss>(
      "MultiLabelSoftMargin/weights", &nn::MultiLabelSoftMargin,
      nn::MultiLabelSoftMarginOptions{.weight = weight}, x, t,
      [w](const Array& in, const Array& target) {
        std::vector<double> losses;
        for (int64_t n = 0; n < 2; ++n) {
          double sum = 0;
          for (int64_t k = 0; k < 3; ++k) {
            const double probability = 1 / (1 + std::exp(-in[n * 3 + k]));
            sum += w[static_cast<size_t>(k)] * BinaryLoss(probability, target[n * 3 + k]);
          }
          losses.push_back(sum / 3);
        }
        return losses;
      },
      2, "reduction=\"mean\""));
}

std::vector<LossCase> LossCases() {
  std::vector<LossCase> cases;
  const Tensor x = Sample({2, 3}, 1, -2, 2), y = Sample({2, 3}, 2, -2, 2);
  const Tensor p = Sample({2, 3}, 3, 0.1, 0.9), t = Sample({2, 3}, 4, 0, 1);
  const Tensor weight = FromList<double>({0.5, 2, 1});
  const std::vector<double> w = {0.5, 2, 1};
  const Tensor classes = FromList<int64_t>({2, 0});

  const auto scores = [w](const Array& input, const Array& target, bool softmax) {
    std::vector<double> losses;
    for (int64_t i = 0; i < 2; ++i) {
      const auto c = static_cast<int64_t>(target[i]);
      double sum = 0;
      for (int64_t k = 0; k < 3; ++k) sum += std::exp(input[i * 3 + k]);
      losses.push_back(w[static_cast<size_t>(c)] *
                       ((softmax ? std::log(sum) : 0) - input[i * 3 + c]));
    }
    return losses;
  };
  cases.push_back(Case<nn::CrossEntropyLoss>(
      "CrossEntropy/weights", &nn::CrossEntropy, nn::CrossEntropyOptions{.weight = weight}, x,
      classes, [=](const Array& in, const Array& target) { return scores(in, target, true); },
      1 + 0.5, "ignore_index=-100, reduction=\"mean\", label_smoothing=0"));
  cases.push_back(Case<nn::NLLLoss>(
      "Nll/weights", &nn::Nll, nn::NllOptions{.weight = weight}, x, classes,
      [=](const Array& in, const Array& target) { return scores(in, target, false); }, 1 + 0.5,
      "ignore_index=-100, reduction=\"mean\""));
  cases.push_back(
      Case<nn::MSELoss>("Mse/matrix", &nn::Mse, nn::MseOptions{}, x, y,
                        Pairs([](double a, double b, int64_t) { return (a - b) * (a - b); }), 6,
                        "reduction=\"mean\""));
  cases.push_back(Case<nn::L1Loss>(
      "L1/matrix", &nn::L1, nn::L1Options{}, x, y,
      Pairs([](double a, double b, int64_t) { return std::abs(a - b); }), 6, "reduction=\"mean\""));
  cases.push_back(Case<nn::SmoothL1Loss>("SmoothL1/beta", &nn::SmoothL1,
                                         nn::SmoothL1Options{.beta = 0.7}, x, y,
                                         Pairs([](double a, double b, int64_t) {
                                           const double d = std::abs(a - b);
                                           return d < 0.7 ? d * d / 1.4 : d - 0.35;
                                         }),
                                         6, "reduction=\"mean\", beta=0.7"));
  cases.push_back(Case<nn::BCELoss>("BinaryCrossEntropy/weights", &nn::BinaryCrossEntropy,
                                    nn::BinaryCrossEntropyOptions{.weight = weight}, p, t,
                                    Pairs([w](double a, double b, int64_t i) {
                                      return w[static_cast<size_t>(i % 3)] * BinaryLoss(a, b);
                                    }),
                                    6, "reduction=\"mean\""));
  cases.push_back(Case<nn::BCEWithLogitsLoss>(
      "BinaryCrossEntropyWithLogits/weights", &nn::BinaryCrossEntropyWithLogits,
      nn::BinaryCrossEntropyWithLogitsOptions{.weight = Full({3}, 2.0, {.dtype = kFloat64}),
                                              .pos_weight = weight},
      x, t, Pairs([w](double a, double b, int64_t i) {
        const double probability = 1 / (1 + std::exp(-a));
        return 2 * -(w[static_cast<size_t>(i % 3)] * b * std::log(probability) +
                     (1 - b) * std::log(1 - probability));
      }),
      6, "reduction=\"mean\""));
  AddDivergences(cases);
  AddMargins(cases);
  return cases;
}

std::string RowOf(const LossCase& loss_case) {
  return loss_case.name.substr(0, loss_case.name.find('/'));
}

class LossRow : public ::testing::TestWithParam<LossCase> {};

TEST_P(LossRow, ComputesItsFormulaUnderEachReduction) {
  const LossCase& c = GetParam();
  const std::vector<double> losses = c.losses(ToArray(c.input), ToArray(c.target));
  double sum = 0;
  for (double loss : losses) sum += loss;
  EXPECT_THAT(testing::Values<double>(c.function(c.input, c.target, "none")),
              ::testing::Pointwise(::testing::DoubleNear(1e-10), losses));
  EXPECT_NEAR(c.function(c.input, c.target, "sum").Item<double>(), sum, 1e-10);
  EXPECT_NEAR(c.function(c.input, c.target, "mean").Item<double>(), sum / c.divisor, 1e-10);
  EXPECT_THAT(ErrorOf([&] { c.function(c.input, c.target, "median"); }),
              ::testing::StartsWith(RowOf(c) + ": reduction = \"median\""));
  EXPECT_THAT(ErrorOf([&] {
                c.function(c.input, Ones({5, 2, 2}), "mean");
              }),
              ::testing::AllOf(::testing::StartsWith(RowOf(c)), ::testing::HasSubstr("[5, 2, 2]")));
}

TEST_P(LossRow, IsAModuleToo) {
  const LossCase& c = GetParam();
  for (const char* reduction : {"none", "sum", "mean"}) {
    const std::unique_ptr<LossModule> loss = c.make(reduction);
    const Tensor expected = c.function(c.input, c.target, reduction);
    EXPECT_TRUE(SameBits((*loss)(c.input, c.target), expected));
    const std::unique_ptr<LossModule> copy = loss->Clone();
    EXPECT_TRUE(SameBits((*copy)(c.input, c.target), expected));
    for (size_t i = 0; i < loss->StateDict().size(); ++i) {
      EXPECT_NE(loss->StateDict()[i].second.raw_data(), copy->StateDict()[i].second.raw_data());
    }
    loss->To(kFloat32);
    EXPECT_EQ((*loss)(Cast(c.input, kFloat32),
                      c.target.dtype() == kInt64 ? c.target : Cast(c.target, kFloat32))
                  .dtype(),
              kFloat32);
  }
  EXPECT_THAT(c.make("mean")->ToString(), ::testing::HasSubstr("Loss(" + c.printed + ")"));
}

TEST_P(LossRow, HasTheGradientsOfItsFormula) {
  const LossCase& c = GetParam();
  const std::unique_ptr<LossModule> loss = c.make("mean");
  EXPECT_EQ(
      autograd::GradCheck(
          [&](const std::vector<Tensor>& in) { return std::vector<Tensor>{(*loss)(in[0], in[1])}; },
          {c.input, c.target}),
      "");
}

INSTANTIATE_TEST_SUITE_P(Losses, LossRow, ::testing::ValuesIn(LossCases()),
                         [](const auto& info) { return RowOf(info.param); });

TEST(LossRowsTest, EachHasACase) {
  std::set<std::string> rows, with_cases;
#define NEURA_LOSS(Name, ...) rows.insert(#Name);
#include "neura/nn/losses.inc"
  for (const LossCase& loss_case : LossCases()) with_cases.insert(RowOf(loss_case));
  EXPECT_EQ(rows, with_cases);
}

TEST(LossRowsTest, TensorsAreBuffersOfTheirNames) {
  const nn::BCEWithLogitsLoss loss({.pos_weight = Ones({3})});
  const NamedTensors state = loss.StateDict();
  ASSERT_EQ(state.size(), 1u);
  EXPECT_EQ(state[0].first, "pos_weight");
  EXPECT_TRUE(loss.Parameters().empty());
  EXPECT_TRUE(nn::CrossEntropyLoss().StateDict().empty());
}

TEST(LossRowsTest, ErrorsTellWhichModule) {
  struct Trainer : nn::ModuleOf<Tensor(const Tensor&, const Tensor&)> {
    nn::Linear net{{.in_features = 2, .out_features = 3}};
    nn::MSELoss loss;
    Tensor Forward(const Tensor& x, const Tensor& y) override { return loss(net(x), y); }
    NEURA_MODULE(net, loss)
  };
  Trainer trainer;
  EXPECT_THAT(ErrorOf([&] {
                trainer(Ones({4, 2}), Ones({4, 2}));
              }),
              ::testing::StartsWith("Trainer.loss: Mse: input and target must have one shape"));
}

}  // namespace
}  // namespace neura
