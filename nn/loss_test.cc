// Losses against their formulas.
#include "neura/nn/loss.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "neura/autograd/autograd.h"
#include "neura/autograd/gradcheck.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"

namespace neura {
namespace {

using ::testing::ElementsAre;
using testing::ErrorOf;
using ::testing::HasSubstr;

std::vector<float> Values(const Tensor& tensor) {
  const Tensor copy = Cast(Contiguous(tensor), kFloat32);
  return {copy.data<float>(), copy.data<float>() + copy.numel()};
}

double Value(const Tensor& tensor) { return tensor.Item<double>(); }

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

}  // namespace
}  // namespace neura
