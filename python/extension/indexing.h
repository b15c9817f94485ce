#ifndef NEURA_PYTHON_EXTENSION_INDEXING_H_
#define NEURA_PYTHON_EXTENSION_INDEXING_H_

#include <pybind11/pybind11.h>

#include "absl/types/span.h"

namespace neura::python {

// len(x), x[...] and x[...] = value, as NumPy and PyTorch define them. Integers, slices, None and
// Ellipsis give views; masks and integer tensors, lists or arrays gather copies.
absl::Span<const PyType_Slot> IndexingSlots();

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_INDEXING_H_
