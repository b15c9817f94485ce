// Losses, as functions of neura.nn.functional and as classes.
#ifndef NEURA_PYTHON_EXTENSION_LOSSES_H_
#define NEURA_PYTHON_EXTENSION_LOSSES_H_

#include <pybind11/pybind11.h>

namespace neura::python {

// The classes derive from `module_type`.
void InitLosses(pybind11::module_& m, pybind11::module_& functional,
                const pybind11::object& module_type);

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_LOSSES_H_
