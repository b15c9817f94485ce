// What an operation costs.
#ifndef NEURA_TENSOR_OPS_MULTIPLY_ADDS_H_
#define NEURA_TENSOR_OPS_MULTIPLY_ADDS_H_

#include <cstdint>

#include "absl/types/span.h"
#include "neura/tensor/ops/dispatch.h"

namespace neura {

// How many products of two numbers a call adds up: of matrix products and convolutions, 0 of all
// others. Shapes alone are looked at, so that tensors may be those of the device meta.
int64_t MultiplyAddsOf(const OpCall& call, absl::Span<const Tensor> outputs);

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_MULTIPLY_ADDS_H_
