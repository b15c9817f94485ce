#include "neura/nn/hooks.h"

#include <utility>

namespace neura::nn::internal {

std::vector<IntrusivePtr<HookFunction>> Hooks::Load() const {
  std::vector<IntrusivePtr<HookFunction>> functions;
  const IntrusivePtr<HookList> list = list_.Load();
  if (!list) return functions;
  for (const auto& place : list->places) {
    if (IntrusivePtr<HookFunction> function = place->Load()) {
      functions.push_back(std::move(function));
    }
  }
  return functions;
}

Hooks& Hooks::operator=(const Hooks& other) {
  if (this == &other) return *this;
  IntrusivePtr<HookList> list;
  for (IntrusivePtr<HookFunction>& function : other.Load()) {
    if (!list) list = IntrusivePtr<HookList>::Adopt(new HookList);
    list->places.push_back(std::make_shared<HookPlace>(std::move(function)));
  }
  list_.Store(std::move(list));
  return *this;
}

HookHandle Hooks::Add(ForwardPreHook before, ForwardHook after) {
  auto function = IntrusivePtr<HookFunction>::Adopt(new HookFunction);
  function->before = std::move(before);
  function->after = std::move(after);
  const auto place = std::make_shared<HookPlace>(std::move(function));
  for (;;) {
    const IntrusivePtr<HookList> old = list_.Load();
    const auto next = IntrusivePtr<HookList>::Adopt(new HookList);
    if (old) {
      for (const auto& other : old->places) {
        if (*other) next->places.push_back(other);
      }
    }
    next->places.push_back(place);
    if (list_.CompareExchange(old, next)) return HookHandle(place);
  }
}

}  // namespace neura::nn::internal
