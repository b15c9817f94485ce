#ifndef NEURA_PYTHON_EXTENSION_OPTIM_H_
#define NEURA_PYTHON_EXTENSION_OPTIM_H_

#include <pybind11/pybind11.h>

namespace neura::python {

// Optimizers, learning rate schedules and gradient clipping.
void InitOptim(pybind11::module_& m);

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_OPTIM_H_
