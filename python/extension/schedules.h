// neura._C.optim: learning rate schedules.
#ifndef NEURA_PYTHON_EXTENSION_SCHEDULES_H_
#define NEURA_PYTHON_EXTENSION_SCHEDULES_H_

#include <pybind11/pybind11.h>

namespace neura::python {

void InitSchedules(pybind11::module_& m);

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_SCHEDULES_H_
