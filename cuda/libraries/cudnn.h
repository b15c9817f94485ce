// cuDNN's handles, descriptors and errors.
#ifndef NEURA_CUDA_LIBRARIES_CUDNN_H_
#define NEURA_CUDA_LIBRARIES_CUDNN_H_

#include <cudnn.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "neura/tensor/core/dtype.h"
#include "neura/tensor/core/shape.h"

namespace neura::cuda {

// Throws the Error for a status, as ThrowStatus does for those of CUDA.
[[noreturn]] void ThrowCudnnStatus(cudnnStatus_t status, std::string_view call);

#define NEURA_CUDNN_CHECK(call)                                                          \
  do {                                                                                   \
    if (const cudnnStatus_t neura_status = (call); neura_status != CUDNN_STATUS_SUCCESS) \
      ::neura::cuda::ThrowCudnnStatus(neura_status, #call);                              \
  } while (false)

// This thread's handle for a device, set to its current stream.
cudnnHandle_t CudnnHandle(int device);

cudnnDataType_t CudnnTypeOf(DType dtype);

// The factors of "output = alpha * result + beta * output", in the type that cuDNN expects.
class Factors {
 public:
  explicit Factors(DType dtype) : in_double_(dtype == kFloat64) {}
  const void* one() const {
    return in_double_ ? static_cast<const void*>(&kDouble[1]) : &kFloat[1];
  }
  const void* zero() const {
    return in_double_ ? static_cast<const void*>(&kDouble[0]) : &kFloat[0];
  }

 private:
  static constexpr float kFloat[] = {0, 1};
  static constexpr double kDouble[] = {0, 1};
  const bool in_double_;
};

// A contiguous tensor of four or five dimensions. Throws InvalidArgument where an extent is beyond
// 32 bits, which is all that cuDNN counts with.
class TensorDescriptor {
 public:
  TensorDescriptor(DType dtype, DimsView extents);
  ~TensorDescriptor() { cudnnDestroyTensorDescriptor(handle_); }
  TensorDescriptor(const TensorDescriptor&) = delete;
  TensorDescriptor& operator=(const TensorDescriptor&) = delete;

  cudnnTensorDescriptor_t handle() const { return handle_; }

 private:
  cudnnTensorDescriptor_t handle_;
};

// Values as cuDNN takes sizes. Throws InvalidArgument where one does not fit.
int CudnnInt(int64_t value);
std::vector<int> CudnnInts(DimsView values);

}  // namespace neura::cuda

#endif  // NEURA_CUDA_LIBRARIES_CUDNN_H_
