// Layers against their formulas.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <utility>
#include <vector>

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
  EXPECT_THAT(ErrorOf([] { nn::Linear({.in_features = -1, .out_features = 2}); }),
              HasSubstr("in_features = -1 must be at least 0"));
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

TEST(DropoutTest, ChannelsAreDroppedAsAWhole) {
  ManualSeed(5);
  const Tensor images = Ones({50, 20, 2, 3});
  const Tensor sums = Sum(nn::Dropout2d({.p = 0.4})(images), {.dims = {2, 3}});
  const Tensor dropped = sums == 0;
  EXPECT_TRUE(All(LogicalOr(dropped, Abs(sums - 10) < 1e-4)).Item<bool>());
  EXPECT_NEAR(Mean(Cast(dropped, kFloat32)).Item<double>(), 0.4, 0.06);
  // One example without a batch has channels of its own.
  const Tensor rows = Sum(nn::Dropout1d()(Ones({200, 4})), {.dims = {1}});
  EXPECT_TRUE(All(LogicalOr(rows == 0, rows == 8)).Item<bool>());
  const Tensor volumes = Sum(nn::Dropout3d()(Ones({200, 2, 2, 1})), {.dims = {1, 2, 3}});
  EXPECT_TRUE(All(LogicalOr(volumes == 0, volumes == 8)).Item<bool>());
}

TEST(DropoutTest, AlphaDropoutKeepsMeanAndVariance) {
  ManualSeed(6);
  const Tensor x = Randn({20000, 1, 1});
  for (const Tensor& y :
       {nn::AlphaDropout({.p = 0.3})(x), nn::FeatureAlphaDropout({.p = 0.3})(x)}) {
    EXPECT_NEAR(Mean(y).Item<double>(), 0, 0.03);
    EXPECT_NEAR(Std(y).Item<double>(), 1, 0.03);
  }
  nn::AlphaDropout layer;
  layer.Eval();
  EXPECT_TRUE(Close(layer(x), x));
}

TEST(InstanceNormTest, RunningStatisticsServeEvaluation) {
  nn::InstanceNorm1d layer({.num_features = 2, .momentum = 0.25, .track_running_stats = true});
  const Tensor x = Randn({3, 2, 5});
  EXPECT_TRUE(Close(Mean(layer(x), {.dims = {2}}), Zeros({3, 2})));
  const Tensor mean = Mean(Mean(x, {.dims = {2}}), {.dims = {0}});
  EXPECT_TRUE(Close(layer.running_mean, mean * 0.25));
  layer.Eval();
  const auto each = [](const Tensor& statistic) { return Reshape(statistic, {2, 1}); };
  EXPECT_TRUE(
      Close(layer(x), (x - each(layer.running_mean)) / Sqrt(each(layer.running_var) + 1e-5)));
  EXPECT_TRUE(Close(layer(Select(x, 0, 1)), Select(layer(x), 0, 1)));
  EXPECT_THAT(ErrorOf([&] { layer(Ones({3, 4, 5})); }), HasSubstr("num_features = 2"));
  EXPECT_THAT(ErrorOf([&] { layer(Ones({2})); }), HasSubstr("1 spatial dimensions"));
}

TEST(EmbeddingTest, PaddingIsZeroAndHasNoGradient) {
  nn::Embedding layer({.num_embeddings = 4, .embedding_dim = 2, .padding_idx = -1});
  EXPECT_EQ(layer.options.padding_idx, 3);
  EXPECT_TRUE(Close(Select(layer.weight, 0, 3), Zeros({2})));
  Backward(Sum(layer(FromList<int64_t>({3, 0, 3, 1, 1}, {5}))));
  EXPECT_EQ(Values(autograd::GradOf(layer.weight)), (std::vector<float>{1, 1, 2, 2, 0, 0, 0, 0}));
  EXPECT_THAT(
      ErrorOf([] { nn::Embedding({.num_embeddings = 4, .embedding_dim = 2, .padding_idx = 4}); }),
      HasSubstr("padding_idx = 4 is none of 4 rows"));
}

TEST(EmbeddingTest, ScalesRowsAndGradients) {
  nn::Embedding layer({.num_embeddings = 3,
                       .embedding_dim = 2,
                       .max_norm = 1,
                       .norm_type = 1,
                       .scale_grad_by_freq = true});
  {
    NoGradGuard no_grad;
    Fill(layer.weight, 2);
  }
  const Tensor y = layer(FromList<int64_t>({1, 1, 0}, {3}));
  EXPECT_TRUE(Close(y, Full({3, 2}, 0.5)));
  EXPECT_TRUE(Close(layer.weight, FromList<float>({0.5, 0.5, 0.5, 0.5, 2, 2}, {3, 2})));
  Backward(Sum(y));
  EXPECT_TRUE(Close(autograd::GradOf(layer.weight), FromList<float>({1, 1, 1, 1, 0, 0}, {3, 2})));
}

