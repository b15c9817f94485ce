#ifndef NEURA_PYTHON_EXTENSION_OPERATORS_H_
#define NEURA_PYTHON_EXTENSION_OPERATORS_H_

#include <pybind11/pybind11.h>

#include "absl/types/span.h"

namespace neura::python {

// What +, -, *, @, <, ... and their in-place forms do with a Tensor, and its conversions to int,
// float, bool and text.
absl::Span<const PyType_Slot> OperatorSlots();

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_OPERATORS_H_
