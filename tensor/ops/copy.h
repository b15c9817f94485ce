// Copies: to another dtype, device or order, and over what is there.
#ifndef NEURA_TENSOR_OPS_COPY_H_
#define NEURA_TENSOR_OPS_COPY_H_

#include <string_view>

#include "neura/tensor/core/tensor.h"

namespace neura {

// A copy of another dtype; the tensor itself when it has it already.
Tensor Cast(const Tensor& input, DType dtype);
// A contiguous copy, never sharing memory.
Tensor Clone(const Tensor& input);
// A contiguous copy on another device; the tensor itself when it is there already. With
// `non_blocking`, a copy to or from pinned host memory may still run when this returns: what is
// queued on the device afterwards comes after it, the host must Synchronize(device) before it
// reads.
Tensor To(const Tensor& input, Device device, bool non_blocking = false);
// A copy in host memory that a linked accelerator reads by itself. Throws FailedPrecondition when
// there is none.
Tensor PinMemory(const Tensor& input);
// The tensor itself when its elements lie in row-major order, else such a copy.
Tensor Contiguous(const Tensor& input);

// ---- in place: the memory of `input` and of every view of it changes ----
// Elements of `source`, broadcast and converted. Returns `input`.
Tensor Assign(const Tensor& input, const Tensor& source);
// The result that `op` has of `input` over it. Throws InvalidArgument where it has another shape or
// a dtype of a higher category.
Tensor AssignResult(std::string_view op, const Tensor& input, const Tensor& result);
Tensor Fill(const Tensor& input, const Scalar& value);

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_COPY_H_
