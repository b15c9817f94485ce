// out=, which every function takes that gives tensors.
#ifndef NEURA_PYTHON_EXTENSION_OUT_ARGUMENT_H_
#define NEURA_PYTHON_EXTENSION_OUT_ARGUMENT_H_

#include <pybind11/pybind11.h>

#include <string>
#include <string_view>

namespace neura::python {

// Whether results of this type, as a stub writes it, can be written into tensors.
bool TakesOut(std::string_view result);

// Throws TypeError unless `out` is a tensor, or a tuple or list where results are a tuple.
void CheckOut(const std::string& function, std::string_view result, PyObject* out);

// Writes a result, a new reference to a tensor or a tuple of them, into `out`, a tensor or as many
// of them, which take its shape. Returns `out` in the result's place, a tuple in a tuple's. Throws
// TypeError where these do not fit, and InvalidArgument where a dtype is of a lower category than
// the result's or a gradient would be lost.
PyObject* WriteOut(const std::string& function, PyObject* result, PyObject* out);

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_OUT_ARGUMENT_H_
