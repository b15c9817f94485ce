// ONNX files: functions and modules out, programs back.
#ifndef NEURA_PYTHON_EXTENSION_ONNX_H_
#define NEURA_PYTHON_EXTENSION_ONNX_H_

#include <pybind11/pybind11.h>

namespace neura::python {

void InitOnnx(pybind11::module_& m);

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_ONNX_H_
