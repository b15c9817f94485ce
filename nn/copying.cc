#include "neura/nn/copying.h"

#include <map>
#include <set>

#include "neura/autograd/autograd.h"
#include "neura/nn/walk.h"
#include "neura/tensor/core/thread_exit.h"
#include "neura/tensor/ops/copy.h"

namespace neura::nn::internal {
namespace {

// What is left of a copy that has begun. One that an exception has ended early stays until the next
// begins and does no harm: its tensors are held, so nobody else's have their addresses.
struct TreeCopy {
  // Modules of the tree, and members that share a tensor, whose turn has not come.
  std::set<const void*> waiting;
  struct Shared {
    Tensor original;
    Tensor copy;  // once the first of its members was copied
  };
  std::map<const TensorImpl*, Shared> shared;

  // Whether it was waiting.
  bool TakeTurn(const void* part) {
    if (waiting.erase(part) == 0) return false;
    if (waiting.empty()) shared.clear();
    return true;
  }
};
TreeCopy& Current() { return neura::internal::ThreadOwned<TreeCopy>(); }

Tensor CloneDetached(const Tensor& tensor) {
  if (!tensor.defined()) return {};
  NoGradGuard no_grad;
  return neura::Clone(tensor);
}

}  // namespace

void BeginCopy(const ModuleBase& original) {
  TreeCopy& copy = Current();
  if (copy.TakeTurn(&original)) return;
  copy = TreeCopy();
  std::map<const TensorImpl*, const void*> first_holders;
  const auto note = [&](const std::string&, const auto& member) {
    const Tensor tensor = member.tensor();
    const auto [first, is_new] = first_holders.emplace(tensor.impl(), &member);
    if (is_new) return;
    copy.shared[tensor.impl()].original = tensor;
    copy.waiting.insert({first->second, &member});
  };
  WalkTree(Mutable(original), note, note, [&](const ModuleBase& module) {
    if (&module != &original) copy.waiting.insert(&module);
  });
}

Tensor CopyOf(const void* member, const Tensor& tensor) {
  TreeCopy& current = Current();
  if (!current.waiting.contains(member)) return CloneDetached(tensor);
  const auto shared = current.shared.find(tensor.impl());
  if (shared == current.shared.end()) return CloneDetached(tensor);
  Tensor& copy = shared->second.copy;
  if (!copy.defined()) copy = CloneDetached(tensor);
  const Tensor result = copy;
  current.TakeTurn(member);
  return result;
}

}  // namespace neura::nn::internal
