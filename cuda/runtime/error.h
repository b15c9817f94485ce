// From CUDA's status codes to Error.
#ifndef NEURA_CUDA_RUNTIME_ERROR_H_
#define NEURA_CUDA_RUNTIME_ERROR_H_

#include <cuda_runtime_api.h>

#include <string>
#include <string_view>

namespace neura::cuda {

// Throws the Error for a status: FailedPrecondition where there is no driver, no device or too old
// a driver; ResourceExhausted for memory; Internal otherwise. The message names the call, the
// device, and, where an earlier kernel failed, the last one that was started.
[[noreturn]] void ThrowStatus(cudaError_t status, std::string_view call);

// NEURA_CUDA_CHECK(cudaStreamSynchronize(stream));
#define NEURA_CUDA_CHECK(call)                                                \
  do {                                                                        \
    if (const cudaError_t neura_status = (call); neura_status != cudaSuccess) \
      ::neura::cuda::ThrowStatus(neura_status, #call);                        \
  } while (false)

// Call after <<<>>>, with a string literal: throws what cudaGetLastError says.
void CheckLaunch(const char* kernel);
// Remembers the name of work that was queued without <<<>>>.
void NoteLaunch(const char* name) noexcept;

// Takes back the error of a call that was allowed to fail, so that CheckLaunch does not see it.
void ClearError() noexcept;

// "cublasLtMatmul" from "cublasLtMatmul(handle, ...)".
std::string_view FunctionName(std::string_view call);
// ", on cuda:1", the device of the calling thread; empty where there is none.
std::string OnDevice();

}  // namespace neura::cuda

#endif  // NEURA_CUDA_RUNTIME_ERROR_H_
