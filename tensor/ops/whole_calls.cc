#include "neura/tensor/ops/whole_calls.h"

#include <atomic>

#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/backend.h"
#include "neura/tensor/ops/op_list/copy.h"

namespace neura {
namespace {

constinit thread_local WholeKeeper* t_keeper = nullptr;

// Each is filled by the first call that is kept, before anything stands for it.
constinit std::atomic<RunWhole> g_runs[kNumWholeFunctions] = {};

template <typename Options>
OpSchema Row(const char* name, const char* inputs, const char* outputs) {
  OpSchema schema;
  schema.name = name;
  schema.cc_name = name;
  schema.inputs = inputs;
  schema.outputs = outputs;
  schema.doc = "A function of operations as one of them";
  schema.options = OptionsTypeOf<Options>(name);
  schema.flags = OpFlags::None(kRealDTypes);
  return schema;
}

OpSchema RowOf(WholeFunction function) {
  switch (function) {
    case WholeFunction::kAttention:
      return Row<AttentionCall>("scaled_dot_product_attention", "query, key, value, attn_mask?",
                                "output, weights");
    case WholeFunction::kGridSample:
      return Row<GridSampleCall>("grid_sample", "input, grid", "output");
    case WholeFunction::kGroupNorm:
      return Row<GroupNormCall>("group_norm", "input, weight?, bias?", "output");
    case WholeFunction::kInstanceNorm:
      return Row<InstanceNormCall>("instance_norm", "input, weight?, bias?", "output");
    case WholeFunction::kInterpolate:
      return Row<InterpolateCall>("interpolate", "input", "output");
    case WholeFunction::kRecurrent:
      return Row<RecurrentCall>("recurrent", "input, h?, c?, weights...", "output, h, c");
    case WholeFunction::kRmsNorm:
      return Row<RmsNormCall>("rms_norm", "input, weight?", "output");
  }
  ThrowInternal("WholeOp: no such function");
}

std::vector<Tensor> RunByOperations(const OpCall& call) {
  const ScopedWholeKeeper none(nullptr);
  const RunWhole run = g_runs[static_cast<size_t>(*WholeFunctionOf(call.op))];
  return run(call);
}

// By running it on tensors without memory.
void InferWhole(const OpCall& call, OutputSpecs& outputs) {
  std::vector<Tensor> inputs;
  std::vector<const Tensor*> refs;
  for (const Tensor* input : call.inputs) {
    inputs.push_back(input->defined()
                         ? Tensor::Empty(input->shape(), input->dtype(), Device{DeviceType::kMeta})
                         : Tensor());
  }
  for (const Tensor& input : inputs) refs.push_back(&input);
  OpCall tried = call;
  tried.inputs = refs;
  tried.device = Device{DeviceType::kMeta};
  const std::vector<Tensor> results = RunByOperations(tried);
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (!results[i].defined()) continue;
    outputs[i].dtype = results[i].dtype();
    SetDims(outputs[i].shape, results[i].shape());
  }
}

void WholeKernel(KernelCall& call) {
  const std::vector<Tensor> results = RunByOperations(call.call);
  for (size_t i = 0; i < call.outputs.size(); ++i) {
    if (!call.wants(i) || !results[i].defined()) continue;
    const Tensor* const refs[] = {&call.output(i), &results[i]};
    DispatchInPlace(op::kAssign, nullptr, refs);
  }
}

OpId RegisteredWhole(WholeFunction function) {
  const OpId op = RegisterOp(RowOf(function), &InferWhole);
  for (int device = 0; device < kNumDeviceTypes; ++device) {
    KernelsOf(static_cast<DeviceType>(device))[op] = &WholeKernel;
  }
  return op;
}

struct WholeOps {
  OpId ops[kNumWholeFunctions];
};
// Null until somebody keeps calls whole.
constinit std::atomic<const WholeOps*> g_ops = nullptr;

// Not before: programs look at the operations that are registered.
const WholeOps& RegisteredOps() {
  static const WholeOps* const registered = [] {
    auto* const made = new WholeOps;
    for (int i = 0; i < kNumWholeFunctions; ++i) {
      made->ops[i] = RegisteredWhole(static_cast<WholeFunction>(i));
    }
    g_ops.store(made, std::memory_order_release);
    return made;
  }();
  return *registered;
}

}  // namespace

OpId WholeOp(WholeFunction function) { return RegisteredOps().ops[static_cast<size_t>(function)]; }

std::optional<WholeFunction> WholeFunctionOf(OpId op) {
  const WholeOps* const known = g_ops.load(std::memory_order_acquire);
  for (int i = 0; known != nullptr && i < kNumWholeFunctions; ++i) {
    if (known->ops[i] == op) return static_cast<WholeFunction>(i);
  }
  return {};
}

ScopedWholeKeeper::ScopedWholeKeeper(WholeKeeper* keeper) : outer_(t_keeper) { t_keeper = keeper; }
ScopedWholeKeeper::~ScopedWholeKeeper() { t_keeper = outer_; }

std::vector<Tensor> KeptWhole(WholeFunction function, RunWhole run, const void* options,
                              TensorRefs inputs) {
  WholeKeeper* const keeper = t_keeper;
  if (keeper == nullptr) return {};
  g_runs[static_cast<size_t>(function)] = run;
  const OpCall call{WholeOp(function), options, inputs, inputs[0]->device()};
  if (!keeper->Keeps(call)) return {};
  return keeper->Keep(call, [&call] { return RunByOperations(call); });
}

}  // namespace neura
