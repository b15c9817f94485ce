#ifndef NEURA_PYTHON_EXTENSION_TRAINER_H_
#define NEURA_PYTHON_EXTENSION_TRAINER_H_

#include <pybind11/pybind11.h>

namespace neura::python {

// Training loops, their callbacks in either language, and metrics.
void InitTrainer(pybind11::module_& m);

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_TRAINER_H_
