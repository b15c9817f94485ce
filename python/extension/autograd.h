#ifndef NEURA_PYTHON_EXTENSION_AUTOGRAD_H_
#define NEURA_PYTHON_EXTENSION_AUTOGRAD_H_

#include <pybind11/pybind11.h>

namespace neura::python {

// The switches of recording, neura.autograd.grad, and what neura.autograd.Function stands on.
void InitAutograd(pybind11::module_& m);

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_AUTOGRAD_H_
