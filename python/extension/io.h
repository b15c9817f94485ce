#ifndef NEURA_PYTHON_EXTENSION_IO_H_
#define NEURA_PYTHON_EXTENSION_IO_H_

#include <pybind11/pybind11.h>

namespace neura::python {

// Files of tensors (safetensors, npy), and whole files written or not at all.
void InitIo(pybind11::module_& m);

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_IO_H_
