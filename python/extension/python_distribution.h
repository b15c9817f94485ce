// Distributions, transforms and constraints that are written in Python, as C++ sees them.
#ifndef NEURA_PYTHON_EXTENSION_PYTHON_DISTRIBUTION_H_
#define NEURA_PYTHON_EXTENSION_PYTHON_DISTRIBUTION_H_

#include <pybind11/pybind11.h>

#include "neura/distributions/distributions.h"

namespace neura::python {

// Each calls its object under the interpreter's lock and keeps it.
distributions::DistributionRef PythonDistribution(const pybind11::object& object);
distributions::TransformRef PythonTransform(const pybind11::object& object);
// Of an object with check(), event_dim and is_discrete; of a native one, that of C++.
distributions::Constraint ToConstraint(const pybind11::object& object);

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_PYTHON_DISTRIBUTION_H_
