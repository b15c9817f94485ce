#include "neura/tensor/core/allocator.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/object_pool.h"
#include "neura/tensor/core/tensor.h"

namespace neura {
namespace {

TEST(AllocatorTest, BlocksAreAlignedAndHoldWhatWasAsked) {
  for (size_t bytes = 0; bytes < 5000; bytes = bytes * 3 / 2 + 1) {
    void* data = CpuAllocator().Allocate(bytes);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(data) % 64, 0u) << bytes;
    std::memset(data, 0xab, bytes);
    CpuAllocator().Free(data, bytes);
  }
}

TEST(AllocatorTest, CountsWhatIsAlive) {
  const int64_t before = CpuAllocator().Stats().allocated;
  void* data = CpuAllocator().Allocate(1 << 20);
  EXPECT_GE(CpuAllocator().Stats().allocated - before, 1 << 20);
  EXPECT_LE(CpuAllocator().Stats().allocated - before, (1 << 20) * 9 / 8);
  EXPECT_GE(CpuAllocator().Stats().peak_allocated, before + (1 << 20));
  CpuAllocator().Free(data, 1 << 20);
  EXPECT_EQ(CpuAllocator().Stats().allocated, before);
}

TEST(AllocatorTest, ReusesBlocksAndGivesThemBack) {
  CpuAllocator().EmptyCache();
  void* first = CpuAllocator().Allocate(3 << 20);
  CpuAllocator().Free(first, 3 << 20);
  const int64_t reserved = CpuAllocator().Stats().reserved;
  void* second = CpuAllocator().Allocate((3 << 20) - 100);
  // Sanitizers need freed memory to be really gone, so that only there nothing is reused.
  if (internal::kRecycleObjects) {
    EXPECT_EQ(first, second);
    EXPECT_EQ(CpuAllocator().Stats().reserved, reserved);
  }
  CpuAllocator().Free(second, (3 << 20) - 100);
  CpuAllocator().EmptyCache();
  EXPECT_LE(CpuAllocator().Stats().reserved, reserved);
}

TEST(AllocatorTest, VaryingShapesDoNotMakeTheCacheGrow) {
  CpuAllocator().EmptyCache();
  const int64_t before = CpuAllocator().Stats().peak_allocated;
  for (size_t mib = 1; mib < 64; ++mib) {
    void* data = CpuAllocator().Allocate(mib << 20);
    CpuAllocator().Free(data, mib << 20);
  }
  // All of them together would be 2 GiB.
  EXPECT_LT(CpuAllocator().Stats().reserved, before * 2 + (320 << 20));
  CpuAllocator().EmptyCache();
}

TEST(AllocatorTest, OutOfMemoryIsAnError) {
  for (size_t bytes : {size_t{1} << 60, SIZE_MAX}) {
    try {
      CpuAllocator().Allocate(bytes);
      FAIL() << bytes;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), absl::StatusCode::kResourceExhausted);
    }
  }
}

TEST(AllocatorTest, TensorsMayDieOnAnotherThread) {
  const int64_t before = CpuAllocator().Stats().allocated;
  std::vector<Tensor> tensors;
  for (int i = 0; i < 2000; ++i) tensors.push_back(Tensor::Empty({i % 7, 3}, kFloat32, kCpu));
  std::thread([moved = std::move(tensors)]() mutable { moved.clear(); }).join();
  EXPECT_EQ(CpuAllocator().Stats().allocated, before);
}

TEST(AllocatorTest, CountsWhatThreadsKeptAndGaveBack) {
  const AllocatorStats before = CpuAllocator().Stats();
  Tensor kept;
  std::thread([&] {
    for (int i = 0; i < 100; ++i) kept = Tensor::Empty({i % 3, 5}, kFloat32, kCpu);
    const AllocatorStats inside = CpuAllocator().Stats();
    EXPECT_EQ(inside.allocations, before.allocations + 100);
    EXPECT_LE(inside.allocated, before.allocated + 256);
  }).join();
  EXPECT_EQ(CpuAllocator().Stats().allocations, before.allocations + 100);
  EXPECT_GT(CpuAllocator().Stats().allocated, before.allocated);
  kept = {};
  EXPECT_EQ(CpuAllocator().Stats().allocated, before.allocated);
}

}  // namespace
}  // namespace neura
