// Numbers beside tensors.
#ifndef NEURA_PYTHON_EXTENSION_NUMBER_H_
#define NEURA_PYTHON_EXTENSION_NUMBER_H_

#include "absl/types/span.h"
#include "neura/python/extension/values.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/pointwise_type.h"

namespace neura::python {

// Makes tensors of the numbers among the inputs of `op`, as NumberBeside() does beside the last
// tensor; beside none, of their own dtypes.
inline void NumbersToTensors(OpId op, absl::Span<TensorOrScalar> inputs) {
  const Tensor* beside = nullptr;
  size_t place = inputs.size();
  // where(condition, 1.0, x): the condition's dtype does not count.
  while (beside == nullptr && place > 0) {
    if (inputs[--place].tensor.defined()) beside = &inputs[place].tensor;
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].tensor.defined()) continue;
    inputs[i].tensor = beside == nullptr ? ScalarTensor(inputs[i].scalar)
                                         : NumberBeside(op, *beside, inputs[i].scalar, i < place);
  }
}

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_NUMBER_H_
