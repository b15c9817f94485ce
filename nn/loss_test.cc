// Losses against their formulas.
#include "neura/nn/loss.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "neura/autograd/autograd.h"
#include "neura/autograd/gradcheck.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"
#include "neura/tensor/testing/values.h"

namespace neura {
namespace {

using testing::Close;
using ::testing::ElementsAre;
using testing::ErrorOf;
using ::testing::HasSubstr;
using testing::Values;

double Value(const Tensor& tensor) { return tensor.Item<double>(); }

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

TEST(NllTest, IsCrossEntropyAfterLogSoftmax) {
  const Tensor x = Randn({4, 3, 2}, {.dtype = kFloat64});
  const Tensor target = FromList<int64_t>({0, 2, 1, -100, 2, 2, 0, 1}, {4, 2});
  const Tensor weight = FromList<double>({1, 2, 0.5});
  for (const char* reduction : {"none", "mean", "sum"}) {
    const Tensor expected = nn::CrossEntropy(x, target, {.weight = weight, .reduction = reduction});
    const Tensor got =
        nn::Nll(LogSoftmax(x, {.dim = 1}), target, {.weight = weight, .reduction = reduction});
    EXPECT_LT(Value(Sum(Abs(got - expected))), 1e-12) << reduction;
  }
  EXPECT_THAT(ErrorOf([&] { nn::Nll(x, Rand({4, 3, 2})); }), HasSubstr("Nll: the input is"));
}

TEST(L1Test, IsTheDistance) {
  const Tensor a = FromList<float>({1, 2}), b = FromList<float>({3, 1});
  EXPECT_THAT(Values(nn::L1(a, b, {.reduction = "none"})), ElementsAre(2, 1));
  EXPECT_FLOAT_EQ(nn::L1(a, b).Item<float>(), 1.5);
  EXPECT_THAT(ErrorOf([&] { nn::L1(a, Ones({2, 1})); }), HasSubstr("L1: input and target"));
}

TEST(SmoothL1Test, IsASquareBelowBeta) {
  const Tensor a = FromList<float>({0, 0, 0, 0}), b = FromList<float>({0.5, -1, 2, -4});
  EXPECT_THAT(Values(nn::SmoothL1(a, b, {.reduction = "none"})), ElementsAre(0.125, 0.5, 1.5, 3.5));
  EXPECT_THAT(Values(nn::SmoothL1(a, b, {.reduction = "none", .beta = 2})),
              ElementsAre(0.0625, 0.25, 1, 3));
  EXPECT_THAT(Values(nn::SmoothL1(a, b, {.reduction = "none", .beta = 0})),
              ElementsAre(0.5, 1, 2, 4));
  EXPECT_THAT(ErrorOf([&] { nn::SmoothL1(a, b, {.beta = -1}); }), HasSubstr("beta = -1"));
}

TEST(BinaryCrossEntropyTest, IsTheNegativeLogProbability) {
  const Tensor p = FromList<double>({0.2, 0.7, 0.9}), y = FromList<double>({0, 1, 0.5});
  const Tensor losses = nn::BinaryCrossEntropy(p, y, {.reduction = "none"});
  const double expected[] = {-std::log(0.8), -std::log(0.7),
                             -0.5 * (std::log(0.9) + std::log(0.1))};
  for (int i = 0; i < 3; ++i) EXPECT_NEAR(losses.data<double>()[i], expected[i], 1e-12);
  const Tensor weight = FromList<double>({1, 0, 2});
  EXPECT_NEAR(Value(nn::BinaryCrossEntropy(p, y, {.weight = weight, .reduction = "sum"})),
              expected[0] + 2 * expected[2], 1e-12);
  EXPECT_THAT(ErrorOf([&] {
                nn::BinaryCrossEntropy(p, FromList<int64_t>({0, 1, 0}));
              }),
              HasSubstr("floating point"));
}

TEST(BinaryCrossEntropyTest, ASureMistakeIsBounded) {
  const Tensor p = FromList<float>({0, 1, 0, 1}), y = FromList<float>({1, 0, 0, 1});
  SetRequiresGrad(p);
  const Tensor losses = nn::BinaryCrossEntropy(p, y, {.reduction = "none"});
  EXPECT_THAT(Values(losses), ElementsAre(100, 100, 0, 0));
  Backward(Sum(losses));
  EXPECT_TRUE(All(IsFinite(autograd::GradOf(p))).Item<bool>());
}

TEST(BinaryCrossEntropyWithLogitsTest, IsBinaryCrossEntropyOfTheSigmoid) {
  const Tensor x = Randn({3, 4}, {.dtype = kFloat64}), y = Rand({3, 4}, {.dtype = kFloat64});
  const Tensor weight = Rand({4}, {.dtype = kFloat64}), pos_weight = FromList<double>({1, 2, 3, 0});
  EXPECT_NEAR(Value(nn::BinaryCrossEntropyWithLogits(x, y, {.weight = weight})),
              Value(nn::BinaryCrossEntropy(Sigmoid(x), y, {.weight = weight})), 1e-12);
  const Tensor p = Sigmoid(x);
  EXPECT_NEAR(Value(nn::BinaryCrossEntropyWithLogits(x, y, {.pos_weight = pos_weight})),
              Value(Mean(-(pos_weight * y * Log(p) + (1 - y) * Log(1 - p)))), 1e-12);
  const Tensor far = FromList<float>({-1000, 1000}), label = FromList<float>({1, 1});
  EXPECT_THAT(Values(nn::BinaryCrossEntropyWithLogits(far, label, {.reduction = "none"})),
              ElementsAre(1000, 0));
}

TEST(LossTest, Gradients) {
  const Tensor x = Rand({3, 4}, {.dtype = kFloat64}) * 0.8 + 0.1;
  const Tensor y = Rand({3, 4}, {.dtype = kFloat64}) * 4.0;
  const Tensor p = Rand({3, 4}, {.dtype = kFloat64});
  using List = std::vector<Tensor>;
  const autograd::TensorFunction losses[] = {
      [&](const List& in) { return List{nn::L1(in[0], y)}; },
      [&](const List& in) { return List{nn::SmoothL1(in[0], y)}; },
      [&](const List& in) { return List{nn::BinaryCrossEntropy(in[0], p)}; },
      [&](const List& in) { return List{nn::BinaryCrossEntropyWithLogits(in[0], p)}; },
      [&](const List& in) {
        return List{nn::Nll(in[0], FromList<int64_t>({3, 0, 1}))};
      },
  };
  for (const auto& loss : losses) {
    EXPECT_EQ(autograd::GradCheck(loss, {x}), "");
    EXPECT_EQ(autograd::GradGradCheck(loss, {x}), "");
  }
}

TEST(BinaryCrossEntropyTest, TakesProbabilitiesAlone) {
  const Tensor target = FromList<float>({1, 0});
  for (float outside : {1.5f, -0.1f, NAN, INFINITY}) {
    EXPECT_THAT(ErrorOf([&] {
                  nn::BinaryCrossEntropy(FromList<float>({0.5f, outside}), target);
                }),
                HasSubstr("between 0 and 1"));
  }
  EXPECT_EQ(Value(nn::BinaryCrossEntropy(FromList<float>({1, 0}), target)), 0);
  EXPECT_EQ(nn::BinaryCrossEntropy(Zeros({0}), Zeros({0}), {.reduction = "none"}).numel(), 0);
}

}  // namespace
}  // namespace neura
