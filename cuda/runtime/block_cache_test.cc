// The caching allocator's decisions, over a device that exists only here.
#include "neura/cuda/runtime/block_cache.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <vector>

#include "absl/status/status.h"
#include "neura/tensor/testing/error_of.h"
#include "neura/tensor/testing/failing_malloc.h"

namespace neura::cuda {
namespace {

using neura::testing::CodeOf;
using neura::testing::ErrorOf;

CUstream_st* Handle(int i) { return reinterpret_cast<CUstream_st*>(static_cast<intptr_t>(i)); }
const StreamId kOne{0, Handle(1)}, kTwo{0, Handle(2)}, kThree{1, Handle(3)};
constexpr int kNumStreams = 4;
constexpr int64_t kMiB = 1 << 20;

// Streams are counters of what was queued and of what is done; an event is a place in one.
class FakeDevice : public BlockDriver {
 public:
  struct Place {
    int stream;
    int64_t position;
  };

  explicit FakeDevice(int64_t capacity = int64_t{1} << 40) : capacity(capacity) {}
  ~FakeDevice() override { EXPECT_TRUE(events.empty()) << "events that were not released"; }

  static int IndexOf(StreamId id) {
    return static_cast<int>(reinterpret_cast<intptr_t>(id.handle));
  }

  void* Malloc(size_t bytes, StreamId) override {
    ++mallocs;
    if (in_use + static_cast<int64_t>(bytes) > capacity) return nullptr;
    in_use += static_cast<int64_t>(bytes);
    char* data = reinterpret_cast<char*>(next_address);
    next_address += static_cast<intptr_t>(bytes) + 512;
    sizes[data] = static_cast<int64_t>(bytes);
    return data;
  }
  void Free(void* data, StreamId) noexcept override {
    ASSERT_TRUE(sizes.contains(data)) << "freed what was not allocated";
    in_use -= sizes[data];
    sizes.erase(data);
    freed.insert(data);
  }
  void Trim() noexcept override { ++trims; }

  CUevent_st* Record(StreamId stream) noexcept override {
    auto* event = reinterpret_cast<CUevent_st*>(next_event++);
    events[event] = {IndexOf(stream), queued[IndexOf(stream)]};
    return event;
  }
  bool Done(CUevent_st* event) noexcept override {
    return done[events.at(event).stream] >= events.at(event).position;
  }
  void Wait(CUevent_st* event) noexcept override {
    int64_t& reached = done[events.at(event).stream];
    reached = std::max(reached, events.at(event).position);
  }
  void MakeWait(StreamId stream, CUevent_st* event) noexcept override {
    const Place& place = events.at(event);
    int64_t& known = sees[IndexOf(stream)][place.stream];
    known = std::max(known, place.position);
  }
  void Release(CUevent_st* event) noexcept override { events.erase(event); }
  std::string DescribeMemory() override { return "the device is made up"; }

  void Queue(StreamId stream) { ++queued[IndexOf(stream)]; }
  void FinishAll() {
    for (int i = 0; i < kNumStreams; ++i) done[i] = queued[i];
  }
  // Whether what `stream` runs next comes after the place.
  bool IsAfter(StreamId stream, const Place& place) const {
    return IndexOf(stream) == place.stream || done[place.stream] >= place.position ||
           sees[IndexOf(stream)][place.stream] >= place.position;
  }

  const int64_t capacity;
  int64_t in_use = 0;
  int mallocs = 0, trims = 0;
  std::map<void*, int64_t> sizes;
  std::set<void*> freed;
  int64_t queued[kNumStreams] = {}, done[kNumStreams] = {};
  int64_t sees[kNumStreams][kNumStreams] = {};
  std::map<CUevent_st*, Place> events;

