// States of Python, dicts of tensors and plain data, where C++ keeps named tensors.
#ifndef NEURA_PYTHON_EXTENSION_PYTHON_STATE_H_
#define NEURA_PYTHON_EXTENSION_PYTHON_STATE_H_

#include <pybind11/pybind11.h>

#include "neura/tensor/core/tensor.h"

namespace neura::python {

// One tensor of bytes, "python", those of a file that neura.save() writes. Both under the
// interpreter's lock.
NamedTensors ToNamedTensors(const pybind11::object& state);
// The inverse; as neura.load() it makes nothing but tensors and plain data. Null where the tensors
// are something else.
pybind11::object FromNamedTensors(const NamedTensors& state);

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_PYTHON_STATE_H_
