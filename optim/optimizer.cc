#include "neura/optim/optimizer.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "neura/autograd/autograd.h"
#include "neura/tensor/backend_api.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/sparse_parts.h"
#include "neura/tensor/ops/element_program.h"
#include "neura/tensor/ops/op_list/fused.h"
#include "neura/tensor/ops/shape.h"

namespace neura::optim {

Tensor Optimizer::Step(const Closure& closure) {
  Tensor loss;
  {
    const EnableGradGuard enable_grad;
    loss = closure();
  }
  Step();
  return loss;
}

void Optimizer::ZeroGrad() {
  for (size_t g = 0; g < num_groups(); ++g) {
    for (const Tensor& param : params(g)) autograd::SetGrad(param, {});
  }
}

namespace internal {

void CheckParam(const char* optimizer, const Tensor& param) {
  if (IsSparse(param)) {
    ThrowInvalidArgument(
        absl::StrCat(optimizer, " requires dense parameter tensors, got ", Describe(param)));
  }
  if (autograd::IsLeaf(param)) return;
  ThrowInvalidArgument(absl::StrCat(optimizer, ": can't optimize a non-leaf Tensor, ",
                                    Describe(param),
                                    "; give the parameter that it is computed from"));
}

std::vector<Tensor> GradientsOf(const std::vector<Tensor>& params) {
  std::vector<Tensor> grads;
  for (const Tensor& param : params) {
    Tensor grad = autograd::GradOf(param);
    if (grad.defined()) grads.push_back(std::move(grad));
  }
  return grads;
}

Tensor RealView(const Tensor& tensor) {
  return IsComplex(tensor.dtype()) ? ViewAsReal(tensor) : tensor;
}

namespace {

// Overwrites the first tensor of each tuple by the trace's result.
void Update(ElementTrace& trace, const Element& result, const std::vector<const Tensor*>& refs) {
  if (refs.empty()) return;
  const NoGradGuard no_grad;
  FusedOptions update;
  update.program = trace.Finish({&result, 1});
  update.targets = {0};
  Dispatch(op::kFusedUpdate, &update, refs, {});
}

}  // namespace

void MoveToInPlace(const std::vector<Tensor>& targets, const std::vector<Tensor>& values,
                   double weight) {
  std::vector<const Tensor*> refs;
  for (size_t i = 0; i < targets.size(); ++i) {
    refs.push_back(&targets[i]);
    refs.push_back(&values[i]);
  }
  ElementTrace trace(2);
  const Element target = trace.Input(0);
  Update(trace, target + (trace.Input(1) - target) * weight, refs);
}

void ScaleInPlace(const std::vector<Tensor>& targets, double factor) {
  std::vector<const Tensor*> refs;
  for (const Tensor& target : targets) refs.push_back(&target);
  ElementTrace trace(1);
  Update(trace, trace.Input(0) * factor, refs);
}

}  // namespace internal
}  // namespace neura::optim
