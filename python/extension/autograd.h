#ifndef NEURA_PYTHON_EXTENSION_AUTOGRAD_H_
#define NEURA_PYTHON_EXTENSION_AUTOGRAD_H_

#include <pybind11/pybind11.h>

#include <vector>

#include "neura/tensor/core/tensor.h"

namespace neura::python {

// The tensors of an iterable of tensors and None; TypeError, which begins with `what`, for others.
std::vector<Tensor> TensorsOf(const pybind11::object& objects, const char* what);

// The switches of recording, neura.autograd.grad, and what neura.autograd.Function stands on.
void InitAutograd(pybind11::module_& m);

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_AUTOGRAD_H_
