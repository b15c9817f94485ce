// Functions that give as many results as their arguments ask for.
#ifndef NEURA_PYTHON_EXTENSION_VARIED_RESULTS_H_
#define NEURA_PYTHON_EXTENSION_VARIED_RESULTS_H_

#include <pybind11/pybind11.h>

namespace neura::python {

// neura.unique and its kin, and pooling that tells places.
void InitVariedResults(pybind11::module_& m, pybind11::module_& functional);

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_VARIED_RESULTS_H_
