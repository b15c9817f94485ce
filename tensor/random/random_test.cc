// Random numbers: the generator's published vectors, distributions, and independence of threads.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "neura/tensor/random/philox.h"
#include "neura/tensor/tensor.h"

namespace neura {
namespace {

// Known answers of philox4x32-10 from the Random123 distribution (kat_vectors).
TEST(PhiloxTest, KnownAnswers) {
  EXPECT_EQ(Philox(0, 0), (PhiloxWords{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(Philox(~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0}),
            (PhiloxWords{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(Philox(0x299f31d0a4093822, 0x85a308d3243f6a88, 0x0370734413198a2e),
            (PhiloxWords{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

double MeanOf(const Tensor& x) { return Mean(Cast(x, kFloat64)).Item<double>(); }
double StdOf(const Tensor& x) { return Std(Cast(x, kFloat64)).Item<double>(); }

TEST(RandomTest, Distributions) {
  ManualSeed(7);
  constexpr int64_t n = 200'000;
  // Bounds of five standard errors.
  const double error = 5 / std::sqrt(static_cast<double>(n));
  for (DType dtype : {kFloat32, kFloat64}) {
    const Tensor uniform = Uniform({n}, -2, 4, {.dtype = dtype});
    EXPECT_NEAR(MeanOf(uniform), 1, error * std::sqrt(3));
    EXPECT_GE(AMin(uniform).Item<double>(), -2);
    EXPECT_LT(AMax(uniform).Item<double>(), 4);
    const Tensor normal = Normal({n}, 3, 0.5, {.dtype = dtype});
    EXPECT_NEAR(MeanOf(normal), 3, error * 0.5);
    EXPECT_NEAR(StdOf(normal), 0.5, error * 0.5);
    // The fourth moment tells a normal distribution from others of this mean and deviation.
    EXPECT_NEAR(MeanOf(Pow((Cast(normal, kFloat64) - 3) / 0.5, 4)), 3, error * 10);
  }
  EXPECT_NEAR(MeanOf(Bernoulli({n}, 0.3)), 0.3, error * 0.5);
  const Tensor ints = RandInt(-3, 4, {n});
  EXPECT_EQ(AMin(ints).Item<int64_t>(), -3);
  EXPECT_EQ(AMax(ints).Item<int64_t>(), 3);
  EXPECT_NEAR(MeanOf(ints), 0, error * 2);
}

TEST(RandomTest, IntegersAboveWhatDoublesHold) {
  const int64_t big = int64_t{1} << 53;
  const Tensor one = RandInt(big, big + 1, {3});
  EXPECT_EQ(one.data<int64_t>()[2], big);
  const Tensor ends = RandInt(INT64_MAX - 2, INT64_MAX, {100});
  EXPECT_EQ(AMin(ends).Item<int64_t>(), INT64_MAX - 2);
  EXPECT_EQ(AMax(ends).Item<int64_t>(), INT64_MAX - 1);
  EXPECT_THROW(RandInt(big + 1, big + 1, {3}), Error);
}

TEST(RandomTest, PermutationsHoldEachNumberOnce) {
  const Tensor permutation = RandPerm(1000);
  std::vector<int64_t> values(permutation.data<int64_t>(), permutation.data<int64_t>() + 1000);
  EXPECT_FALSE(std::is_sorted(values.begin(), values.end()));
  std::sort(values.begin(), values.end());
  for (int64_t i = 0; i < 1000; ++i) EXPECT_EQ(values[static_cast<size_t>(i)], i);
}

TEST(RandomTest, TheSeedDecidesAndTheThreadsDoNot) {
  const auto draw = [] {
    ManualSeed(42);
    return std::vector<Tensor>{Rand({100'000}), Randn({33'333}, {.dtype = kFloat64}),
                               RandInt(0, 1000, {70'001}), Bernoulli({99}, 0.5)};
  };
  SetNumThreads(1);
  const std::vector<Tensor> expected = draw();
  for (int threads : {2, 3}) {
    SetNumThreads(threads);
    const std::vector<Tensor> again = draw();
    for (size_t i = 0; i < again.size(); ++i) EXPECT_TRUE(SameBits(again[i], expected[i]));
  }
  EXPECT_FALSE(SameBits(Rand({100'000}), expected[0]));
}

TEST(RandomTest, GeneratorsAreIndependentAndContinue) {
  Generator a(1), b(1);
  EXPECT_TRUE(SameBits(Rand({100}, {}, &a), Rand({100}, {}, &b)));
  const RandomState state = a.state();
  const Tensor next = Rand({100}, {}, &a);
  EXPECT_FALSE(SameBits(next, Rand({100}, {}, &a)));
  a.SetState(state);
  EXPECT_TRUE(SameBits(Rand({100}, {}, &a), next));
}

TEST(RandomTest, BadArguments) {
  EXPECT_THROW(RandInt(3, 3, {2}), Error);
  EXPECT_THROW(Bernoulli({2}, 1.5), Error);
  EXPECT_THROW(Rand({2}, {.dtype = kInt64}), Error);
}

}  // namespace
}  // namespace neura
