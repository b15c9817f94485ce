#ifndef NEURA_PYTHON_EXTENSION_NAMESPACES_H_
#define NEURA_PYTHON_EXTENSION_NAMESPACES_H_

#include <pybind11/pybind11.h>

namespace neura::python {

// The rows of tensor/namespaces.inc: neura.linalg, neura.special, ..., which are modules that can
// be imported, and m._namespaces, a dictionary of them.
void InitNamespaces(pybind11::module_& m);

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_NAMESPACES_H_
