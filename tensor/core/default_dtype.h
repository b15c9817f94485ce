// The floating point dtype of what names none.
#ifndef NEURA_TENSOR_CORE_DEFAULT_DTYPE_H_
#define NEURA_TENSOR_CORE_DEFAULT_DTYPE_H_

#include "neura/tensor/core/dtype.h"

namespace neura {

// Of new tensors, of fractions beside integers, and of integers that are divided: float32 unless
// the program sets another one. It is the same for all threads.
DType DefaultDType() noexcept;
// Throws InvalidArgument unless it is a floating point dtype.
void SetDefaultDType(DType dtype);

}  // namespace neura

#endif  // NEURA_TENSOR_CORE_DEFAULT_DTYPE_H_
