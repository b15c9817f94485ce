// Random numbers: the generator's published vectors, distributions, and independence of threads.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "neura/tensor/random/philox.h"
#include "neura/tensor/random/uniform.h"
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

TEST(RandomTest, ComplexNumbers) {
  constexpr int64_t kCount = 20'000;
  const Tensor u = Rand({kCount}, {.dtype = kComplex64}),
               z = Randn({kCount}, {.dtype = kComplex128});
  EXPECT_EQ(u.dtype(), kComplex64);
  EXPECT_GE(AMin(Real(u)).Item<double>(), 0);
  EXPECT_LT(AMax(Imag(u)).Item<double>(), 1);
  EXPECT_NEAR(Mean(Imag(u)).Item<double>(), 0.5, 0.02);
  // Of variance 1, half of it in each part.
  EXPECT_NEAR(Var(Real(z)).Item<double>(), 0.5, 0.02);
  EXPECT_NEAR(Var(Imag(z)).Item<double>(), 0.5, 0.02);
  EXPECT_NEAR(Mean(Real(z) * Imag(z)).Item<double>(), 0, 0.02);
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

// Whatever makes many of them at a time, also where the counter's lower half ends.
TEST(RandomTest, ElementsAreThoseOfTheGenerator) {
  constexpr uint64_t kSeed = 0x123456789abcdef0;
  for (uint64_t offset : {uint64_t{0}, uint64_t{0xffffffff} - 5, ~uint64_t{0} - 9}) {
    for (int64_t count : {1, 7, 64, 255, 256, 257, 1500}) {
      Generator generator(kSeed);
      const auto draw = [&](auto make, DType dtype) {
        generator.SetState({kSeed, offset});
        return make({count}, TensorOptions{.dtype = dtype}, &generator);
      };
      const auto rand = [](Dims shape, const TensorOptions& options, Generator* from) {
        return Rand(shape, options, from);
      };
      const auto randn = [](Dims shape, const TensorOptions& options, Generator* from) {
        return Randn(shape, options, from);
      };
      const Tensor floats = draw(rand, kFloat32), doubles = draw(rand, kFloat64);
      const Tensor normals = draw(randn, kFloat32);
      for (int64_t i = 0; i < count; ++i) {
        const PhiloxWords four = Philox(kSeed, offset + static_cast<uint64_t>(i / 4));
        const auto word = static_cast<size_t>(i % 4), pair = word / 2 * 2;
        ASSERT_EQ(floats.data<float>()[i], UniformFloat(four[word])) << i << " of " << count;
        const double radius = std::sqrt(-2 * std::log(1.0 - UniformFloat(four[pair])));
        const double angle = 2 * 3.14159265358979 * UniformFloat(four[pair + 1]);
        ASSERT_NEAR(normals.data<float>()[i],
                    radius * (word == pair ? std::cos(angle) : std::sin(angle)), 4e-6)
            << i << " of " << count;
        const PhiloxWords two = Philox(kSeed, offset + static_cast<uint64_t>(i / 2));
        const auto low = static_cast<size_t>(i % 2 * 2);
        ASSERT_EQ(doubles.data<double>()[i], UniformDouble(two[low], two[low + 1])) << i;
      }
    }
  }
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

TEST(RandomTest, UniformNumbersNeverReachTheEnd) {
  ManualSeed(5);
  for (DType dtype : {kFloat16, kBFloat16, kFloat32, kFloat64}) {
    for (const auto& [low, high] : {std::pair(0.0, 1.0),
                                    {1.0, 2.0},
                                    {-1.0, 0.0},
                                    {-2.0, -1.0},
                                    {1000.0, 1001.0},
                                    {-1e-7, 0.0}}) {
      const Tensor x = Cast(Uniform({200'000}, low, high, {.dtype = dtype}), kFloat64);
      EXPECT_LT(AMax(x).Item<double>(), high) << DTypeName(dtype) << " below " << high;
      // What rounds downwards may lie below, by less than a step of the dtype.
      const double step = std::max(0x1p-7 * std::fabs(low), 0x1p-24);
      EXPECT_GE(AMin(x).Item<double>(), low - step) << DTypeName(dtype);
    }
  }
  // What the generator gives at most.
  EXPECT_LT(UniformRange<float>(1, 2, kFloat32)(1 - 0x1p-24f), 2);
  EXPECT_LT(UniformRange<double>(1, 2, kFloat64)(1 - 0x1p-53), 2);
  EXPECT_LT(UniformRange<float>(0, 1e9, kFloat32)(1 - 0x1p-24f), 1e9f);
  EXPECT_EQ(AMax(Uniform({100}, 3, 3)).Item<float>(), 3);
  EXPECT_THROW(Uniform({2}, 2, 1), Error);
  EXPECT_THROW(Uniform({2}, -3e38, 3e38), Error);
  EXPECT_THROW(Uniform({2}, NAN, 1), Error);
}

TEST(RandomTest, BernoulliMakesTheSameInEveryDtype) {
  const auto draw = [](DType dtype) {
    ManualSeed(9);
    return Cast(Bernoulli({1001}, 0.4, {.dtype = dtype}), kFloat32);
  };
  for (DType dtype : {kBool, kInt64, kFloat16, kFloat64}) {
    EXPECT_TRUE(SameBits(draw(dtype), draw(kFloat32))) << DTypeName(dtype);
  }
}

TEST(RandomTest, DropoutOfInfinities) {
  ManualSeed(1);
  const Tensor y = Dropout(Full({1000}, INFINITY), 0.5);
  EXPECT_TRUE(All(LogicalOr(y == 0, y == INFINITY)).Item<bool>());
  EXPECT_TRUE(Any(y == 0).Item<bool>());
  EXPECT_EQ(Sum(Dropout(Full({10}, INFINITY), 1)).Item<float>(), 0);
}

}  // namespace
}  // namespace neura
