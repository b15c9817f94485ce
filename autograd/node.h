// What the tape records: one node for each operation on a tensor that requires a gradient.
#ifndef NEURA_AUTOGRAD_NODE_H_
#define NEURA_AUTOGRAD_NODE_H_

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "neura/autograd/rule.h"
#include "neura/tensor/core/intrusive_ptr.h"
#include "neura/tensor/core/object_pool.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/dispatch.h"

namespace neura::autograd {

class Node;
using Hooks = std::vector<std::function<Tensor(const Tensor&)>>;

// Autograd's extension of a tensor: a leaf's accumulated gradient, or where the tensor came from.
class AutogradMeta final : public TensorExtension {
 public:
  // Of a leaf.
  bool requires_grad = false;
  Tensor grad;
  // Of a result: the operation that made it.
  IntrusivePtr<Node> node;
  uint32_t output_index = 0;
  std::unique_ptr<Hooks> hooks;

  static void* operator new(size_t) { return internal::ObjectPool<AutogradMeta>::Allocate(); }
  static void operator delete(void* memory) { internal::ObjectPool<AutogradMeta>::Free(memory); }

 private:
  ~AutogradMeta() override = default;
};

// Null when the tensor has none.
inline AutogradMeta* MetaOf(const Tensor& tensor) {
  return static_cast<AutogradMeta*>(tensor.impl()->extension.get());
}
AutogradMeta& MetaOrNew(const Tensor& tensor);

inline bool Flows(const Tensor& tensor) {
  const AutogradMeta* meta = MetaOf(tensor);
  return meta != nullptr && (meta->requires_grad || meta->node);
}

// Where the gradient of an input goes: to the operation that made it, or to a leaf, or nowhere.
struct Edge {
  IntrusivePtr<Node> node;
  uint32_t output_index = 0;
  IntrusivePtr<TensorExtension> leaf;
  AutogradMeta* leaf_meta() const { return static_cast<AutogradMeta*>(leaf.get()); }
  explicit operator bool() const { return node || leaf; }
};

class Node {
 public:
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
  };

  // Records a call that has just run. `sequence` grows from call to call.
  static IntrusivePtr<Node> Record(const OpCall& call, const Rule& rule,
                                   absl::Span<const Tensor> outputs);

  void AddRef() noexcept { refs_.fetch_add(1, std::memory_order_relaxed); }
  // Destroys without recursion, however long the chain of nodes behind this one.
  void Release() noexcept;

  OpId op() const { return op_; }
  uint64_t sequence() const { return sequence_; }
  const void* options() const { return options_; }
  absl::Span<const Input> inputs() const { return inputs_; }
  size_t num_outputs() const { return num_outputs_; }
  const Rule& rule() const { return *rule_; }

  // The saved values. Throw FailedPrecondition where they were changed in place or already dropped.
  Tensor SavedInput(size_t i) const;
  Tensor SavedOutput(size_t i);
  bool released() const { return released_; }
  void DropSaved();

  std::unique_ptr<Hooks>& hooks(size_t output);

 private:
  Node() = default;
  ~Node();
  void Check(const Saved& saved, const char* role) const;

  static constexpr size_t kInlineOptions = 96;

  std::atomic<uint32_t> refs_{1};
  OpId op_{};
  bool released_ = false;
  uint8_t num_outputs_ = 1;
  uint64_t sequence_ = 0;
  const Rule* rule_ = nullptr;
  void* options_ = nullptr;
  absl::InlinedVector<Input, 3> inputs_;
  absl::InlinedVector<Saved, 3> saved_inputs_;   // one for each input, undefined where not saved
  absl::InlinedVector<Saved, 1> saved_outputs_;  // one for each output, or none at all
  std::unique_ptr<Hooks> hooks_[kMaxOutputs];
  alignas(16) std::byte inline_options_[kInlineOptions];

  friend struct NodeReaper;
};

}  // namespace neura::autograd

#endif  // NEURA_AUTOGRAD_NODE_H_
