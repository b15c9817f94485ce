// Factories.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <string>

#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"
#include "neura/tensor/testing/values.h"

namespace neura {
namespace {

using ::testing::ElementsAre;
using testing::ErrorOf;
using ::testing::HasSubstr;
using testing::Values;

TEST(CreateTest, Ranges) {
  EXPECT_EQ(Arange(3).dtype(), kInt64);
  EXPECT_THAT(Values(Arange(0, 1, 0.25)), ElementsAre(0, 0.25, 0.5, 0.75));
  EXPECT_THAT(Values(Arange(5, 0, -2)), ElementsAre(5, 3, 1));
  EXPECT_EQ(Arange(3, 3, -1).numel(), 0);
  EXPECT_EQ(Arange(0.5, 0.5).numel(), 0);
  EXPECT_THAT(ErrorOf([] { Arange(0, 3, 0); }), HasSubstr("no finite range"));
  EXPECT_THAT(Values(Linspace(0, 1, 3)), ElementsAre(0, 0.5, 1));
  EXPECT_THAT(Values(Eye(2, 3)), ElementsAre(1, 0, 0, 0, 1, 0));
}

TEST(CreateTest, RangesOfIntegersAreExact) {
  const int64_t big = int64_t{1} << 60;
  const Tensor x = Arange(big, big + 3);
  ASSERT_EQ(x.numel(), 3);
  EXPECT_EQ(x.data<int64_t>()[2], big + 2);
  EXPECT_EQ(Arange(INT64_MIN, INT64_MAX, INT64_MAX).numel(), 3);
  EXPECT_EQ(Arange(7, 0, -3).numel(), 3);
  EXPECT_EQ(Arange(6, 0, -3).numel(), 2);
}

TEST(CreateTest, RangesThatLeadAway) {
  EXPECT_THAT(ErrorOf([] { Arange(5, 2, 10); }),
              HasSubstr("a step of 10 leads from 5 away from 2"));
  EXPECT_THAT(ErrorOf([] { Arange(0, 1, -2); }), HasSubstr("leads from 0 away from 1"));
  EXPECT_THAT(ErrorOf([] { Arange(3, 0); }), HasSubstr("away"));
  EXPECT_THAT(ErrorOf([] { Arange(5.0, 2.0, 10.0); }), HasSubstr("away"));
  EXPECT_THAT(ErrorOf([] { Arange(0.0, 1e-3, -1e3); }), HasSubstr("away"));
  EXPECT_THAT(ErrorOf([] { Arange(INT64_MAX, INT64_MIN, INT64_MAX); }), HasSubstr("away"));
  EXPECT_THAT(ErrorOf([] { Arange(0, -1e300); }), HasSubstr("away"));
  EXPECT_THAT(ErrorOf([] { Arange(0, 1e300); }), HasSubstr("too many"));
  EXPECT_THAT(ErrorOf([] { Arange(0, INFINITY); }), HasSubstr("no finite range"));
  EXPECT_THAT(ErrorOf([] { Arange(0.0, -INFINITY); }), HasSubstr("no finite range"));
  EXPECT_THAT(ErrorOf([] { Arange(0.0, 1.0, 0.0); }), HasSubstr("no finite range"));
}

TEST(CreateTest, LinspaceEndsWhereItShould) {
  for (int64_t steps = 2; steps < 200; ++steps) {
    const Tensor x = Linspace(0.1, 0.7, steps, {.dtype = kFloat64});
    ASSERT_EQ(x.numel(), steps);
    EXPECT_EQ(x.data<double>()[0], 0.1) << steps;
    EXPECT_EQ(x.data<double>()[steps - 1], 0.7) << steps;
  }
  EXPECT_THAT(Values(Linspace(3, 7, 1)), ElementsAre(3));
  EXPECT_EQ(Linspace(3, 7, 0).numel(), 0);
  EXPECT_THAT(Values(Linspace(0, 10, 5, {.dtype = kInt64})), ElementsAre(0, 2, 5, 7, 10));
}

// Ends and steps are cut off first; only int64 also counts with what is left.
TEST(CreateTest, RangesOfIntegersBetweenFractions) {
  const TensorOptions wide{.dtype = kInt64}, narrow{.dtype = kInt32};
  EXPECT_THAT(Values(Arange(0.0, -8.000001, -4.0, wide)), ElementsAre(0, -4));
  EXPECT_THAT(Values(Arange(0.5, 4, 1.5, wide)), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(Values(Arange(0.5, 4, 1.5, narrow)), ElementsAre(0, 1, 2));
  EXPECT_THAT(ErrorOf([&] { Arange(0, 3, 0.5, narrow); }),
              HasSubstr("a step of 0.5 is 0 in int32"));
  EXPECT_THAT(Values(Linspace(0.7, -3.9, 7, wide)), ElementsAre(0, 0, -1, -1, -2, -2, -3));
  EXPECT_THAT(Values(Linspace(2.7, 9.9, 1, wide)), ElementsAre(2));
  EXPECT_THAT(Values(Logspace(0.5, 3.9, 5, 10, wide)), ElementsAre(1, 5, 31, 177, 1000));
}

TEST(CreateTest, NumbersThatTheDtypeCannotHold) {
  for (const Scalar& value :
       {Scalar(300), Scalar(-1), Scalar(NAN), Scalar(INFINITY), Scalar(1e30)}) {
    EXPECT_THAT(ErrorOf([&] { Full({2}, value, {.dtype = kUInt8}); }), HasSubstr("uint8 holds"));
    EXPECT_THAT(ErrorOf([&] { Fill(Zeros({2}, {.dtype = kUInt8}), value); }), HasSubstr("uint8"));
    EXPECT_THAT(ErrorOf([&] {
                  MaskedFill(Zeros({2}, {.dtype = kUInt8}), FromList<bool>({true, false}), value);
                }),
                HasSubstr("uint8"));
    EXPECT_THAT(ErrorOf([&] {
                  Pad(Zeros({2}, {.dtype = kUInt8}), {.before = {1}, .after = {0}, .value = value});
                }),
                HasSubstr("uint8"));
  }
  EXPECT_THAT(ErrorOf([] { RandInt(298, 300, {2}, {.dtype = kUInt8}); }), HasSubstr("uint8"));
  EXPECT_THAT(ErrorOf([] { RandInt(-1, 2, {2}, {.dtype = kUInt8}); }), HasSubstr("uint8"));
  // 2051 would round to 2052 in float16.
  EXPECT_THAT(ErrorOf([] { RandInt(0, 2052, {2}, {.dtype = kFloat16}); }), HasSubstr("2048"));
  EXPECT_THAT(Values(Full({1}, 255.7, {.dtype = kUInt8})), ElementsAre(255));
  EXPECT_THAT(Values(Full({1}, 7, {.dtype = kBool})), ElementsAre(1));
}

TEST(CreateTest, IntegersAboveWhatDoublesHold) {
  const int64_t big = (int64_t{1} << 53) + 1;
  const Tensor x = Full({1}, big, {.dtype = kInt64});
  const auto first = [](const Tensor& tensor) { return tensor.data<int64_t>()[0]; };
  EXPECT_EQ(first(x), big);
  EXPECT_EQ(first(Clamp(x, {.max = big})), big);
  EXPECT_EQ(first(Clamp(Zeros({1}, {.dtype = kInt64}), {.min = big})), big);
  EXPECT_EQ(first(Pad(x, {.before = {1}, .after = {0}, .value = big})), big);
  EXPECT_EQ(first(MaskedFill(x, x == 0, 0.0)), big);
  EXPECT_EQ(MaskedFill(x, x == 0, 0.0).dtype(), kInt64);
  EXPECT_EQ(first(Where(x == 0, x, big)), big);
  EXPECT_THAT(Values(x == big - 1), ElementsAre(0));
}

TEST(CreateTest, AtMost64Dimensions) {
  const Dims many(65, 1), huge(100'000, 1);
  for (const Dims& shape : {many, huge}) {
    const std::string message =
        "a tensor has at most 64 dimensions, not " + std::to_string(shape.size());
    EXPECT_THAT(ErrorOf([&] { Empty(shape); }), HasSubstr(message));
    EXPECT_THAT(ErrorOf([&] { Zeros(shape); }), HasSubstr(message));
    EXPECT_THAT(ErrorOf([&] { Rand(shape); }), HasSubstr(message));
    EXPECT_THAT(ErrorOf([&] { Reshape(Ones({1}), shape); }), HasSubstr("reshape: " + message));
    EXPECT_THAT(ErrorOf([&] { Expand(Ones({1}), shape); }), HasSubstr("expand: " + message));
    EXPECT_THAT(ErrorOf([&] { AsStrided(Ones({1}), shape, shape); }), HasSubstr(message));
    EXPECT_THAT(ErrorOf([&] { FromSpan<float>({1.0f}, shape); }), HasSubstr(message));
  }
  const Tensor full = Ones(Dims(64, 1));
  EXPECT_EQ(full.dim(), 64);
  EXPECT_THAT(ErrorOf([&] { Unsqueeze(full, 0); }), HasSubstr("unsqueeze: a tensor has at most"));
  EXPECT_THAT(ErrorOf([&] { Unfold(full, 0, 1, 1); }), HasSubstr("unfold: a tensor has at most"));
  EXPECT_THAT(ErrorOf([&] { Stack({full, full}); }), HasSubstr("at most 64"));
  EXPECT_FLOAT_EQ(Sum(full + full).Item<float>(), 2);
}

}  // namespace
}  // namespace neura
