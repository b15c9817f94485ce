#include "neura/tensor/core/shape.h"

#include <gtest/gtest.h>

#include "absl/status/status.h"
#include "neura/tensor/testing/error_of.h"

namespace neura {
namespace {

using testing::ErrorOf;

TEST(ShapeTest, CountsElements) {
  EXPECT_EQ(NumElements({}), 1);
  EXPECT_EQ(NumElements({2, 3}), 6);
  EXPECT_EQ(NumElements({int64_t{1} << 62, 0, int64_t{1} << 62}), 0);
  EXPECT_THROW(NumElements({-1}), Error);
  try {
    NumElements({int64_t{1} << 40, int64_t{1} << 40});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), absl::StatusCode::kResourceExhausted);
  }
}

TEST(ShapeTest, Contiguity) {
  EXPECT_TRUE(IsContiguous({2, 3}, {3, 1}));
  EXPECT_TRUE(IsContiguous({2, 1, 3}, {3, 77, 1}));
  EXPECT_TRUE(IsContiguous({0, 3}, {1, 1}));
  EXPECT_FALSE(IsContiguous({3, 2}, {1, 3}));
  EXPECT_FALSE(IsContiguous({2, 3}, {0, 1}));
  EXPECT_EQ(ContiguousStrides({2, 3, 4}), (Dims{12, 4, 1}));
  const int64_t huge = int64_t{1} << 40;
  EXPECT_EQ(ContiguousStrides({huge, 0, huge, huge}), (Dims{1, 1, 1, 1}));
  EXPECT_TRUE(IsContiguous({huge, 0, huge, huge}, {1, 1, 1, 1}));
  EXPECT_EQ(ErrorOf([] {
              ContiguousStrides({int64_t{1} << 40, int64_t{1} << 40});
            }),
            "shape [1099511627776, 1099511627776] has more elements than 64 bits can count");
}

TEST(ShapeTest, Broadcasting) {
  EXPECT_EQ(BroadcastShapes("add", {4, 1, 3}, {2, 1}), (Dims{4, 2, 3}));
  EXPECT_EQ(BroadcastShapes("add", {}, {0, 2}), (Dims{0, 2}));
  EXPECT_EQ(ErrorOf([] {
              BroadcastShapes("add", {2, 3}, {4});
            }),
            "add: shapes [2, 3] and [4] do not broadcast: dimension 1 has extents 3 and 4, which "
            "must be equal or one of them 1");
  EXPECT_EQ(BroadcastStrides({3, 1}, {1, 1}, {2, 3, 5}), (Dims{0, 1, 0}));
}

TEST(ShapeTest, NormalizesDims) {
  EXPECT_EQ(NormalizeDim("sum", -1, 3), 2);
  EXPECT_EQ(NormalizeDim("sum", 0, 0), 0);
  EXPECT_EQ(ErrorOf([] { NormalizeDim("sum", 3, 3); }),
            "sum: dim 3 is outside [-3, 2] for a tensor of 3 dimensions");
}

TEST(ShapeTest, Overlap) {
  EXPECT_FALSE(Overlaps({2, 3}, {3, 1}));
  EXPECT_FALSE(Overlaps({3, 2}, {1, 3}));
  EXPECT_FALSE(Overlaps({4, 1}, {2, 0}));
  EXPECT_FALSE(Overlaps({}, {}));
  EXPECT_FALSE(Overlaps({5, 0}, {0, 0}));
  EXPECT_TRUE(Overlaps({3, 2}, {0, 1}));
  EXPECT_TRUE(Overlaps({4, 100}, {1, 1}));
  EXPECT_TRUE(Overlaps({8, 3}, {1, 1}));
  EXPECT_TRUE(Overlaps({3, 2}, {2, 4}));
  // 0, 2, 4 and 3, 5, 7 interlock.
  EXPECT_FALSE(Overlaps({3, 2}, {2, 3}));
  EXPECT_TRUE(Overlaps({4, 3}, {2, 3}));
}

TEST(ShapeTest, NumberOfDimensions) {
  CheckNumDims("reshape", kMaxDims);
  EXPECT_EQ(ErrorOf([] { CheckNumDims("reshape", 100'000); }),
            "reshape: a tensor has at most 64 dimensions, not 100000");
}

}  // namespace
}  // namespace neura
