// What hangs on a tensor that nobody else keeps: for bindings whose language collects cycles.
#ifndef NEURA_AUTOGRAD_OWNED_H_
#define NEURA_AUTOGRAD_OWNED_H_

#include <memory>
#include <vector>

#include "neura/autograd/function.h"
#include "neura/autograd/node.h"
#include "neura/tensor/core/tensor.h"

namespace neura::autograd {

// References that keep it alive for as long as this lives, whatever threads do to the tensor.
struct Owned {
  std::vector<IntrusivePtr<HookList>> hooks;
  IntrusivePtr<Node> node;
  // The gradient of RecordFunction() that the node holds, if it is one.
  std::shared_ptr<const FunctionBackward> function;

  bool empty() const { return hooks.empty() && function == nullptr; }
};

// What dies with the `owners` references to the tensor that the caller knows of; nothing where
// there are others, to the tensor or to what made it. The caller holds no further Tensor.
Owned OwnedBy(const TensorImpl& tensor, uint32_t owners);

// Takes the hooks and the history away from a tensor, which is then a leaf.
void Forget(const TensorImpl& tensor);

}  // namespace neura::autograd

#endif  // NEURA_AUTOGRAD_OWNED_H_
