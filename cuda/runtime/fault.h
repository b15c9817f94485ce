// What kernels say of data that they cannot work on: they cannot throw, so they leave a note, which
// becomes an Error when the device is next synchronized.
#ifndef NEURA_CUDA_RUNTIME_FAULT_H_
#define NEURA_CUDA_RUNTIME_FAULT_H_

#include <cstdint>

namespace neura::cuda {

enum class FaultCode : int32_t { kNone = 0, kIndexOutOfRange = 1 };

// In memory that host and device share, between which nothing is atomic. `code` is written last,
// and so a note is whole; where kernels of two streams find fault in the same instant, it may say
// of one the index and of the other the bound.
struct KernelFault {
  int32_t code;
  int32_t op;     // an OpId
  int64_t value;  // the index
  int64_t bound;  // the extent that it should lie in
};

// The note of a device, for kernels to write to.
KernelFault* FaultOf(int device);

// Throws OutOfRange naming the operation where a kernel that has ended left a note, and takes the
// note away. Called after each synchronization.
void CheckFault(int device);

}  // namespace neura::cuda

#endif  // NEURA_CUDA_RUNTIME_FAULT_H_
