#include "neura/nn/module.h"

#include <unordered_map>
#include <unordered_set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "neura/autograd/autograd.h"
#include "neura/nn/walk.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"

namespace neura::nn {

using internal::kIgnore;
using internal::Mutable;
using internal::WalkTree;

namespace {

// Each tensor under the first of its names.
NamedTensors OnceEach(const NamedTensors& named) {
  NamedTensors once;
  std::unordered_set<const TensorImpl*> seen;
  for (const auto& [name, tensor] : named) {
    if (seen.insert(tensor.impl()).second) once.emplace_back(name, tensor);
  }
  return once;
}

}  // namespace

ModuleBase& ModuleBase::operator=(const ModuleBase& other) {
  if (this == &other) return *this;
  internal::BeginCopy(other);
  training_ = other.training_;
  hooks_ = other.hooks_;
  return *this;
}

NamedTensors ModuleBase::NamedParameters() const {
  NamedTensors named;
  WalkTree(
      Mutable(*this),
      [&](const std::string& name, Parameter& p) { named.emplace_back(name, p.tensor()); },
      kIgnore);
  return OnceEach(named);
}

NamedTensors ModuleBase::NamedBuffers() const {
  NamedTensors named;
  WalkTree(Mutable(*this), kIgnore,
           [&](const std::string& name, Buffer& b) { named.emplace_back(name, b.tensor()); });
  return OnceEach(named);
}

NamedTensors ModuleBase::StateDict() const {
  NamedTensors named;
  const auto add = [&](const std::string& name, const auto& member) {
    named.emplace_back(name, member.tensor());
  };
  WalkTree(Mutable(*this), add, add);
  return named;
}

std::vector<Tensor> ModuleBase::Parameters() const {
  std::vector<Tensor> parameters;
  for (auto& [name, tensor] : NamedParameters()) parameters.push_back(tensor);
  return parameters;
}

LoadReport ModuleBase::LoadStateDict(const NamedTensors& state, const LoadOptions& options) {
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

void ModuleBase::Apply(const std::function<void(ModuleBase&)>& fn) {
  internal::WalkModules(*this, fn);
}

void ModuleBase::Train(bool training) {
  Apply([training](ModuleBase& module) { module.set_training(training); });
}

void ModuleBase::ZeroGrad() {
  for (const Tensor& parameter : Parameters()) autograd::SetGrad(parameter, {});
}

void ModuleBase::Convert(absl::FunctionRef<Tensor(const Tensor&)> change) {
  NoGradGuard no_grad;
  struct Changed {
    Tensor original;  // held, so that no other tensor gets its address
    Tensor result;
  };
  std::unordered_map<const TensorImpl*, Changed> changes;
  const auto replace = [&](const std::string&, auto& member) {
    const Tensor tensor = member.tensor();
    const auto [it, is_new] = changes.try_emplace(tensor.impl());
    if (is_new) it->second = {tensor, change(tensor)};
    const Tensor& changed = it->second.result;
    if (IsSame(changed, tensor)) return;
    const bool trained = RequiresGrad(tensor);
    if (is_new) it->second.result = Detach(changed);
    member.Replace(changed);
    if (!trained) SetRequiresGrad(member.tensor(), false);
  };
  WalkTree(*this, replace, replace);
}

void ModuleBase::To(DType dtype) {
  if (!IsFloating(dtype)) {
    ThrowInvalidArgument(absl::StrCat("To: a module cannot become ", DTypeName(dtype)));
  }
  Convert([dtype](const Tensor& tensor) {
    return IsFloating(tensor.dtype()) ? Cast(tensor, dtype) : tensor;
  });
}

void ModuleBase::To(Device device) {
  Convert([device](const Tensor& tensor) { return neura::To(tensor, device); });
}

void ModuleBase::ToEmpty(Device device) {
  Convert([device](const Tensor& tensor) {
    return Empty(tensor.shape(), {.dtype = tensor.dtype(), .device = device});
  });
}

int64_t ModuleBase::NumParameters() const {
  int64_t count = 0;
  for (const Tensor& parameter : Parameters()) count += parameter.numel();
  return count;
}

}  // namespace neura::nn
