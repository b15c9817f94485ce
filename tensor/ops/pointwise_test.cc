// Corners of pointwise operations that the cases of //tensor/testing do not reach.
#include "neura/tensor/ops/op_list/pointwise.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>

#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"
#include "neura/tensor/testing/values.h"

namespace neura {
namespace {

using ::testing::ElementsAre;
using testing::ErrorOf;
using ::testing::HasSubstr;
using testing::Values;

TEST(ClampTest, BoundsRaiseTheDtypeAsNumbersDo) {
  const Tensor x = FromList<int32_t>({1, 5});
  const Tensor y = Clamp(x, {.max = 2.5});
  EXPECT_EQ(y.dtype(), kFloat32);
  EXPECT_THAT(Values(y), ElementsAre(1, 2.5));
  EXPECT_EQ(Clamp(x, {.min = 2}).dtype(), kInt32);
  EXPECT_EQ(Clamp(FromList<bool>({true}), {.min = 0}).dtype(), kInt64);
  EXPECT_THAT(ErrorOf([&] { ClampInPlace(x, {.max = 2.5}); }), HasSubstr("int32 memory"));
}

TEST(ClampTest, BoundsOutsideTheDtype) {
  const Tensor bytes = FromList<uint8_t>({0, 100, 255});
  EXPECT_THAT(Values(Clamp(bytes, {.max = -5})), ElementsAre(0, 0, 0));
  EXPECT_THAT(Values(Clamp(bytes, {.min = 300})), ElementsAre(255, 255, 255));
  EXPECT_THAT(Values(Clamp(bytes, {.min = -5, .max = 300})), ElementsAre(0, 100, 255));
  EXPECT_THAT(Values(Clamp(Ones({1}), {.min = INFINITY})), ElementsAre(INFINITY));
}

TEST(ClampTest, NanIsNoBound) {
  const Tensor x = FromList<float>({1, 5});
  for (const ClampOptions& options :
       {ClampOptions{.min = NAN}, ClampOptions{.max = NAN}, ClampOptions{.min = NAN, .max = 3},
        ClampOptions{.min = 2, .max = NAN}}) {
    for (double value : Values(Clamp(x, options))) EXPECT_TRUE(std::isnan(value));
  }
  EXPECT_TRUE(std::isnan(Values(Clamp(FromList<float>({NAN}), {.min = 0, .max = 1}))[0]));
}

TEST(ClampTest, BetweenTensors) {
  const Tensor x = FromList<float>({-2, 0, 2, NAN}), low = FromList<float>({-1, 1, 1, 1});
  EXPECT_THAT(Values(Slice(ClampBetween(x, low, 1.5), 0, 0, 3)), ElementsAre(-1, 1, 1.5));
  EXPECT_TRUE(std::isnan(Values(ClampBetween(x, low, {}))[3]));
  EXPECT_TRUE(std::isnan(Values(ClampBetween(low, x, {}))[3]));
  EXPECT_THAT(Values(ClampBetween(FromList<int64_t>({1, 5}), {}, FromList<float>({2.5}))),
              ElementsAre(1, 2.5));
}

TEST(NumberTest, ComparesAndDividesAsItIs) {
  const Tensor bytes = FromList<uint8_t>({1, 44});
  EXPECT_THAT(Values(bytes == 257), ElementsAre(0, 0));
  EXPECT_THAT(Values(bytes != 257), ElementsAre(1, 1));
  EXPECT_THAT(Values(bytes < 256), ElementsAre(1, 1));
  EXPECT_THAT(Values(bytes <= 300), ElementsAre(1, 1));
  EXPECT_THAT(Values(bytes > -1), ElementsAre(1, 1));
  EXPECT_THAT(Values(bytes >= 300), ElementsAre(0, 0));
  EXPECT_THAT(Values(300 == bytes), ElementsAre(0, 0));
  EXPECT_EQ((ScalarTensor(1, {.dtype = kUInt8}) == 257).shape(), DimsView());
  EXPECT_THAT(Values(FromList<int32_t>({1}) == (int64_t{1} << 32) + 1), ElementsAre(0));
  EXPECT_THAT(Values(FromList<uint8_t>({150}) / 300), ElementsAre(0.5));
  EXPECT_THAT(Values(LogicalAnd(bytes, 256)), ElementsAre(1, 1));
  EXPECT_THAT(Values(bytes + 256), ElementsAre(1, 44));
  EXPECT_THAT(ErrorOf([&] { Maximum(bytes, 300); }),
              HasSubstr("maximum: the number 300 is outside"));
  EXPECT_THAT(ErrorOf([&] { Minimum(-200, bytes); }), HasSubstr("-200"));
  EXPECT_THAT(ErrorOf([&] { Remainder(bytes, 300); }), HasSubstr("300"));
}

TEST(PowTest, IntegersHaveNoNegativePowers) {
  EXPECT_THAT(ErrorOf([] { Pow(FromList<int32_t>({2}), -1); }), HasSubstr("no negative powers"));
  EXPECT_THAT(ErrorOf([] { PowInPlace(FromList<int64_t>({2}), -1); }), HasSubstr("negative"));
  EXPECT_THAT(Values(Pow(FromList<int32_t>({2}), -1.0)), ElementsAre(0.5));
  EXPECT_THAT(Values(Pow(-2, FromList<int32_t>({2}))), ElementsAre(4));
}

TEST(WhereTest, ChoosesAmongElementsOfEveryDtype) {
  const Tensor condition = Expand(FromList<bool>({true, false}, {2, 1}), {2, 3});
  const Tensor values = Reshape(Arange(0, 6), {3, 2});
  for (int i = 0; i < kNumDTypes; ++i) {
    const DType dtype = static_cast<DType>(i);
    const Tensor a = Transpose(Cast(values, dtype), 0, 1), b = Cast(Ones({3}), dtype);
    EXPECT_TRUE(SameBits(Where(condition, a, b), Cat({Slice(a, 0, 0, 1), Reshape(b, {1, 3})})))
        << DTypeName(dtype);
  }
}

TEST(FloorDivideTest, ByInfinityAndZero) {
  const Tensor x = FromList<float>({-5, 5, -0.0f, 0});
  EXPECT_THAT(Values(FloorDivide(x, INFINITY)), ElementsAre(-1, 0, 0, 0));
  EXPECT_THAT(Values(FloorDivide(x, -INFINITY)), ElementsAre(0, -1, 0, 0));
  EXPECT_THAT(Values(FloorDivide(FromList<float>({7, -7, 6, -6}), 2.0)), ElementsAre(3, -4, 3, -3));
  EXPECT_THAT(Values(FloorDivide(FromList<float>({7, -7, 1}), -2.0)), ElementsAre(-4, 3, -1));
  EXPECT_EQ(Values(FloorDivide(FromList<float>({-5}), 0.0))[0], -INFINITY);
  const Tensor i = FromList<int64_t>({7, -7});
  EXPECT_THAT(Values(FloorDivide(i, 0)), ElementsAre(0, 0));
  EXPECT_THAT(Values(Remainder(i, 0)), ElementsAre(0, 0));
}

TEST(GeluTest, KnowsTwoForms) {
  EXPECT_THAT(ErrorOf([] { Gelu(Ones({2}), {.approximate = "erf"}); }),
              HasSubstr("\"none\" or \"tanh\""));
}

}  // namespace
}  // namespace neura
