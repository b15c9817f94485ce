#include "neura/python/extension/errors.h"

#include <cxxabi.h>

#include <exception>
#include <new>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "neura/python/extension/error_path.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/linalg/error.h"

namespace neura::python {
namespace {

namespace py = pybind11;

PyObject* g_lin_alg_error = nullptr;

PyObject* ExceptionFor(const Error& error) {
  if (dynamic_cast<const linalg::LinAlgError*>(&error) != nullptr) return g_lin_alg_error;
  switch (error.code()) {
    case absl::StatusCode::kInvalidArgument:
      return PyExc_ValueError;
    case absl::StatusCode::kOutOfRange:
      return PyExc_IndexError;
    case absl::StatusCode::kNotFound:
      return PyExc_FileNotFoundError;
    case absl::StatusCode::kUnimplemented:
      return PyExc_NotImplementedError;
    case absl::StatusCode::kResourceExhausted:
      return PyExc_MemoryError;
    default:
      return PyExc_RuntimeError;
  }
}

// What messages of C++ advise, in Python's words.
std::string InPythonsWords(std::string_view message) {
  return absl::StrReplaceAll(
      message, {{"use a NoGradGuard", "use with no_grad():"},
                {"under a NoGradGuard", "under no_grad()"},
                {"Clone() it", "clone() it"},
                {"to a Clone() of", "to a clone() of"},
                {"Detach() it", "detach() it"},
                {"with sparse::ToDense()", "with to_dense()"},
                {"Stack() them", "stack() them"},
                {"make it Contiguous()", "call contiguous()"},
                {"with Cast(), or", "with to(), or"},
                {"; Cast() the input or pass .dtype", "; convert the input or give a dtype"},
                {"; Cast() the input", "; convert the input"},
                {"pass .allow_unused = true", "pass allow_unused=True"},
                {"pass .retain_graph = true to the first Backward",
                 "pass retain_graph=True to the first backward()"},
                {"after Backward", "after backward()"},
                {"or change it after Backward", "or change it after backward()"},
                {"(Item(), data(), ", "(item(), tolist(), "},
                {"Backward: ", "backward(): "},
                {"Grad: ", "grad(): "},
                {"SetRequiresGrad: ", "requires_grad_(): "},
                {"RegisterHook: ", "register_hook(): "},
                {"LoadStateDict: ", "load_state_dict(): "},
                {"SetNumThreads: ", "set_num_threads(): "},
                {"Item: ", "item(): "}});
}

// What a message quotes of a file need not be UTF-8.
void SetError(PyObject* type, std::string_view text_of_error) {
  const std::string message = InPythonsWords(text_of_error);
  PyObject* text = PyUnicode_DecodeUTF8(message.data(), static_cast<Py_ssize_t>(message.size()),
                                        "backslashreplace");
  if (text == nullptr) return;
  PyObject* const error = PyObject_CallOneArg(type, text);
  Py_DECREF(text);
  if (error == nullptr) return;
  StartPath(error);
  PyErr_SetObject(type, error);
  Py_DECREF(error);
}

// "Unable to cast Python instance of type <class 'list'> to C++ type '?' ..." tells nothing of what
// is wanted: what C++ asked of Python was of another type.
void SetCastError(const py::cast_error& error) {
  const std::string_view message = error.what();
  const size_t begin = message.find("<class '"), end = message.find("'>");
  if (begin == std::string_view::npos || end == std::string_view::npos) {
    return SetError(PyExc_TypeError, "a value is of another type than is expected here");
  }
  SetError(PyExc_TypeError,
           absl::StrCat("a value of type ", message.substr(begin + 8, end - begin - 8),
                        " is not what is expected here"));
}

void Translate(std::exception_ptr pointer) {
  try {
    if (pointer) std::rethrow_exception(pointer);
  } catch (const Error& error) {
    SetError(ExceptionFor(error), error.message());
  } catch (const py::cast_error& error) {
    SetCastError(error);
  }
}

}  // namespace

void SetPythonError() noexcept {
  try {
    throw;
  } catch (py::error_already_set& error) {
    error.restore();
  } catch (const Error& error) {
    SetError(ExceptionFor(error), error.message());
  } catch (const py::cast_error& error) {
    SetCastError(error);
  } catch (const py::builtin_exception& error) {
    error.set_error();
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
  } catch (const std::exception& error) {
    SetError(PyExc_RuntimeError, error.what());
#if defined(__GLIBCXX__)  // the C++ library that has a type for it
  } catch (const abi::__forced_unwind&) {
    WaitForTheEnd();
#endif
  } catch (...) {
    PyErr_SetString(PyExc_RuntimeError, "unknown C++ exception");
  }
}

void ThrowTypeError(const std::string& message) { throw py::type_error(message); }

void InitErrors(py::module_& m) {
  py::register_exception_translator(Translate);
  g_lin_alg_error = PyErr_NewExceptionWithDoc("neura.linalg.LinAlgError",
                                              "A matrix that the computation cannot be done with.",
                                              PyExc_RuntimeError, nullptr);
  if (g_lin_alg_error == nullptr) throw py::error_already_set();
  m.attr("_LinAlgError") = py::handle(g_lin_alg_error);
}

}  // namespace neura::python
