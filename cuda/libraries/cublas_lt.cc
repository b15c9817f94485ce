#include "neura/cuda/libraries/cublas_lt.h"

#include <mutex>
#include <vector>

#include "absl/strings/str_cat.h"
#include "neura/cuda/runtime/device.h"
#include "neura/cuda/runtime/error.h"
#include "neura/tensor/core/error.h"

namespace neura::cuda {

void ThrowCublasStatus(cublasStatus_t status, std::string_view call) {
  const std::string what =
      absl::StrCat(FunctionName(call), ": ", cublasLtGetStatusName(status), OnDevice());
  switch (status) {
    case CUBLAS_STATUS_ALLOC_FAILED:
      ThrowResourceExhausted(what);
    case CUBLAS_STATUS_NOT_SUPPORTED:
      ThrowUnimplemented(what);
    default:
      ThrowInternal(what);
  }
}

cublasLtHandle_t CublasLtHandle(int device) {
  const DeviceGuard guard(device);
  BindContext(device);
  static std::mutex* mutex = new std::mutex;
  static auto* handles =
      new std::vector<cublasLtHandle_t>(static_cast<size_t>(DeviceCount()), nullptr);
  const std::lock_guard<std::mutex> lock(*mutex);
  cublasLtHandle_t& handle = (*handles)[static_cast<size_t>(device)];
  if (handle == nullptr) NEURA_CUBLAS_CHECK(cublasLtCreate(&handle));
  return handle;
}

}  // namespace neura::cuda
