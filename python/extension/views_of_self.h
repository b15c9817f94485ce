// Methods that make a tensor a view of itself: x.t_().
#ifndef NEURA_PYTHON_EXTENSION_VIEWS_OF_SELF_H_
#define NEURA_PYTHON_EXTENSION_VIEWS_OF_SELF_H_

#include <pybind11/pybind11.h>

namespace neura::python {

void InitViewsOfSelf(pybind11::module_& m);

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_VIEWS_OF_SELF_H_
