#include "neura/python/extension/error_path.h"

#include <exception>
#include <string>
#include <variant>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "neura/python/extension/py_module.h"

namespace neura::python {
namespace {

namespace py = pybind11;

// Of an exception: None, and once it has left a module, the text without a path, the path from that
// module, and the module.
constexpr char kOrigin[] = "_neura_origin";

std::string NameBelow(const PyModule& parent, py::handle child) {
  for (const auto& member : parent.members()) {
    const auto* const object = std::get_if<py::object>(&member->value);
    if (object != nullptr && object->is(child)) return member->name;
  }
  return ModuleOf(child.ptr()).TypeName();
}

void Extend(py::handle error, py::handle module) {
  if (!py::hasattr(error, kOrigin)) return;
  const PyModule& here = ModuleOf(module.ptr());
  const std::string type_name = here.TypeName();
  std::string text, path;
  const py::object origin = error.attr(kOrigin);
  if (origin.is_none()) {
    text = py::str(error).cast<std::string>();
    // A layer of C++ has put its own path there.
    const size_t end = text.find(": ");
    if (absl::StartsWith(text, absl::StrCat(type_name, ".")) && end != std::string::npos) {
      path = text.substr(type_name.size() + 1, end - type_name.size() - 1);
      text.erase(0, end + 2);
    } else if (absl::StartsWith(text, absl::StrCat(type_name, ": "))) {
      text.erase(0, type_name.size() + 2);
    }
  } else {
    const auto parts = origin.cast<py::tuple>();
    text = parts[0].cast<std::string>();
    path = parts[1].cast<std::string>();
    const py::object below = parts[2];
    if (!below.is(module)) {
      path = absl::StrCat(NameBelow(here, below), path.empty() ? "" : ".", path);
    }
  }
  error.attr(kOrigin) = py::make_tuple(text, path, module);
  error.attr("args") =
      py::make_tuple(absl::StrCat(type_name, path.empty() ? "" : ".", path, ": ", text));
}

}  // namespace

void StartPath(PyObject* error) {
  if (PyObject_SetAttrString(error, kOrigin, Py_None) != 0) PyErr_Clear();
}

void ExtendPath(PyObject* module) {
  PyObject *type = nullptr, *value = nullptr, *trace = nullptr;
  PyErr_Fetch(&type, &value, &trace);
  PyErr_NormalizeException(&type, &value, &trace);
  try {
    if (value != nullptr) Extend(value, module);
  } catch (const std::exception&) {
    PyErr_Clear();  // the error is worth more than its path
  }
  PyErr_Restore(type, value, trace);
}

}  // namespace neura::python
