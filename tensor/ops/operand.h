// A tensor, or a number that stands beside one.
#ifndef NEURA_TENSOR_OPS_OPERAND_H_
#define NEURA_TENSOR_OPS_OPERAND_H_

#include <type_traits>
#include <utility>

#include "absl/types/span.h"
#include "neura/tensor/core/scalar.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/schema.h"

namespace neura {

struct Operand {
  Tensor tensor = {};
  Scalar scalar = {};
  bool is_tensor = false;

  Operand() = default;
  Operand(Tensor value) : tensor(std::move(value)), is_tensor(true) {}
  Operand(const Scalar& value) : scalar(value) {}
  template <typename T>
  requires std::is_arithmetic_v<T> Operand(T value) : scalar(value) {}
};

// Makes tensors of the numbers among the inputs of `op`, as NumberBeside() does beside the last
// tensor; beside none, of their own dtypes.
void NumbersToTensors(OpId op, absl::Span<Operand> inputs);

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_OPERAND_H_
