// Attributes and methods of Tensor that look at it or at its place in a graph.
#ifndef NEURA_PYTHON_EXTENSION_PROPERTIES_H_
#define NEURA_PYTHON_EXTENSION_PROPERTIES_H_

#include <pybind11/pybind11.h>

namespace neura::python {

// shape, dtype, grad, ...; ends with an empty entry.
PyGetSetDef* TensorProperties();

// size(), item(), to(), detach(), backward(), ...
void InitTensorMethods(pybind11::module_& m);

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_PROPERTIES_H_
