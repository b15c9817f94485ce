// The program `neura`, for `python -m neura`.
#ifndef NEURA_PYTHON_EXTENSION_CLI_H_
#define NEURA_PYTHON_EXTENSION_CLI_H_

#include <pybind11/pybind11.h>

namespace neura::python {

void InitCli(pybind11::module_& m);

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_CLI_H_
