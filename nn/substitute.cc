#include "neura/nn/substitute.h"

#include <string>
#include <unordered_map>

#include "absl/strings/str_cat.h"
#include "neura/nn/walk.h"
#include "neura/tensor/core/error.h"

namespace neura::nn {

Substitution::Substitution(ModuleBase& module, const NamedTensors& tensors, bool strict) {
  std::unordered_map<std::string, Tensor> given(tensors.begin(), tensors.end());
  std::unordered_map<const TensorImpl*, Tensor> by_original;
  const auto look = [&](const std::string& name, const auto& member) {
    const auto it = given.find(name);
    if (it != given.end()) {
      by_original.emplace(member.tensor().impl(), it->second);
      given.erase(it);
    } else if (strict) {
      ThrowInvalidArgument(
          absl::StrCat("Substitution: nothing is given for ", name, " of ", module.TypeName()));
    }
  };
  internal::WalkTree(module, look, look);
  if (!given.empty()) {
    ThrowInvalidArgument(
        absl::StrCat("Substitution: ", module.TypeName(), " has no ", given.begin()->first));
  }
  const auto replace = [&](auto& member, auto& replaced) {
    const Tensor original = member.tensor();
    const auto it = by_original.find(original.impl());
    if (it == by_original.end()) return;
    replaced.push_back({&member, original});
    member.Put(it->second);
  };
  internal::WalkTree(
      module, [&](const std::string&, Parameter& p) { replace(p, parameters_); },
      [&](const std::string&, Buffer& b) { replace(b, buffers_); });
}

Substitution::~Substitution() {
  for (const auto& [member, original] : parameters_) member->Put(original);
  for (const auto& [member, original] : buffers_) member->Put(original);
}

}  // namespace neura::nn
