#include "neura/tensor/parallel/thread_pool.h"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <numeric>
#include <set>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "neura/tensor/core/error.h"

namespace neura {
namespace {

class ThreadPoolTest : public ::testing::Test {
 protected:
  ~ThreadPoolTest() override { SetNumThreads(initial_); }
  const int initial_ = GetNumThreads();
};

// Runs count items and returns how often each was run.
std::vector<int> CountRuns(int64_t count) {
  std::vector<int> runs(count, 0);
  ParallelFor(count, [&](int64_t i) { ++runs[i]; });
  return runs;
}

TEST_F(ThreadPoolTest, RunsEveryItemOnce) {
  for (int threads : {1, 2, 3, 8}) {
    SetNumThreads(threads);
    EXPECT_EQ(GetNumThreads(), threads);
    for (int64_t count : {0, 1, 2, 3, 7, 64, 1000}) {
      EXPECT_EQ(CountRuns(count), std::vector<int>(count, 1)) << threads << " threads";
    }
  }
}

TEST_F(ThreadPoolTest, NegativeCountRunsNothing) {
  ParallelFor(-1, [](int64_t) { FAIL(); });
}

TEST_F(ThreadPoolTest, RejectsLessThanOneThreadAndTooMany) {
  EXPECT_THROW(SetNumThreads(0), Error);
  EXPECT_THROW(SetNumThreads(kMaxThreads + 1), Error);
  EXPECT_THROW(SetNumThreads(1'000'000'000), Error);
  EXPECT_THROW(SetNumThreads(-3), Error);
  EXPECT_EQ(GetNumThreads(), initial_);
}

TEST_F(ThreadPoolTest, ItemsRunAtTheSameTime) {
  SetNumThreads(3);
  // No item returns before all three have begun: hangs unless three threads run.
  std::atomic<int> begun{0};
  ParallelFor(3, [&](int64_t) {
    ++begun;
    while (begun < 3) std::this_thread::yield();
  });
  EXPECT_EQ(begun, 3);
}

TEST_F(ThreadPoolTest, UsesAtMostTheSetNumberOfThreads) {
  for (int threads : {4, 2, 1, 3}) {
    SetNumThreads(threads);
    std::mutex mutex;
    std::set<std::thread::id> ids;
    ParallelFor(64, [&](int64_t) {
      std::this_thread::sleep_for(std::chrono::microseconds(200));
      std::lock_guard lock(mutex);
      ids.insert(std::this_thread::get_id());
    });
    EXPECT_LE(ids.size(), static_cast<size_t>(threads));
  }
}

TEST_F(ThreadPoolTest, NestedCallsAreSerial) {
  SetNumThreads(4);
  std::vector<std::vector<int64_t>> order(8);
  ParallelFor(8, [&](int64_t i) {
    const auto outer = std::this_thread::get_id();
    ParallelFor(5, [&](int64_t j) {
      EXPECT_EQ(std::this_thread::get_id(), outer);
      order[i].push_back(j);
    });
  });
  for (const auto& inner : order) EXPECT_EQ(inner, (std::vector<int64_t>{0, 1, 2, 3, 4}));
}

TEST_F(ThreadPoolTest, ASingleItemMayUseThePool) {
  SetNumThreads(2);
  ParallelFor(1, [&](int64_t) {
    std::atomic<int> begun{0};
    ParallelFor(2, [&](int64_t) {
      ++begun;
      while (begun < 2) std::this_thread::yield();
    });
    EXPECT_EQ(begun, 2);
  });
}

TEST_F(ThreadPoolTest, SeveralCallersShareThePool) {
  SetNumThreads(3);
  std::vector<std::thread> callers;
  std::vector<int64_t> sums(6, 0);
  for (int c = 0; c < 6; ++c) {
    callers.emplace_back([&, c] {
      for (int round = 0; round < 200; ++round) {
        std::vector<int64_t> values(17, 0);
        ParallelFor(17, [&](int64_t i) { values[i] = i + c; });
        sums[c] += std::accumulate(values.begin(), values.end(), int64_t{0});
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  for (int c = 0; c < 6; ++c) EXPECT_EQ(sums[c], 200 * (136 + 17 * c));
}

TEST_F(ThreadPoolTest, ManySmallRegionsWithPauses) {
  SetNumThreads(2);
  for (int round = 0; round < 300; ++round) {
    ASSERT_EQ(CountRuns(4), std::vector<int>(4, 1));
    if (round % 10 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

#if !defined(__SANITIZE_THREAD__)  // which does not support threads in a forked child
TEST_F(ThreadPoolTest, AForkedChildHasItsOwnPool) {
  SetNumThreads(2);
  CountRuns(10);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    alarm(20);
    std::atomic<int> begun{0};
    ParallelFor(2, [&](int64_t) {
      ++begun;
      while (begun < 2) std::this_thread::yield();
    });
    _exit(CountRuns(100) == std::vector<int>(100, 1) ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_EQ(CountRuns(10), std::vector<int>(10, 1));
}
#endif

}  // namespace
}  // namespace neura
