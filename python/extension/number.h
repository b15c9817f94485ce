// Numbers beside tensors.
#ifndef NEURA_PYTHON_EXTENSION_NUMBER_H_
#define NEURA_PYTHON_EXTENSION_NUMBER_H_

#include "absl/types/span.h"
#include "neura/python/extension/values.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/pointwise_type.h"

namespace neura::python {

// Makes tensors of the numbers among `inputs`, of the dtype that a number has beside the first
// tensor; beside none, of its own.
inline void NumbersToTensors(absl::Span<TensorOrScalar> inputs) {
  const Tensor* beside = nullptr;
  // where(condition, 1.0, x): the condition's dtype does not count.
  for (size_t i = inputs.size(); i-- > 0;) {
    if (inputs[i].tensor.defined()) {
      beside = &inputs[i].tensor;
      break;
    }
  }
  for (TensorOrScalar& input : inputs) {
    if (input.tensor.defined()) continue;
    input.tensor =
        beside == nullptr
            ? ScalarTensor(input.scalar)
            : ScalarTensor(input.scalar, {.dtype = ScalarDType(beside->dtype(), input.scalar),
                                          .device = beside->device()});
  }
}

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_NUMBER_H_
