// neura.nn.Module, and layers and losses of C++ as Python classes.
#ifndef NEURA_PYTHON_EXTENSION_MODULES_H_
#define NEURA_PYTHON_EXTENSION_MODULES_H_

#include <pybind11/pybind11.h>

namespace neura::python {

void InitModules(pybind11::module_& m, pybind11::module_& functional);

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_MODULES_H_
