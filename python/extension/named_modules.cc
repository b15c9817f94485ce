#include "neura/python/extension/named_modules.h"

#include "neura/tensor/ops/module_path.h"

namespace neura::python {
namespace {

thread_local NamedModules* t_named = nullptr;
ModulePathFunction g_path_in_cpp = nullptr;

}  // namespace

NamedModules::NamedModules(const std::vector<std::pair<std::string, pybind11::object>>& modules)
    : outer_(t_named) {
  for (const auto& [name, module] : modules) names_[module.ptr()] = name;
  t_named = this;
}
NamedModules::~NamedModules() { t_named = outer_; }

RunningModule::RunningModule(PyObject* module) : named_(t_named) {
  if (named_ != nullptr) named_->running_.push_back(module);
}
RunningModule::~RunningModule() {
  if (named_ != nullptr) named_->running_.pop_back();
}

// The name of the innermost one, and the path of what C++ runs below it.
std::string PathOfNamed() {
  const std::string inside = g_path_in_cpp == nullptr ? "" : g_path_in_cpp();
  if (t_named == nullptr) return inside;
  std::string path;
  for (auto it = t_named->running_.rbegin(); it != t_named->running_.rend(); ++it) {
    const auto found = t_named->names_.find(*it);
    if (found == t_named->names_.end()) continue;
    path = found->second;
    break;
  }
  return path.empty() || inside.empty() ? path + inside : path + "." + inside;
}

void InitNamedModules() { g_path_in_cpp = InstallModulePath(&PathOfNamed); }

}  // namespace neura::python
