// Functions made from the operation list: every row of op_list.inc is a function, and a method of
// Tensor where its first input is called so.
#ifndef NEURA_PYTHON_EXTENSION_OP_FUNCTIONS_H_
#define NEURA_PYTHON_EXTENSION_OP_FUNCTIONS_H_

#include <pybind11/pybind11.h>

namespace neura::python {

// Binds neura.<name> and, where the first input is `input`, Tensor.<name> and for pointwise
// operations Tensor.<name>_, which overwrites it.
void InitOpFunctions(pybind11::module_& m);

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_OP_FUNCTIONS_H_
