// Exceptions across the border between C++ and Python.
#ifndef NEURA_PYTHON_EXTENSION_ERRORS_H_
#define NEURA_PYTHON_EXTENSION_ERRORS_H_

#include <pybind11/pybind11.h>

#include <type_traits>

#include "neura/python/extension/gil.h"

namespace neura::python {

// Inside a catch block: sets the Python exception that stands for the one being handled.
//
//   InvalidArgument -> ValueError, OutOfRange -> IndexError, NotFound -> FileNotFoundError,
//   Unimplemented -> NotImplementedError, ResourceExhausted -> MemoryError, others -> RuntimeError;
//   a LinAlgError -> neura.linalg.LinAlgError
void SetPythonError() noexcept;

// Calls f for a slot of a Python type: an exception becomes a Python error and `failed` is
// returned.
template <typename F, typename R = std::invoke_result_t<F>>
R Guarded(F f, R failed = R{}) noexcept {
  try {
    return f();
  } catch (...) {
    SetPythonError();
    return failed;
  }
}
// For slots that return 0 or -1.
template <typename F>
int GuardedInt(F f) noexcept {
  return Guarded(
      [&]() -> int {
        f();
        return 0;
      },
      -1);
}

[[noreturn]] void ThrowTypeError(const std::string& message);

void InitErrors(pybind11::module_& m);

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_ERRORS_H_
