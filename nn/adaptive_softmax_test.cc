// Adaptive softmax beside its definition in plain loops.
#include "neura/nn/adaptive_softmax.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "neura/autograd/autograd.h"
#include "neura/autograd/gradcheck.h"
#include "neura/nn/nn.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"
#include "neura/tensor/testing/op_cases.h"

namespace neura {
namespace {

using testing::Array;
using testing::ErrorOf;
using ::testing::HasSubstr;
using testing::Sample;
using testing::ToArray;

// log_softmax(weight x + bias)
std::vector<double> LogProbs(const std::vector<double>& x, const Array& weight, const Array* bias) {
  std::vector<double> out;
  double sum = 0;
  for (int64_t row = 0; row < weight.size(0); ++row) {
    double value = bias == nullptr ? 0 : (*bias)[row];
    for (size_t k = 0; k < x.size(); ++k) {
      value += weight[row * weight.size(1) + static_cast<int64_t>(k)] * x[k];
    }
    out.push_back(value);
    sum += std::exp(value);
  }
  for (double& value : out) value -= std::log(sum);
  return out;
}
std::vector<double> Times(const Array& weight, const std::vector<double>& x) {
  std::vector<double> out;
  for (int64_t row = 0; row < weight.size(0); ++row) {
    double value = 0;
    for (size_t k = 0; k < x.size(); ++k) {
      value += weight[row * weight.size(1) + static_cast<int64_t>(k)] * x[k];
    }
    out.push_back(value);
  }
  return out;
}

class AdaptiveSoftmaxTest : public ::testing::Test {
 protected:
  AdaptiveSoftmaxTest() {
    layer.To(kFloat64);
    NoGradGuard no_grad;
    int seed = 2;
    for (const Tensor& parameter : layer.Parameters()) {
      Assign(parameter, Sample(parameter.shape(), seed++, -1, 1));
    }
  }
  // The logarithms of the probabilities of all nine classes.
  std::vector<double> Expected(const std::vector<double>& x) {
    const auto state = layer.StateDict();
    const Array bias = ToArray(state[1].second);
    const std::vector<double> head = LogProbs(x, ToArray(state[0].second), &bias);
    std::vector<double> out(head.begin(), head.begin() + 3);
    for (size_t i = 0; i < 2; ++i) {
      const auto own = LogProbs(Times(ToArray(state[2 + 2 * i].second), x),
                                ToArray(state[3 + 2 * i].second), nullptr);
      for (const double value : own) out.push_back(value + head[3 + i]);
    }
    return out;
  }

  nn::AdaptiveLogSoftmaxWithLoss layer{
      {.in_features = 8, .n_classes = 9, .cutoffs = {3, 5}, .div_value = 2, .head_bias = true}};
};

TEST_F(AdaptiveSoftmaxTest, IsWhatItSays) {
  EXPECT_EQ(layer.StateDict()[4].first, "tail.1.0.weight");
  EXPECT_EQ(layer.StateDict()[4].second.shape(), DimsView({2, 8}));
  const Tensor x = Sample({9, 8}, 1, -1, 1),
               target = FromList<int64_t>({8, 0, 4, 5, 1, 3, 2, 7, 6});
  const auto [output, loss] = layer(x, target);
  const Tensor all = layer.LogProb(x), predicted = layer.Predict(x);
  double sum = 0;
  for (int64_t i = 0; i < 9; ++i) {
    std::vector<double> row;
    for (int64_t k = 0; k < 8; ++k) row.push_back(x.data<double>()[i * 8 + k]);
    const std::vector<double> expected = Expected(row);
    for (int64_t c = 0; c < 9; ++c) {
      EXPECT_NEAR(all.data<double>()[i * 9 + c], expected[static_cast<size_t>(c)], 1e-12);
    }
    const auto at = static_cast<size_t>(target.data<int64_t>()[i]);
    EXPECT_NEAR(output.data<double>()[i], expected[at], 1e-12);
    sum += expected[at];
    EXPECT_EQ(predicted.data<int64_t>()[i],
              std::max_element(expected.begin(), expected.end()) - expected.begin());
  }
  EXPECT_NEAR(loss.Item<double>(), -sum / 9, 1e-12);
  const auto one = layer(Select(x, 0, 0), ScalarTensor(int64_t{8}));
  EXPECT_EQ(one.output.dim(), 0);
  EXPECT_NEAR(one.output.Item<double>(), output.data<double>()[0], 1e-12);
}

TEST_F(AdaptiveSoftmaxTest, HasGradients) {
  const Tensor target = FromList<int64_t>({8, 0, 4, 5});
  EXPECT_EQ(autograd::GradCheck(
                [&](const std::vector<Tensor>& in) {
                  return std::vector<Tensor>{layer(in[0], target).loss};
                },
                {Sample({4, 8}, 1, -1, 1)}),
            "");
}

TEST_F(AdaptiveSoftmaxTest, ClustersWithoutFeaturesTellNoClass) {
  nn::AdaptiveLogSoftmaxWithLoss narrow(
      {.in_features = 8, .n_classes = 9, .cutoffs = {3, 5}, .div_value = 100});
  narrow.To(kFloat64);
  EXPECT_EQ(narrow.tail.Parameters()[0].shape(), DimsView({0, 8}));
  const Tensor x = Sample({1, 8}, 1), all = narrow.LogProb(x);
  // All four classes of the last cluster are equally probable.
  const Tensor last = Slice(all, 1, 5, 9);
  EXPECT_NEAR(AMax(last).Item<double>(), AMin(last).Item<double>(), 1e-6);
  EXPECT_NEAR(Sum(Exp(all)).Item<double>(), 1, 1e-6);
  EXPECT_NEAR(narrow(x, FromList<int64_t>({8})).loss.Item<double>(),
              -Select(Select(all, 1, 8), 0, 0).Item<double>(), 1e-6);
}

TEST_F(AdaptiveSoftmaxTest, SaysWhatIsWrong) {
  const Tensor x = Sample({2, 8}, 1);
  EXPECT_THAT(
      ErrorOf([&] {
        layer(x, FromList<int64_t>({0, 9}));
      }),
      HasSubstr("target values should be in [0, 8], but values in range [0, 9] were found"));
  EXPECT_THAT(ErrorOf([&] { layer(x, FromList<int64_t>({0})); }), HasSubstr("integer targets [2]"));
  EXPECT_THAT(ErrorOf([&] {
                layer(Ones({2, 3}), FromList<int64_t>({0, 1}));
              }),
              HasSubstr("expected [N, 8], got float32 [2, 3]"));
  EXPECT_THAT(
      ErrorOf([&] {
        nn::AdaptiveLogSoftmaxWithLoss bad({.in_features = 8, .n_classes = 9, .cutoffs = {5, 3}});
      }),
      HasSubstr("cutoffs should be a sequence of unique, positive integers"));
}

}  // namespace
}  // namespace neura
