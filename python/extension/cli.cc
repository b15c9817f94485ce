#include "neura/python/extension/cli.h"

#include <pybind11/stl.h>

#include <string>
#include <utility>
#include <vector>

#include "neura/cli/cli.h"
#include "neura/python/extension/gil.h"

namespace neura::python {

void InitCli(pybind11::module_& m) {
  m.def("_cli", [](std::vector<std::string> arguments) {
    return WithoutGil([&] { return cli::Main(std::move(arguments)); });
  });
}

}  // namespace neura::python
