// Initial values: their distributions, or what they are exactly.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <utility>

#include "neura/nn/nn.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"
#include "neura/tensor/testing/values.h"

namespace neura {
namespace {

using testing::Close;
using testing::ErrorOf;
using ::testing::HasSubstr;

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
  EXPECT_THROW(nn::init::XavierNormal(Empty({0, 0})), Error);
  EXPECT_EQ(nn::init::KaimingUniform(Empty({3, 0})).shape(), DimsView({3, 0}));
  EXPECT_EQ(nn::init::KaimingNormal(Empty({0})).shape(), DimsView({0}));
}

// Moments of the standard normal distribution from a to b: mean (f(a) - f(b)) / z and variance
// 1 + (a f(a) - b f(b)) / z - mean^2, for its density f and its probability z.
TEST(InitTest, TruncNormalHasTheMomentsOfItsPart) {
  ManualSeed(1);
  const auto density = [](double x) { return std::exp(-x * x / 2) / std::sqrt(2 * M_PI); };
  const auto below = [](double x) { return (1 + std::erf(x / std::sqrt(2.0))) / 2; };
  for (const auto& [a, b] : {std::pair{-2.0, 2.0}, {-0.5, 1.5}, {1.0, 3.0}}) {
    const double z = below(b) - below(a), mean = (density(a) - density(b)) / z,
                 variance = 1 + (a * density(a) - b * density(b)) / z - mean * mean;
    for (DType dtype : {kFloat32, kFloat64}) {
      const Tensor w = Empty({300, 200}, {.dtype = dtype});
      nn::init::TruncNormal(w, {.mean = 3, .std = 0.5, .a = 3 + a / 2, .b = 3 + b / 2});
      EXPECT_NEAR(Mean(w).Item<double>(), 3 + mean / 2, 0.01);
      EXPECT_NEAR(Var(w).Item<double>(), variance / 4, 0.01);
      EXPECT_GE(AMin(w).Item<double>(), 3 + a / 2);
      EXPECT_LE(AMax(w).Item<double>(), 3 + b / 2);
    }
  }
  EXPECT_THAT(ErrorOf([] { nn::init::TruncNormal(Empty({2}), {.a = 1, .b = 0}); }),
              HasSubstr("not above b"));
  EXPECT_THAT(ErrorOf([] { nn::init::TruncNormal(Empty({2}), {.std = 0}); }),
              HasSubstr("must be positive"));
}

TEST(InitTest, OrthogonalRowsOrColumns) {
  ManualSeed(2);
  const Tensor wide = Empty({5, 2, 3, 2});
  nn::init::Orthogonal(wide, 2);
  const Tensor rows = Reshape(wide, {5, 12});
  EXPECT_TRUE(Close(MatMul(rows, Transpose(rows, 0, 1)), Eye(5) * 4.0));
  const Tensor tall = Empty({7, 3}, {.dtype = kFloat64});
  nn::init::Orthogonal(tall);
  EXPECT_TRUE(Close(MatMul(Transpose(tall, 0, 1), tall), Eye(3), 1e-12));
  // Signs are as likely as not.
  int negative = 0;
  for (int i = 0; i < 200; ++i) {
    const Tensor one = Empty({1, 1});
    negative += nn::init::Orthogonal(one).Item<float>() < 0;
  }
  EXPECT_NEAR(negative, 100, 40);
  EXPECT_EQ(nn::init::Orthogonal(Empty({0, 3})).numel(), 0);
  EXPECT_THROW(nn::init::Orthogonal(Empty({3})), Error);
}

TEST(InitTest, SparseHasZerosInEachColumn) {
  ManualSeed(3);
  const Tensor w = Empty({10, 300});
  nn::init::Sparse(w, 0.25, 2);
  const Tensor zeros = Cast(w == 0, kInt64);
  EXPECT_TRUE(All(Sum(zeros, {.dims = {0}}) == 3).Item<bool>());
  // They are anywhere.
  EXPECT_TRUE(All(Abs(Sum(zeros, {.dims = {1}}) - 90) < 40).Item<bool>());
  EXPECT_NEAR(std::sqrt(Mean(Square(w)).Item<double>()), 2 * std::sqrt(0.7), 0.1);
  nn::init::Sparse(w, 1);
  EXPECT_TRUE(Close(w, Zeros({10, 300})));
  EXPECT_THAT(ErrorOf([&] { nn::init::Sparse(w, 1.5); }), HasSubstr("sparsity = 1.5"));
  EXPECT_THROW(nn::init::Sparse(Empty({3}), 0.5), Error);
}

TEST(InitTest, EyeAndDiracPassOnWhatTheyAreGiven) {
  const Tensor matrix = nn::init::Eye(Empty({2, 3}, {.dtype = kFloat64}));
  EXPECT_TRUE(Close(matrix, FromList<double>({1, 0, 0, 0, 1, 0}, {2, 3})));
  EXPECT_THROW(nn::init::Eye(Empty({3})), Error);

  nn::Conv2d same({.in_channels = 4,
                   .out_channels = 4,
                   .kernel_size = 3,
                   .padding = 1,
                   .groups = 2,
                   .bias = false});
  nn::init::Dirac(same.weight, 2);
  const Tensor x = Randn({2, 4, 5, 5});
  EXPECT_TRUE(Close(same(x), x));
  // As many channels as there are, in an even kernel the later one of the middle.
  const Tensor w = nn::init::Dirac(Empty({3, 2, 4}));
  EXPECT_EQ(Sum(w).Item<float>(), 2);
  EXPECT_EQ(Select(Select(Select(w, 0, 1), 0, 1), 0, 2).Item<float>(), 1);
  EXPECT_EQ(Select(Select(Select(w, 0, 0), 0, 0), 0, 2).Item<float>(), 1);
  EXPECT_THAT(ErrorOf([] { nn::init::Dirac(Empty({3, 2, 4}), 2); }), HasSubstr("groups = 2"));
  EXPECT_THROW(nn::init::Dirac(Empty({3, 2})), Error);
}

}  // namespace
}  // namespace neura
