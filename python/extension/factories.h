#ifndef NEURA_PYTHON_EXTENSION_FACTORIES_H_
#define NEURA_PYTHON_EXTENSION_FACTORIES_H_

#include <pybind11/pybind11.h>

namespace neura::python {

// zeros, arange, randn, ...; Generator and manual_seed.
void InitFactories(pybind11::module_& m);

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_FACTORIES_H_
