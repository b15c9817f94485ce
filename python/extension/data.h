#ifndef NEURA_PYTHON_EXTENSION_DATA_H_
#define NEURA_PYTHON_EXTENSION_DATA_H_

#include <pybind11/pybind11.h>

namespace neura::python {

// Datasets and transforms of C++, and the loader for datasets of either language.
void InitData(pybind11::module_& m);

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_DATA_H_
