// Whether float32 may be rounded to TensorFloat-32.
#ifndef NEURA_CUDA_LIBRARIES_TF32_H_
#define NEURA_CUDA_LIBRARIES_TF32_H_

namespace neura::cuda {

// Lets matrix products and convolutions of float32 round their inputs to TensorFloat-32, which has
// float32's range and 10 bits of mantissa, and is several times faster. Off at the start. For all
// threads, from their next operation on.
void SetAllowTf32(bool allow);
bool AllowTf32();

}  // namespace neura::cuda

#endif  // NEURA_CUDA_LIBRARIES_TF32_H_
