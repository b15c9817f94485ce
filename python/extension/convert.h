// Tensors from Python's numbers, lists and NumPy arrays, and back.
#ifndef NEURA_PYTHON_EXTENSION_CONVERT_H_
#define NEURA_PYTHON_EXTENSION_CONVERT_H_

#include <pybind11/pybind11.h>

#include <optional>

#include "neura/tensor/core/tensor.h"

namespace neura::python {

bool IsNumpyArray(PyObject* object);

// A copy of a number, nested sequences of one shape, an array or a tensor. Without a dtype: that of
// an array or tensor; else what holds all numbers, of which Python's are bool, int64, float32 or
// complex64.
Tensor TensorFromData(const pybind11::object& data, std::optional<DType> dtype);

// An error where a byte of a bool is neither 0 nor 1: outside memory, which nothing may read as a
// bool.
void RequireBools(const Tensor& tensor, const char* what);

// neura.tensor, as_tensor and from_numpy; Tensor.numpy, tolist and __array__.
void InitConvert(pybind11::module_& m);

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_CONVERT_H_
