#include "neura/tensor/ops/module_path.h"

#include <utility>

namespace neura {
namespace {

ModulePathFunction g_path = nullptr;

}  // namespace

std::string ModulePath() { return g_path == nullptr ? std::string() : g_path(); }
ModulePathFunction InstallModulePath(ModulePathFunction path) {
  return std::exchange(g_path, path);
}

}  // namespace neura
