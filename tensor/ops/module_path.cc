#include "neura/tensor/ops/module_path.h"

namespace neura {
namespace {

ModulePathFunction g_path = nullptr;

}  // namespace

std::string ModulePath() { return g_path == nullptr ? std::string() : g_path(); }
void InstallModulePath(ModulePathFunction path) { g_path = path; }

}  // namespace neura
