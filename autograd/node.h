// What the tape records: one node for each operation on a tensor that requires a gradient.
#ifndef NEURA_AUTOGRAD_NODE_H_
#define NEURA_AUTOGRAD_NODE_H_

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "neura/autograd/rule.h"
#include "neura/autograd/saved_tensors.h"
#include "neura/tensor/core/atomic_ptr.h"
#include "neura/tensor/core/intrusive_ptr.h"
#include "neura/tensor/core/object_pool.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/dispatch.h"

namespace neura::autograd {

class Node;

using Hook = std::function<Tensor(const Tensor&)>;
// The hooks of one tensor; a list that is in use never changes, another takes its place.
class HookList {
 public:
  explicit HookList(std::vector<Hook> hooks) : hooks_(std::move(hooks)) {}
  const std::vector<Hook>& hooks() const { return hooks_; }

  void AddRefs(uint32_t n) noexcept { refs_.fetch_add(n, std::memory_order_relaxed); }
  void AddRef() noexcept { AddRefs(1); }
  void DropRefs(uint32_t n) noexcept { refs_.fetch_sub(n, std::memory_order_release); }
  uint32_t refs() const noexcept { return refs_.load(std::memory_order_relaxed); }
  void Release() noexcept {
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

 private:
  std::atomic<uint32_t> refs_{1};
  const std::vector<Hook> hooks_;
};
using HookSlot = AtomicPtr<HookList>;

// Autograd's extension of a tensor: a leaf's accumulated gradient, or where the tensor came from.
// Threads may look at it and change it at once: which of their changes count then is open.
class AutogradMeta final : public TensorExtension {
 public:
  static constexpr char kOwner = 0;  // its address tells whose extension this is
  AutogradMeta() : TensorExtension(&kOwner) {}

  // Of a leaf.
  std::atomic<bool> requires_grad{false};
  TensorSlot grad;
  // Of a result: the operation that made it.
  AtomicPtr<Node> node;
  std::atomic<uint32_t> output_index{0};
  HookSlot hooks;  // of a leaf; a result's are its node's
  HookSlot accumulation_hooks;

  // Notes which operation made the tensor.
  void SetNode(const IntrusivePtr<Node>& maker, size_t output) {
    output_index.store(static_cast<uint32_t>(output), std::memory_order_relaxed);
    node.Store(maker);
  }

  static void* operator new(size_t) { return internal::ObjectPool<AutogradMeta>::Allocate(); }
  static void operator delete(void* memory) { internal::ObjectPool<AutogradMeta>::Free(memory); }

 private:
  ~AutogradMeta() override = default;
};

// Null when the tensor has none.
inline AutogradMeta* MetaOf(const TensorImpl& tensor) {
  return static_cast<AutogradMeta*>(tensor.FindExtension(&AutogradMeta::kOwner));
}
inline AutogradMeta* MetaOf(const Tensor& tensor) { return MetaOf(*tensor.impl()); }
AutogradMeta& MetaOrNew(const Tensor& tensor);

// Of a view whose memory was changed in place since its history was noted: notes that it is read
// from what its base is now.
void RenewHistory(const Tensor& view);
inline void RenewIfChanged(const Tensor& tensor) {
  const TensorImpl& impl = *tensor.impl();
  if (impl.base && impl.base_version.load(std::memory_order_relaxed) != impl.storage->version()) {
    RenewHistory(tensor);
  }
}

inline bool Flows(const Tensor& tensor) {
  RenewIfChanged(tensor);
  const AutogradMeta* meta = MetaOf(tensor);
  return meta != nullptr && (meta->requires_grad.load(std::memory_order_relaxed) || meta->node);
}

// Where the gradient of an input goes: to the operation that made it, or to a leaf, or nowhere.
struct Edge {
  IntrusivePtr<Node> node;
  uint32_t output_index = 0;
  IntrusivePtr<TensorExtension> leaf;
  AutogradMeta* leaf_meta() const { return static_cast<AutogradMeta*>(leaf.get()); }
  explicit operator bool() const { return node || leaf; }
};

// The edge to a tensor, which leads nowhere when no gradient flows.
Edge EdgeTo(const Tensor& tensor);

class Node {
 public:
  // While alive, what the node has saved stays where it is.
  class Use {
   public:
    explicit Use(Node& node);
    ~Use();
    // What is saved is dropped when the last Use ends.
    void Release() { release_ = true; }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;

