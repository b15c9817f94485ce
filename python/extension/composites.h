#ifndef NEURA_PYTHON_EXTENSION_COMPOSITES_H_
#define NEURA_PYTHON_EXTENSION_COMPOSITES_H_

#include <pybind11/pybind11.h>

namespace neura::python {

// Call it before InitOpFunctions: where both have a name, the composite is what users call.
void InitComposites(pybind11::module_& m, pybind11::module_& functional);

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_COMPOSITES_H_
