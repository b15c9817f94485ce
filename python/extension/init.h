#ifndef NEURA_PYTHON_EXTENSION_INIT_H_
#define NEURA_PYTHON_EXTENSION_INIT_H_

#include <pybind11/pybind11.h>

namespace neura::python {

// neura.nn.init
void InitNnInit(pybind11::module_& m);

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_INIT_H_
