// Functions that run before and after a module's Forward, and on the way back through it.
#ifndef NEURA_NN_HOOKS_H_
#define NEURA_NN_HOOKS_H_

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "neura/tensor/core/atomic_ptr.h"
#include "neura/tensor/core/tensor.h"

namespace neura::nn {

class ModuleBase;

// Sees the tensors among the arguments of a call, in their order, and may put others in their
// place.
using ForwardPreHook = std::function<void(ModuleBase& module, absl::Span<Tensor> inputs)>;
// Sees what Forward was given, and may put others in the place of the tensors of its result.
using ForwardHook = std::function<void(ModuleBase& module, absl::Span<const Tensor> inputs,
                                       absl::Span<Tensor> outputs)>;

// Sees the gradients of the tensors of a call's result, undefined where there is none, and may put
// others in their place, before the gradients of what lies inside are computed.
using FullBackwardPreHook =
    std::function<void(ModuleBase& module, absl::Span<Tensor> grad_outputs)>;
// Sees those of the tensors that the call was given, and may put others in their place, and those
// of its result. Where no input requires a gradient it is called all the same.
using FullBackwardHook = std::function<void(ModuleBase& module, absl::Span<Tensor> grad_inputs,
                                            absl::Span<const Tensor> grad_outputs)>;

namespace internal {

// For objects in an AtomicPtr.
template <typename T>
class Counted {
 public:
  void AddRef() noexcept { AddRefs(1); }
  void AddRefs(uint32_t n) noexcept { refs_.fetch_add(n, std::memory_order_relaxed); }
  void DropRefs(uint32_t n) noexcept { refs_.fetch_sub(n, std::memory_order_release); }
  void Release() noexcept {
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete static_cast<T*>(this);
  }

 private:
  std::atomic<uint32_t> refs_{1};
};

// One of them.
struct HookFunction : Counted<HookFunction> {
  ForwardPreHook before;
  ForwardHook after;
  FullBackwardPreHook back_before;
  FullBackwardHook back_after;
};
// A hook's place, empty once it was removed.
using HookPlace = AtomicPtr<HookFunction>;
// A list that is in use never changes, another takes its place.
struct HookList : Counted<HookList> {
  std::vector<std::shared_ptr<HookPlace>> places;
};

}  // namespace internal

// Takes the hook away again. The hook does not depend on it: a handle may be dropped.
class HookHandle {
 public:
  HookHandle() = default;
  explicit HookHandle(std::shared_ptr<internal::HookPlace> place) : place_(std::move(place)) {}
  // A second time nothing happens. A call that is in progress may still run the hook.
  void Remove() {
    if (place_ != nullptr) place_->Store({});
  }

 private:
  std::shared_ptr<internal::HookPlace> place_;
};

namespace internal {

// The hooks of a module; a copy has the same ones, which handles of the original leave alone.
// Threads may add and remove some while others run them.
class Hooks {
 public:
  Hooks() = default;
  Hooks(const Hooks& other) { *this = other; }
  Hooks& operator=(const Hooks& other);
  Hooks(Hooks&&) noexcept = default;
  Hooks& operator=(Hooks&&) noexcept = default;

  // Whether there may be some.
  bool any() const { return static_cast<bool>(list_); }
  HookHandle Add(IntrusivePtr<HookFunction> function);
  // Those that there are, in the order of their registration.
  std::vector<IntrusivePtr<HookFunction>> Load() const;

 private:
  AtomicPtr<HookList> list_;
};

// Lets functions see the gradients of one call: those of its results as they come in, and those of
// its inputs as they leave. Both are steps of the graph that change nothing else.
class WayBack {
 public:
  using Before = std::function<void(absl::Span<Tensor> grad_outputs)>;
  using After =
      std::function<void(absl::Span<Tensor> grad_inputs, absl::Span<const Tensor> grad_outputs)>;
  WayBack(Before before, After after);

  // Puts tensors in the place of those that require a gradient: first of the inputs, then of the
  // results of a call.
  void PassInputs(absl::Span<Tensor> inputs);
  void PassOutputs(absl::Span<Tensor> outputs);

 private:
  struct State;
  const std::shared_ptr<State> state_;
};

}  // namespace internal
}  // namespace neura::nn

#endif  // NEURA_NN_HOOKS_H_
