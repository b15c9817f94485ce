// Layers and initial values against their formulas.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "neura/autograd/autograd.h"
#include "neura/autograd/gradcheck.h"
#include "neura/nn/nn.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"
#include "neura/tensor/testing/values.h"

namespace neura {
namespace {

using testing::Close;
using testing::ErrorOf;
using ::testing::HasSubstr;
using testing::Values;

TEST(LinearTest, IsAnAffineMap) {
  nn::Linear layer({.in_features = 3, .out_features = 2});
  const Tensor x = Randn({5, 3});
  EXPECT_TRUE(Close(layer(x), MatMul(x, Transpose(layer.weight, 0, 1)) + layer.bias));
  EXPECT_LE(AMax(Abs(layer.weight)).Item<double>(), 1 / std::sqrt(3.0));
  EXPECT_FALSE(nn::Linear({.in_features = 3, .out_features = 2, .bias = false}).bias.defined());
  EXPECT_THAT(ErrorOf([] { nn::Linear({.in_features = 0, .out_features = 2}); }),
              HasSubstr("in_features"));
}

TEST(ConvTest, GroupsDivideChannels) {
  nn::Conv2d layer({.in_channels = 4, .out_channels = 6, .kernel_size = {3, 1}, .groups = 2});
  EXPECT_EQ(layer.weight.tensor().shape(), DimsView({6, 2, 3, 1}));
  EXPECT_EQ(layer(Ones({2, 4, 5, 5})).shape(), DimsView({2, 6, 3, 5}));
  EXPECT_THAT(ErrorOf([] { nn::Conv2d({.in_channels = 3, .out_channels = 4, .groups = 2}); }),
              HasSubstr("divisible by groups"));
}

TEST(ConvTest, TakesImagesWithoutABatch) {
  nn::Conv3d layer({.in_channels = 2, .out_channels = 3, .kernel_size = {1, 2, 3}});
  EXPECT_EQ(layer.weight.tensor().shape(), DimsView({3, 2, 1, 2, 3}));
  const Tensor images = Randn({2, 2, 3, 4, 5});
  EXPECT_TRUE(Close(layer(Select(images, 0, 1)), Select(layer(images), 0, 1)));
  EXPECT_THAT(ErrorOf([&] { layer(Ones({2, 3})); }), HasSubstr("[C, D, H, W]"));
}

TEST(ConvTest, SizesAreOfTheLayersDimensions) {
  EXPECT_THAT(
      ErrorOf([] {
        nn::Conv1d({.in_channels = 1, .out_channels = 1, .kernel_size = {3, 3}});
      }),
      HasSubstr("Conv1d: kernel_size = [3, 3] must be one number, or one for each of the 1"));
  EXPECT_THAT(ErrorOf([] {
                nn::AvgPool3d({.kernel_size = 2, .stride = Sizes{1, 2}});
              }),
              HasSubstr("AvgPool3d: stride = [1, 2]"));
}

TEST(BatchNormTest, RunningStatisticsFollowTheBatches) {
  nn::BatchNorm1d layer({.num_features = 2, .momentum = 0.25});
  const Tensor x = FromList<float>({1, 10, 3, 20, 8, 0}, {3, 2});
  const Tensor y = layer(x);
  EXPECT_TRUE(Close(Mean(y, {.dims = {0}}), Zeros({2})));
  EXPECT_TRUE(Close(Var(y, {.dims = {0}}, 0), Ones({2}), 1e-4));
  EXPECT_TRUE(Close(layer.running_mean, Mean(x, {.dims = {0}}) * 0.25));
  EXPECT_TRUE(Close(layer.running_var, Var(x, {.dims = {0}}) * 0.25 + 0.75, 1e-4));
  EXPECT_EQ(layer.num_batches_tracked.tensor().Item<int64_t>(), 1);
  layer.Eval();
  const Tensor expected = (x - layer.running_mean) / Sqrt(layer.running_var + 1e-5);
  EXPECT_TRUE(Close(layer(x), expected));
  EXPECT_EQ(layer.num_batches_tracked.tensor().Item<int64_t>(), 1);
}

TEST(BatchNormTest, WithoutMomentumAveragesPlainly) {
  nn::BatchNorm1d layer({.num_features = 1, .momentum = std::nullopt});
  layer(FromList<float>({0, 2}, {2, 1}));
  layer(FromList<float>({4, 6}, {2, 1}));
  EXPECT_FLOAT_EQ(layer.running_mean.tensor().Item<float>(), 3);
}

TEST(BatchNormTest, RejectsWhatItCannotNormalize) {
  nn::BatchNorm2d layer({.num_features = 2});
  EXPECT_THAT(ErrorOf([&] {
                layer(Ones({2, 2}));
              }),
              HasSubstr("BatchNorm2d: batch_norm: expected [N, C, H, W]"));
  EXPECT_THAT(ErrorOf([&] { layer(Ones({1, 2, 1, 1})); }), HasSubstr("more than one value"));
}

TEST(BatchNormTest, WithoutAffineOrStatistics) {
  const Tensor x = FromList<float>({1, 10, 3, 20, 8, 0}, {3, 2});
  const Tensor expected = (x - Mean(x, {.dims = {0}})) / Sqrt(Var(x, {.dims = {0}}, 0) + 1e-5);
  nn::BatchNorm1d layer({.num_features = 2, .affine = false, .track_running_stats = false});
  EXPECT_TRUE(layer.StateDict().empty());
  EXPECT_TRUE(Close(layer(x), expected));
  // Without statistics, evaluation uses the batch's too.
  layer.Eval();
  EXPECT_TRUE(Close(layer(x), expected));

  nn::BatchNorm1d tracking({.num_features = 2, .affine = false});
  EXPECT_EQ(tracking.StateDict().size(), 3u);
  tracking(x);
  tracking.Eval();
  EXPECT_TRUE(Close(tracking(x), (x - tracking.running_mean) / Sqrt(tracking.running_var + 1e-5)));
}

TEST(BatchNormTest, ChecksTheNumberOfFeatures) {
  for (bool affine : {false, true}) {
    for (bool tracks : {false, true}) {
      for (bool training : {false, true}) {
        nn::BatchNorm1d layer({.num_features = 4, .affine = affine, .track_running_stats = tracks});
        layer.Train(training);
        for (int64_t features : {0, 1, 3}) {
          EXPECT_THAT(ErrorOf([&] {
                        layer(Ones({8, features}));
                      }),
                      HasSubstr("must be num_features = 4"));
        }
      }
    }
  }
}

TEST(LayerNormTest, NormalizesTheLastDimensions) {
  nn::LayerNorm layer({.normalized_shape = {2, 3}});
  const Tensor y = layer(Randn({4, 2, 3}));
  EXPECT_TRUE(Close(Mean(y, {.dims = {1, 2}}), Zeros({4})));
  EXPECT_TRUE(Close(Var(y, {.dims = {1, 2}}, 0), Ones({4}), 1e-3));
  EXPECT_THAT(ErrorOf([&] { layer(Ones({4, 3, 2})); }), HasSubstr("must be [2, 3]"));
}

TEST(DropoutTest, ScalesWhatItKeeps) {
  ManualSeed(3);
  nn::Dropout layer({.p = 0.25});
  const Tensor x = SetRequiresGrad(Ones({10000}));
  const Tensor y = layer(x);
  EXPECT_NEAR(Mean(y).Item<double>(), 1, 0.03);
  EXPECT_FLOAT_EQ(AMax(y).Item<float>(), 1 / 0.75f);
  Backward(Sum(y));
  EXPECT_TRUE(Close(autograd::GradOf(x), Detach(y)));
  layer.Eval();
  EXPECT_TRUE(IsSame(layer(x), x));
  EXPECT_THROW(nn::Dropout({.p = 1.5}), Error);
}

TEST(PoolingTest, Shapes) {
  const Tensor x = Randn({2, 3, 8, 6});
  EXPECT_EQ(nn::MaxPool2d({.kernel_size = 2})(x).shape(), DimsView({2, 3, 4, 3}));
  EXPECT_EQ(nn::AvgPool2d({.kernel_size = 3, .stride = 1, .padding = 1})(x).shape(), x.shape());
  EXPECT_TRUE(Close(nn::AdaptiveAvgPool2d({.output_size = 1})(x),
                    Mean(x, {.dims = {2, 3}, .keepdim = true})));
  EXPECT_EQ(nn::Flatten()(x).shape(), DimsView({2, 144}));
}

TEST(InitTest, SpreadsByFan) {
  const Tensor w = Empty({200, 100, 3, 3});
  const auto std_of = [&] { return Std(w).Item<double>(); };
  nn::init::KaimingNormal(w, {.nonlinearity = "relu"});
  EXPECT_NEAR(std_of(), std::sqrt(2.0 / 900), 1e-3);
  nn::init::KaimingUniform(w, {.mode = "fan_out", .nonlinearity = "linear"});
  EXPECT_NEAR(std_of(), std::sqrt(1.0 / 1800), 1e-3);
  EXPECT_LE(AMax(w).Item<double>(), std::sqrt(3.0 / 1800));
  nn::init::XavierNormal(w);
  EXPECT_NEAR(std_of(), std::sqrt(2.0 / 2700), 1e-3);
  nn::init::XavierUniform(w, 2);
  EXPECT_NEAR(std_of(), 2 * std::sqrt(2.0 / 2700), 2e-3);
  nn::init::Constant(w, 3);
  EXPECT_EQ(std_of(), 0);
  EXPECT_DOUBLE_EQ(nn::init::CalculateGain("tanh"), 5.0 / 3);
  EXPECT_THROW(nn::init::CalculateGain("none"), Error);
  EXPECT_THROW(nn::init::XavierNormal(Empty({3})), Error);
}

TEST(BatchNormTest, MomentumOneTakesTheBatchsStatisticsExactly) {
  nn::BatchNorm1d layer({.num_features = 1, .momentum = 1.0});
  const Tensor x = FromList<float>({0, 1e-5f, 2e-5f, 7e-5f}, {4, 1});
  layer(x);
  EXPECT_FLOAT_EQ(layer.running_var.tensor().Item<float>(), Var(Cast(x, kFloat64)).Item<float>());
  EXPECT_EQ(layer.running_mean.tensor().Item<float>(), Mean(x).Item<float>());
  layer(Full({5, 1}, 3.25));
  EXPECT_EQ(layer.running_var.tensor().Item<float>(), 0);
}

// A mean that is large beside the deviation must not take its digits away.
TEST(NormTest, KeepsTheDigitsOfDeviationsFromALargeMean) {
  const Tensor offsets = FromList<double>({0, 0.5, 1, 1.5, 2}, {5, 1});
  for (double mean : {1e5, 1e6}) {
    const Tensor wide = offsets + mean, x = Cast(wide, kFloat32);
    const auto error = [](const Tensor& a, const Tensor& b) {
      return AMax(Abs(Cast(a, kFloat64) - b)).Item<double>();
    };
    const Tensor given =
        BatchNormInference(x, Full({1}, mean), Full({1}, 0.5), Ones({1}), Zeros({1}));
    EXPECT_LT(error(given, (wide - mean) / std::sqrt(0.5 + 1e-5)), 1e-6);
    const Tensor expected = (wide - Mean(wide)) / Sqrt(Var(wide, {}, 0) + 1e-5);
    EXPECT_LT(error(BatchNormTraining(x, {}, {}).output, expected), 1e-6);
    EXPECT_LT(error(LayerNorm(Reshape(x, {1, 5}), {}, {}).output, Reshape(expected, {1, 5})), 1e-6);
    // The gradient, which the formula gives from the deviations alone.
    const Tensor g = FromList<double>({1, -2, 0.5, 3, -1}, {5, 1});
    const auto grad = [&](const Tensor& input) {
      const auto n = BatchNormTraining(input, {}, {});
      return BatchNormTrainingGrad(Cast(g, input.dtype()), input, {}, n.mean, n.rstd).input;
    };
    EXPECT_LT(error(grad(x), grad(offsets)), 1e-5) << mean;
  }
}

}  // namespace
}  // namespace neura
