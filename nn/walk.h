// Walks over trees of modules. Trees may be deeper than the stack: nothing here recurses.
#ifndef NEURA_NN_WALK_H_
#define NEURA_NN_WALK_H_

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/functional/function_ref.h"
#include "neura/nn/module.h"

namespace neura::nn::internal {

// The direct members of a module, in order.
class Members final : public MemberVisitor {
 public:
  using Value = std::variant<Parameter*, Buffer*, ModuleBase*>;
  explicit Members(ModuleBase& module) { module.VisitMembers(*this); }
  void Visit(const std::string& name, Parameter& p) override { list.emplace_back(name, &p); }
  void Visit(const std::string& name, Buffer& b) override { list.emplace_back(name, &b); }
  void Visit(const std::string& name, ModuleBase& m) override { list.emplace_back(name, &m); }

  std::vector<std::pair<std::string, Value>> list;
};

// The direct child modules.
std::vector<std::pair<std::string, ModuleBase*>> ChildrenOf(ModuleBase& module);

// For walks that want some of the kinds.
inline constexpr auto kIgnore = [](const auto&...) {};

// Calls the functions that are given for the members of a whole tree that are there, depth first
// with full names, and for its modules, parents first. Throws InvalidArgument where a module
// contains itself.
void WalkTree(ModuleBase& root,
              absl::FunctionRef<void(const std::string&, Parameter&)> on_parameter,
              absl::FunctionRef<void(const std::string&, Buffer&)> on_buffer,
              absl::FunctionRef<void(ModuleBase&)> on_module = kIgnore);

// Calls fn for all modules of a tree, children first.
void WalkModules(ModuleBase& root, absl::FunctionRef<void(ModuleBase&)> fn);

// Walking hands out references to members and changes none of them.
inline ModuleBase& Mutable(const ModuleBase& module) { return const_cast<ModuleBase&>(module); }

}  // namespace neura::nn::internal

#endif  // NEURA_NN_WALK_H_
