// The observer that records, and the switches that stop it.
#include "neura/autograd/tape.h"

#include <utility>
#include <vector>

#include "absl/base/optimization.h"
#include "absl/strings/str_cat.h"
#include "neura/autograd/anomaly.h"
#include "neura/autograd/autograd.h"
#include "neura/autograd/function.h"
#include "neura/autograd/node.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/sparse_parts.h"
#include "neura/tensor/ops/autocast.h"
#include "neura/tensor/ops/dispatch.h"
#include "neura/tensor/ops/op_list/view.h"
#include "neura/tensor/ops/shape.h"

namespace neura {
namespace {

thread_local bool t_grad_enabled = true;
thread_local bool t_inference = false;

}  // namespace

bool GradEnabled() { return t_grad_enabled && !t_inference; }
bool SetGradEnabled(bool enabled) { return std::exchange(t_grad_enabled, enabled); }

NoGradGuard::NoGradGuard() : previous_(t_grad_enabled) { t_grad_enabled = false; }
NoGradGuard::~NoGradGuard() { t_grad_enabled = previous_; }
EnableGradGuard::EnableGradGuard() : previous_(t_grad_enabled) { t_grad_enabled = true; }
EnableGradGuard::~EnableGradGuard() { t_grad_enabled = previous_; }

bool InferenceModeEnabled() { return t_inference; }
bool SetInferenceModeEnabled(bool enabled) { return std::exchange(t_inference, enabled); }

InferenceModeGuard::InferenceModeGuard() : previous_(t_inference) { t_inference = true; }
InferenceModeGuard::~InferenceModeGuard() { t_inference = previous_; }

namespace autograd {
namespace {

bool AnyFlows(TensorRefs inputs) {
  for (const Tensor* input : inputs) {
    if (input->defined() && Flows(*input)) return true;
  }
  return false;
}

bool IsTrainedLeaf(const Tensor& tensor) {
  const AutogradMeta* meta = MetaOf(tensor);
  return meta != nullptr && meta->requires_grad.load(std::memory_order_relaxed) && !meta->node;
}

// Where a view lies in its base.
AsStridedOptions PlaceIn(const Tensor& base, const Tensor& view) {
  return {.shape = Dims(view.shape().begin(), view.shape().end()),
          .strides = Dims(view.strides().begin(), view.strides().end()),
          .offset = view.storage_offset() - base.storage_offset()};
}

// Notes that an operation of these inputs made `output`.
void SetHistory(const Tensor& output, OpId op, const void* options, TensorRefs inputs) {
  const OpCall call{op, options, inputs, output.device()};
  MetaOrNew(output).SetNode(Node::Record(call, RuleOf(op), {&output, 1}), 0);
}

// A base whose numbers are read by their parts, or pairs of which are read as numbers, as a tensor
// of the view's dtype; else the base.
Tensor BaseInDTypeOf(const Tensor& view, const Tensor& base) {
  if (base.dtype() == view.dtype()) return base;
  NoGradGuard no_grad;
  return IsComplex(base.dtype()) ? ViewAsReal(base) : ViewAsComplex(base);
}
// Its history from that of the base, and the other way round.
void SetHistoryAcross(const Tensor& output, const Tensor& input) {
  SetHistory(output, IsComplex(input.dtype()) ? op::kViewAsReal : op::kViewAsComplex, nullptr,
             {&input});
}

// Notes that a part of `base` is what `view` has become.
void RecordWriteThrough(const Tensor& base, const Tensor& view) {
  const Tensor whole = BaseInDTypeOf(view, base);
  const bool across = !IsSame(whole, base);
  if (across && Flows(base)) SetHistoryAcross(whole, base);
  const AsStridedOptions options = PlaceIn(whole, view);
  SetHistory(whole, op::kAsStridedScatter, &options, {&whole, &view});
  if (across) SetHistoryAcross(base, whole);
}

class Tape final : public OpObserver {
 public:
  // What a gradient is computed from.
  OutputMask Needs(const OpCall& call) override {
    if (!GradEnabled() || !AnyFlows(call.inputs)) return 0;
    return RuleOf(call.op).saves.outputs;
  }

