#include "neura/autograd/node.h"

#include <new>

#include "absl/base/optimization.h"
#include "absl/strings/str_cat.h"
#include "neura/autograd/anomaly.h"
#include "neura/autograd/batched.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/op_list/view.h"

namespace neura::autograd {

AutogradMeta& MetaOrNew(const Tensor& tensor) {
  if (AutogradMeta* const meta = MetaOf(tensor)) return *meta;
  auto made = IntrusivePtr<TensorExtension>::Adopt(new AutogradMeta);
  return static_cast<AutogradMeta&>(tensor.impl()->AddExtension(std::move(made)));
}

Edge EdgeTo(const Tensor& tensor) {
  RenewIfChanged(tensor);
  AutogradMeta* const meta = MetaOf(tensor);
  if (meta == nullptr) return {};
  if (IntrusivePtr<Node> node = meta->node.Load()) {
    // A thread that is changing the tensor in place may have set one of the two.
    uint32_t output = meta->output_index.load(std::memory_order_relaxed);
    if (output >= node->num_outputs()) output = 0;
    return {std::move(node), output, {}};
  }
  if (!meta->requires_grad.load(std::memory_order_relaxed)) return {};
  return {{}, 0, IntrusivePtr<TensorExtension>::Share(meta)};
}

namespace {

std::atomic<uint64_t> g_sequence{1};

// Sequence numbers are handed to threads in blocks. Within a thread they grow; a tensor handed to
// another thread must still come before what is computed from it there, so a block is left behind
// once a larger number has been seen among the inputs.
constexpr uint64_t kSequenceBlock = 1024;

uint64_t NextSequence(uint64_t after) {
  thread_local uint64_t next = 0, end = 0;
  while (next == end || next <= after) {
    if (next == end || end <= after + 1) {
      next = g_sequence.fetch_add(kSequenceBlock, std::memory_order_relaxed);
      end = next + kSequenceBlock;
    } else {
      next = after + 1;
    }
  }
  return next++;
}

Node::Saved Keep(const Tensor& tensor, uint32_t version) {
  // A number beside a tensor is less than what could be kept in its place.
  if (!tensor.impl()->number) {
    if (auto packed = PackedTensor::Of(WithoutHistory(tensor))) {
      return {.tensor = {}, .packed = std::move(packed)};
    }
  }
  return {.tensor = tensor, .version = version};
}

}  // namespace

IntrusivePtr<Node> Node::Record(const OpCall& call, const Rule& rule,
                                absl::Span<const Tensor> outputs) {
  const auto node = IntrusivePtr<Node>::Adopt(new (internal::ObjectPool<Node>::Allocate()) Node);
  const OpSchema& schema = call.schema();
  node->op_ = call.op;
  node->num_outputs_ = static_cast<uint32_t>(outputs.size());
  if (outputs.size() > kMaxOutputs) {
    node->more_hooks_ = std::make_unique<HookSlot[]>(outputs.size() - kMaxOutputs);
  }
  node->rule_ = &rule;
  if (call.options != nullptr && schema.has_options()) {
    node->CopyOptions(*schema.options, call.options);
  }
  node->inputs_.resize(call.inputs.size());
  uint64_t after = 0;
  for (size_t i = 0; i < call.inputs.size(); ++i) {
    const Tensor& tensor = call.input(i);
    if (!tensor.defined()) continue;
    Input& input = node->inputs_[i];
    input.shape.assign(tensor.shape().begin(), tensor.shape().end());
    input.dtype = tensor.dtype();
    input.device = tensor.device();
    input.edge = EdgeTo(tensor);
    if (input.edge.node) after = std::max(after, input.edge.node->sequence_);
  }
  // The edges decide, not another look at the tensors: a thread may switch gradients on between.
  const auto flows = [&](size_t i) { return call.has_input(i) && node->inputs_[i].edge; };
  const unsigned saved = rule.saves.inputs | (flows(0) ? rule.saves.for_first : 0u) |
                         (flows(1) ? rule.saves.for_second : 0u);
  if (saved != 0) node->saved_inputs_.resize(call.inputs.size());
  for (size_t i = 0; i < call.inputs.size() && i < 16; ++i) {
    const Tensor& tensor = call.input(i);
    if (!tensor.defined() || (saved >> i & 1) == 0) continue;
    if (call.in_place && IsSame(tensor, call.input(0))) {
      // The operation has overwritten the value, and the tensor is now its output: a node that kept
      // it would keep itself alive.
      node->saved_inputs_[i].overwritten = true;
      continue;
    }
    uint32_t version = tensor.version();
    if (call.in_place && tensor.storage() == call.input(0).storage()) --version;
    // A view keeps its base, whose history may come to lead through this node: save it without.
    const bool made = tensor.impl()->base && node->inputs_[i].edge.node;
    node->saved_inputs_[i] = Keep(made ? WithoutHistory(tensor) : tensor, version);
  }
  node->sequence_ = NextSequence(after);
  if (ABSL_PREDICT_FALSE(GetAnomalyMode() != AnomalyMode::kOff)) {
    node->where_ = std::make_unique<std::string>(Where());
  }
  if (rule.saves.outputs != 0) {
    node->saved_outputs_.resize(outputs.size());
    for (size_t i = 0; i < outputs.size(); ++i) {
      if ((rule.saves.outputs >> i & 1) == 0) continue;
      // A node that saved its own output would keep itself alive.
      node->saved_outputs_[i] = Keep(WithoutHistory(outputs[i]), outputs[i].version());
    }
  }
  return node;
}

void Node::CopyOptions(const OptionsType& type, const void* options) {
  void* const copy = type.size <= kInlineOptions ? inline_options_ : ::operator new(type.size);
  try {
    type.copy(copy, options);
  } catch (...) {
    if (copy != inline_options_) ::operator delete(copy);
    throw;
  }
  options_ = copy;  // from here on the destructor's
}

Node::~Node() {
  if (options_ == nullptr) return;
  SchemaOf(op_).options->destroy(options_);
  if (options_ != inline_options_) ::operator delete(options_);
}

// Nodes whose last reference went while another one was being destroyed wait their turn here.
struct NodeReaper {
  static void Destroy(Node* node) noexcept {
    thread_local Node** t_waiting = nullptr;
    if (t_waiting != nullptr) {
      node->next_waiting_ = *t_waiting;
      *t_waiting = node;
      return;
    }
    Node* waiting = nullptr;
    t_waiting = &waiting;
    for (;;) {
      node->~Node();
      internal::ObjectPool<Node>::Free(node);
      if (waiting == nullptr) break;
      node = waiting;
      waiting = node->next_waiting_;
    }
    t_waiting = nullptr;
  }
};

void Node::Release() noexcept {
  if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) NodeReaper::Destroy(this);
}

