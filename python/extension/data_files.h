#ifndef NEURA_PYTHON_EXTENSION_DATA_FILES_H_
#define NEURA_PYTHON_EXTENSION_DATA_FILES_H_

#include <pybind11/pybind11.h>

namespace neura::python {

// Images, tables, lines and archives of files.
void InitDataFiles(pybind11::module_& data);

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_DATA_FILES_H_
