// In-place operations.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"
#include "neura/tensor/testing/values.h"

namespace neura {
namespace {

using ::testing::ElementsAre;
using testing::ErrorOf;
using ::testing::HasSubstr;
using testing::Values;

TEST(InPlaceTest, ChangesEveryViewAndBumpsTheVersion) {
  const Tensor x = FromList<float>({1, 2, 3, 4}, {2, 2});
  const Tensor column = Select(x, 1, 0);
  const uint32_t version = x.version();
  MulInPlace(column, 10);
  EXPECT_THAT(Values(x), ElementsAre(10, 2, 30, 4));
  EXPECT_EQ(x.version(), version + 1);
  EXPECT_TRUE(IsSame(AddInPlace(x, x), x));
  EXPECT_THAT(Values(x), ElementsAre(20, 4, 60, 8));
}

TEST(InPlaceTest, OverlappingViewsReadTheOldValues) {
  const Tensor x = FromList<float>({1, 2, 3, 4});
  AddInPlace(Slice(x, 0, 1), Slice(x, 0, 0, 3));
  EXPECT_THAT(Values(x), ElementsAre(1, 3, 5, 7));
}

TEST(InPlaceTest, AssignBroadcastsAndConverts) {
  const Tensor x = Zeros({2, 3});
  Assign(x, FromList<int64_t>({1, 2, 3}));
  EXPECT_THAT(Values(x), ElementsAre(1, 2, 3, 1, 2, 3));
  Assign(Transpose(x, 0, 1), FromList<float>({7, 8}));
  EXPECT_THAT(Values(x), ElementsAre(7, 7, 7, 8, 8, 8));
  Fill(Slice(x, 1, 2), -1);
  EXPECT_THAT(Values(x), ElementsAre(7, 7, -1, 8, 8, -1));
}

TEST(InPlaceTest, AssignBetweenOverlappingViews) {
  const Tensor x = FromList<float>({1, 2, 3, 4});
  Assign(Slice(x, 0, 1), Slice(x, 0, 0, 3));
  EXPECT_THAT(Values(x), ElementsAre(1, 1, 2, 3));
}

TEST(InPlaceTest, IndexAssignOverwritesTheSlicesThatAreNamed) {
  const Tensor x = Zeros({3, 2});
  const Tensor rows = FromList<float>({1, 2, 3, 4, 5, 6}, {3, 2});
  const uint32_t version = x.version();
  EXPECT_TRUE(IsSame(IndexAssign(x, 0, FromList<int64_t>({2, 0, 2}), rows), x));
  EXPECT_THAT(Values(x), ElementsAre(3, 4, 0, 0, 5, 6));
  EXPECT_EQ(x.version(), version + 1);
  // Columns, of memory that is not in their order.
  const Tensor y = Zeros({2, 3}), turned = Transpose(y, 0, 1);
  IndexAssign(turned, -2, FromList<int32_t>({1}), FromList<float>({7, 8}, {1, 2}));
  IndexAssign(turned, 1, FromList<int64_t>({1}), FromList<float>({4, 5, 6}, {3, 1}));
  EXPECT_THAT(Values(y), ElementsAre(0, 7, 0, 4, 5, 6));
  IndexAssign(y, 0, FromVector<int64_t>({}, {0}), Zeros({0, 3}));
  EXPECT_THAT(Values(y), ElementsAre(0, 7, 0, 4, 5, 6));
  EXPECT_THAT(ErrorOf([&] {
                IndexAssign(y, 0, FromList<int64_t>({2}), Zeros({1, 3}));
              }),
              HasSubstr("index 2 is outside [0, 2)"));
  EXPECT_THAT(ErrorOf([&] {
                IndexAssign(y, 0, FromList<int64_t>({1}), Zeros({1, 2}));
              }),
              HasSubstr("index_assign_(float32 [2, 3], int64 [1], float32 [1, 2]"));
}

TEST(InPlaceTest, ResultsThatDoNotFitAreErrors) {
  const Tensor x = Ones({2});
  EXPECT_THAT(ErrorOf([&] { AddInPlace(x, Ones({3, 2})); }), HasSubstr("does not fit in place"));
  EXPECT_THAT(ErrorOf([&] { AddInPlace(Arange(2), 0.5); }), HasSubstr("int64 memory"));
  EXPECT_THAT(ErrorOf([&] { AddInPlace(Expand(x, {3, 2}), 1); }), HasSubstr("an expanded one"));
  EXPECT_THAT(ErrorOf([&] { Assign(x, Ones({3})); }), HasSubstr("[2] and [3]"));
  EXPECT_THAT(Values(x), ElementsAre(1, 1));
}

TEST(InPlaceTest, AnOperandThatStartsAtTheSameElementMayBroadcastOverTheOthers) {
  const Tensor x = FromList<float>({1, 2, 3, 4}, {2, 2});
  AddInPlace(x, Slice(x, 0, 0, 1));
  EXPECT_THAT(Values(x), ElementsAre(2, 4, 4, 6));
  const Tensor y = FromList<float>({1, 2, 3});
  MulInPlace(y, Slice(y, 0, 0, 1));
  EXPECT_THAT(Values(y), ElementsAre(1, 2, 3));
  AddInPlace(y, Slice(y, 0, 0, 1));
  EXPECT_THAT(Values(y), ElementsAre(2, 3, 4));
}

TEST(InPlaceTest, EmptyTensorsOfAnyExtents) {
  const Tensor x = Zeros({int64_t{1} << 40, 0, int64_t{1} << 40});
  EXPECT_TRUE(IsSame(AddInPlace(x, 1), x));
}

TEST(InPlaceTest, ElementsThatShareMemoryAreErrors) {
  const Tensor x = Zeros({16});
  EXPECT_THAT(ErrorOf([&] {
                AddInPlace(AsStrided(x, {4, 13}, {1, 1}), 1);
              }),
              HasSubstr("share memory"));
  EXPECT_THAT(ErrorOf([&] { Assign(Unfold(x, 0, 3, 1), Ones({3})); }), HasSubstr("share memory"));
  EXPECT_THAT(ErrorOf([&] { Fill(Expand(Slice(x, 0, 0, 1), {3}), 1); }), HasSubstr("share memory"));
  EXPECT_EQ(Sum(x).Item<double>(), 0);
  AddInPlace(Unfold(x, 0, 2, 2), 1);
  AddInPlace(AsStrided(x, {3, 2}, {2, 3}), 1);
  EXPECT_EQ(Sum(x).Item<double>(), 22);
}

TEST(InPlaceTest, TheSameMemoryThroughTwoStorages) {
  float memory[4] = {1, 2, 3, 4};
  const auto view = [&](int64_t offset, int64_t count) {
    return Tensor::View(Storage::External(
                            memory, sizeof(memory), kCpu, [](void*) {}, nullptr),
                        offset, {count}, {1}, kFloat32);
  };
  AddInPlace(view(1, 3), view(0, 3));
  EXPECT_THAT(Values(view(0, 4)), ElementsAre(1, 3, 5, 7));
}

TEST(InPlaceTest, ResultsOfOtherDtypesAreConverted) {
  const Tensor x = FromList<float>({-1, 0, 2});
  LtInPlace(x, 1);
  EXPECT_EQ(x.dtype(), kFloat32);
  EXPECT_THAT(Values(x), ElementsAre(1, 1, 0));
  LogicalNotInPlace(x);
  EXPECT_THAT(Values(x), ElementsAre(0, 0, 1));
  const Tensor bytes = FromList<uint8_t>({250, 1});
  AddInPlace(bytes, FromList<int32_t>({10, 300}));
  EXPECT_THAT(Values(bytes), ElementsAre(4, 45));
  AddInPlace(x, FromList<double>({0.5, 0.5, 0.5}));
  EXPECT_THAT(Values(x), ElementsAre(0.5, 0.5, 1.5));
  EXPECT_THAT(ErrorOf([&] {
                AddInPlace(bytes, FromList<float>({1, 1}));
              }),
              HasSubstr("uint8 memory"));
  EXPECT_THAT(ErrorOf([&] { EqInPlace(bytes, Ones({3, 2})); }), HasSubstr("does not fit in place"));
}

}  // namespace
}  // namespace neura