void Node::Check(const Saved& saved, const char* role) const {
  if (released()) {
    ThrowFailedPrecondition(
        absl::StrCat("Backward: the graph was already freed (at ", SchemaOf(op_).name,
                     "); pass .retain_graph = true to the first Backward to run it twice"));
  }
  if (saved.overwritten) {
    ThrowFailedPrecondition(
        absl::StrCat("Backward: ", role, " of ", SchemaOf(op_).name, " was overwritten by it: the ",
                     "in-place operation needs its old value; use the one that is not in place"));
  }
  if (saved.tensor.defined() && saved.tensor.version() != saved.version) {
    ThrowFailedPrecondition(absl::StrCat(
        "Backward: ", role, " of ", SchemaOf(op_).name, ", ", Describe(saved.tensor),
        ", was changed by an in-place operation after its value was recorded (version ",
        saved.tensor.version(), ", expected ", saved.version,
        "); Clone() it before changing it, or change it after Backward"));
  }
}

Tensor Node::SavedInput(size_t i) const {
  if (released()) Check({}, "an input");
  if (i >= saved_inputs_.size()) return {};
  const Saved& saved = saved_inputs_[i];
  Check(saved, "an input");
  const Edge& edge = inputs_[i].edge;
  if (saved.packed) return WithEdge(saved.packed->Unpack(), edge);
  const Tensor& input = saved.tensor;
  return edge.node && input.defined() && MetaOf(input) == nullptr ? WithEdge(input, edge) : input;
}

Tensor Node::SavedOutput(size_t i) {
  if (released()) Check({}, "the output");
  if (i >= saved_outputs_.size()) return {};
  const Saved& saved = saved_outputs_[i];
  if (!saved.packed && !saved.tensor.defined()) return {};
  Check(saved, "the output");
  const Tensor output = saved.packed ? saved.packed->Unpack() : saved.tensor;
  if (!rule_->DifferentiatesOutput(i)) return WithoutHistory(output);
  return WithEdge(output, {IntrusivePtr<Node>::Share(this), static_cast<uint32_t>(i), {}});
}

// One for each who asks: threads may.
Tensor Node::WithEdge(const Tensor& tensor, const Edge& edge) {
  const Tensor made = WithoutHistory(tensor);
  if (edge.node) {
    MetaOrNew(made).SetNode(edge.node, edge.output_index);
  } else if (edge.leaf) {
    // Another tensor than the leaf, which leads to it.
    const Tensor* const inputs[] = {&tensor};
    const OpCall call{op::kAlias, nullptr, inputs, tensor.device()};
    const IntrusivePtr<Node> alias = Record(call, RuleOf(op::kAlias), {&made, 1});
    alias->inputs_[0].edge = edge;
    MetaOrNew(made).SetNode(alias, 0);
  }
  return made;
}

Node::Use::Use(Node& node) : node_(node) { node_.uses_.fetch_add(1, std::memory_order_acquire); }

Node::Use::~Use() {
  if (release_) node_.uses_.fetch_or(kReleased, std::memory_order_relaxed);
  const uint32_t left = node_.uses_.fetch_sub(1, std::memory_order_acq_rel) - 1;
  // Uses that begin from here on find the node released; one thread drops.
  if (left != kReleased) return;
  if ((node_.uses_.fetch_or(kDropped, std::memory_order_acq_rel) & kDropped) != 0) return;
  node_.saved_inputs_.clear();
  node_.saved_outputs_.clear();
}

Tensor RuleContext::input(size_t i) const { return node_.SavedInput(i); }
Tensor RuleContext::output(size_t i) const { return node_.SavedOutput(i); }
DimsView RuleContext::input_shape(size_t i) const { return node_.inputs()[i].shape; }
DType RuleContext::input_dtype(size_t i) const { return node_.inputs()[i].dtype; }
Device RuleContext::input_device(size_t i) const { return node_.inputs()[i].device; }
const void* RuleContext::options() const { return node_.options(); }

}  // namespace neura::autograd