  void BeforeInPlace(const OpCall& call) override {
    if (!GradEnabled() || !AnyFlows(call.inputs)) return;
    for (size_t i = 0; i < call.inputs.size(); ++i) {
      if (call.changes(i)) CheckTarget(call, call.input(i));
    }
  }

  void OnOp(const OpCall& call, absl::Span<Tensor> outputs) override {
    if (ABSL_PREDICT_FALSE(GetAnomalyMode() == AnomalyMode::kCheck)) CheckForAnomaly(call, outputs);
    if (!GradEnabled()) {
      // Later changes to what was viewed without recording are not this tensor's.
      if (!call.schema().flags.view) return;
      for (Tensor& output : outputs) output.impl()->base = {};
      return;
    }
    if (!AnyFlows(call.inputs)) return;
    const Rule& rule = RuleOf(call.op);
    if (rule.kind == Rule::Kind::kNotDifferentiable) {
      // The overwritten value does not depend on what the old one was computed from.
      for (size_t i = 0; i < call.inputs.size(); ++i) {
        if (call.changes(i)) Forget(call.input(i));
      }
      return;
    }
    if (rule.kind == Rule::Kind::kMissing) {
      ThrowUnimplemented(absl::StrCat(Describe(call), ": the operation has no gradient rule"));
    }
    const IntrusivePtr<Node> node = Node::Record(call, rule, outputs);
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (!outputs[i].defined() || !rule.DifferentiatesOutput(i) ||
          !IsDifferentiable(outputs[i].dtype())) {
        continue;
      }
      MetaOrNew(outputs[i]).SetNode(node, i);
    }
    if (!call.in_place) return;
    WriteThrough(outputs[0]);
    // What was read of the same memory has changed since its history was looked up.
    for (const Tensor* input : call.inputs.subspan(1)) {
      if (!input->defined() || IsSame(*input, outputs[0])) continue;
      TensorImpl& other = *input->impl();
      if (other.storage.get() == outputs[0].storage().get()) {
        other.base_version.store(outputs[0].version() - 1, std::memory_order_relaxed);
      }
    }
  }

 private:
  static void CheckTarget(const OpCall& call, const Tensor& target) {
    const Tensor base = target.base();
    if (IsTrainedLeaf(target) || (base.defined() && IsTrainedLeaf(base))) {
      ThrowFailedPrecondition(absl::StrCat(
          Describe(call), ": a leaf that requires a gradient",
          base.defined() ? ", or a view of one," : "",
          " cannot be changed in place while operations are recorded; use a NoGradGuard"));
    }
    // What the history of others says of them is said in terms of contiguous memory.
    const Tensor& whole = base.defined() ? base : target;
    if (!whole.is_contiguous() && !target.storage()->unique()) {
      ThrowFailedPrecondition(absl::StrCat(
          Describe(call), ": the tensor shares its memory with others, as ", Describe(whole),
          " that is not contiguous; write the result to a new tensor instead"));
    }
  }

  static void Forget(const Tensor& target) {
    if (AutogradMeta* const meta = MetaOf(target)) meta->node.Store({});
    WriteThrough(target);
  }

