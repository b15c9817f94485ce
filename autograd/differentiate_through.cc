#include "neura/autograd/differentiate_through.h"

#include "neura/autograd/autograd.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/shape.h"

namespace neura::autograd {

void DifferentiateThrough(
    RuleContext& c, size_t count,
    const std::function<std::vector<Tensor>(const std::vector<Tensor>&)>& formula) {
  const bool create_graph = GradEnabled();
  std::vector<Tensor> inputs(count), wanted;
  for (size_t i = 0; i < count; ++i) {
    const Tensor input = c.input(i);
    if (!input.defined()) continue;
    // New tensors, so that differentiation stops here and, when recorded, goes on behind them.
    inputs[i] = Alias(input);
    if (!RequiresGrad(inputs[i])) SetRequiresGrad(inputs[i]);
    if (c.needs(i)) wanted.push_back(inputs[i]);
  }
  std::vector<Tensor> outputs, gradients;
  {
    EnableGradGuard record;
    const std::vector<Tensor> results = formula(inputs);
    for (size_t i = 0; i < results.size(); ++i) {
      if (!c.grad(i).defined() || !RequiresGrad(results[i])) continue;
      outputs.push_back(results[i]);
      gradients.push_back(c.grad(i));
    }
  }
  if (outputs.empty()) return;
  const std::vector<Tensor> grads =
      Grad(outputs, wanted,
           {.grad_outputs = gradients, .create_graph = create_graph, .allow_unused = true});
  size_t next = 0;
  for (size_t i = 0; i < count; ++i) {
    if (c.needs(i)) c.Set(i, grads[next++]);
  }
}

}  // namespace neura::autograd
