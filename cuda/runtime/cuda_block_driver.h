// The half of a BlockDriver that deals with streams and events, by CUDA's calls.
#ifndef NEURA_CUDA_RUNTIME_CUDA_BLOCK_DRIVER_H_
#define NEURA_CUDA_RUNTIME_CUDA_BLOCK_DRIVER_H_

#include "neura/cuda/runtime/block_cache.h"

namespace neura::cuda {

class CudaBlockDriver : public BlockDriver {
 public:
  CUevent_st* Record(StreamId stream) noexcept override;
  bool Done(CUevent_st* event) noexcept override;
  void Wait(CUevent_st* event) noexcept override;
  void MakeWait(StreamId stream, CUevent_st* event) noexcept override;
  void Release(CUevent_st* event) noexcept override;
};

}  // namespace neura::cuda

#endif  // NEURA_CUDA_RUNTIME_CUDA_BLOCK_DRIVER_H_
