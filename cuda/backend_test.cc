// What the backend says of itself, and how it fails where there is no device. Runs everywhere.
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "absl/status/status.h"
#include "neura/cuda/cuda.h"
#include "neura/cuda/gaps.h"
#include "neura/tensor/backend_api.h"
#include "neura/tensor/ops/op_list.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"

namespace neura::cuda {
namespace {

using neura::testing::CodeOf;
using neura::testing::ErrorOf;

TEST(BackendTest, EveryOperationHasAKernelOrIsAGapOrAView) {
  for (OpId op : BuiltinOps()) {
    const OpFlags& flags = SchemaOf(op).flags;
    const bool needed = !flags.view && !flags.moves && GapOf(op) == nullptr;
    EXPECT_EQ(KernelsOf(DeviceType::kCuda)[op] != nullptr, needed) << SchemaOf(op).name;
  }
}

TEST(BackendTest, EveryGapSaysWhy) {
  for (OpId op : BuiltinOps()) {
    const char* const why = GapOf(op);
    EXPECT_TRUE(why == nullptr || *why != '\0') << SchemaOf(op).name;
  }
}

class WithoutDeviceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (IsAvailable()) GTEST_SKIP() << "there is a CUDA device";
  }
};

TEST_F(WithoutDeviceTest, ThereAreNone) {
  EXPECT_EQ(DeviceCount(), 0);
  EXPECT_NE(UnavailableReason(), "");
}

TEST_F(WithoutDeviceTest, WhoeverNeedsOneIsToldWhatIsMissing) {
  const Tensor x = Ones({2, 3});
  const auto to_device = [&] { To(x, CudaDevice()); };
  EXPECT_EQ(CodeOf(to_device), absl::StatusCode::kFailedPrecondition);
  const std::string error = ErrorOf(to_device);
  EXPECT_NE(error.find("cudaGetDeviceCount"), std::string::npos) << error;
  EXPECT_NE(error.find("needs an NVIDIA GPU and a driver of release 580 or later"),
            std::string::npos)
      << error;
}

TEST_F(WithoutDeviceTest, EveryEntranceSaysTheSame) {
  const auto code = absl::StatusCode::kFailedPrecondition;
  EXPECT_EQ(CodeOf([] { Zeros({2}, {.device = CudaDevice()}); }), code);
  EXPECT_EQ(CodeOf([] { PinMemory(Ones({2})); }), code);
  EXPECT_EQ(CodeOf([] { Synchronize(CudaDevice()); }), code);
  EXPECT_EQ(CodeOf([] { GetDeviceProperties(0); }), code);
  EXPECT_EQ(CodeOf([] { Stream::New(); }), code);
  EXPECT_EQ(CodeOf([] { Event(); }), code);
  EXPECT_EQ(CodeOf([] { MemoryStats(); }), code);
  EXPECT_EQ(CodeOf([] { EmptyCache(); }), code);
  EXPECT_EQ(CodeOf([] { DeviceGuard guard(0); }), code);
}

TEST(BackendTest, TheCpuStillWorks) {
  EXPECT_EQ(Sum(Ones({2, 3})).Item<float>(), 6);
  EXPECT_NE(CodeOf([] { RecordStream(Ones({2}), Stream::Default()); }), absl::StatusCode::kOk);
}

TEST(BackendTest, Tf32IsOffUntilAskedFor) {
  EXPECT_FALSE(AllowTf32());
  SetAllowTf32(true);
  EXPECT_TRUE(AllowTf32());
  SetAllowTf32(false);
}

}  // namespace
}  // namespace neura::cuda
