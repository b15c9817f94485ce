// nn.functional's functions of several tensors that //nn defines.
#ifndef NEURA_PYTHON_EXTENSION_NN_FUNCTIONS_H_
#define NEURA_PYTHON_EXTENSION_NN_FUNCTIONS_H_

#include <pybind11/pybind11.h>

namespace neura::python {

void InitNnFunctions(pybind11::module_& m, pybind11::module_& functional);

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_NN_FUNCTIONS_H_
