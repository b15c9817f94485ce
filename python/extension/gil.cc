#include "neura/python/extension/gil.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "neura/python/extension/lock_calls.h"

namespace neura::python {

namespace py = pybind11;

void WaitForTheEnd() noexcept {
  for (;;) pause();
}

bool InterpreterEnds() {
#if PY_VERSION_HEX >= 0x030D0000
  return Py_IsFinalizing() != 0 || Py_IsInitialized() == 0;
#else
  return _Py_IsFinalizing() != 0 || Py_IsInitialized() == 0;
#endif
}

GilReleased::~GilReleased() { NeuraRestoreThread(state_); }

GilHeld::GilHeld() {
  // The thread that ends the interpreter, the first of the process, holds the lock or may have it.
  if (PyGILState_Check() == 0 && InterpreterEnds() && syscall(SYS_gettid) != getpid()) {
    WaitForTheEnd();
  }
  state_ = NeuraEnsureLock();
}

py::object CallPython(py::handle callable, const py::tuple& arguments) {
  PyObject* const result = NeuraCallObject(callable.ptr(), arguments.ptr());
  if (result == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(result);
}

}  // namespace neura::python
