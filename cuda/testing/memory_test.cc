// The caching allocator on a device.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "neura/cuda/testing/device_test.h"
#include "neura/tensor/core/device_memory.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/testing/error_of.h"

namespace neura::cuda {
namespace {

using neura::testing::CodeOf;
using neura::testing::ErrorOf;

using MemoryTest = DeviceTest;

TEST_F(MemoryTest, CountsReusesAndGivesBack) {
  EmptyCache();
  const AllocatorStats before = MemoryStats();
  Tensor x = Empty({1 << 20}, {.device = kGpu});
  EXPECT_EQ(MemoryStats().allocated - before.allocated, 4 << 20);
  const void* data = x.raw_data();
  x = Tensor();
  EXPECT_EQ(MemoryStats().allocated, before.allocated);
  EXPECT_EQ(Empty({1 << 20}, {.device = kGpu}).raw_data(), data);
  EmptyCache();
  EXPECT_EQ(MemoryStats().reserved, MemoryStats().allocated);
}

TEST_F(MemoryTest, OutOfMemoryIsAnErrorAndPasses) {
  const auto total = static_cast<int64_t>(GetDeviceProperties(0).total_memory);
  const auto allocate = [&] { Empty({total}, {.dtype = kFloat64, .device = kGpu}); };
  EXPECT_EQ(CodeOf(allocate), absl::StatusCode::kResourceExhausted);
  const std::string error = ErrorOf(allocate);
  for (const char* part :
       {"out of memory on cuda:0: cannot allocate", "are cached", "the device has", "are free"}) {
    EXPECT_NE(error.find(part), std::string::npos) << error;
  }
  EXPECT_EQ(Sum(Ones({10}, {.device = kGpu})).Item<float>(), 10);
}

TEST_F(MemoryTest, CachedMemoryIsGivenBackBeforeAnythingFails) {
  const auto total = static_cast<int64_t>(GetDeviceProperties(0).total_memory);
  // Blocks of many sizes, none of which fits another, that come to more than the device has.
  for (int64_t part = 8; part <= 24; ++part)
    Empty({total / part}, {.dtype = kUInt8, .device = kGpu});
  EmptyCache();
}

// Threads with streams of their own, whose tensors hold what was written to them as long as they
// live.
TEST_F(MemoryTest, ThreadsDoNotOverwriteEachOther) {
  const auto work = [](unsigned seed) {
    const StreamGuard guard(Stream::New());
    std::mt19937 random(seed);
    std::vector<std::pair<Tensor, double>> live;
    for (int i = 0; i < 400; ++i) {
      const double value = static_cast<double>(random() % 1000);
      const int64_t size = 1 << (8 + random() % 10);
      live.emplace_back(Full({size}, value, {.device = kGpu}), value);
      if (live.size() < 12) continue;
      const size_t victim = random() % live.size();
      const auto [tensor, expected] = live[victim];
      ASSERT_EQ(AMin(tensor).Item<float>(), static_cast<float>(expected));
      ASSERT_EQ(AMax(tensor).Item<float>(), static_cast<float>(expected));
      live.erase(live.begin() + static_cast<std::ptrdiff_t>(victim));
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 4; ++i) threads.emplace_back(work, i);
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace neura::cuda
