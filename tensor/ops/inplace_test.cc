// In-place operations, and views that share memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"

namespace neura {
namespace {

using ::testing::ElementsAre;
using testing::ErrorOf;
using ::testing::HasSubstr;

std::vector<float> Values(const Tensor& tensor) {
  const Tensor copy = Cast(Contiguous(tensor), kFloat32);
  return {copy.data<float>(), copy.data<float>() + copy.numel()};
}

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

TEST(InPlaceTest, ResultsThatDoNotFitAreErrors) {
  const Tensor x = Ones({2});
  EXPECT_THAT(ErrorOf([&] { AddInPlace(x, Ones({3, 2})); }), HasSubstr("does not fit in place"));
  EXPECT_THAT(ErrorOf([&] { AddInPlace(Arange(2), 0.5); }), HasSubstr("int64 memory"));
  EXPECT_THAT(ErrorOf([&] { AddInPlace(Expand(x, {3, 2}), 1); }), HasSubstr("expanded"));
  EXPECT_THAT(ErrorOf([&] { Assign(x, Ones({3})); }), HasSubstr("[2] and [3]"));
  EXPECT_THAT(Values(x), ElementsAre(1, 1));
}

TEST(ViewTest, ReshapeSharesMemoryWhereItCan) {
  const Tensor x = Reshape(Arange(12), {3, 4});
  EXPECT_EQ(Reshape(x, {2, 6}).raw_data(), x.raw_data());
  const Tensor columns = Slice(x, 1, 0, 2);  // [3, 2], with gaps
  EXPECT_EQ(Reshape(columns, {3, 2, 1}).raw_data(), x.raw_data());
  EXPECT_NE(Reshape(columns, {6}).raw_data(), x.raw_data());
  EXPECT_THAT(Values(Reshape(columns, {6})), ElementsAre(0, 1, 4, 5, 8, 9));
  EXPECT_THAT(ErrorOf([&] { View(columns, {6}); }), HasSubstr("Contiguous()"));
  EXPECT_THAT(Values(Reshape(Transpose(x, 0, 1), {2, 6})),
              ElementsAre(0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11));
}

TEST(ViewTest, SlicesFollowPython) {
  const Tensor x = Arange(5);
  EXPECT_THAT(Values(Slice(x, 0, -2)), ElementsAre(3, 4));
  EXPECT_THAT(Values(Slice(x, 0, 1, -1, 2)), ElementsAre(1, 3));
  EXPECT_EQ(Slice(x, 0, 4, 2).numel(), 0);
  EXPECT_EQ(Slice(x, 0, 100).numel(), 0);
  EXPECT_EQ(Slice(x, 0, 0, INT64_MAX, INT64_MAX).numel(), 1);
  EXPECT_EQ(Select(x, 0, -1).Item<int64_t>(), 4);
  EXPECT_THAT(ErrorOf([&] { Select(x, 0, 5); }), HasSubstr("index 5"));
  EXPECT_THAT(ErrorOf([&] { Narrow(x, 0, 3, 3); }), HasSubstr("reach outside"));
}

TEST(ViewTest, SplitAndStack) {
  const Tensor x = Reshape(Arange(10), {5, 2});
  const std::vector<Tensor> parts = Split(x, 2);
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(parts[2].size(0), 1);
  EXPECT_THAT(Values(Cat(parts)), Values(x));
  EXPECT_EQ(Chunk(x, 2)[0].size(0), 3);
  EXPECT_EQ(Stack({x, x}, -1).shape(), DimsView({5, 2, 2}));
  EXPECT_THAT(ErrorOf([&] { Split(x, {2, 2}); }), HasSubstr("do not add up"));
}

TEST(CompositeTest, ReductionsOfReductions) {
  const Tensor x = FromList<float>({1, 2, 3, 4, 5, 9}, {2, 3});
  EXPECT_FLOAT_EQ(Var(x).Item<float>(), 8.0f);
  EXPECT_FLOAT_EQ(Std(x, {}, 0).Item<float>(), std::sqrt(40.0f / 6));
  EXPECT_FLOAT_EQ(Norm(x).Item<float>(), std::sqrt(136.0f));
  EXPECT_FLOAT_EQ(Norm(x, 1).Item<float>(), 24);
  EXPECT_FLOAT_EQ(Norm(x, INFINITY).Item<float>(), 9);
  EXPECT_FLOAT_EQ(LogSumExp(FromList<float>({1000, 1000})).Item<float>(), 1000 + std::log(2.0f));
  EXPECT_EQ(LogSumExp(FromList<float>({-INFINITY, -INFINITY})).Item<float>(), -INFINITY);
  const ValuesAndIndices max = Max(x, 1);
  EXPECT_THAT(Values(max.values), ElementsAre(3, 9));
  EXPECT_THAT(Values(max.indices), ElementsAre(2, 2));
  EXPECT_THAT(Values(Lerp(x, x * 2, 0.5)), ElementsAre(1.5, 3, 4.5, 6, 7.5, 13.5));
  EXPECT_THAT(Values(MaskedFill(x, x > 3, 0)), ElementsAre(1, 2, 3, 0, 0, 0));
}

TEST(CompositeTest, NanWins) {
  const Tensor x = FromList<float>({1, NAN, 3});
  EXPECT_TRUE(std::isnan(AMax(x).Item<float>()));
  EXPECT_TRUE(std::isnan(AMin(x).Item<float>()));
  EXPECT_EQ(ArgMax(x).Item<int64_t>(), 1);
  EXPECT_TRUE(std::isnan(Values(Maximum(x, FromList<float>({NAN, 0, 0})))[0]));
  EXPECT_TRUE(std::isnan(Values(Relu(x))[1]));
}

TEST(CreateTest, Ranges) {
  EXPECT_EQ(Arange(3).dtype(), kInt64);
  EXPECT_THAT(Values(Arange(0, 1, 0.25)), ElementsAre(0, 0.25, 0.5, 0.75));
  EXPECT_THAT(Values(Arange(5, 0, -2)), ElementsAre(5, 3, 1));
  EXPECT_EQ(Arange(3, 0).numel(), 0);
  EXPECT_THAT(ErrorOf([] { Arange(0, 3, 0); }), HasSubstr("no finite range"));
  EXPECT_THAT(Values(Linspace(0, 1, 3)), ElementsAre(0, 0.5, 1));
  EXPECT_THAT(Values(Eye(2, 3)), ElementsAre(1, 0, 0, 0, 1, 0));
}

}  // namespace
}  // namespace neura