   private:
    Node& node_;
    bool release_ = false;
  };

  struct Input {
    Edge edge;
    Dims shape;
    DType dtype = kFloat32;
    Device device;
  };
  struct Saved {
    Tensor tensor;
    uint32_t version = 0;
    bool overwritten = false;  // by the operation itself; `tensor` is undefined
    std::unique_ptr<PackedTensor> packed = nullptr;  // in the place of `tensor`
  };

  // Records a call that has just run. `sequence` grows from call to call.
  static IntrusivePtr<Node> Record(const OpCall& call, const Rule& rule,
                                   absl::Span<const Tensor> outputs);

  void AddRefs(uint32_t n) noexcept { refs_.fetch_add(n, std::memory_order_relaxed); }
  void AddRef() noexcept { AddRefs(1); }
  void DropRefs(uint32_t n) noexcept { refs_.fetch_sub(n, std::memory_order_release); }
  uint32_t refs() const noexcept { return refs_.load(std::memory_order_relaxed); }
  // Destroys without recursion, however long the chain of nodes behind this one.
  void Release() noexcept;

  OpId op() const { return op_; }
  uint64_t sequence() const { return sequence_; }
  const void* options() const { return options_; }
  absl::Span<const Input> inputs() const { return inputs_; }
  size_t num_outputs() const { return num_outputs_; }
  const Rule& rule() const { return *rule_; }

  // Where the call was made, as anomaly mode has noted it; null elsewhere.
  const std::string* where() const { return where_.get(); }

  // The saved values, inside a Use. Throw FailedPrecondition where they were changed in place or
  // already dropped.
  Tensor SavedInput(size_t i) const;
  Tensor SavedOutput(size_t i);

  HookSlot& hooks(size_t output) {
    return output < kMaxOutputs ? hooks_[output] : more_hooks_[output - kMaxOutputs];
  }

 private:
  Node() = default;
  ~Node();
  void CopyOptions(const OptionsType& type, const void* options);
  void Check(const Saved& saved, const char* role) const;
  // The same memory with the history to which an edge leads.
  static Tensor WithEdge(const Tensor& tensor, const Edge& edge);
  bool released() const { return (uses_.load(std::memory_order_relaxed) & kReleased) != 0; }

  static constexpr size_t kInlineOptions = 96;
  // Of uses_, beside their number: nobody may look at what is saved any more, and it is gone.
  static constexpr uint32_t kReleased = 1u << 31, kDropped = 1u << 30;

  std::atomic<uint32_t> refs_{1};
  OpId op_{};
  std::atomic<uint32_t> uses_{0};
  uint32_t num_outputs_ = 1;
  uint64_t sequence_ = 0;
  Node* next_waiting_ = nullptr;  // NodeReaper's
  const Rule* rule_ = nullptr;
  void* options_ = nullptr;
  absl::InlinedVector<Input, 3> inputs_;
  absl::InlinedVector<Saved, 3> saved_inputs_;   // one for each input, undefined where not saved
  absl::InlinedVector<Saved, 1> saved_outputs_;  // one for each output, or none at all
  HookSlot hooks_[kMaxOutputs];
  std::unique_ptr<HookSlot[]> more_hooks_;
  std::unique_ptr<std::string> where_;
  alignas(16) std::byte inline_options_[kInlineOptions];

  friend struct NodeReaper;
};

}  // namespace neura::autograd

#endif  // NEURA_AUTOGRAD_NODE_H_
