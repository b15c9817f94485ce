// What holds for the whole program: default dtype, random numbers; and questions about dtypes.
#ifndef NEURA_PYTHON_EXTENSION_SETTINGS_H_
#define NEURA_PYTHON_EXTENSION_SETTINGS_H_

#include <pybind11/pybind11.h>

namespace neura::python {

void InitSettings(pybind11::module_& m);

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_SETTINGS_H_
