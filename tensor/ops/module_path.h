// Which module of a model this thread is in, for whoever records what it does.
#ifndef NEURA_TENSOR_OPS_MODULE_PATH_H_
#define NEURA_TENSOR_OPS_MODULE_PATH_H_

#include <string>

namespace neura {

// "encoder.layers.0": the names of the modules that are running, from the members of the outermost
// on; empty outside of modules and in the outermost itself.
std::string ModulePath();

// Called before main() by libraries that have modules. Returns what was installed before, which may
// be null.
using ModulePathFunction = std::string (*)();
ModulePathFunction InstallModulePath(ModulePathFunction path);

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_MODULE_PATH_H_
