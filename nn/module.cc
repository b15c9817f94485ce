#include "neura/nn/module.h"

#include <cxxabi.h>

#include <cstdlib>
#include <ostream>
#include <typeinfo>
#include <unordered_map>
#include <unordered_set>
#include <variant>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "neura/autograd/autograd.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/thread_exit.h"
#include "neura/tensor/ops/pointwise.h"

namespace neura::nn {
namespace {

Tensor CloneDetached(const Tensor& tensor) {
  if (!tensor.defined()) return {};
  NoGradGuard no_grad;
  return neura::Clone(tensor);
}

// The direct members of a module, in order.
class Members final : public MemberVisitor {
 public:
  using Value = std::variant<Parameter*, Buffer*, Module*>;
  explicit Members(Module& module) { module.VisitMembers(*this); }
  void Visit(const std::string& name, Parameter& p) override { list.emplace_back(name, &p); }
  void Visit(const std::string& name, Buffer& b) override { list.emplace_back(name, &b); }
  void Visit(const std::string& name, Module& m) override { list.emplace_back(name, &m); }

  std::vector<std::pair<std::string, Value>> list;
};

[[noreturn]] void ThrowContainsItself(const Module& module) {
  ThrowInvalidArgument(absl::StrCat(module.TypeName(), " contains itself"));
}

// Calls the functions that are given for the members of a whole tree, depth first, with full names.
// Trees may be deeper than the stack: nothing here recurses.
void WalkTree(Module& root, absl::FunctionRef<void(const std::string&, Parameter&)> on_parameter,
              absl::FunctionRef<void(const std::string&, Buffer&)> on_buffer) {
  struct Level {
    Members members;
    size_t prefix;  // the length of the path to the module
    const Module* module;
    size_t next = 0;
  };
  std::string path;
  std::vector<Level> levels;
  std::unordered_set<const Module*> inside;
  const auto enter = [&](Module& module) {
    if (!inside.insert(&module).second) ThrowContainsItself(module);
    levels.push_back({Members(module), path.size(), &module});
  };
  enter(root);
  while (!levels.empty()) {
    Level& level = levels.back();
    path.resize(level.prefix);
    if (level.next == level.members.list.size()) {
      inside.erase(level.module);
      levels.pop_back();
      continue;
    }
    const auto& [name, value] = level.members.list[level.next++];
    path += name;
    if (auto* const parameter = std::get_if<Parameter*>(&value)) {
      if ((*parameter)->defined()) on_parameter(path, **parameter);
    } else if (auto* const buffer = std::get_if<Buffer*>(&value)) {
      if ((*buffer)->defined()) on_buffer(path, **buffer);
    } else {
      path += '.';
      enter(*std::get<Module*>(value));
    }
  }
}

// Replaces every parameter and buffer by what `change` makes of it; what it returns as it is stays,
// so that whoever holds it, such as an optimizer, goes on with it.
void ReplaceMembers(Module& module, absl::FunctionRef<Tensor(const Tensor&)> change) {
  NoGradGuard no_grad;
  const auto replace = [change](auto& member) {
    const Tensor tensor = member.tensor();
    const Tensor changed = change(tensor);
    if (IsSame(changed, tensor)) return;
    const bool trained = RequiresGrad(tensor);
    member.Replace(Detach(changed));
    if (!trained) SetRequiresGrad(member.tensor(), false);
  };
  WalkTree(
      module, [&](const std::string&, Parameter& p) { replace(p); },
      [&](const std::string&, Buffer& b) { replace(b); });
}

// The direct child modules.
std::vector<std::pair<std::string, Module*>> ChildrenOf(Module& module) {
  std::vector<std::pair<std::string, Module*>> children;
  for (const auto& [name, value] : Members(module).list) {
    if (auto* const child = std::get_if<Module*>(&value)) children.emplace_back(name, *child);
  }
  return children;
}

// For walks that want one of the kinds.
constexpr auto kIgnore = [](const std::string&, auto&) {};

// Walking hands out references to members and changes none of them.
Module& Mutable(const Module& module) { return const_cast<Module&>(module); }

// How an error finds out where it came from: each module on the way out, innermost first, looks up
// the name of the one below.
struct FailurePath {
  int depth = 0;  // calls of modules in progress
  // The module that the error left last. It may be gone, so it is compared and not looked into.
  const Module* module = nullptr;
  std::string type_name;  // of that module
  std::string path;       // from it to where the error arose
  // Of the error; what Forward caught and dropped says nothing about the error after it.
  std::string message;
};
FailurePath& Failure() { return internal::ThreadOwned<FailurePath>(); }

std::string NameBelow(Module& parent, const FailurePath& failure) {
  for (const auto& [name, module] : ChildrenOf(parent)) {
    if (module == failure.module) return name;
  }
  return failure.type_name;
}

}  // namespace

template <bool kTrained>
OwnedTensor<kTrained>::OwnedTensor(const OwnedTensor& other) {
  *this = other;
}
template <bool kTrained>
OwnedTensor<kTrained>& OwnedTensor<kTrained>::operator=(const OwnedTensor& other) {
  if (this == &other) return *this;
  const Tensor original = other.tensor(), copy = CloneDetached(original);
  Replace(copy);
  if (kTrained && copy.defined() && !RequiresGrad(original)) SetRequiresGrad(copy, false);
  return *this;
}
template <bool kTrained>
void OwnedTensor<kTrained>::Replace(const Tensor& tensor) {
  if (kTrained && tensor.defined() && IsDifferentiable(tensor.dtype())) SetRequiresGrad(tensor);
  slot_.Store(tensor.handle());
}
template class OwnedTensor<true>;
template class OwnedTensor<false>;

Tensor Module::operator()(const Tensor& input) {
  FailurePath& failure = Failure();
  struct Depth {
    explicit Depth(FailurePath& failure) : failure(failure) {
      ++failure.depth;
      failure.module = nullptr;
    }
    ~Depth() { --failure.depth; }
    FailurePath& failure;
  } depth(failure);
  try {
    return Forward(input);
  } catch (Error& error) {
    // On its way out an error only gets words before its message.
    if (failure.module == nullptr || !error.message().ends_with(failure.message)) {
      failure.path.clear();
    } else if (failure.module != this) {
      const std::string name = NameBelow(*this, failure);
      failure.path = failure.path.empty() ? name : absl::StrCat(name, ".", failure.path);
    }
    failure.module = this;
    failure.type_name = TypeName();
    if (failure.depth == 1) {
      error.AddContext(failure.path.empty() ? failure.type_name
                                            : absl::StrCat(failure.type_name, ".", failure.path));
    }
    failure.message = error.message();
    throw;
  }
}

NamedTensors Module::NamedParameters() const {
  NamedTensors named;
  WalkTree(
      Mutable(*this),
      [&](const std::string& name, Parameter& p) { named.emplace_back(name, p.tensor()); },
      kIgnore);
  return named;
}

NamedTensors Module::NamedBuffers() const {
  NamedTensors named;
  WalkTree(Mutable(*this), kIgnore,
           [&](const std::string& name, Buffer& b) { named.emplace_back(name, b.tensor()); });
  return named;
}

NamedTensors Module::StateDict() const {
  NamedTensors named;
  WalkTree(
      Mutable(*this),
      [&](const std::string& name, Parameter& p) { named.emplace_back(name, p.tensor()); },
      [&](const std::string& name, Buffer& b) { named.emplace_back(name, b.tensor()); });
  return named;
}

std::vector<Tensor> Module::Parameters() const {
  std::vector<Tensor> parameters;
  for (auto& [name, tensor] : NamedParameters()) parameters.push_back(tensor);
  return parameters;
}

LoadReport Module::LoadStateDict(const NamedTensors& state, const LoadOptions& options) {
  std::unordered_map<std::string, Tensor> given(state.begin(), state.end());
  std::vector<std::pair<Tensor, Tensor>> copies;
  LoadReport report;
  std::vector<std::string> problems;
  for (const auto& [name, target] : StateDict()) {
    const auto it = given.find(name);
    if (it == given.end()) {
      report.missing.push_back(name);
      continue;
    }
    const Tensor& source = it->second;
    if (source.shape() != target.shape() || source.dtype() != target.dtype()) {
      problems.push_back(absl::StrCat(name, " is ", neura::Describe(target), " here but ",
                                      neura::Describe(source), " in the state dict"));
    }
    copies.emplace_back(target, source);
    given.erase(it);
  }
  for (const auto& [name, tensor] : state) {
    if (given.contains(name)) report.unexpected.push_back(name);
  }
  if (options.strict && !report.missing.empty()) {
    problems.push_back(absl::StrCat("missing: ", absl::StrJoin(report.missing, ", ")));
  }
  if (options.strict && !report.unexpected.empty()) {
    problems.push_back(absl::StrCat("unexpected: ", absl::StrJoin(report.unexpected, ", ")));
  }
  if (!problems.empty()) {
    ThrowInvalidArgument(absl::StrCat("LoadStateDict: the state dict does not fit ", TypeName(),
                                      ": ", absl::StrJoin(problems, "; ")));
  }
  NoGradGuard no_grad;
  for (const auto& [target, source] : copies) Assign(target, neura::To(source, target.device()));
  return report;
}

void Module::Apply(const std::function<void(Module&)>& fn) {
  struct Level {
    Module* module;
    std::vector<std::pair<std::string, Module*>> children;
    size_t next = 0;
  };
  std::vector<Level> levels;
  std::unordered_set<const Module*> inside;
  const auto enter = [&](Module& module) {
    if (!inside.insert(&module).second) ThrowContainsItself(module);
    levels.push_back({&module, ChildrenOf(module)});
  };
  enter(*this);
  while (!levels.empty()) {
    Level& level = levels.back();
    if (level.next < level.children.size()) {
      enter(*level.children[level.next++].second);
      continue;
    }
    Module& module = *level.module;
    inside.erase(&module);
    levels.pop_back();
    fn(module);
  }
}

void Module::Train(bool training) {
  Apply([training](Module& module) { module.training_ = training; });
}

void Module::ZeroGrad() {
  for (const Tensor& parameter : Parameters()) autograd::SetGrad(parameter, {});
}

void Module::To(DType dtype) {
  if (!IsFloating(dtype)) {
    ThrowInvalidArgument(absl::StrCat("To: a module cannot become ", DTypeName(dtype)));
  }
  ReplaceMembers(*this, [dtype](const Tensor& tensor) {
    return IsFloating(tensor.dtype()) ? Cast(tensor, dtype) : tensor;
  });
}

void Module::To(Device device) {
  ReplaceMembers(*this, [device](const Tensor& tensor) { return neura::To(tensor, device); });
}

int64_t Module::NumParameters() const {
  int64_t count = 0;
  for (const Tensor& parameter : Parameters()) count += parameter.numel();
  return count;
}

std::string Module::TypeName() const {
  int status = 0;
  char* demangled = abi::__cxa_demangle(typeid(*this).name(), nullptr, nullptr, &status);
  std::string name = status == 0 ? demangled : typeid(*this).name();
  std::free(demangled);
  const size_t scope = name.rfind("::");
  return scope == std::string::npos ? name : name.substr(scope + 2);
}

namespace {

std::string WithSeparators(int64_t count) {
  const std::string digits = absl::StrCat(count);
  std::string text;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

class TreePrinter final : public MemberVisitor {
 public:
  std::string Print(Module& module) {
    text_ = absl::StrCat(module.TypeName(), "(", module.Describe());
    const size_t head = text_.size();
    indent_ += 2;
    module.VisitMembers(*this);
    indent_ -= 2;
    // Only child modules write here; tensors are noted for the end.
    if (text_.size() > head) absl::StrAppend(&text_, "\n", Indent());
    text_ += ")";
    if (!tensors_.empty()) absl::StrAppend(&text_, "  ", absl::StrJoin(tensors_, ", "));
    return text_;
  }

  void Visit(const std::string& name, Parameter& parameter) override { Note(name, parameter); }
  void Visit(const std::string& name, Buffer& buffer) override { Note(name, buffer); }
  void Visit(const std::string& name, Module& module) override {
    if (depth_ == kMaxDepth) {
      absl::StrAppend(&text_, "\n", Indent(), "(", name, "): ...");
      return;
    }
    TreePrinter printer;
    printer.indent_ = indent_;
    printer.depth_ = depth_ + 1;
    absl::StrAppend(&text_, "\n", Indent(), "(", name, "): ", printer.Print(module));
  }

 private:
  std::string Indent() const { return std::string(indent_, ' '); }
  void Note(const std::string& name, const Tensor& tensor) {
    if (tensor.defined())
      tensors_.push_back(absl::StrCat(name, " ", neura::ToString(tensor.shape())));
  }

  // Nobody reads further, and each level takes of the stack.
  static constexpr int kMaxDepth = 100;

  size_t indent_ = 0;
  int depth_ = 0;
  std::string text_;
  std::vector<std::string> tensors_;
};

}  // namespace

std::string Module::ToString() const {
  return absl::StrCat(TreePrinter().Print(Mutable(*this)), "\n", WithSeparators(NumParameters()),
                      " parameters");
}

std::ostream& operator<<(std::ostream& out, const Module& module) {
  return out << module.ToString();
}

}  // namespace neura::nn
