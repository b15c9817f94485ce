// Layers, losses and initial values against their formulas.
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

using ::testing::ElementsAre;
using testing::ErrorOf;
using ::testing::HasSubstr;
using testing::Values;

bool Close(const Tensor& a, const Tensor& b, double tolerance = 1e-5) {
  return a.shape() == b.shape() &&
         AMax(Abs(Cast(a, kFloat64) - Cast(b, kFloat64))).Item<double>() < tolerance;
}

TEST(LinearTest, IsAnAffineMap) {
  nn::Linear layer({.in_features = 3, .out_features = 2});
  const Tensor x = Randn({5, 3});
  EXPECT_TRUE(Close(layer(x), MatMul(x, Transpose(layer.weight, 0, 1)) + layer.bias));
  EXPECT_LE(AMax(Abs(layer.weight)).Item<double>(), 1 / std::sqrt(3.0));
  EXPECT_FALSE(nn::Linear({.in_features = 3, .out_features = 2, .bias = false}).bias.defined());
  EXPECT_THAT(ErrorOf([] { nn::Linear({.in_features = 0, .out_features = 2}); }),
              HasSubstr("in_features"));
}

TEST(Conv2dTest, GroupsDivideChannels) {
  nn::Conv2d layer({.in_channels = 4, .out_channels = 6, .kernel_size = {3, 1}, .groups = 2});
  EXPECT_EQ(layer.weight.tensor().shape(), DimsView({6, 2, 3, 1}));
  EXPECT_EQ(layer(Ones({2, 4, 5, 5})).shape(), DimsView({2, 6, 3, 5}));
  EXPECT_THAT(ErrorOf([] { nn::Conv2d({.in_channels = 3, .out_channels = 4, .groups = 2}); }),
              HasSubstr("divisible by groups"));
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
              HasSubstr("BatchNorm2d: expected [N, C, H, W]"));
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

TEST(ActivationTest, AreTheirFunctions) {
  const Tensor x = Randn({10});
  EXPECT_TRUE(Close(nn::ReLU()(x), Relu(x)));
  EXPECT_TRUE(Close(nn::GELU()(x), Gelu(x)));
  EXPECT_TRUE(Close(nn::SiLU()(x), x * Sigmoid(x)));
  EXPECT_TRUE(Close(nn::Tanh()(x), Tanh(x)));
  EXPECT_TRUE(Close(nn::Sigmoid()(x), Sigmoid(x)));
}

// -log softmax by hand.
double NegativeLogProbability(const std::vector<double>& scores, size_t target) {
  double sum = 0;
  for (double score : scores) sum += std::exp(score);
  return std::log(sum) - scores[target];
}

TEST(CrossEntropyTest, IsTheNegativeLogProbability) {
  const Tensor x = FromList<double>({1, 2, 0.5, -1, 0, 3}, {2, 3});
  const Tensor target = FromList<int64_t>({1, 0});
  const double first = NegativeLogProbability({1, 2, 0.5}, 1);
  const double second = NegativeLogProbability({-1, 0, 3}, 0);
  EXPECT_NEAR(nn::CrossEntropy(x, target).Item<double>(), (first + second) / 2, 1e-12);
  EXPECT_NEAR(nn::CrossEntropy(x, target, {.reduction = "sum"}).Item<double>(), first + second,
              1e-12);
  EXPECT_NEAR(nn::CrossEntropy(x, target, {.ignore_index = 0}).Item<double>(), first, 1e-12);
  const Tensor weight = FromList<double>({3, 1, 1});
  EXPECT_NEAR(nn::CrossEntropy(x, target, {.weight = weight}).Item<double>(),
              (first + 3 * second) / 4, 1e-12);
  // Smoothing by 0.3 is a target of probabilities.
  const Tensor smooth = FromList<double>({0.1, 0.8, 0.1, 0.8, 0.1, 0.1}, {2, 3});
  EXPECT_NEAR(nn::CrossEntropy(x, target, {.label_smoothing = 0.3}).Item<double>(),
              nn::CrossEntropy(x, smooth).Item<double>(), 1e-12);
}

