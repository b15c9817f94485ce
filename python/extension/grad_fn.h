#ifndef NEURA_PYTHON_EXTENSION_GRAD_FN_H_
#define NEURA_PYTHON_EXTENSION_GRAD_FN_H_

#include <pybind11/pybind11.h>

#include "neura/tensor/core/tensor.h"

namespace neura::python {

// What made a tensor; None for a leaf.
pybind11::object GradFnOf(const Tensor& tensor);

void InitGradFn(pybind11::module_& m);

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_GRAD_FN_H_
