// Exceptions across the border between C++ and Python.
#ifndef NEURA_PYTHON_EXTENSION_ERRORS_H_
#define NEURA_PYTHON_EXTENSION_ERRORS_H_

#include <pybind11/pybind11.h>

#include <type_traits>

namespace neura::python {

// Inside a catch block: sets the Python exception that stands for the one being handled.
//
//   InvalidArgument -> ValueError, OutOfRange -> IndexError, NotFound -> FileNotFoundError,
//   Unimplemented -> NotImplementedError, ResourceExhausted -> MemoryError, others -> RuntimeError
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

// The interpreter's lock let go for a scope. A thread that wants it back while the interpreter ends
// waits for the end of the process: Python would unwind its stack, which C++ takes for a crash.
class GilReleased {
 public:
  GilReleased() : state_(PyEval_SaveThread()) {}
  ~GilReleased();
  GilReleased(const GilReleased&) = delete;
  GilReleased& operator=(const GilReleased&) = delete;

 private:
  PyThreadState* const state_;
};

// Runs f without the interpreter's lock.
template <typename F>
auto WithoutGil(F f) {
  const GilReleased released;
  return f();
}

void InitErrors();

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_ERRORS_H_