 private:
  intptr_t next_address = 1 << 20, next_event = 1;
};

TEST(BlockCacheTest, AStreamReusesItsOwnBlocksAtOnce) {
  FakeDevice device;
  BlockCache cache(device, "cuda:0");
  void* first = cache.Allocate(1000, kOne);
  device.Queue(kOne);
  cache.Free(first);
  EXPECT_EQ(cache.Allocate(1001, kOne), first) << "1000 and 1001 bytes are of one size class";
  EXPECT_EQ(device.mallocs, 1);
}

TEST(BlockCacheTest, BlocksOfASizeServeNoOther) {
  FakeDevice device;
  BlockCache cache(device, "cuda:0");
  void* small = cache.Allocate(1000, kOne);
  cache.Free(small);
  EXPECT_NE(cache.Allocate(3000, kOne), small);
}

TEST(BlockCacheTest, AnotherStreamGetsMemoryOfItsOwn) {
  FakeDevice device;
  BlockCache cache(device, "cuda:0");
  void* first = cache.Allocate(1000, kOne);
  device.Queue(kOne);
  cache.Free(first);
  EXPECT_NE(cache.Allocate(1000, kTwo), first);
}

TEST(BlockCacheTest, ABlockThatAnotherStreamUsedRestsUntilThatIsDone) {
  FakeDevice device;
  BlockCache cache(device, "cuda:0");
  void* block = cache.Allocate(1000, kOne);
  device.Queue(kTwo);
  cache.RecordUse(static_cast<char*>(block) + 500, kTwo);
  cache.Free(block);
  void* other = cache.Allocate(1000, kOne);
  EXPECT_NE(other, block);
  device.FinishAll();
  EXPECT_EQ(cache.Allocate(1000, kOne), block);
}

TEST(BlockCacheTest, WorkQueuedAfterTheFreeDoesNotDelayTheBlock) {
  FakeDevice device;
  BlockCache cache(device, "cuda:0");
  void* block = cache.Allocate(1000, kOne);
  device.Queue(kTwo);
  cache.RecordUse(block, kTwo);
  cache.Free(block);
  device.FinishAll();
  device.Queue(kTwo);
  EXPECT_EQ(cache.Allocate(1000, kOne), block);
}

TEST(BlockCacheTest, FreeingAsksTheHostForNoMemory) {
  FakeDevice device;
  BlockCache cache(device, "cuda:0");
  void* block = cache.Allocate(1000, kOne);
  void* used_elsewhere = cache.Allocate(1000, kOne);
  cache.RecordUse(used_elsewhere, kTwo);
  fail_allocation_after(1);  // the device made here notes an event
  cache.Free(block);
  cache.Free(used_elsewhere);
  EXPECT_EQ(fail_allocation_after(-1), 0);
  cache.EmptyCache();
  EXPECT_EQ(cache.Stats().reserved, 0);
}

TEST(BlockCacheTest, WithoutMemoryAStreamTakesABlockAndWaitsForItsOwner) {
  FakeDevice device(kMiB);
  BlockCache cache(device, "cuda:0");
  void* block = cache.Allocate(kMiB, kOne);
  device.Queue(kOne);
  cache.Free(block);
  ASSERT_EQ(cache.Allocate(kMiB, kTwo), block);
  EXPECT_TRUE(device.IsAfter(kTwo, {1, 1}));
  EXPECT_EQ(device.done[1], 0) << "the host must not wait";
}

TEST(BlockCacheTest, WithoutMemoryWhatIsCachedIsGivenBack) {
  FakeDevice device(2 * kMiB);
  BlockCache cache(device, "cuda:0");
  cache.Free(cache.Allocate(kMiB, kOne));
  void* large = cache.Allocate(2 * kMiB, kOne);
  EXPECT_NE(large, nullptr);
  EXPECT_EQ(cache.Stats().reserved, 2 * kMiB);
  EXPECT_EQ(device.trims, 1);
}

TEST(BlockCacheTest, WithoutMemoryRestingBlocksAreWaitedFor) {
  FakeDevice device(kMiB);
  BlockCache cache(device, "cuda:0");
  void* block = cache.Allocate(kMiB, kOne);
  device.Queue(kThree);
  cache.RecordUse(block, kThree);
  cache.Free(block);
  EXPECT_EQ(cache.Allocate(kMiB, kOne), block);
  EXPECT_EQ(device.done[3], 1);
}

TEST(BlockCacheTest, OutOfMemorySaysWhereItIs) {
  FakeDevice device(3 * kMiB);
  BlockCache cache(device, "cuda:7");
  void* kept = cache.Allocate(2 * kMiB, kOne);
  const auto allocate = [&] { cache.Allocate(4 * kMiB, kOne); };
  EXPECT_EQ(CodeOf(allocate), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ErrorOf(allocate),
            "out of memory on cuda:7: cannot allocate 4.00 MiB; 2.00 MiB are in 1 tensors, 0 bytes "
            "are cached, at most 2.00 MiB were in use at once; the device is made up");
  cache.Free(kept);
  EXPECT_EQ(cache.Stats().allocated, 0);
}

TEST(BlockCacheTest, SizesThatNoMemoryHasAreRefused) {
  FakeDevice device;
  BlockCache cache(device, "cuda:0");
  EXPECT_EQ(CodeOf([&] { cache.Allocate(SIZE_MAX, kOne); }), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(device.mallocs, 0);
}

TEST(BlockCacheTest, KnowsItsBlocksFromTheInside) {
  FakeDevice device;
  BlockCache cache(device, "cuda:0");
  auto* block = static_cast<char*>(cache.Allocate(1024, kHost));
  EXPECT_TRUE(cache.Owns(block));
  EXPECT_TRUE(cache.Owns(block + 1023));
  EXPECT_FALSE(cache.Owns(block + 1024));
  EXPECT_FALSE(cache.Owns(block - 1));
  cache.Free(block);
  EXPECT_FALSE(cache.Owns(block));
}

TEST(BlockCacheTest, TheHostWaitsForEveryStream) {
  FakeDevice device;
  BlockCache cache(device, "pinned");
  const StreamId default_of_0{0, nullptr};
  void* block = cache.Allocate(1000, kHost);
  device.Queue(default_of_0);
  cache.RecordUse(block, default_of_0);
  cache.Free(block);
  EXPECT_NE(cache.Allocate(1000, kHost), block);
  device.FinishAll();
  EXPECT_EQ(cache.Allocate(1000, kHost), block);
}

TEST(BlockCacheTest, StatisticsCount) {
  FakeDevice device;
  BlockCache cache(device, "cuda:0");
  void* a = cache.Allocate(kMiB, kOne);
  void* b = cache.Allocate(kMiB, kOne);
  cache.Free(a);
  EXPECT_EQ(cache.Stats().allocated, kMiB);
  EXPECT_EQ(cache.Stats().peak_allocated, 2 * kMiB);
  EXPECT_EQ(cache.Stats().reserved, 2 * kMiB);
  EXPECT_EQ(cache.Stats().allocations, 2);
  cache.EmptyCache();
  EXPECT_EQ(cache.Stats().reserved, kMiB);
  EXPECT_EQ(device.freed, std::set<void*>{a});
  cache.Free(b);
}

TEST(BlockCacheTest, VaryingSizesDoNotMakeTheCacheGrow) {
  FakeDevice device;
  BlockCache cache(device, "cuda:0");
  for (size_t mib = 1; mib < 200; ++mib) cache.Free(cache.Allocate(mib << 20, kOne));
  // All of them together would be 20 GB.
  EXPECT_LT(cache.Stats().reserved, int64_t{900} << 20);
}

// Random work on several streams. Nobody may be given memory that work which is not ordered before
// it still uses, and the figures must add up.
class BlockCacheStressTest : public ::testing::TestWithParam<unsigned> {
 protected:
  struct Live {
    StreamId owner;
    std::set<int> users;
  };

  void Allocate() {
    const StreamId stream = streams_[Below(kNumStreams - 1)];
    const size_t bytes = size_t{1} << (10 + Below(8));
    void* data = nullptr;
    try {
      data = cache_.Allocate(bytes, stream);
    } catch (const Error&) {
      ++refused_;
      return;
    }
    ASSERT_FALSE(live_.contains(data)) << "handed out twice";
    for (const FakeDevice::Place& place : last_uses_[data]) {
      ASSERT_TRUE(device_.IsAfter(stream, place))
          << "stream " << FakeDevice::IndexOf(stream) << " was given memory in use";
    }
    live_[data] = {stream, {}};
    device_.Queue(stream);
  }

  void Free() {
    const auto freed = std::next(live_.begin(), Below(static_cast<int>(live_.size())));
    std::vector<FakeDevice::Place>& uses = last_uses_[freed->first];
    const int owner = FakeDevice::IndexOf(freed->second.owner);
    uses = {{owner, device_.queued[owner]}};
    for (int user : freed->second.users) uses.push_back({user, device_.queued[user]});
    cache_.Free(freed->first);
    live_.erase(freed);
  }

  void Use() {
    auto& [data, live] = *std::next(live_.begin(), Below(static_cast<int>(live_.size())));
    const StreamId stream = streams_[Below(kNumStreams - 1)];
    device_.Queue(stream);
    cache_.RecordUse(data, stream);
    live.users.insert(FakeDevice::IndexOf(stream));
  }

  void Progress() {
    const int stream = 1 + Below(kNumStreams - 1);
    device_.done[stream] += (device_.queued[stream] - device_.done[stream]) / 2;
  }

  int Below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }

  std::mt19937 random_{GetParam()};
  FakeDevice device_{kMiB};
  BlockCache cache_{device_, "cuda:0"};
  const StreamId streams_[kNumStreams - 1] = {kOne, kTwo, kThree};
  std::map<void*, Live> live_;
  std::map<void*, std::vector<FakeDevice::Place>> last_uses_;
  int refused_ = 0;
};

TEST_P(BlockCacheStressTest, NobodyGetsMemoryInUse) {
  for (int step = 0; step < 20000 && !HasFatalFailure(); ++step) {
    const int what = Below(100);
    if (live_.empty() || what < 40) {
      Allocate();
    } else if (what < 78) {
      Free();
    } else if (what < 90) {
      Use();
    } else if (what < 99) {
      Progress();
    } else {
      cache_.EmptyCache();
      // Whatever was cached is the system's again; the same address would be new memory.
      EXPECT_EQ(cache_.Stats().reserved, cache_.Stats().allocated);
    }
    ASSERT_EQ(cache_.Stats().reserved, device_.in_use);
    ASSERT_GE(cache_.Stats().reserved, cache_.Stats().allocated);
  }
  EXPECT_GT(refused_, 0) << "memory was never short: the test is too easy";
  while (!live_.empty()) Free();
  EXPECT_EQ(cache_.Stats().allocated, 0);
  cache_.EmptyCache();
  EXPECT_EQ(device_.in_use, 0);
}

INSTANTIATE_TEST_SUITE_P(Seeds, BlockCacheStressTest, ::testing::Range(0u, 8u));

}  // namespace
}  // namespace neura::cuda
