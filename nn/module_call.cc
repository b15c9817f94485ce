// What happens around a module's Forward: the paths of errors, and hooks.
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "neura/autograd/anomaly.h"
#include "neura/nn/module.h"
#include "neura/nn/walk.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/thread_exit.h"
#include "neura/tensor/ops/module_path.h"

namespace neura::nn {
namespace {

// A call of a module in progress.
struct Running {
  ModuleBase& module;
  Running* outer;
};

// How an error finds out where it came from: each module on the way out, innermost first, looks up
// the name of the one below.
struct FailurePath {
  Running* innermost = nullptr;
  // The module that the error left last. It may be gone, so it is compared and not looked into.
  const ModuleBase* module = nullptr;
  std::string type_name;  // of that module
  std::string path;       // from it to where the error arose
  // Of the error; what Forward caught and dropped says nothing about the error after it.
  std::string message;
};
FailurePath& Failure() { return neura::internal::ThreadOwned<FailurePath>(); }

std::string NameBelow(ModuleBase& parent, const ModuleBase* child, const std::string& type_name) {
  for (const auto& [name, module] : internal::ChildrenOf(parent)) {
    if (module == child) return name;
  }
  return type_name;
}

// "Net.block.fc1": the calls in progress, outermost first.
std::string RunningPath() {
  std::string path;
  for (const Running* call = Failure().innermost; call != nullptr; call = call->outer) {
    const std::string type_name = call->module.TypeName();
    const std::string name =
        call->outer ? NameBelow(call->outer->module, &call->module, type_name) : type_name;
    path = path.empty() ? name : absl::StrCat(name, ".", path);
  }
  return path;
}

// The same without the outermost.
std::string PathOfMembers() {
  const std::string path = RunningPath();
  const size_t dot = path.find('.');
  return dot == std::string::npos ? "" : path.substr(dot + 1);
}

[[maybe_unused]] const bool kInstalled = [] {
  autograd::InstallWhere(&RunningPath);
  InstallModulePath(&PathOfMembers);
  return true;
}();

// The tensors that a call is given or returns, while hooks look at them.
class Shown {
 public:
  using TensorVisitor = absl::FunctionRef<void(Tensor&)>;
  explicit Shown(absl::FunctionRef<void(TensorVisitor)> visit) : visit_(visit) {
    visit_([this](Tensor& tensor) { tensors.push_back(tensor); });
  }
  void WriteBack() {
    size_t i = 0;
    visit_([&](Tensor& tensor) { tensor = tensors[i++]; });
  }

  std::vector<Tensor> tensors;

 private:
  absl::FunctionRef<void(TensorVisitor)> visit_;
};

using HookFunctions = std::vector<IntrusivePtr<internal::HookFunction>>;

// The gradients of a call, for hooks that want to see them; null where there are none.
std::unique_ptr<internal::WayBack> WayBackOf(ModuleBase& module, const HookFunctions& hooks) {
  HookFunctions own;
  for (const auto& hook : hooks) {
    if (hook->back_before || hook->back_after) own.push_back(hook);
  }
  if (own.empty()) return nullptr;
  return std::make_unique<internal::WayBack>(
      [&module, own](absl::Span<Tensor> grad_outputs) {
        for (const auto& hook : own) {
          if (hook->back_before) hook->back_before(module, grad_outputs);
        }
      },
      [&module, own](absl::Span<Tensor> grad_inputs, absl::Span<const Tensor> grad_outputs) {
        for (const auto& hook : own) {
          if (hook->back_after) hook->back_after(module, grad_inputs, grad_outputs);
        }
      });
}

IntrusivePtr<internal::HookFunction> NewHook() {
  return IntrusivePtr<internal::HookFunction>::Adopt(new internal::HookFunction);
}

}  // namespace

HookHandle ModuleBase::RegisterForwardPreHook(ForwardPreHook hook) {
  auto function = NewHook();
  function->before = std::move(hook);
  return hooks_.Add(std::move(function));
}
HookHandle ModuleBase::RegisterForwardHook(ForwardHook hook) {
  auto function = NewHook();
  function->after = std::move(hook);
  return hooks_.Add(std::move(function));
}
HookHandle ModuleBase::RegisterFullBackwardPreHook(FullBackwardPreHook hook) {
  auto function = NewHook();
  function->back_before = std::move(hook);
  return hooks_.Add(std::move(function));
}
HookHandle ModuleBase::RegisterFullBackwardHook(FullBackwardHook hook) {
  auto function = NewHook();
  function->back_after = std::move(hook);
  return hooks_.Add(std::move(function));
}

void ModuleBase::Call(absl::FunctionRef<void()> forward) {
  FailurePath& failure = Failure();
  struct Entered {
    Entered(FailurePath& failure, ModuleBase& module)
        : failure(failure), call{module, failure.innermost} {
      failure.innermost = &call;
      failure.module = nullptr;
    }
    ~Entered() { failure.innermost = call.outer; }
    FailurePath& failure;
    Running call;
  } const entered(failure, *this);
  try {
    forward();
  } catch (Error& error) {
    // On its way out an error only gets words before its message.
    if (failure.module == nullptr || !error.message().ends_with(failure.message)) {
      failure.path.clear();
    } else if (failure.module != this) {
      const std::string name = NameBelow(*this, failure.module, failure.type_name);
      failure.path = failure.path.empty() ? name : absl::StrCat(name, ".", failure.path);
    }
    failure.module = this;
    failure.type_name = TypeName();
    if (entered.call.outer == nullptr) {
      const std::string where = failure.path.empty()
                                    ? failure.type_name
                                    : absl::StrCat(failure.type_name, ".", failure.path);
      // What a layer says of itself may begin with its name.
      if (!absl::StartsWith(error.message(), where + ": ")) error.AddContext(where);
    }
    failure.message = error.message();
    throw;
  }
}

void ModuleBase::CallWithHooks(absl::FunctionRef<void(TensorVisitor)> inputs,
                               absl::FunctionRef<void()> forward,
                               absl::FunctionRef<void(TensorVisitor)> outputs) {
  Call([&] {
    const auto hooks = hooks_.Load();
    Shown given(inputs);
    for (const auto& hook : hooks) {
      if (hook->before) hook->before(*this, absl::MakeSpan(given.tensors));
    }
    const std::unique_ptr<internal::WayBack> back = WayBackOf(*this, hooks);
    if (back != nullptr) back->PassInputs(absl::MakeSpan(given.tensors));
    given.WriteBack();
    forward();
    Shown returned(outputs);
    for (const auto& hook : hooks) {
      if (hook->after) hook->after(*this, given.tensors, absl::MakeSpan(returned.tensors));
    }
    if (back != nullptr) back->PassOutputs(absl::MakeSpan(returned.tensors));
    returned.WriteBack();
  });
}

}  // namespace neura::nn
