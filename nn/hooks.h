// Functions that run before and after a module's Forward.
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

// One of the two.
struct HookFunction : Counted<HookFunction> {
  ForwardPreHook before;
  ForwardHook after;
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
  HookHandle Add(ForwardPreHook before, ForwardHook after);
  // Those that there are, in the order of their registration.
  std::vector<IntrusivePtr<HookFunction>> Load() const;

 private:
  AtomicPtr<HookList> list_;
};

}  // namespace internal
}  // namespace neura::nn

#endif  // NEURA_NN_HOOKS_H_
