#include "neura/data/sampler.h"

#include <algorithm>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "neura/tensor/core/error.h"

namespace neura::data {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(SequentialSampler, CountsUp) {
  EXPECT_THAT(SequentialSampler{3}({}), ElementsAre(0, 1, 2));
  EXPECT_THAT(SequentialSampler{0}({}), IsEmpty());
}

TEST(RandomSampler, IsAPermutationOfSeedAndEpoch) {
  const RandomSampler sampler{1000};
  const std::vector<int64_t> order = sampler({.seed = 1, .number = 0});
  EXPECT_EQ(order, sampler({.seed = 1, .number = 0}));
  EXPECT_NE(order, sampler({.seed = 1, .number = 1}));
  EXPECT_NE(order, sampler({.seed = 2, .number = 0}));
  std::vector<int64_t> sorted = order;
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(sorted, SequentialSampler{1000}({}));
  EXPECT_THAT(RandomSampler{0}({}), IsEmpty());
}

// Each of the 24 orders of four comes about equally often: chi-squared with 23 degrees of freedom
// is below 65 but once in a hundred thousand seeds, and the seed is fixed.
TEST(RandomSampler, OrdersAreEquallyLikely) {
  std::vector<int64_t> order = {0, 1, 2, 3};
  std::vector<std::vector<int64_t>> orders;
  do {
    orders.push_back(order);
  } while (std::next_permutation(order.begin(), order.end()));
  std::vector<double> counts(orders.size());
  constexpr int kDraws = 24000;
  for (int64_t epoch = 0; epoch < kDraws; ++epoch) {
    const auto drawn = RandomSampler{4}({.seed = 7, .number = epoch});
    counts[std::find(orders.begin(), orders.end(), drawn) - orders.begin()] += 1;
  }
  double chi_squared = 0;
  const double expected = double{kDraws} / 24;
  for (const double count : counts)
    chi_squared += (count - expected) * (count - expected) / expected;
  EXPECT_LT(chi_squared, 65);
}

TEST(BatchSampler, CutsAndDropsTheLast) {
  BatchSampler batches{SequentialSampler{5}, 2};
  EXPECT_THAT(batches({}), ElementsAre(ElementsAre(0, 1), ElementsAre(2, 3), ElementsAre(4)));
  batches.drop_last = true;
  EXPECT_THAT(batches({}), ElementsAre(ElementsAre(0, 1), ElementsAre(2, 3)));
  batches.sampler = SequentialSampler{1};
  EXPECT_THAT(batches({}), IsEmpty());
  batches.batch_size = 0;
  EXPECT_THROW(batches({}), Error);
}

}  // namespace
}  // namespace neura::data
