// Sparse tensors: their parts as methods of Tensor, and what makes them.
#ifndef NEURA_PYTHON_EXTENSION_SPARSE_H_
#define NEURA_PYTHON_EXTENSION_SPARSE_H_

#include <pybind11/pybind11.h>

namespace neura::python {

void InitSparse(pybind11::module_& m);

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_SPARSE_H_
