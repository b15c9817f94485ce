#include "neura/autograd/owned.h"

namespace neura::autograd {
namespace {

// The object of a slot, where the slot alone keeps it.
template <typename T>
IntrusivePtr<T> SoleObject(const AtomicPtr<T>& slot) {
  IntrusivePtr<T> object = slot.Load();
  if (object && object->refs() != slot.owned() + 1) object = {};
  return object;
}

}  // namespace

Owned OwnedBy(const TensorImpl& tensor, uint32_t owners) {
  Owned owned;
  AutogradMeta* const meta = MetaOf(tensor);
  if (meta == nullptr || tensor.refs.load(std::memory_order_relaxed) != owners ||
      meta->refs() != 1) {
    return owned;
  }
  const auto add = [&](const HookSlot& slot) {
    if (IntrusivePtr<HookList> list = SoleObject(slot)) owned.hooks.push_back(std::move(list));
  };
  add(meta->hooks);
  add(meta->accumulation_hooks);
  owned.node = SoleObject(meta->node);
  if (!owned.node) return owned;
  for (size_t i = 0; i < owned.node->num_outputs(); ++i) add(owned.node->hooks(i));
  owned.function = FunctionOf(*owned.node);
  // The node's, and this one.
  if (owned.function.use_count() != 2) owned.function = nullptr;
  return owned;
}

void Forget(const TensorImpl& tensor) {
  AutogradMeta* const meta = MetaOf(tensor);
  if (meta == nullptr) return;
  meta->hooks.Store({});
  meta->accumulation_hooks.Store({});
  meta->node.Store({});
}

}  // namespace neura::autograd
