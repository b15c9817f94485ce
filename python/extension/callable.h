// Python callables in the hands of C++.
#ifndef NEURA_PYTHON_EXTENSION_CALLABLE_H_
#define NEURA_PYTHON_EXTENSION_CALLABLE_H_

#include <pybind11/pybind11.h>

#include <memory>

#include "neura/python/extension/gil.h"

namespace neura::python {

// Copies of the pointer may be made and dropped on any thread, with or without the interpreter's
// lock.
inline std::shared_ptr<pybind11::object> SharedCallable(const pybind11::object& callable) {
  return {new pybind11::object(callable), [](pybind11::object* object) {
            const GilHeld held;
            delete object;
          }};
}

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_CALLABLE_H_
