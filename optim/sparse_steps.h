// Steps of the rules with sparse gradients.
#ifndef NEURA_OPTIM_SPARSE_STEPS_H_
#define NEURA_OPTIM_SPARSE_STEPS_H_

#include "absl/types/span.h"
#include "neura/optim/row_optimizer.h"
#include "neura/optim/rules.h"
#include "neura/tensor/core/tensor.h"

namespace neura::optim::internal {

// One step of a row that takes sparse gradients, by a gradient of one sparse dimension, over the
// parameter (the real view of a complex one) and its states.
void StepSparse(const OptimizerRow& row, const void* options, StepInfo info, const Tensor& grad,
                const Tensor& param, absl::Span<const Tensor> states);

}  // namespace neura::optim::internal

#endif  // NEURA_OPTIM_SPARSE_STEPS_H_
