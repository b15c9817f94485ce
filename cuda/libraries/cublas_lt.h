// cuBLASLt's handles, descriptors and errors.
#ifndef NEURA_CUDA_LIBRARIES_CUBLAS_LT_H_
#define NEURA_CUDA_LIBRARIES_CUBLAS_LT_H_

#include <cublasLt.h>

#include <memory>
#include <string_view>

namespace neura::cuda {

// Throws the Error for a status, as ThrowStatus does for those of CUDA.
[[noreturn]] void ThrowCublasStatus(cublasStatus_t status, std::string_view call);

#define NEURA_CUBLAS_CHECK(call)                                                           \
  do {                                                                                     \
    if (const cublasStatus_t neura_status = (call); neura_status != CUBLAS_STATUS_SUCCESS) \
      ::neura::cuda::ThrowCublasStatus(neura_status, #call);                               \
  } while (false)

// That of a device; any thread may use it.
cublasLtHandle_t CublasLtHandle(int device);

struct CublasLtDeleter {
  void operator()(cublasLtMatmulDesc_t desc) const { cublasLtMatmulDescDestroy(desc); }
  void operator()(cublasLtMatrixLayout_t layout) const { cublasLtMatrixLayoutDestroy(layout); }
  void operator()(cublasLtMatmulPreference_t preference) const {
    cublasLtMatmulPreferenceDestroy(preference);
  }
};
template <typename Handle>
using CublasLtOwned = std::unique_ptr<std::remove_pointer_t<Handle>, CublasLtDeleter>;

}  // namespace neura::cuda

#endif  // NEURA_CUDA_LIBRARIES_CUBLAS_LT_H_
