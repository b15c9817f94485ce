// Gradients of fused operations, which have no derivatives of their own.
#ifndef NEURA_AUTOGRAD_DIFFERENTIATE_THROUGH_H_
#define NEURA_AUTOGRAD_DIFFERENTIATE_THROUGH_H_

#include <cstddef>
#include <functional>
#include <vector>

#include "neura/autograd/rule.h"
#include "neura/tensor/core/tensor.h"

namespace neura::autograd {

// Sets the gradients of a fused operation by differentiating `formula`, which computes the same
// outputs from the same (first `count`) inputs with public operations.
void DifferentiateThrough(
    RuleContext& c, size_t count,
    const std::function<std::vector<Tensor>(const std::vector<Tensor>&)>& formula);

}  // namespace neura::autograd

#endif  // NEURA_AUTOGRAD_DIFFERENTIATE_THROUGH_H_
