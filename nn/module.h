// Modules: plain structs whose members are parameters, buffers and other modules.
//
//   struct Net : nn::Module {
//     nn::Conv2d conv{{.in_channels = 1, .out_channels = 8, .kernel_size = 3}};
//     nn::Linear fc{{.in_features = 8 * 26 * 26, .out_features = 10}};
//
//     Tensor Forward(const Tensor& x) override { return fc(Flatten(Relu(conv(x)), 1)); }
//     NEURA_MODULE(conv, fc)  // names and order: parameters, state dict, Train(), printing
//   };
//
// A module is a value: copying it copies its parameters, and those that members share are shared in
// the copy, too. What Parameters() and StateDict() return are handles that share memory with the
// module.
#ifndef NEURA_NN_MODULE_H_
#define NEURA_NN_MODULE_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "neura/nn/copying.h"
#include "neura/nn/hooks.h"
#include "neura/nn/owned_tensor.h"
#include "neura/nn/parts.h"
#include "neura/tensor/core/fields.h"
#include "neura/tensor/core/tensor.h"

namespace neura::nn {

class ModuleBase;

// Sees the direct members of a module, in the order that NEURA_MODULE names them.
class MemberVisitor {
 public:
  virtual ~MemberVisitor() = default;
  virtual void Visit(const std::string& name, Parameter& parameter) = 0;
  virtual void Visit(const std::string& name, Buffer& buffer) = 0;
  virtual void Visit(const std::string& name, ModuleBase& module) = 0;
};

struct LoadOptions {
  // Names that only one side has are an error; otherwise they are reported and left alone.
  bool strict = true;
};
struct LoadReport {
  std::vector<std::string> missing;     // in the module, not in the state dict
  std::vector<std::string> unexpected;  // in the state dict, not in the module
};

// What modules have in common, whatever they compute.
class ModuleBase {
 public:
  virtual ~ModuleBase() = default;

  // Handles that share the module's memory. What several members share is listed once, under the
  // first of its names.
  std::vector<Tensor> Parameters() const;
  NamedTensors NamedParameters() const;  // "conv.weight", ...
  NamedTensors NamedBuffers() const;
  // Parameters and buffers, in the order of their members; what is shared under each of its names.
  NamedTensors StateDict() const;
  // Copies values into the module. Throws InvalidArgument when a shape or dtype differs, or
  // (strict) a name has no counterpart; nothing is changed then.
  LoadReport LoadStateDict(const NamedTensors& state, const LoadOptions& options = {});

  // Training or evaluation behaviour (dropout, batch norm), here and in all modules below.
  void Train(bool training = true);
  void Eval() { Train(false); }
  bool training() const { return training_; }
  // Here alone.
  virtual void set_training(bool training) { training_ = training; }

  void ZeroGrad();
  // Converts floating point parameters and buffers. What had another dtype becomes a new tensor:
  // handles that were taken before, such as an optimizer's, are no longer the module's.
  void To(DType dtype);
  // Moves parameters and buffers; the same holds for those that were elsewhere.
  void To(Device device);
  // Gives parameters and buffers new memory on that device, whose elements are not set: of a module
  // on kMeta, say.
  void ToEmpty(Device device);
  // Puts what `change` makes of each parameter and buffer in its place; what it returns as it is
  // stays, so that whoever holds it, such as an optimizer, goes on with it. What members share they
  // share afterwards.
  void Convert(absl::FunctionRef<Tensor(const Tensor&)> change);
  // Number of elements of all parameters.
  int64_t NumParameters() const;
  // Calls fn with this module and all below, children first.
  void Apply(const std::function<void(ModuleBase&)>& fn);

  // Has a function called before Forward, or after it, whenever the module is called; not where
  // Forward is called by its name. Those that are there already come first. An error of a hook is
  // one of the call.
  HookHandle RegisterForwardPreHook(ForwardPreHook hook);
  HookHandle RegisterForwardHook(ForwardHook hook);
  // Has a function called on the way back through a call, before the gradients of what lies inside
  // are computed, or when those of the call's inputs are. The module must live until then.
  HookHandle RegisterFullBackwardPreHook(FullBackwardPreHook hook);
  HookHandle RegisterFullBackwardHook(FullBackwardHook hook);

  // The tree, with options, shapes and parameter counts; what lies deeper than 100 levels is "...".
  std::string ToString() const;
  // "Conv2d"
  virtual std::string TypeName() const;
  // What stands in the brackets after the type's name.
  virtual std::string Describe() const { return ""; }

  // Written by NEURA_MODULE.
  virtual void VisitMembers(MemberVisitor& visitor) = 0;

 protected:
  using TensorVisitor = absl::FunctionRef<void(Tensor&)>;

