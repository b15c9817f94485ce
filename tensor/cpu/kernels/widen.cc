#include "neura/tensor/cpu/kernels/widen.h"

#include "absl/container/inlined_vector.h"
#include "neura/tensor/cpu/kernels/kernels.h"

namespace neura::cpu {
namespace {

bool IsNarrow(const Tensor& tensor) {
  return tensor.defined() && WideDType(tensor.dtype()) != tensor.dtype();
}

}  // namespace

bool NeedsWidening(const KernelCall& call) {
  for (const Tensor* input : call.call.inputs) {
    if (IsNarrow(*input)) return true;
  }
  for (const Tensor& output : call.outputs) {
    if (IsNarrow(output)) return true;
  }
  return false;
}

void RunWidened(KernelCall& call, Kernel kernel) {
  const TensorRefs given = call.call.inputs;
  absl::InlinedVector<Tensor, 4> inputs(given.size());
  absl::InlinedVector<const Tensor*, 4> refs(given.begin(), given.end());
  for (size_t i = 0; i < given.size(); ++i) {
    if (!IsNarrow(*given[i])) continue;
    inputs[i] = Converted(*given[i], WideDType(given[i]->dtype()));
    refs[i] = &inputs[i];
  }
  absl::InlinedVector<Tensor, kMaxOutputs> outputs(call.outputs.begin(), call.outputs.end());
  for (Tensor& output : outputs) {
    if (IsNarrow(output)) output = Tensor::Empty(output.shape(), WideDType(output.dtype()), kCpu);
  }
  OpCall wide = call.call;
  wide.inputs = refs;
  KernelCall wide_call{wide, absl::MakeSpan(outputs)};
  kernel(wide_call);
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (IsNarrow(call.outputs[i])) CopyElements(outputs[i], call.outputs[i]);
  }
}

}  // namespace neura::cpu