// Smoothing, class weights and ignored targets at once, as PyTorch defines them: the target's term
// weighted by its class, the uniform term by every class, over the weights of the targets that
// count.
TEST(CrossEntropyTest, SmoothingWithWeightsAndIgnoredTargets) {
  const std::vector<std::vector<double>> rows = {{1, 2, 0.5}, {-1, 0, 3}, {4, -2, 1}};
  const std::vector<double> w = {3, 0.5, 2};
  const std::vector<size_t> classes = {1, 0};
  const double smoothing = 0.3;
  double sum = 0, weights = 0;
  std::vector<double> each;
  for (size_t n = 0; n < classes.size(); ++n) {
    double uniform = 0;
    for (size_t c = 0; c < 3; ++c) uniform += w[c] * NegativeLogProbability(rows[n], c) / 3;
    const double own = w[classes[n]] * NegativeLogProbability(rows[n], classes[n]);
    each.push_back((1 - smoothing) * own + smoothing * uniform);
    sum += each.back();
    weights += w[classes[n]];
  }
  const Tensor x = FromList<double>({1, 2, 0.5, -1, 0, 3, 4, -2, 1}, {3, 3});
  const Tensor target = FromList<int64_t>({1, 0, -7});
  nn::CrossEntropyOptions options{
      .weight = FromVector(w, {3}), .ignore_index = -7, .label_smoothing = smoothing};
  EXPECT_NEAR(nn::CrossEntropy(x, target, options).Item<double>(), sum / weights, 1e-12);
  options.reduction = "sum";
  EXPECT_NEAR(nn::CrossEntropy(x, target, options).Item<double>(), sum, 1e-12);
  options.reduction = "none";
  const Tensor none = nn::CrossEntropy(x, target, options);
  EXPECT_TRUE(Close(none, FromList<double>({each[0], each[1], 0}), 1e-12));
}

// "mean" divides probabilities by the number of rows, whatever the weights.
TEST(CrossEntropyTest, ProbabilitiesWithWeights) {
  const std::vector<std::vector<double>> rows = {{1, 2, 0.5}, {-1, 0, 3}};
  const std::vector<std::vector<double>> p = {{0.2, 0.5, 0.3}, {1, 0, 0}};
  const std::vector<double> w = {3, 0.5, 2};
  const Tensor x = FromList<double>({1, 2, 0.5, -1, 0, 3}, {2, 3});
  const Tensor target = FromList<double>({0.2, 0.5, 0.3, 1, 0, 0}, {2, 3});
  for (double smoothing : {0.0, 0.3}) {
    double sum = 0;
    for (size_t n = 0; n < 2; ++n) {
      for (size_t c = 0; c < 3; ++c) {
        const double smooth = p[n][c] * (1 - smoothing) + smoothing / 3;
        sum += w[c] * smooth * NegativeLogProbability(rows[n], c);
      }
    }
    nn::CrossEntropyOptions options{.weight = FromVector(w, {3}), .label_smoothing = smoothing};
    EXPECT_NEAR(nn::CrossEntropy(x, target, options).Item<double>(), sum / 2, 1e-12);
    options.reduction = "sum";
    EXPECT_NEAR(nn::CrossEntropy(x, target, options).Item<double>(), sum, 1e-12);
  }
}

