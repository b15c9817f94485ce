// neura.memory_format: in which order the elements of a tensor lie.
#ifndef NEURA_PYTHON_EXTENSION_MEMORY_FORMAT_H_
#define NEURA_PYTHON_EXTENSION_MEMORY_FORMAT_H_

#include <pybind11/pybind11.h>

#include "neura/tensor/core/tensor.h"

namespace neura::python {

// Every operation computes over any strides and gives row-major results; a format is one of
// strides.
enum class MemoryFormat { kContiguous, kPreserve, kChannelsLast, kChannelsLast3d };

// Sets *format; None is kPreserve. False where the object is no format.
bool FromPython(PyObject* object, MemoryFormat* format);

// The tensor itself where its elements lie so, else such a copy. Throws InvalidArgument where the
// format is of another number of dimensions.
Tensor InFormat(const Tensor& tensor, MemoryFormat format);

// The type with its constants; Tensor.contiguous and is_contiguous.
void InitMemoryFormat(pybind11::module_& m);

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_MEMORY_FORMAT_H_
