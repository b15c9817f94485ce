// Streams, passes that go on where others stopped, workers that stay, batches as they become ready.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "neura/data/dataloader.h"
#include "neura/data/datasets.h"
#include "neura/data/tensor_dataset.h"
#include "neura/tensor/tensor.h"

namespace neura::data {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// The numbers below `end`, shared among the workers where they are split.
struct Numbers {
  int64_t end = 0;
  bool split = true;
  struct Stream {
    int64_t at, end, step;
    std::optional<int64_t> Next() {
      if (at >= end) return std::nullopt;
      return std::exchange(at, at + step);
    }
  };
  Stream Begin(const Epoch&) const {
    const std::optional<WorkerInfo> info = GetWorkerInfo();
    if (!split || !info) return {0, end, 1};
    return {info->id, end, info->num_workers};
  }
};

using Batches64 = std::vector<std::vector<int64_t>>;

template <typename Pass>
Batches64 Rest(Pass& pass) {
  Batches64 batches;
  while (const auto batch = pass.Next()) {
    const Tensor values = Contiguous(*batch);
    batches.emplace_back(values.template data<int64_t>(),
                         values.template data<int64_t>() + values.numel());
  }
  return batches;
}

template <typename Loader>
Batches64 All(Loader& loader) {
  typename Loader::Pass pass(loader);
  return Rest(pass);
}

TEST(Streams, EachWorkerReadsItsOwn) {
  DataLoader alone(Numbers{5}, {.batch_size = 2});
  EXPECT_THAT(All(alone), ElementsAre(ElementsAre(0, 1), ElementsAre(2, 3), ElementsAre(4)));
  DataLoader two(Numbers{7}, {.batch_size = 2, .num_workers = 2});
  for (int epoch = 0; epoch < 3; ++epoch) {
    EXPECT_THAT(All(two), ElementsAre(ElementsAre(0, 2), ElementsAre(1, 3), ElementsAre(4, 6),
                                      ElementsAre(5)));
  }
  DataLoader whole(Numbers{7}, {.batch_size = 2, .drop_last = true, .num_workers = 2});
  EXPECT_THAT(All(whole), ElementsAre(ElementsAre(0, 2), ElementsAre(1, 3), ElementsAre(4, 6)));
  DataLoader twice(Numbers{3, false}, {.batch_size = 3, .num_workers = 2});
  EXPECT_THAT(All(twice), ElementsAre(ElementsAre(0, 1, 2), ElementsAre(0, 1, 2)));
  DataLoader none(Numbers{0}, {.num_workers = 3});
  EXPECT_THAT(All(none), IsEmpty());
  EXPECT_THROW(DataLoader(Numbers{3}, {.shuffle = true}), Error);
}

struct Squares {
  int64_t count = 10;
  int64_t size() const { return count; }
  int64_t Get(int64_t index) const { return index * index; }
};

TEST(State, AnotherLoaderGoesOn) {
  for (const int workers : {0, 1, 2, 4}) {
    for (const bool in_order : {true, false}) {
      const DataLoaderOptions options{.batch_size = 3,
                                      .shuffle = true,
                                      .num_workers = workers,
                                      .seed = 9,
                                      .in_order = in_order};
      DataLoader whole(Squares{20}, options);
      Batches64 first = All(whole), second = All(whole), third = All(whole);
      for (int64_t stop = 0; stop <= 7; ++stop) {
        DataLoader begun(Squares{20}, options);
        All(begun);
        Batches64 seen;
        {
          decltype(begun)::Pass pass(begun);
          for (int64_t i = 0; i < stop; ++i) {
            const Tensor batch = *pass.Next();
            seen.emplace_back(batch.data<int64_t>(), batch.data<int64_t>() + batch.numel());
          }
        }
        const NamedTensors state = begun.StateDict();
        DataLoader resumed(Squares{20}, options);
        resumed.LoadStateDict(state);
        Batches64 rest;
        if (stop < 7) {
          rest = All(resumed);
          if (in_order) {
            EXPECT_TRUE(std::equal(rest.begin(), rest.end(), second.begin() + stop, second.end()));
          }
          seen.insert(seen.end(), rest.begin(), rest.end());
          std::sort(seen.begin(), seen.end());
          Batches64 sorted = second;
          std::sort(sorted.begin(), sorted.end());
          EXPECT_EQ(seen, sorted) << workers << " " << stop;
        }
        Batches64 next = All(resumed), expected = third;
        if (!in_order) {
          std::sort(next.begin(), next.end());
          std::sort(expected.begin(), expected.end());
        }
        EXPECT_EQ(next, expected);
      }
    }
  }
  DataLoader loader(Squares(), {});
  EXPECT_THROW(loader.LoadStateDict({}), Error);
  EXPECT_THROW(loader.LoadStateDict({{"epoch", ScalarTensor(int64_t{-1})},
                                     {"batches", ScalarTensor(int64_t{0})},
                                     {"beyond", Zeros({0}, {.dtype = kInt64})}}),
               Error);
}

TEST(State, OfStreams) {
  for (const int workers : {0, 2, 3}) {
    const DataLoaderOptions options{.batch_size = 2, .num_workers = workers};
    DataLoader whole(Numbers{23}, options);
    const Batches64 all = All(whole);
    for (size_t stop = 0; stop < all.size(); ++stop) {
      DataLoader begun(Numbers{23}, options);
      {
        decltype(begun)::Pass pass(begun);
        for (size_t i = 0; i < stop; ++i) pass.Next();
      }
      DataLoader resumed(Numbers{23}, options);
      resumed.LoadStateDict(begun.StateDict());
      const Batches64 rest = All(resumed);
      EXPECT_TRUE(std::equal(rest.begin(), rest.end(),
                             all.begin() + static_cast<std::ptrdiff_t>(stop), all.end()));
    }
  }
}

TEST(PersistentWorkers, StartOnce) {
  std::mutex mutex;
  std::multiset<int> started;
  std::set<std::thread::id> threads;
  struct Watched {
    std::set<std::thread::id>* threads;
    std::mutex* mutex;
    int64_t size() const { return 20; }
    int64_t Get(int64_t index) const {
      const std::lock_guard lock(*mutex);
      threads->insert(std::this_thread::get_id());
      return index;
    }
  };
  DataLoader loader(Watched{&threads, &mutex}, {.batch_size = 3,
                                                .num_workers = 2,
                                                .start_worker =
                                                    [&](int worker) {
                                                      const std::lock_guard lock(mutex);
                                                      started.insert(worker);
                                                    },
                                                .persistent_workers = true});
  Batches64 first;
  for (int epoch = 0; epoch < 10; ++epoch) {
    const Batches64 batches = All(loader);
    if (epoch == 0) first = batches;
    EXPECT_EQ(batches, first);
    // One that is left early does not disturb the next.
    decltype(loader)::Pass pass(loader);
    EXPECT_TRUE(pass.Next());
  }
  EXPECT_LE(threads.size(), 2u);
  EXPECT_LE(started.size(), 2u);
  decltype(loader)::Pass old(loader);
  EXPECT_TRUE(old.Next());
  decltype(loader)::Pass newer(loader);
  EXPECT_EQ(Rest(newer), first);
  EXPECT_FALSE(old.Next());
}

// Python's errors hold tracebacks, which may hold the pass.
TEST(StartWorker, ErrorsMayStopThePassWhenTheyGo) {
  struct Touchy {
    std::shared_ptr<void> last;
  };
  for (int round = 0; round < 20; ++round) {
    std::promise<void> begun;
    const std::shared_future<void> go = begun.get_future().share();
    std::function<void()> stop;
    DataLoader loader(Squares(), {.num_workers = 3, .start_worker = [&](int) {
                                    go.wait();
                                    throw Touchy{{nullptr, [&](void*) { stop(); }}};
                                  }});
    decltype(loader)::Pass pass(loader);
    stop = [&] { pass.Stop({}); };
    begun.set_value();
    EXPECT_ANY_THROW({
      while (pass.Next()) {
      }
      ThrowInvalidArgument("stopped before");
    });
  }
}

TEST(Unordered, ASlowBatchHoldsUpNobody) {
  struct Slow {
    std::shared_future<void> go;
    int64_t size() const { return 50; }
    int64_t Get(int64_t index) const {
      if (index == 0) go.wait();
      return index;
    }
  };
  std::promise<void> go;
  DataLoader loader(Slow{go.get_future().share()}, {.num_workers = 2, .in_order = false});
  decltype(loader)::Pass pass(loader);
  std::vector<int64_t> seen;
  for (int i = 0; i < 49; ++i) seen.push_back(pass.Next()->Item<int64_t>());
  go.set_value();
  EXPECT_EQ(pass.Next()->Item<int64_t>(), 0);
  EXPECT_FALSE(pass.Next());
  std::sort(seen.begin(), seen.end());
  for (int64_t i = 0; i < 49; ++i) EXPECT_EQ(seen[static_cast<size_t>(i)], i + 1);
}

TEST(WorkerInfo, IsKnownInsideOfWorkersAlone) {
  struct Asking {
    int64_t size() const { return 8; }
    int64_t Get(int64_t) const {
      const std::optional<WorkerInfo> info = GetWorkerInfo();
      return info ? 100 * info->num_workers + info->id : -1;
    }
  };
  DataLoader loader(Asking(), {.batch_size = 8, .num_workers = 1});
  EXPECT_EQ(All(loader), Batches64{std::vector<int64_t>(8, 100)});
  DataLoader alone(Asking(), {.batch_size = 8});
  EXPECT_EQ(All(alone), Batches64{std::vector<int64_t>(8, -1)});
  EXPECT_FALSE(GetWorkerInfo());
}

TEST(Options, ThatMakeNoSense) {
  EXPECT_THROW(DataLoader(Squares(), {.timeout = 1}), Error);
  EXPECT_THROW(DataLoader(Squares(), {.num_workers = 1, .timeout = -1}), Error);
  EXPECT_THROW(DataLoader(Squares(), {.persistent_workers = true}), Error);
}

}  // namespace
}  // namespace neura::data
