// Views, which share memory with what they were made from.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"
#include "neura/tensor/testing/values.h"

namespace neura {
namespace {

using ::testing::ElementsAre;
using testing::ErrorOf;
using ::testing::HasSubstr;
using testing::Values;

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
  EXPECT_THAT(ErrorOf([&] { Split(x, {6, -1}); }), HasSubstr("split(int64 [5, 2]; {sizes=[6, -1]"));
  EXPECT_THAT(ErrorOf([&] { Unbind(ScalarTensor(1)); }), HasSubstr("unbind(int64 []"));
}

// The parts are views like slices: of one base, and written through.
TEST(ViewTest, PartsShareMemory) {
  const Tensor x = Clone(Reshape(Arange(6), {3, 2}));
  const std::vector<Tensor> columns = Unbind(x, 1), rows = Split(x, {1, 2});
  ASSERT_EQ(columns.size(), 2u);
  EXPECT_EQ(columns[1].shape(), DimsView({3}));
  EXPECT_TRUE(IsSame(columns[1].base(), x));
  EXPECT_TRUE(IsSame(Split(rows[1], 1)[1].base(), x));
  Assign(columns[1], FromList<int64_t>({9}));
  AddInPlace(rows[1], 10);
  EXPECT_THAT(Values(x), ::testing::ElementsAre(0, 9, 12, 19, 14, 19));
  EXPECT_TRUE(Unbind(Zeros({0, 2})).empty());
  EXPECT_EQ(Unbind(Zeros({2, 0}))[1].numel(), 0);
}

// Where the rows of a picture are cut, one channel leaves a dimension of extent 1 before them.
TEST(ViewTest, CroppedPicturesOfOneChannel) {
  const Tensor x = Cast(Reshape(Arange(4 * 28 * 28), {4, 1, 28, 28}), kFloat32);
  const Tensor rows = Slice(x, 2, 0, 24), columns = Slice(x, 3, 0, 24);
  EXPECT_EQ(Values(Flatten(rows, 1)), Values(Flatten(Clone(rows), 1)));
  EXPECT_EQ(Values(Reshape(rows, {4, -1})), Values(Clone(rows)));
  EXPECT_EQ(Values(Flatten(columns, 1)), Values(Clone(columns)));
  EXPECT_EQ(Flatten(rows, 1).raw_data(), x.raw_data());
  EXPECT_EQ(Values(View(rows, {4, 24 * 28})), Values(Clone(rows)));
  EXPECT_THAT(ErrorOf([&] { View(columns, {4, 24 * 28}); }), HasSubstr("Contiguous()"));
}

// Random extents, some of them 1, cut, permuted and expanded; then another shape.
TEST(ViewTest, ReshapeIsThatOfACopy) {
  std::mt19937 random(1);
  const auto below = [&](int64_t n) { return static_cast<int64_t>(random()) % n; };
  for (int round = 0; round < 3000; ++round) {
    Dims shape, order;
    for (int64_t d = below(5); d >= 0; --d) {
      shape.push_back(below(3) == 0 ? 1 : 1 + below(4));
      order.insert(order.begin() + below(static_cast<int64_t>(order.size()) + 1),
                   static_cast<int64_t>(order.size()));
    }
    Tensor x = Reshape(Arange(NumElements(shape)), shape);
    if (below(2) == 0) x = Permute(x, order);
    for (int64_t d = 0; d < x.dim(); ++d) {
      if (below(2) == 0) x = Slice(x, d, below(x.size(d)), INT64_MAX, 1 + below(2));
      if (x.size(d) == 1 && below(4) == 0) {
        Dims wide(x.shape().begin(), x.shape().end());
        wide[static_cast<size_t>(d)] = 2;
        x = Expand(x, wide);
      }
    }
    // The prime factors of the number of elements in a random order, some joined, with 1s between.
    Dims target;
    int64_t rest = x.numel();
    for (int64_t p = 2; rest > 1; rest % p == 0 ? rest /= p : ++p) {
      if (rest % p != 0) continue;
      if (!target.empty() && below(2) == 0) {
        target.back() *= p;
      } else {
        target.insert(target.begin() + below(static_cast<int64_t>(target.size()) + 1), p);
      }
      if (below(3) == 0) target.push_back(1);
    }
    const Tensor reshaped = Reshape(x, target);
    EXPECT_EQ(reshaped.shape(), DimsView(target));
    EXPECT_EQ(Values(reshaped), Values(Reshape(Clone(x), target)))
        << ToString(x.shape()) << " " << ToString(x.strides()) << " to " << ToString(target);
  }
}

TEST(ViewTest, ViewsOfHugeEmptyTensors) {
  const int64_t huge = int64_t{1} << 62;
  const Tensor x = Zeros({huge, 0, huge, 2});
  EXPECT_TRUE(x.is_contiguous());
  EXPECT_EQ(Unsqueeze(x, 0).dim(), 5);
  EXPECT_EQ(Transpose(x, 0, 2).numel(), 0);
  EXPECT_EQ(Slice(x, 0, 0, INT64_MAX, 2).size(0), huge / 2);
  EXPECT_EQ(Clone(Permute(x, {3, 2, 1, 0})).numel(), 0);
}

TEST(ViewTest, JoiningNeedsTensors) {
  EXPECT_THAT(ErrorOf([] { Cat({}); }), HasSubstr("takes inputs (tensors...), got 0"));
  EXPECT_THAT(ErrorOf([] { Stack({}); }), HasSubstr("takes inputs (tensors...), got 0"));
  EXPECT_THAT(ErrorOf([] { Cat({Tensor(), Ones({2})}); }), HasSubstr("input 0"));
  EXPECT_THAT(ErrorOf([] { Cat({Ones({2}), Tensor()}); }), HasSubstr("input 1"));
  EXPECT_THAT(ErrorOf([] { Stack({Ones({2}), Tensor()}); }), HasSubstr("undefined"));
}

TEST(ViewTest, SizesBeyond64BitsAreErrors) {
  const int64_t huge = int64_t{1} << 62;
  const Tensor x = Expand(Ones({1}), {huge});
  EXPECT_THAT(ErrorOf([&] { Cat({x, x}); }), HasSubstr("64 bits"));
  EXPECT_THAT(ErrorOf([&] { Stack({x, x}); }), HasSubstr("64 bits"));
  EXPECT_THAT(ErrorOf([&] { Pad(x, {.before = {huge}, .after = {huge}}); }), HasSubstr("64 bits"));
  EXPECT_THAT(ErrorOf([&] { Expand(x, {4, huge}); }), HasSubstr("64 bits"));
  EXPECT_THAT(ErrorOf([&] {
                Split(x, DimsView({huge, huge, huge, huge, huge}));
              }),
              HasSubstr("do not add up"));
  EXPECT_EQ(Split(x, huge / 2 + 1).size(), 2u);
  EXPECT_EQ(Chunk(Ones({3}), INT64_MAX).size(), 3u);
  const Tensor plane = Expand(Ones({1, 1, 1, 1}), {1, 1, INT64_MAX, 1});
  EXPECT_THAT(ErrorOf([&] { MaxPool2d(plane, {.kernel_size = {2, 1}}); }), HasSubstr("too large"));
  EXPECT_THAT(ErrorOf([&] {
                Conv2d(plane, Ones({1, 1, 1, 1}), {}, {.padding = 2});
              }),
              HasSubstr("too large"));
}

}  // namespace
}  // namespace neura
