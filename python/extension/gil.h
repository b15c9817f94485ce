// The interpreter's lock, also where the interpreter ends meanwhile.
//
// Python ends a thread that asks for the lock then by unwinding its stack, through destructors that
// may not throw and handlers that swallow everything: C++ takes that for a crash. Whoever asks here
// waits for the end of the process instead.
#ifndef NEURA_PYTHON_EXTENSION_GIL_H_
#define NEURA_PYTHON_EXTENSION_GIL_H_

#include <pybind11/pybind11.h>

namespace neura::python {

[[noreturn]] void WaitForTheEnd() noexcept;
// Whether the interpreter is ending or has ended.
bool InterpreterEnds();

// The lock let go for a scope.
class GilReleased {
 public:
  GilReleased() : state_(PyEval_SaveThread()) {}
  ~GilReleased();
  GilReleased(const GilReleased&) = delete;
  GilReleased& operator=(const GilReleased&) = delete;

 private:
  PyThreadState* const state_;
};

// The lock taken for a scope, on any thread, whether it holds it already or not.
class GilHeld {
 public:
  GilHeld();
  ~GilHeld() { PyGILState_Release(state_); }
  GilHeld(const GilHeld&) = delete;
  GilHeld& operator=(const GilHeld&) = delete;

 private:
  PyGILState_STATE state_;
};

// Runs f without the interpreter's lock.
template <typename F>
auto WithoutGil(F f) {
  const GilReleased released;
  return f();
}

// callable(*arguments), called by C++ under the lock, which Python code may let go for a while.
pybind11::object CallPython(pybind11::handle callable, const pybind11::tuple& arguments);

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_GIL_H_
