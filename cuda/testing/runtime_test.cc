// Devices, streams, copies, and what goes wrong with them.
#include <gtest/gtest.h>

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

using DeviceListTest = DeviceTest;
using StreamTest = DeviceTest;
using CopyTest = DeviceTest;
using FaultTest = DeviceTest;

bool Contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

TEST_F(DeviceListTest, DescribesItsDevices) {
  ASSERT_GT(DeviceCount(), 0);
  EXPECT_EQ(UnavailableReason(), "");
  for (int i = 0; i < DeviceCount(); ++i) {
    const DeviceProperties properties = GetDeviceProperties(i);
    EXPECT_NE(properties.name, "");
    EXPECT_GT(properties.total_memory, 0u);
    EXPECT_GE(properties.compute_major, 8) << "kernels are compiled for 8.0 and later";
    EXPECT_EQ(properties.multi_processors, MultiProcessorCount(i));
  }
}

TEST_F(DeviceListTest, DevicesThatAreNotThereAreErrors) {
  const auto use = [] { Zeros({2}, {.device = CudaDevice(100)}); };
  EXPECT_EQ(CodeOf(use), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(Contains(ErrorOf(use), "there is no device cuda:100; this machine has cuda:0"))
      << ErrorOf(use);
  EXPECT_EQ(CodeOf([] { DeviceGuard guard(-1); }), absl::StatusCode::kInvalidArgument);
}

TEST_F(DeviceListTest, TensorsOfTwoDevicesDoNotMeet) {
  const auto add = [] { Ones({2}) + ToGpu(Ones({2})); };
  EXPECT_EQ(CodeOf(add), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(Contains(ErrorOf(add), "not on cpu and cuda:0")) << ErrorOf(add);
}

TEST_F(DeviceListTest, FactoriesFollowTheDefaultDevice) {
  const ScopedDefaultDevice there(kGpu);
  EXPECT_EQ(Ones({2}).device(), kGpu);
  EXPECT_EQ(Sum(Ones({2})).Item<float>(), 2);
}

TEST_F(StreamTest, EachThreadHasItsOwnCurrentStream) {
  const Stream stream = Stream::New();
  EXPECT_FALSE(stream == Stream::Default());
  {
    const StreamGuard guard(stream);
    EXPECT_TRUE(Stream::Current() == stream);
    std::thread([] { EXPECT_TRUE(Stream::Current() == Stream::Default()); }).join();
    {
      const StreamGuard inner(Stream::Default());
      EXPECT_TRUE(Stream::Current() == Stream::Default());
    }
    EXPECT_TRUE(Stream::Current() == stream);
  }
  EXPECT_TRUE(Stream::Current() == Stream::Default());
}

TEST_F(StreamTest, EventsOrderStreams) {
  const Stream producer = Stream::New(), consumer = Stream::New();
  for (int round = 0; round < 50; ++round) {
    Tensor x;
    Event ready;
    {
      const StreamGuard guard(producer);
      x = Full({1 << 18}, 0.0, {.device = kGpu});
      for (int i = 0; i < 20; ++i) x = x + 1.0;
      ready.Record(producer);
    }
    const StreamGuard guard(consumer);
    consumer.Wait(ready);
    RecordStream(x, consumer);
    const Tensor sum = Sum(x);
    x = Tensor();
    ASSERT_EQ(sum.Item<float>(), 20.0f * (1 << 18));
  }
}

TEST_F(StreamTest, EventsTellTimeAndCompletion) {
  const Stream stream = Stream::New();
  const StreamGuard guard(stream);
  Event begin(0, /*timed=*/true), end(0, /*timed=*/true);
  EXPECT_TRUE(begin.Done());
  begin.Record(stream);
  Tensor x = Ones({1 << 20}, {.device = kGpu});
  for (int i = 0; i < 10; ++i) x = x * 2.0;
  end.Record(stream);
  end.Synchronize();
  EXPECT_TRUE(end.Done());
  EXPECT_TRUE(stream.Done());
  EXPECT_GT(end.MillisecondsSince(begin), 0);
  EXPECT_EQ(CodeOf([&] { end.MillisecondsSince(Event()); }), absl::StatusCode::kInvalidArgument);
}

TEST_F(CopyTest, ElementsComeBackAsTheyWent) {
  for (DType dtype : {kBool, kUInt8, kInt16, kInt64, kFloat16, kFloat32, kComplex128}) {
    const Tensor x = Cast(Reshape(Arange(0, 60, 1), {3, 4, 5}), dtype);
    EXPECT_TRUE(SameBits(ToHost(ToGpu(x)), x)) << DTypeName(dtype);
    EXPECT_TRUE(SameBits(ToHost(ToGpu(Transpose(x, 0, 2))), Transpose(x, 0, 2)));
    EXPECT_TRUE(SameBits(ToHost(Transpose(ToGpu(x), 0, 2)), Transpose(x, 0, 2)));
  }
  EXPECT_EQ(ToHost(ToGpu(Zeros({0, 3}))).shape(), DimsView({0, 3}));
}

TEST_F(CopyTest, PinnedCopiesDoNotBlockAndKeepTheirOrder) {
  std::vector<Tensor> results;
  for (int i = 0; i < 64; ++i) {
    // The pinned batch is let go while its copy may still run; the next one must not overwrite it.
    const Tensor batch = PinMemory(Full({1 << 18}, static_cast<double>(i)));
    results.push_back(Sum(To(batch, kGpu, /*non_blocking=*/true)));
  }
  for (int i = 0; i < 64; ++i) {
    EXPECT_EQ(results[static_cast<size_t>(i)].Item<float>(), static_cast<float>(i << 18));
  }
}

TEST_F(CopyTest, PageableMemoryMayBeOverwrittenAtOnce) {
  const Tensor host = Zeros({1 << 20});
  for (int i = 0; i < 20; ++i) {
    Fill(host, static_cast<double>(i));
    const Tensor there = To(host, kGpu, /*non_blocking=*/true);
    Fill(host, -1.0);
    ASSERT_EQ(AMax(there).Item<float>(), static_cast<float>(i));
    ASSERT_EQ(AMin(there).Item<float>(), static_cast<float>(i));
  }
}

TEST_F(CopyTest, PinnedMemoryIsCached) {
  PinMemory(Zeros({1 << 16}));
  const int64_t reserved = PinnedMemoryStats().reserved;
  for (int i = 0; i < 10; ++i) PinMemory(Zeros({1 << 16}));
  EXPECT_EQ(PinnedMemoryStats().reserved, reserved);
}

TEST_F(CopyTest, BetweenTwoDevices) {
  if (DeviceCount() < 2) GTEST_SKIP() << "only one CUDA device";
  const Tensor x = Uniform({1000}, -1, 1);
  const Tensor second = To(ToGpu(x) * 2.0, CudaDevice(1));
  EXPECT_EQ(second.device(), CudaDevice(1));
  EXPECT_TRUE(SameBits(ToHost(second), x * 2.0));
}

Tensor OutOfRange() {
  return IndexSelect(ToGpu(Ones({5, 2})), 0, ToGpu(FromList<int64_t>({1, 7, 2})));
}

TEST_F(FaultTest, AnIndexOutOfRangeIsToldAtTheNextSynchronization) {
  const Tensor result = OutOfRange();
  const auto wait = [] { Synchronize(kGpu); };
  EXPECT_EQ(ErrorOf(wait),
            "index_select: index 7 is outside [0, 5); found by cuda:0 after the call had returned");
  EXPECT_EQ(CodeOf(wait), absl::StatusCode::kOk) << "it is told once";
  EXPECT_EQ(Sum(ToGpu(Ones({3}))).Item<float>(), 3) << "and the device goes on";
}

TEST_F(FaultTest, OrWhenElementsAreLookedAt) {
  const Tensor result = OutOfRange();
  EXPECT_EQ(CodeOf([&] { Sum(result).Item<float>(); }), absl::StatusCode::kOutOfRange);
  const Tensor again = OutOfRange();
  EXPECT_EQ(CodeOf([&] { ToHost(again); }), absl::StatusCode::kOutOfRange);
}

}  // namespace
}  // namespace neura::cuda
