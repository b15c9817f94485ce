// Weights that are made from other parameters.
#include "neura/nn/weight_norms.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

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

TEST(WeightNormTest, HasTheGivenNormsAlongADimension) {
  const Tensor v = Sample({3, 2, 4}, 1), g = Sample({1, 2, 1}, 2, 0.5, 2);
  const Array values = ToArray(v), w = ToArray(nn::WeightNorm(v, g, 1)), norms = ToArray(g);
  for (int64_t j = 0; j < 2; ++j) {
    double squares = 0;
    for (int64_t i = 0; i < 24; ++i) {
      if (i / 4 % 2 == j) squares += values[i] * values[i];
    }
    for (int64_t i = 0; i < 24; ++i) {
      const double expected = values[i] * norms[j] / std::sqrt(squares);
      EXPECT_NEAR(w[i], i / 4 % 2 == j ? expected : w[i], 1e-14);
    }
  }
  EXPECT_EQ(nn::NormExceptDim(v, 0).shape(), DimsView({3, 1, 1}));
  EXPECT_EQ(nn::NormExceptDim(v, -1).shape(), DimsView({1, 1, 4}));
  EXPECT_EQ(nn::NormExceptDim(v, {}).shape(), DimsView({}));
  EXPECT_NEAR(nn::NormExceptDim(FromList<double>({3, -4}), {}).Item<double>(), 5, 1e-15);
  EXPECT_EQ(autograd::GradCheck(
                [](const std::vector<Tensor>& in) {
                  return std::vector<Tensor>{nn::WeightNorm(in[0], in[1], 0)};
                },
                {v, Sample({3, 1, 1}, 3)}),
            "");
  EXPECT_THAT(ErrorOf([&] { nn::NormExceptDim(v, 3); }), HasSubstr("dim = 3 is none of"));
}

TEST(SpectralNormTest, TheGreatestSingularValueBecomesOne) {
  // A diagonal in the rows 0 and 1 of dimension 1, whose singular values are 3 and 2.
  const Tensor weight = FromList<double>({3, 0, 0, -2}, {2, 2});
  const Tensor u = FromList<double>({0.6, 0.8}), v = FromList<double>({0.8, 0.6});
  for (const bool u_first : {false, true}) {
    const Tensor left = Clone(u), right = Clone(v);
    const Tensor normed =
        nn::SpectralNorm(weight, left, right, {.iterations = 60, .dim = 1, .u_first = u_first});
    EXPECT_TRUE(AllClose(normed, weight / 3.0, 1e-10, 1e-10));
    EXPECT_NEAR(std::abs(left.data<double>()[0]), 1, 1e-10);
    // Vectors that are right stay.
    const Tensor before = Clone(left);
    nn::SpectralNorm(weight, left, right, {.iterations = 0, .dim = 1});
    EXPECT_TRUE(SameBits(left, before));
  }
  EXPECT_NEAR(nn::SpectralNorm(FromList<double>({3, 4}), {}, {}).data<double>()[1], 0.8, 1e-15);
  const Tensor x = Sample({2, 3}, 1), a = Sample({2}, 2), b = Sample({3}, 3);
  EXPECT_EQ(autograd::GradCheck(
                [&](const std::vector<Tensor>& in) {
                  return std::vector<Tensor>{nn::SpectralNorm(in[0], a, b, {.iterations = 0})};
                },
                {x}),
            "");
  EXPECT_THAT(ErrorOf([&] { nn::SpectralNorm(x, b, a); }), HasSubstr("rows and columns"));
}

TEST(FuseNormTest, OneLayerDoesWhatTwoDo) {
  nn::Sequential net(nn::Conv2d({.in_channels = 2, .out_channels = 3, .kernel_size = 2}),
                     nn::BatchNorm2d({.num_features = 3}));
  net.To(kFloat64);
  auto& conv = dynamic_cast<nn::Conv2d&>(net[0]);
  auto& norm = dynamic_cast<nn::BatchNorm2d&>(net[1]);
  const Tensor x = Sample({4, 2, 5, 5}, 1);
  for (int i = 0; i < 3; ++i) net(x);
  net.Eval();
  const nn::NormStatistics statistics{.running_mean = norm.running_mean,
                                      .running_var = norm.running_var,
                                      .eps = norm.options.eps,
                                      .weight = norm.weight,
                                      .bias = norm.bias};
  const nn::FusedWeights fused = nn::FuseNorm(conv.weight, conv.bias, statistics);
  EXPECT_TRUE(AllClose(Conv2d(x, fused.weight, fused.bias, {}), net(x), 1e-12, 1e-12));
  const nn::FusedWeights plain = nn::FuseNorm(conv.weight, {}, statistics);
  EXPECT_TRUE(AllClose(Conv2d(x, plain.weight, plain.bias, {}),
                       norm(Conv2d(x, conv.weight, {}, {})), 1e-12, 1e-12));
}

}  // namespace
}  // namespace neura
