// Transforms of images, as Python holds them.
#ifndef NEURA_PYTHON_EXTENSION_TRANSFORMS_H_
#define NEURA_PYTHON_EXTENSION_TRANSFORMS_H_

#include <pybind11/pybind11.h>

#include <string>

#include "neura/data/transforms.h"

namespace neura::python {

using Transform = data::AnyTransform;

struct PyTransform {
  Transform transform;
  std::string name;           // "Normalize"
  pybind11::dict parameters;  // {"mean": [0.5], "std": [0.5]}
};

// The class, and a function that makes one for each row of data/transforms.inc.
void InitTransforms(pybind11::module_& data);

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_TRANSFORMS_H_
