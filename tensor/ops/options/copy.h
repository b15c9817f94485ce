// Copies and conversions: options.
#ifndef NEURA_TENSOR_OPS_OPTIONS_COPY_H_
#define NEURA_TENSOR_OPS_OPTIONS_COPY_H_

#include "neura/tensor/core/fields.h"

namespace neura {

struct CastOptions {
  DType dtype = kFloat32;
  NEURA_FIELDS(dtype)
};

// The device is the call's, as it is of factories. `non_blocking`: see DeviceMemory::copy.
struct ToDeviceOptions {
  bool non_blocking = false;
  NEURA_FIELDS(non_blocking)
};

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_OPTIONS_COPY_H_
