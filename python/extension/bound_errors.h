// What users read where a function that pybind11 binds is called with other types than it takes.
#ifndef NEURA_PYTHON_EXTENSION_BOUND_ERRORS_H_
#define NEURA_PYTHON_EXTENSION_BOUND_ERRORS_H_

#include <pybind11/pybind11.h>

namespace neura::python {

// Puts a message such as
//
//   Accuracy.update(): argument 'preds' must be Tensor, not list
//
// in the place of pybind11's list of signatures, for all functions and classes in the module and in
// the modules that are its attributes. After everything has been bound.
void MakeErrorsReadable(pybind11::module_& m);

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_BOUND_ERRORS_H_
