#ifndef NEURA_PYTHON_EXTENSION_FUNCTIONAL_H_
#define NEURA_PYTHON_EXTENSION_FUNCTIONAL_H_

#include <pybind11/pybind11.h>

namespace neura::python {

// What neura.autograd.functional, neura.func and neura.utils.checkpoint stand on.
void InitFunctional(pybind11::module_& m);

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_FUNCTIONAL_H_
