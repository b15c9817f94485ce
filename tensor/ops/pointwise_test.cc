// Corners of pointwise operations that the cases of //tensor/testing do not reach.
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

TEST(ClampTest, BoundsOfIntegersAreRoundedInwards) {
  const Tensor x = FromList<int64_t>({-3, -2, -1, 0, 1, 2, 3});
  EXPECT_THAT(Values(Clamp(x, {.min = -1.5, .max = 1.5})), ElementsAre(-1, -1, -1, 0, 1, 1, 1));
  EXPECT_THAT(Values(Clamp(x, {.min = 0.5})), ElementsAre(1, 1, 1, 1, 1, 2, 3));
}

TEST(ClampTest, BoundsOutsideTheDtype) {
  const Tensor bytes = FromList<uint8_t>({0, 100, 255});
  EXPECT_THAT(Values(Clamp(bytes, {.max = -5})), ElementsAre(0, 0, 0));
  EXPECT_THAT(Values(Clamp(bytes, {.min = 300})), ElementsAre(255, 255, 255));
  EXPECT_THAT(Values(Clamp(bytes, {.min = -5, .max = 300})), ElementsAre(0, 100, 255));
  const Tensor wide = FromList<int64_t>({INT64_MIN, 0, INT64_MAX});
  EXPECT_EQ(Clamp(wide, {.min = 1e300}).data<int64_t>()[0], INT64_MAX);
  EXPECT_EQ(Clamp(wide, {.min = -1e300, .max = 1e300}).data<int64_t>()[0], INT64_MIN);
  EXPECT_EQ(Clamp(wide, {.max = NAN}).data<int64_t>()[2], INT64_MAX);
  EXPECT_THAT(Values(Clamp(Ones({1}), {.min = INFINITY})), ElementsAre(INFINITY));
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
