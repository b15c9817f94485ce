// For tests that need a GPU: where there is none, they are skipped, by name.
#ifndef NEURA_CUDA_TESTING_DEVICE_TEST_H_
#define NEURA_CUDA_TESTING_DEVICE_TEST_H_

#include <gtest/gtest.h>

#include "neura/cuda/cuda.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/op_case_fixture.h"

namespace neura::cuda {

using testing::ExpectClose;

inline constexpr Device kGpu = CudaDevice(0);

// As `Base`, a gtest fixture.
template <typename Base>
class OnGpu : public Base {
 protected:
  void SetUp() override {
    if (!IsAvailable()) GTEST_SKIP() << "no CUDA device: " << UnavailableReason();
  }
};
using DeviceTest = OnGpu<::testing::Test>;

// The tensor on the GPU; undefined where it is undefined.
inline Tensor ToGpu(const Tensor& tensor) { return tensor.defined() ? To(tensor, kGpu) : tensor; }
inline Tensor ToHost(const Tensor& tensor) { return To(tensor, kCpu); }

}  // namespace neura::cuda

#endif  // NEURA_CUDA_TESTING_DEVICE_TEST_H_
