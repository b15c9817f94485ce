// neura._C.distributions: distributions, transforms and constraints.
#ifndef NEURA_PYTHON_EXTENSION_DISTRIBUTIONS_H_
#define NEURA_PYTHON_EXTENSION_DISTRIBUTIONS_H_

#include <pybind11/pybind11.h>

namespace neura::python {

void InitDistributions(pybind11::module_& m);

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_DISTRIBUTIONS_H_
