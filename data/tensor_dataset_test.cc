#include "neura/data/tensor_dataset.h"

#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/values.h"

namespace neura::data {
namespace {

using neura::testing::Values;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Three examples: [0, 1] and 0, [2, 3] and 1, [4, 5] and 2.
TensorDataset<2> SmallDataset() {
  return TensorDataset(FromList<float>({0, 1, 2, 3, 4, 5}, {3, 2}), FromList<int64_t>({0, 1, 2}));
}

TEST(TensorDataset, ExamplesAreRows) {
  const TensorDataset dataset = SmallDataset();
  EXPECT_EQ(dataset.size(), 3);
  const auto [x, y] = dataset.Get(1);
  EXPECT_THAT(Values(x), ElementsAre(2, 3));
  EXPECT_EQ(y.dim(), 0);
  EXPECT_EQ(y.Item<int64_t>(), 1);
  EXPECT_THROW(dataset.Get(3), Error);
  EXPECT_THROW(dataset.Get(-1), Error);
}

TEST(TensorDataset, BatchesAreRowsInOrder) {
  const auto [x, y] = SmallDataset().GetBatch({2, 0, 2}, {});
  EXPECT_THAT(x.shape(), ElementsAre(3, 2));
  EXPECT_THAT(Values(x), ElementsAre(4, 5, 0, 1, 4, 5));
  EXPECT_THAT(y.shape(), ElementsAre(3));
  EXPECT_THROW(SmallDataset().GetBatch({0, 3}, {}), Error);
}

TEST(TensorDataset, SizesMustAgree) {
  try {
    const TensorDataset dataset(Zeros({3, 2}), Zeros({4}));
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.message(), HasSubstr("float32 [3, 2], float32 [4]"));
  }
  EXPECT_THROW(TensorDataset(ScalarTensor(1.0)), Error);
}

// A dataset that has only what a dataset must have.
struct Squares {
  int64_t size() const { return 10; }
  Example<1> Get(int64_t index) const {
    return {FromList<float>({static_cast<float>(index * index)})};
  }
};

TEST(GetBatch, StacksExamples) {
  const auto [x] = GetBatch(Squares(), {3, 1}, {});
  EXPECT_THAT(x.shape(), ElementsAre(2, 1));
  EXPECT_THAT(Values(x), ElementsAre(9, 1));
}

TEST(Subset, MapsIndices) {
  const Subset subset(SmallDataset(), {2, 0});
  EXPECT_EQ(subset.size(), 2);
  EXPECT_THAT(Values(subset.Get(0)[0]), ElementsAre(4, 5));
  EXPECT_THAT(Values(GetBatch(subset, {1, 0}, {})[0]), ElementsAre(0, 1, 4, 5));
  EXPECT_THROW(subset.Get(2), Error);
  EXPECT_THROW(Subset(SmallDataset(), {3}), Error);
  EXPECT_THAT(Values(GetBatch(Subset(Squares(), {5, 6}), {1}, {})[0]), ElementsAre(36));
}

TEST(RandomSplit, PartsCoverTheDatasetOnce) {
  const auto [train, test] = RandomSplit(Squares(), {7, 3}, /*seed=*/1);
  EXPECT_EQ(train.size(), 7);
  EXPECT_EQ(test.size(), 3);
  std::multiset<float> values;
  for (int64_t i = 0; i < 7; ++i) values.insert(train.Get(i)[0].Item<float>());
  for (int64_t i = 0; i < 3; ++i) values.insert(test.Get(i)[0].Item<float>());
  EXPECT_THAT(values, ElementsAre(0, 1, 4, 9, 16, 25, 36, 49, 64, 81));
  const auto [again, unused] = RandomSplit(Squares(), {7, 3}, 1);
  EXPECT_EQ(again.Get(0)[0].Item<float>(), train.Get(0)[0].Item<float>());
  EXPECT_THROW(RandomSplit(Squares(), {7, 4}, 1), Error);
  EXPECT_THROW(RandomSplit(Squares(), {11, -1}, 1), Error);
}

}  // namespace
}  // namespace neura::data
