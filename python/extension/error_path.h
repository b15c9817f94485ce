// Where an error of Neura's came from, before its message: "Net.block.fc1: linear(...): ...".
#ifndef NEURA_PYTHON_EXTENSION_ERROR_PATH_H_
#define NEURA_PYTHON_EXTENSION_ERROR_PATH_H_

#include <pybind11/pybind11.h>

namespace neura::python {

// Lets a new exception collect the names of the modules that it leaves.
void StartPath(PyObject* error);

// The call of `module` ends in the error that is set, whose path gets the name that the module left
// before has in this one. Errors that Neura did not raise stay as they are.
void ExtendPath(PyObject* module);

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_ERROR_PATH_H_