TEST(EmbeddingTest, TheLargestOfABag) {
  nn::EmbeddingBag layer({.num_embeddings = 3, .embedding_dim = 2, .mode = "max"});
  layer.weight.Replace(FromList<float>({1, -5, 3, 2, -4, -3}, {3, 2}));
  const Tensor offsets = FromList<int64_t>({0, 2, 2}, {3});
  EXPECT_EQ(Values(layer(FromList<int64_t>({0, 1, 2}, {3}), offsets, std::nullopt)),
            (std::vector<float>{3, 2, 0, 0, -4, -3}));
}

TEST(ConvTest, PaddingModesAndSame) {
  EXPECT_THAT(
      ErrorOf([] { nn::Conv2d({.in_channels = 1, .out_channels = 1, .padding_mode = "edge"}); }),
      HasSubstr("padding_mode = 'edge'"));
  EXPECT_THAT(
      ErrorOf([] {
        nn::Conv2d(
            {.in_channels = 1, .out_channels = 1, .stride = {1, 2}, .padding = Sizes::kSame});
      }),
      HasSubstr("padding='same' is not supported for strided convolutions"));
  EXPECT_THAT(ErrorOf([] {
                nn::Conv2d({.in_channels = 1, .out_channels = 1, .padding = {Sizes::kSame, 1}});
              }),
              HasSubstr("for all dimensions"));
  nn::Conv1d layer(
      {.in_channels = 1, .out_channels = 2, .kernel_size = 4, .padding = Sizes::kSame});
  EXPECT_EQ(layer(Ones({1, 7})).shape(), DimsView({2, 7}));
}

// What has no features, rows or channels computes nothing, or its bias.
TEST(LayersTest, HaveSizesOfZero) {
  nn::Linear none({.in_features = 3, .out_features = 0});
  EXPECT_EQ(none(Ones({2, 3})).shape(), DimsView({2, 0}));
  nn::Linear of_none({.in_features = 0, .out_features = 3});
  const Tensor x = Ones({2, 0});
  EXPECT_EQ(Values<float>(of_none.bias), std::vector<float>(3, 0));
  {
    const NoGradGuard no_grad;
    Fill(of_none.bias, 2);
  }
  Backward(Sum(of_none(x)));
  EXPECT_EQ(Values<float>(of_none(x)), std::vector<float>(6, 2));
  EXPECT_EQ(autograd::GradOf(of_none.weight).shape(), DimsView({3, 0}));
  EXPECT_EQ(Values<float>(autograd::GradOf(of_none.bias)), std::vector<float>(3, 2));
  nn::Conv2d conv({.in_channels = 0, .out_channels = 2, .kernel_size = 3});
  {
    const NoGradGuard no_grad;
    Fill(conv.bias, 1);
  }
  EXPECT_EQ(Values<float>(conv(Ones({1, 0, 4, 4}))), std::vector<float>(8, 1));
  nn::Embedding rows({.num_embeddings = 0, .embedding_dim = 3});
  EXPECT_EQ(rows(Zeros({0}, {.dtype = kInt64})).shape(), DimsView({0, 3}));
  nn::RNNCell cell({.input_size = 3, .hidden_size = 0});
  EXPECT_EQ(cell(Ones({2, 3}), {}).shape(), DimsView({2, 0}));
  nn::BatchNorm1d norm({.num_features = 0});
  EXPECT_EQ(norm(Ones({2, 0})).shape(), DimsView({2, 0}));
  EXPECT_THAT(ErrorOf([] { nn::Conv2d({.in_channels = 3, .out_channels = 0}); }),
              HasSubstr("out_channels = 0 must be at least 1"));
}

TEST(PoolingTest, UnpoolsWhatAPoolTook) {
  const Tensor x = Randn({2, 3, 5, 6});
  const auto pooled = MaxPool2dWithIndices(x, {.kernel_size = 2});
  nn::MaxUnpool2d layer({.kernel_size = 2});
  EXPECT_EQ(layer(pooled.values, pooled.indices, std::nullopt).shape(), DimsView({2, 3, 4, 6}));
  const Tensor back = layer(pooled.values, pooled.indices, Dims{5, 6});
  EXPECT_TRUE(Close(Sum(back), Sum(pooled.values), 1e-4));
  EXPECT_TRUE(All(LogicalOr(back == 0, back == x)).Item<bool>());
}

TEST(PoolingTest, FractionalWindowsHaveTheExtentsThatAreWanted) {
  ManualSeed(1);
  const Tensor x = Randn({2, 3, 9, 8});
  nn::FractionalMaxPool2d layer({.kernel_size = 2, .output_ratio = 0.5});
  EXPECT_EQ(layer(x).shape(), DimsView({2, 3, 4, 4}));
  EXPECT_EQ(layer(Select(x, 0, 1)).shape(), DimsView({3, 4, 4}));
  EXPECT_THAT(ErrorOf([] { nn::FractionalMaxPool3d({.kernel_size = 2}); }),
              HasSubstr("output_size or output_ratio"));
  EXPECT_THAT(ErrorOf([] { nn::FractionalMaxPool2d({.kernel_size = 2, .output_ratio = 1.5}); }),
              HasSubstr("between 0 and 1"));
}

