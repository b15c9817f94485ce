// Factories.
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

TEST(CreateTest, Ranges) {
  EXPECT_EQ(Arange(3).dtype(), kInt64);
  EXPECT_THAT(Values(Arange(0, 1, 0.25)), ElementsAre(0, 0.25, 0.5, 0.75));
  EXPECT_THAT(Values(Arange(5, 0, -2)), ElementsAre(5, 3, 1));
  EXPECT_EQ(Arange(3, 0).numel(), 0);
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
  EXPECT_EQ(Arange(0, 7, -3).numel(), 0);
}

TEST(CreateTest, RangesThatLeadAway) {
  EXPECT_EQ(Arange(0, -1e300).numel(), 0);
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

}  // namespace
}  // namespace neura