TEST(CrossEntropyTest, IgnoredTargetsMayHaveInfiniteScores) {
  const Tensor x = SetRequiresGrad(FromList<double>({-INFINITY, 2, 0.5, 1, 0, 3}, {2, 3}));
  const Tensor target = FromList<int64_t>({-100, 0});
  const double second = NegativeLogProbability({1, 0, 3}, 0);
  const Tensor loss = nn::CrossEntropy(x, target);
  EXPECT_NEAR(loss.Item<double>(), second, 1e-12);
  Backward(loss);
  EXPECT_TRUE(Close(Slice(autograd::GradOf(x), 0, 0, 1), Zeros({1, 3}), 1e-12));
  EXPECT_TRUE(std::isfinite(nn::CrossEntropy(x, target, {.label_smoothing = 0.1}).Item<double>()));
  const Tensor weight = FromList<double>({1, 2, 3});
  EXPECT_NEAR(nn::CrossEntropy(x, target, {.weight = weight}).Item<double>(), second, 1e-12);
}

TEST(CrossEntropyTest, AnyIntegerDType) {
  const Tensor x = Randn({2, 3}), target = FromList<int64_t>({2, 0});
  for (DType dtype : {kUInt8, kInt16, kInt32}) {
    EXPECT_TRUE(SameBits(nn::CrossEntropy(x, Cast(target, dtype)), nn::CrossEntropy(x, target)));
  }
}

TEST(CrossEntropyTest, OverPixels) {
  const Tensor x = Randn({2, 3, 4, 5}), target = RandInt(0, 3, {2, 4, 5});
  const Tensor flat = Reshape(Permute(x, {0, 2, 3, 1}), {40, 3});
  EXPECT_NEAR(nn::CrossEntropy(x, target).Item<double>(),
              nn::CrossEntropy(flat, Reshape(target, {40})).Item<double>(), 1e-6);
}

TEST(CrossEntropyTest, Gradient) {
  const Tensor x = Randn({3, 4}, {.dtype = kFloat64}), target = FromList<int64_t>({3, 0, -100});
  const auto loss = [&](const std::vector<Tensor>& in) {
    return std::vector<Tensor>{nn::CrossEntropy(in[0], target, {.label_smoothing = 0.1})};
  };
  EXPECT_EQ(autograd::GradCheck(loss, {x}), "");
  EXPECT_EQ(autograd::GradGradCheck(loss, {x}), "");
}

TEST(CrossEntropyTest, BadTargets) {
  const Tensor x = Randn({2, 3});
  EXPECT_THAT(ErrorOf([&] {
                nn::CrossEntropy(x, FromList<int64_t>({0, 3}));
              }),
              HasSubstr("index 3 is outside [0, 3)"));
  EXPECT_THAT(ErrorOf([&] {
                nn::CrossEntropy(x, FromList<int64_t>({0, -1}));
              }),
              HasSubstr("index -1"));
  EXPECT_THAT(ErrorOf([&] {
                nn::CrossEntropy(x, FromList<int64_t>({0, 1, 2}));
              }),
              HasSubstr("float32 [2, 3] and the target int64 [3]"));
  EXPECT_THAT(ErrorOf([&] {
                nn::CrossEntropy(x, FromList<int64_t>({0, 1}), {.reduction = "avg"});
              }),
              HasSubstr("\"avg\""));
  EXPECT_THAT(ErrorOf([&] {
                nn::CrossEntropy(x, FromList<int64_t>({0, 1}), {.weight = Ones({2})});
              }),
              HasSubstr("weight must be float32 [3], got float32 [2]"));
  EXPECT_THAT(
      ErrorOf([&] {
        nn::CrossEntropy(x, FromList<int64_t>({0, 1}), {.weight = Ones({3}, {.dtype = kFloat64})});
      }),
      HasSubstr("weight must be float32 [3], got float64 [3]"));
}

TEST(MseTest, IsTheMeanSquare) {
  const Tensor a = FromList<float>({1, 2}), b = FromList<float>({3, 5});
  EXPECT_FLOAT_EQ(nn::Mse(a, b).Item<float>(), 6.5);
  EXPECT_THAT(Values(nn::Mse(a, b, {.reduction = "none"})), ElementsAre(4, 9));
  EXPECT_THAT(ErrorOf([&] { nn::Mse(a, Ones({3})); }), HasSubstr("float32 [2] and float32 [3]"));
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

}  // namespace
}  // namespace neura
