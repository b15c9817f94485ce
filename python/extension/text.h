#ifndef NEURA_PYTHON_EXTENSION_TEXT_H_
#define NEURA_PYTHON_EXTENSION_TEXT_H_

#include <pybind11/pybind11.h>

namespace neura::python {

// Vocabularies and tokenizers.
void InitText(pybind11::module_& data);

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_TEXT_H_
