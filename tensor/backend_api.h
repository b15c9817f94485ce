// The inside of //tensor that other libraries may build on: the operation list, the door to it, the
// tables of kernels and of inference. A backend fills KernelsOf(its device) and calls
// SetDeviceMemory.
#ifndef NEURA_TENSOR_BACKEND_API_H_
#define NEURA_TENSOR_BACKEND_API_H_

#include "neura/tensor/core/device_memory.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/backend.h"
#include "neura/tensor/ops/dispatch.h"
#include "neura/tensor/ops/schema.h"

#endif  // NEURA_TENSOR_BACKEND_API_H_