  ModuleBase() = default;
  ModuleBase(const ModuleBase& other) { *this = other; }
  ModuleBase& operator=(const ModuleBase& other);
  ModuleBase(ModuleBase&&) = default;
  ModuleBase& operator=(ModuleBase&&) = default;

  // What a module does around forward(arguments...), which gives an R: hooks, and an Error from
  // inside gets the path of the module that it came from.
  template <typename R, typename... A, typename F>
  R Run(F forward, A... arguments) {
    if (hooks_.any()) return RunWithHooks<R, A...>(forward, std::forward<A>(arguments)...);
    std::optional<R> result;
    Call([&] { result.emplace(forward(std::forward<A>(arguments)...)); });
    return *std::move(result);
  }
  // That without hooks.
  void Call(absl::FunctionRef<void()> forward);

 private:
  // As hooks may replace it; what holds no tensors is passed on.
  template <typename T>
  using Replaceable = std::conditional_t<internal::HoldsTensors<std::remove_cvref_t<T>>::value &&
                                             std::is_const_v<std::remove_reference_t<T>>,
                                         std::remove_cvref_t<T>, T&&>;
  template <typename R, typename... A, typename F>
  [[gnu::noinline]] R RunWithHooks(F& forward, A... arguments) {
    std::optional<R> result;
    std::tuple<Replaceable<A>...> held(std::forward<A>(arguments)...);
    CallWithHooks([&](TensorVisitor visitor) { internal::VisitTensors(held, visitor); },
                  [&] {
                    result.emplace(std::apply(
                        [&](auto&... each) { return forward(std::forward<A>(each)...); }, held));
                  },
                  [&](TensorVisitor visitor) { internal::VisitTensors(*result, visitor); });
    return *std::move(result);
  }
  // `inputs` and `outputs` show the tensors that a call is given and returns.
  void CallWithHooks(absl::FunctionRef<void(TensorVisitor)> inputs,
                     absl::FunctionRef<void()> forward,
                     absl::FunctionRef<void(TensorVisitor)> outputs);

  bool training_ = true;
  internal::Hooks hooks_;
};

// A module that is called with arguments of the types A and gives an R: an LSTM with its state,
// attention with masks, a loss.
//
//   struct Mix : nn::ModuleOf<Tensor(const Tensor&, const Tensor&)> {
//     Tensor Forward(const Tensor& a, const Tensor& b) override { return left(a) + right(b); }
//     ...
template <typename Signature>
class ModuleOf;

template <typename R, typename... A>
class ModuleOf<R(A...)> : public ModuleBase {
 public:
  using Interface = ModuleOf;

  virtual R Forward(A... arguments) = 0;
  // Runs Forward and the hooks; an Error from inside gets the path of the module that it came from.
  R operator()(A... arguments) {
    return this->template Run<R, A...>(
        [this](A... given) -> R { return Forward(std::forward<A>(given)...); },
        std::forward<A>(arguments)...);
  }
  // The last arguments may be left out where they are optional.
  template <typename... Given>
  requires(sizeof...(Given) < sizeof...(A) && internal::kOptionalFrom<sizeof...(Given), A...>) R
  operator()(Given&&... given) {
    return WithDefaults(std::make_index_sequence<sizeof...(A) - sizeof...(Given)>(),
                        std::forward<Given>(given)...);
  }

  // Written by NEURA_MODULE.
  virtual std::unique_ptr<ModuleOf> Clone() const = 0;

 private:
  template <size_t... I, typename... Given>
  R WithDefaults(std::index_sequence<I...>, Given&&... given) {
    using Arguments = std::tuple<std::remove_cvref_t<A>...>;
    return (*this)(std::forward<Given>(given)...,
                   std::tuple_element_t<sizeof...(Given) + I, Arguments>()...);
  }
};

// What most modules are.
using Module = ModuleOf<Tensor(const Tensor&)>;

std::ostream& operator<<(std::ostream& out, const ModuleBase& module);

#define NEURA_INTERNAL_VISIT_MEMBER(member) visitor.Visit(#member, this->member);
#define NEURA_MODULE(...)                                                                       \
 public:                                                                                        \
  void VisitMembers([[maybe_unused]] ::neura::nn::MemberVisitor& visitor) override {            \
    NEURA_FOR_EACH(NEURA_INTERNAL_VISIT_MEMBER, __VA_ARGS__)                                    \
  }                                                                                             \
  auto Clone() const->std::unique_ptr<typename std::remove_cvref_t<decltype(*this)>::Interface> \
      override {                                                                                \
    using Self = std::remove_cvref_t<decltype(*this)>;                                          \
    return std::make_unique<Self>(*this);                                                       \
  }

}  // namespace neura::nn

#endif  // NEURA_NN_MODULE_H_