TEST(PaddingTest, HasTwoAmountsForEachDimension) {
  EXPECT_THAT(ErrorOf([] {
                nn::ReflectionPad2d({.padding = {1, 2}});
              }),
              HasSubstr("ReflectionPad2d: padding = [1, 2] must be one number or 4"));
  EXPECT_THAT(ErrorOf([] {
                nn::ReflectionPad1d({.padding = {4}})(Ones({1, 1, 4}));
              }),
              HasSubstr("must be at most 3"));
}

TEST(ActivationTest, SlopesAreRandomWhileTraining) {
  ManualSeed(2);
  nn::RReLU layer;
  const Tensor slopes = -layer(Full({10000}, -1));
  EXPECT_GE(AMin(slopes).Item<double>(), 1.0 / 8);
  EXPECT_LE(AMax(slopes).Item<double>(), 1.0 / 3);
  EXPECT_NEAR(Mean(slopes).Item<double>(), 11.0 / 48, 0.005);
  layer.Eval();
  EXPECT_TRUE(Close(layer(Full({3}, -1)), Full({3}, -11.0 / 48)));
  EXPECT_THAT(ErrorOf([] { nn::Softmax2d()(Ones({2, 2})); }), HasSubstr("[C, H, W]"));
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

TEST(LazyTest, TheFirstCallMakesTheLayer) {
  nn::Sequential net(nn::LazyConv2d({.out_channels = 4, .kernel_size = 3, .groups = 2}),
                     nn::LazyBatchNorm2d({}), nn::Flatten(), nn::LazyLinear({.out_features = 5}));
  EXPECT_EQ(net.NumParameters(), 0);
  EXPECT_THAT(net.ToString(),
              HasSubstr("(3): LazyLinear(in_features=0, out_features=5, bias=true)"));
  net.Eval();
  const Tensor x = Cast(Ones({2, 6, 4, 4}), kFloat64);
  const nn::Sequential before = net;
  const Tensor y = net(x);
  EXPECT_EQ(y.shape(), DimsView({2, 5}));
  EXPECT_EQ(y.dtype(), kFloat64);
  const NamedTensors state = net.StateDict();
  EXPECT_THAT(net.ToString(), HasSubstr("(3): Linear(in_features=16, out_features=5, bias=true)"));
  EXPECT_EQ(state[0].first, "0.weight");
  EXPECT_EQ(state[0].second.shape(), DimsView({4, 3, 3, 3}));
  EXPECT_EQ(state.back().first, "3.bias");
  EXPECT_TRUE(SameBits(net(x), y));
  // The mode that was set before holds: nothing has moved the running mean.
  EXPECT_EQ(
      AMax(Abs(dynamic_cast<nn::LazyBatchNorm2d&>(net[1]).layer->running_mean)).Item<double>(), 0);
  nn::Sequential copy = net;
  EXPECT_TRUE(SameBits(copy(x), y));
  // One that has not been called says by itself what it reads.
  EXPECT_EQ(nn::Sequential(before)(Ones({1, 2, 3, 3})).shape(), DimsView({1, 5}));
  EXPECT_THAT(ErrorOf([] { nn::LazyConv2d({.out_channels = 2})(Ones({3})); }),
              HasSubstr("cannot tell its features from float32 [3]"));
}

TEST(BatchNormTest, UpdateBnAveragesOverOnePass) {
  nn::Sequential net(nn::BatchNorm1d({.num_features = 1, .momentum = 0.3}), nn::Dropout());
  net[1].Eval();
  net(FromList<float>({50, 70}, {2, 1}));
  const std::vector<std::pair<Tensor, Tensor>> batches{{FromList<float>({1, 3}, {2, 1}), {}},
                                                       {FromList<float>({2, 8}, {2, 1}), {}}};
  nn::UpdateBn(batches, net);
  auto& norm = static_cast<nn::BatchNorm1d&>(net[0]);
  EXPECT_FLOAT_EQ(norm.running_mean.tensor().Item<float>(), (2 + 5) / 2.0f);
  EXPECT_FLOAT_EQ(norm.running_var.tensor().Item<float>(), (2 + 18) / 2.0f);
  EXPECT_EQ(norm.num_batches_tracked.tensor().Item<int64_t>(), 2);
  EXPECT_EQ(norm.options.momentum, 0.3);
  EXPECT_TRUE(net.training());
  EXPECT_FALSE(net[1].training());
}

}  // namespace
}  // namespace neura