  // After a write to a view: its own history is up to date, and its base's is made so. Other views
  // find out by the memory's version.
  static void WriteThrough(const Tensor& target) {
    const Tensor base = target.base();
    if (!base.defined()) return;
    target.impl()->base_version.store(target.version(), std::memory_order_relaxed);
    RecordWriteThrough(base, target);
  }
};

OpObserver& Instance() {
  static auto* const tape = new Tape;
  return *tape;
}

[[maybe_unused]] const bool kInstalled = [] {
  AddGlobalObserver(&Instance());
  internal::g_autocast_keeps = [](const Tensor& tensor) {
    return GradEnabled() && RequiresGrad(tensor) && autograd::IsLeaf(tensor);
  };
  return true;
}();

void AddHook(HookSlot& slot, const Hook& hook) {
  for (;;) {
    const IntrusivePtr<HookList> old = slot.Load();
    std::vector<Hook> hooks;
    if (old) hooks = old->hooks();
    hooks.push_back(hook);
    if (slot.CompareExchange(old, IntrusivePtr<HookList>::Adopt(new HookList(std::move(hooks))))) {
      return;
    }
  }
}

}  // namespace

OpObserver& TheTape() { return Instance(); }

void RenewHistory(const Tensor& view) {
  TensorImpl& impl = *view.impl();
  if (IsTrainedLeaf(view)) return;
  const Tensor base = view.base();
  // First, since what follows looks at the view.
  impl.base_version.store(impl.storage->version(), std::memory_order_relaxed);
  if (!Flows(base)) {
    if (AutogradMeta* const meta = MetaOf(view)) meta->node.Store({});
    return;
  }
  // Then only unrecorded changes are possible, and the history stays what it is.
  if (!base.is_contiguous()) return;
  const Tensor whole = BaseInDTypeOf(view, base);
  if (!IsSame(whole, base)) SetHistoryAcross(whole, base);
  const AsStridedOptions options = PlaceIn(whole, view);
  SetHistory(view, op::kAsStrided, &options, {&whole});
}

Tensor GradOf(const Tensor& tensor) {
  if (!tensor.defined() || MetaOf(tensor) == nullptr) return {};
  return MetaOf(tensor)->grad.Load();
}

void SetGrad(const Tensor& tensor, const Tensor& grad) {
  RequireDefined("SetGrad", tensor);
  if (grad.defined() && (grad.shape() != tensor.shape() || grad.dtype() != tensor.dtype())) {
    ThrowInvalidArgument(
        absl::StrCat("SetGrad: the gradient of ", Describe(tensor), " cannot be ", Describe(grad)));
  }
  if (!grad.defined() && MetaOf(tensor) == nullptr) return;
  MetaOrNew(tensor).grad.Store(grad);
}

bool IsLeaf(const Tensor& tensor) {
  RequireDefined("IsLeaf", tensor);
  RenewIfChanged(tensor);
  const AutogradMeta* meta = MetaOf(tensor);
  return meta == nullptr || !meta->node;
}

std::string_view RecordedOp(const Tensor& tensor) {
  RequireDefined("RecordedOp", tensor);
  const Edge edge = EdgeTo(tensor);
  return edge.node ? NameOf(*edge.node) : std::string_view();
}

void RegisterHook(const Tensor& tensor, std::function<Tensor(const Tensor&)> hook) {
  if (!tensor.defined() || !Flows(tensor)) {
    ThrowInvalidArgument(
        absl::StrCat("RegisterHook: ", Describe(tensor), " does not require a gradient"));
  }
  const Edge edge = EdgeTo(tensor);
  AddHook(edge.node ? edge.node->hooks(edge.output_index) : MetaOf(tensor)->hooks, hook);
}

void RegisterAccumulationHook(const Tensor& leaf, std::function<Tensor(const Tensor&)> hook) {
  if (!leaf.defined() || !Flows(leaf) || EdgeTo(leaf).node) {
    ThrowInvalidArgument(absl::StrCat("RegisterAccumulationHook: ", Describe(leaf),
                                      " is no leaf that requires a gradient"));
  }
  AddHook(MetaOf(leaf)->accumulation_hooks, hook);
}

}  // namespace autograd

Tensor SetRequiresGrad(const Tensor& tensor, bool requires_grad) {
  RequireDefined("SetRequiresGrad", tensor);
  if (requires_grad) RequireDense("SetRequiresGrad", tensor);
  if (requires_grad && !IsDifferentiable(tensor.dtype())) {
    ThrowInvalidArgument(absl::StrCat("SetRequiresGrad: only floating point and complex tensors ",
                                      "have gradients, not ", Describe(tensor)));
  }
  if (!autograd::IsLeaf(tensor)) {
    ThrowInvalidArgument(absl::StrCat("SetRequiresGrad: ", Describe(tensor),
                                      " was made by an operation; Detach() it first"));
  }
  autograd::MetaOrNew(tensor).requires_grad.store(requires_grad, std::memory_order_relaxed);
  return tensor;
}

bool RequiresGrad(const Tensor& tensor) { return tensor.defined() && autograd::Flows(tensor); }

Tensor Detach(const Tensor& tensor) {
  NoGradGuard no_grad;
  return Alias(tensor);
}

}  // namespace neura
