#include "neura/data/datasets.h"

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "neura/data/tensor_dataset.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"
#include "neura/tensor/testing/values.h"

namespace neura::data {
namespace {

using neura::testing::ErrorOf;
using neura::testing::Values;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TensorDataset<1> Rows(std::vector<float> values) {
  const auto count = static_cast<int64_t>(values.size());
  return TensorDataset(FromVector(values, {count}));
}

TEST(StackDataset, ExamplesBelongTogether) {
  const StackDataset dataset(Rows({1, 2, 3}), Rows({10, 20, 30}));
  EXPECT_EQ(dataset.size(), 3);
  const auto [a, b] = dataset.Get(1);
  EXPECT_EQ(a[0].Item<float>(), 2);
  EXPECT_EQ(b[0].Item<float>(), 20);
  const auto batch = GetBatch(dataset, {2, 0}, {});
  EXPECT_THAT(Values(std::get<1>(batch)[0]), ElementsAre(30, 10));
  EXPECT_THAT(ErrorOf([] { StackDataset(Rows({1}), Rows({1, 2})); }), HasSubstr("[1, 2]"));
  EXPECT_THROW(dataset.Get(3), Error);
}

TEST(ConcatDataset, OneAfterTheOther) {
  const ConcatDataset dataset(std::vector{Rows({1, 2}), Rows({}), Rows({3})});
  EXPECT_EQ(dataset.size(), 3);
  EXPECT_EQ(dataset.Get(1)[0].Item<float>(), 2);
  EXPECT_EQ(dataset.Get(2)[0].Item<float>(), 3);
  EXPECT_THROW(dataset.Get(3), Error);
  EXPECT_THROW(dataset.Get(-1), Error);
}

TEST(MapDataset, AppliesAFunction) {
  const MapDataset doubled(Rows({1, 2}),
                           [](const Example<1>& x) { return x[0].Item<float>() * 2; });
  EXPECT_EQ(doubled.Get(1), 4);
  EXPECT_THAT(Values(GetBatch(doubled, {1, 0}, {})), ElementsAre(4, 2));
  const MapDataset random(Rows({1, 2}),
                          [](const Example<1>&, SampleRandom& r) { return r.Uniform(); });
  EXPECT_EQ(random.Get(1, {.seed = 1}), random.Get(1, {.seed = 1}));
  EXPECT_NE(random.Get(1, {.seed = 1}), random.Get(1, {.seed = 2}));
}

struct Counted {
  std::shared_ptr<std::atomic<int>> calls = std::make_shared<std::atomic<int>>(0);
  int64_t size() const { return 4; }
  Example<1> Get(int64_t index) const {
    ++*calls;
    return {ScalarTensor(index)};
  }
};

TEST(CachedDataset, AsksOnce) {
  const Counted counted;
  const CachedDataset all(counted);
  const CachedDataset copy = all;
  for (int round = 0; round < 3; ++round) {
    for (int64_t i = 0; i < 4; ++i)
      EXPECT_EQ((round == 1 ? copy : all).Get(i)[0].Item<int64_t>(), i);
  }
  EXPECT_EQ(*counted.calls, 4);
  const CachedDataset two(counted, 2);
  for (int round = 0; round < 2; ++round) {
    for (int64_t i = 0; i < 4; ++i) two.Get(i);
  }
  EXPECT_EQ(*counted.calls, 4 + 6);
}

// The numbers of [begin, end).
struct Count {
  int64_t begin = 0, end = 0;
  struct Stream {
    int64_t at, end;
    std::optional<int64_t> Next() { return at < end ? std::optional(at++) : std::nullopt; }
  };
  Stream Begin(const Epoch&) const { return {begin, end}; }
};

TEST(ChainDataset, OneStreamAfterTheOther) {
  const ChainDataset dataset(std::vector{Count{0, 2}, Count{5, 5}, Count{7, 9}});
  std::vector<int64_t> seen;
  auto stream = dataset.Begin({});
  while (const auto value = stream.Next()) seen.push_back(*value);
  EXPECT_THAT(seen, ElementsAre(0, 1, 7, 8));
  EXPECT_FALSE(stream.Next());
}

TEST(DefaultCollate, NestedExamples) {
  using Named = std::map<std::string, std::pair<int, std::string>>;
  const std::vector<std::tuple<Tensor, Named, std::vector<double>, bool>> examples = {
      {FromList<float>({1, 2}), {{"a", {1, "x"}}}, {0.5, 1}, true},
      {FromList<float>({3, 4}), {{"a", {2, "y"}}}, {1.5, 2}, false}};
  const auto [tensors, named, lists, flags] = DefaultCollate(examples);
  EXPECT_THAT(tensors.shape(), ElementsAre(2, 2));
  EXPECT_EQ(named.at("a").first.dtype(), kInt64);
  EXPECT_THAT(named.at("a").second, ElementsAre("x", "y"));
  EXPECT_EQ(lists[1].dtype(), kFloat64);
  EXPECT_THAT(Values(lists[1]), ElementsAre(1, 2));
  EXPECT_EQ(flags.dtype(), kBool);
  EXPECT_THROW(DefaultCollate(std::vector<std::vector<int>>{{1}, {1, 2}}), Error);
  EXPECT_THROW(DefaultCollate(std::vector<int>()), Error);
  EXPECT_THROW(DefaultCollate(std::vector{Zeros({1}), Zeros({2})}), Error);
}

}  // namespace
}  // namespace neura::data
