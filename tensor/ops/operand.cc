#include "neura/tensor/ops/operand.h"

#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/pointwise_type.h"

namespace neura {

void NumbersToTensors(OpId op, absl::Span<Operand> inputs) {
  const Tensor* beside = nullptr;
  size_t place = inputs.size();
  // where(condition, 1.0, x): the condition's dtype does not count.
  while (beside == nullptr && place > 0) {
    if (inputs[--place].tensor.defined()) beside = &inputs[place].tensor;
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].is_tensor) continue;
    inputs[i] = beside == nullptr
                    ? ScalarTensor(inputs[i].scalar)
                    : NumberBeside(op, *beside, inputs[i].scalar, i < place).Release();
  }
}

}  // namespace neura
