#include "neura/nn/hooks.h"

#include <utility>

#include "neura/autograd/autograd.h"
#include "neura/autograd/function.h"

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

HookHandle Hooks::Add(IntrusivePtr<HookFunction> function) {
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

struct WayBack::State {
  Before before;
  After after;
  size_t inputs = 0;
  bool inputs_flow = false;
  std::vector<Tensor> grad_outputs;
};

WayBack::WayBack(Before before, After after) : state_(std::make_shared<State>()) {
  state_->before = std::move(before);
  state_->after = std::move(after);
}

namespace {

// Replaces the tensors through which gradients flow by the results of a step whose gradients are
// what `change` makes of them, in place: one for each tensor, undefined for the others. False where
// there are none.
bool PassThrough(const char* name, absl::Span<Tensor> tensors,
                 std::function<void(absl::Span<Tensor>)> change) {
  if (!GradEnabled()) return false;
  std::vector<size_t> places;
  std::vector<Tensor> inputs, outputs;
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (!tensors[i].defined() || !RequiresGrad(tensors[i])) continue;
    places.push_back(i);
    inputs.push_back(tensors[i]);
    outputs.push_back(Detach(tensors[i]));
    tensors[i] = outputs.back();
  }
  if (places.empty()) return false;
  autograd::RecordFunction(name, inputs, outputs,
                           [places, count = tensors.size(),
                            change = std::move(change)](const std::vector<Tensor>& grads) {
                             std::vector<Tensor> all(count), own;
                             for (size_t i = 0; i < places.size(); ++i) all[places[i]] = grads[i];
                             change(absl::MakeSpan(all));
                             for (const size_t place : places) own.push_back(all[place]);
                             return own;
                           });
  return true;
}

}  // namespace

void WayBack::PassInputs(absl::Span<Tensor> inputs) {
  state_->inputs = inputs.size();
  state_->inputs_flow =
      PassThrough("backward_hook", inputs, [state = state_](absl::Span<Tensor> grads) {
        state->after(grads, std::exchange(state->grad_outputs, {}));
      });
}

void WayBack::PassOutputs(absl::Span<Tensor> outputs) {
  PassThrough("backward_hook", outputs, [state = state_](absl::Span<Tensor> grads) {
    state->before(grads);
    if (state->inputs_flow) {
      state->grad_outputs.assign(grads.begin(), grads.end());
      return;
    }
    std::vector<Tensor> none(state->inputs);
    state->after(absl::MakeSpan(none), grads);
  });
}

}  // namespace neura::nn::internal
