// Layers and losses of several tensors, in plain loops over doubles, and their gradients.
#include "neura/nn/functional.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "neura/autograd/autograd.h"
#include "neura/autograd/gradcheck.h"
#include "neura/nn/nn.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"
#include "neura/tensor/testing/op_cases.h"
#include "neura/tensor/testing/values.h"

namespace neura {
namespace {

using ::testing::DoubleNear;
using testing::ErrorOf;
using ::testing::HasSubstr;
using ::testing::Pointwise;
using testing::Sample;
using testing::Values;

TEST(BatchNormalizeTest, MovesRunningStatistics) {
  const Tensor x = Sample({3, 2, 2}, 1), mean = Zeros({2}, {.dtype = kFloat64}),
               variance = Ones({2}, {.dtype = kFloat64});
  const Tensor y =
      nn::BatchNormalize(x, mean, variance, {}, {}, {.training = true, .momentum = 0.5});
  for (int64_t c = 0; c < 2; ++c) {
    const std::vector<double> v = Values<double>(Ravel(Select(x, 1, c)));
    double sum = 0, squares = 0;
    for (double each : v) sum += each / 6;
    for (double each : v) squares += (each - sum) * (each - sum);
    EXPECT_NEAR(Select(mean, 0, c).Item<double>(), sum / 2, 1e-12);
    EXPECT_NEAR(Select(variance, 0, c).Item<double>(), 0.5 + squares / 5 / 2, 1e-12);
    EXPECT_NEAR(Select(Select(Select(y, 0, 0), 0, c), 0, 0).Item<double>(),
                (v[0] - sum) / std::sqrt(squares / 6 + 1e-5), 1e-12);
  }
  EXPECT_THAT(ErrorOf([&] { nn::BatchNormalize(x, {}, {}, {}, {}, {}); }),
              HasSubstr("running_mean and running_var are needed"));
}

TEST(InstanceNormalizeTest, KnowsNoOtherExample) {
  const Tensor x = Sample({2, 2, 4}, 1);
  const Tensor both = nn::InstanceNormalize(x, {}, {}, {}, {}, {.training = true});
  for (int64_t n = 0; n < 2; ++n) {
    const Tensor alone =
        nn::InstanceNormalize(Slice(x, 0, n, n + 1), {}, {}, {}, {}, {.training = true});
    EXPECT_TRUE(testing::Close(alone, Slice(both, 0, n, n + 1), 1e-12));
  }
}

TEST(EmbedTest, PaddingHasNoGradientAndMaxNormChangesTheWeight) {
  const Tensor weight = SetRequiresGrad(Sample({4, 3}, 1));
  Backward(Sum(nn::Embed(FromList<int64_t>({1, 2, 1}), weight, {.padding_idx = 2})));
  EXPECT_THAT(Values<double>(Sum(autograd::GradOf(weight), {.dims = {1}})),
              Pointwise(DoubleNear(1e-12), {0.0, 6.0, 0.0, 0.0}));
  const Tensor scaled = Sample({4, 3}, 1) * 10;
  nn::Embed(FromList<int64_t>({0}), scaled, {.max_norm = 1});
  EXPECT_NEAR(Norm(Select(scaled, 0, 0)).Item<double>(), 1, 1e-6);
  EXPECT_GT(Norm(Select(scaled, 0, 1)).Item<double>(), 1.1);
}

TEST(EmbedBagTest, EmptyBagsAreZero) {
  const Tensor weight = Sample({4, 2}, 1), input = FromList<int64_t>({1, 3, 0}),
               offsets = FromList<int64_t>({0, 2, 2});
  for (const char* mode : {"sum", "mean", "max"}) {
    const Tensor bags = nn::EmbedBag(input, weight, offsets, {}, {.mode = mode});
    EXPECT_EQ(bags.shape(), DimsView({3, 2}));
    EXPECT_EQ(Values<double>(Select(bags, 0, 1)), std::vector<double>({0, 0})) << mode;
    EXPECT_EQ(
        autograd::GradCheck(
            [&](const std::vector<Tensor>& in) {
              return std::vector<Tensor>{nn::EmbedBag(input, in[0], offsets, {}, {.mode = mode})};
            },
            {weight}),
        "");
  }
}

TEST(GumbelSoftmaxTest, HardIsOneHotWithAGradient) {
  const Tensor logits = SetRequiresGrad(Sample({5, 4}, 1));
  const Tensor hard = nn::GumbelSoftmax(logits, 0.5, true);
  EXPECT_TRUE(testing::Close(AMax(hard, {.dims = {1}}), Ones({5}, {.dtype = kFloat64}), 1e-12));
  EXPECT_TRUE(testing::Close(Sum(hard, {.dims = {1}}), Ones({5}, {.dtype = kFloat64}), 1e-12));
  Backward(Sum(hard * Sample({5, 4}, 2)));
  EXPECT_TRUE(Any(autograd::GradOf(logits) != 0).Item<bool>());
}

// Every alignment of a short target, one by one.
double AlignmentLoss(const Tensor& log_probs, const std::vector<int64_t>& target) {
  const int64_t steps = log_probs.size(0), classes = log_probs.size(1);
  double total = 0;
  for (int64_t code = 0; code < std::pow(classes, steps); ++code) {
    std::vector<int64_t> path, collapsed;
    int64_t rest = code;
    double log = 0;
    for (int64_t t = 0; t < steps; ++t, rest /= classes) path.push_back(rest % classes);
    for (int64_t t = 0; t < steps; ++t) {
      const int64_t c = path[static_cast<size_t>(t)];
      log += Select(Select(log_probs, 0, t), 0, c).Item<double>();
      if (c != 0 && (t == 0 || path[static_cast<size_t>(t) - 1] != c)) collapsed.push_back(c);
    }
    if (collapsed == target) total += std::exp(log);
  }
  return -std::log(total);
}

TEST(CtcTest, SumsOverAlignments) {
  const Tensor log_probs = LogSoftmax(Sample({4, 2, 3}, 1), {.dim = 2});
  const Tensor targets = FromList<int64_t>({1, 1, 2, 0}, {2, 2}),
               lengths = FromList<int64_t>({4, 3}), target_lengths = FromList<int64_t>({2, 1});
  const Tensor losses = nn::Ctc(log_probs, targets, lengths, target_lengths, {.reduction = "none"});
  EXPECT_NEAR(Select(losses, 0, 0).Item<double>(), AlignmentLoss(Select(log_probs, 1, 0), {1, 1}),
              1e-12);
  EXPECT_NEAR(Select(losses, 0, 1).Item<double>(),
              AlignmentLoss(Slice(Select(log_probs, 1, 1), 0, 0, 3), {2}), 1e-12);
  const Tensor joined = FromList<int64_t>({1, 1, 2});
  EXPECT_TRUE(testing::Close(
      losses, nn::Ctc(log_probs, joined, lengths, target_lengths, {.reduction = "none"}), 1e-12));
  EXPECT_EQ(autograd::GradCheck(
                [&](const std::vector<Tensor>& in) {
                  return std::vector<Tensor>{nn::Ctc(in[0], targets, lengths, target_lengths)};
                },
                {log_probs}),
            "");
  // Two equal labels need three steps.
  const Tensor impossible =
      nn::Ctc(log_probs, targets, FromList<int64_t>({2, 3}), target_lengths, {.reduction = "none"});
  EXPECT_TRUE(std::isinf(Select(impossible, 0, 0).Item<double>()));
}

TEST(LossesOfThreeTest, HaveTheGradientsOfTheirFormulas) {
  const Tensor a = Sample({3, 4}, 1), b = Sample({3, 4}, 2), c = Sample({3, 4}, 3),
               variance = Sample({3, 4}, 4, 0.5, 2), signs = FromList<int64_t>({1, -1, 1});
  const auto check = [&](auto loss) { EXPECT_EQ(autograd::GradCheck(loss, {a, b, c}), ""); };
  check([&](const std::vector<Tensor>& in) {
    return std::vector<Tensor>{nn::TripletMargin(in[0], in[1], in[2], {.swap = true})};
  });
  check([&](const std::vector<Tensor>& in) {
    return std::vector<Tensor>{nn::CosineEmbedding(in[0], in[1], signs, {.margin = -0.5})};
  });
  check([&](const std::vector<Tensor>& in) {
    return std::vector<Tensor>{
        nn::MarginRanking(in[0], in[1], Unsqueeze(signs, 1), {.margin = 0.3})};
  });
  EXPECT_EQ(autograd::GradCheck(
                [](const std::vector<Tensor>& in) {
                  return std::vector<Tensor>{nn::GaussianNll(in[0], in[1], in[2])};
                },
                {a, b, variance}),
            "");
}

}  // namespace
}  // namespace neura
