#ifndef NEURA_PYTHON_EXTENSION_DLPACK_H_
#define NEURA_PYTHON_EXTENSION_DLPACK_H_

#include <pybind11/pybind11.h>

namespace neura::python {

// Tensor.__dlpack__, Tensor.__dlpack_device__ and neura.from_dlpack: tensors of other libraries
// without a copy. https://dmlc.github.io/dlpack/latest/python_spec.html
void InitDlpack(pybind11::module_& m);

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_DLPACK_H_
