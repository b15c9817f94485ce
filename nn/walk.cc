#include "neura/nn/walk.h"

#include <unordered_set>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"

namespace neura::nn::internal {
namespace {

[[noreturn]] void ThrowContainsItself(const ModuleBase& module) {
  ThrowInvalidArgument(absl::StrCat(module.TypeName(), " contains itself"));
}

}  // namespace

std::vector<std::pair<std::string, ModuleBase*>> ChildrenOf(ModuleBase& module) {
  std::vector<std::pair<std::string, ModuleBase*>> children;
  for (const auto& [name, value] : Members(module).list) {
    if (auto* const child = std::get_if<ModuleBase*>(&value)) children.emplace_back(name, *child);
  }
  return children;
}

void WalkTree(ModuleBase& root,
              absl::FunctionRef<void(const std::string&, Parameter&)> on_parameter,
              absl::FunctionRef<void(const std::string&, Buffer&)> on_buffer,
              absl::FunctionRef<void(ModuleBase&)> on_module) {
  struct Level {
    Members members;
    size_t prefix;  // the length of the path to the module
    const ModuleBase* module;
    size_t next = 0;
  };
  std::string path;
  std::vector<Level> levels;
  std::unordered_set<const ModuleBase*> inside;
  const auto enter = [&](ModuleBase& module) {
    if (!inside.insert(&module).second) ThrowContainsItself(module);
    on_module(module);
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
      enter(*std::get<ModuleBase*>(value));
    }
  }
}

void WalkModules(ModuleBase& root, absl::FunctionRef<void(ModuleBase&)> fn) {
  struct Level {
    ModuleBase* module;
    std::vector<std::pair<std::string, ModuleBase*>> children;
    size_t next = 0;
  };
  std::vector<Level> levels;
  std::unordered_set<const ModuleBase*> inside;
  const auto enter = [&](ModuleBase& module) {
    if (!inside.insert(&module).second) ThrowContainsItself(module);
    levels.push_back({&module, ChildrenOf(module)});
  };
  enter(root);
  while (!levels.empty()) {
    Level& level = levels.back();
    if (level.next < level.children.size()) {
      enter(*level.children[level.next++].second);
      continue;
    }
    ModuleBase& module = *level.module;
    inside.erase(&module);
    levels.pop_back();
    fn(module);
  }
}

}  // namespace neura::nn::internal
