#include "neura/cuda/libraries/cudnn.h"

#include <limits>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "neura/cuda/kernels/tensors.h"
#include "neura/cuda/runtime/device.h"
#include "neura/cuda/runtime/error.h"
#include "neura/cuda/runtime/stream.h"
#include "neura/tensor/core/error.h"

namespace neura::cuda {
namespace {

// Handles that ended threads have left, by device. Making one takes a long time, and destroying one
// waits for the device.
struct SpareHandles {
  std::mutex mutex;
  std::vector<std::pair<int, cudnnHandle_t>> handles;
};
SpareHandles& Spare() {
  static SpareHandles* spare = new SpareHandles;
  return *spare;
}

class ThreadHandles {
 public:
  ~ThreadHandles() {
    const std::lock_guard<std::mutex> lock(Spare().mutex);
    for (size_t i = 0; i < handles_.size(); ++i) {
      if (handles_[i] != nullptr) Spare().handles.emplace_back(static_cast<int>(i), handles_[i]);
    }
  }

  cudnnHandle_t Get(int device) {
    const auto index = static_cast<size_t>(device);
    if (index >= handles_.size()) handles_.resize(index + 1, nullptr);
    if (handles_[index] == nullptr) handles_[index] = TakeSpare(device);
    if (handles_[index] == nullptr) NEURA_CUDNN_CHECK(cudnnCreate(&handles_[index]));
    return handles_[index];
  }

 private:
  static cudnnHandle_t TakeSpare(int device) {
    const std::lock_guard<std::mutex> lock(Spare().mutex);
    auto& spare = Spare().handles;
    for (auto entry = spare.begin(); entry != spare.end(); ++entry) {
      if (entry->first != device) continue;
      const cudnnHandle_t handle = entry->second;
      spare.erase(entry);
      return handle;
    }
    return nullptr;
  }

  std::vector<cudnnHandle_t> handles_;
};

}  // namespace

void ThrowCudnnStatus(cudnnStatus_t status, std::string_view call) {
  char detail[256] = "";
  cudnnGetLastErrorString(detail, sizeof(detail));
  const std::string what =
      absl::StrCat(FunctionName(call), ": ", cudnnGetErrorString(status),
                   detail[0] != '\0' ? " (" : "", detail, detail[0] != '\0' ? ")" : "", OnDevice());
  if (status >= CUDNN_STATUS_NOT_SUPPORTED && status < CUDNN_STATUS_INTERNAL_ERROR) {
    ThrowUnimplemented(what);
  }
  if (status == CUDNN_STATUS_ALLOC_FAILED ||
      status == CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED ||
      status == CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED) {
    ThrowResourceExhausted(what);
  }
  ThrowInternal(what);
}

cudnnHandle_t CudnnHandle(int device) {
  const DeviceGuard guard(device);
  BindContext(device);
  thread_local ThreadHandles handles;
  const cudnnHandle_t handle = handles.Get(device);
  NEURA_CUDNN_CHECK(cudnnSetStream(handle, CurrentStream(device)));
  return handle;
}

cudnnDataType_t CudnnTypeOf(DType dtype) {
  switch (dtype) {
    case kFloat16:
      return CUDNN_DATA_HALF;
    case kBFloat16:
      return CUDNN_DATA_BFLOAT16;
    case kFloat32:
      return CUDNN_DATA_FLOAT;
    case kFloat64:
      return CUDNN_DATA_DOUBLE;
    default:
      FailForDType(dtype);
  }
}

int CudnnInt(int64_t value) {
  if (value < 0 || value > std::numeric_limits<int>::max()) {
    ThrowInvalidArgument(absl::StrCat("cuDNN has no room for ", value, " in its 32 bits"));
  }
  return static_cast<int>(value);
}

std::vector<int> CudnnInts(DimsView values) {
  std::vector<int> ints;
  for (int64_t value : values) ints.push_back(CudnnInt(value));
  return ints;
}

TensorDescriptor::TensorDescriptor(DType dtype, DimsView extents) {
  const std::vector<int> ints = CudnnInts(extents);
  const cudnnDataType_t type = CudnnTypeOf(dtype);
  NEURA_CUDNN_CHECK(cudnnCreateTensorDescriptor(&handle_));
  const cudnnStatus_t status = cudnnSetTensorNdDescriptorEx(
      handle_, CUDNN_TENSOR_NCHW, type, static_cast<int>(ints.size()), ints.data());
  if (status != CUDNN_STATUS_SUCCESS) {
    cudnnDestroyTensorDescriptor(handle_);
    ThrowCudnnStatus(status, "cudnnSetTensorNdDescriptorEx");
  }
}

}  // namespace neura::cuda
