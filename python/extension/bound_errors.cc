#include "neura/python/extension/bound_errors.h"

#include <algorithm>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace neura::python {
namespace {

namespace py = pybind11;

// The one function behind all that pybind11 binds.
using Dispatcher = PyObject* (*)(PyObject* self, PyObject* const* arguments, Py_ssize_t count,
                                 PyObject* names);
Dispatcher g_dispatcher = nullptr;

// One parameter as pybind11 writes it: "top_k: typing.SupportsInt | typing.SupportsIndex = 1".
struct Wanted {
  std::string name;  // empty where it has none
  std::string type;
};

std::string PlainType(std::string_view type) {
  return absl::StrReplaceAll(type, {{"typing.SupportsInt | typing.SupportsIndex", "int"},
                                    {"typing.SupportsFloat | typing.SupportsIndex", "float"},
                                    {"collections.abc.", ""},
                                    {"typing.", ""},
                                    {"neura._C.trainer.", ""},
                                    {"neura._C.distributions.", ""},
                                    {"neura._C.data.", ""},
                                    {"neura._C.", ""},
                                    {"os.PathLike", "a path"}});
}

// Cuts at commas outside of brackets.
std::vector<std::string> SplitAtCommas(std::string_view text) {
  std::vector<std::string> parts(1);
  int depth = 0;
  for (const char c : text) {
    if (c == '[' || c == '(') ++depth;
    if (c == ']' || c == ')') --depth;
    if (c == ',' && depth == 0) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

// The parameters of the first signature in a message of pybind11's.
std::vector<Wanted> ParametersIn(std::string_view message) {
  std::vector<Wanted> parameters;
  const size_t line = message.find("    1. ");
  const size_t open = line == std::string_view::npos ? line : message.find('(', line);
  if (open == std::string_view::npos) return parameters;
  size_t close = open;
  for (int depth = 0; close < message.size(); ++close) {
    if (message[close] == '(') ++depth;
    if (message[close] == ')' && --depth == 0) break;
  }
  for (std::string_view part : SplitAtCommas(message.substr(open + 1, close - open - 1))) {
    part = absl::StripAsciiWhitespace(part);
    const size_t colon = part.find(": ");
    if (colon == std::string_view::npos) continue;  // "*", "/"
    std::string_view type = part.substr(colon + 2);
    type = type.substr(0, type.find(" = "));
    const std::string_view name = part.substr(0, colon);
    // Without names pybind11 counts.
    parameters.push_back(
        {absl::StartsWith(name, "arg") && name.size() == 4 ? "" : std::string(name),
         PlainType(type)});
  }
  return parameters;
}

// "neura._C.trainer.Trainer" as "Trainer".
std::string LastName(std::string_view name) {
  const size_t dot = name.rfind('.');
  name = dot == std::string_view::npos ? name : name.substr(dot + 1);
  absl::ConsumePrefix(&name, "_");
  return std::string(name);
}

bool FitsOne(std::string_view type, py::handle given) {
  PyObject* const object = given.ptr();
  if (type == "object" || type == "Any") return true;
  if (type == "None") return given.is_none();
  if (type == "int") return PyIndex_Check(object) != 0;
  if (type == "float") return PyFloat_Check(object) != 0 || PyIndex_Check(object) != 0;
  if (type == "str") return PyUnicode_Check(object) != 0;
  if (type == "bool") return PyBool_Check(object) != 0;
  if (absl::StartsWith(type, "Callable")) return PyCallable_Check(object) != 0;
  const size_t bracket = type.find('[');
  if (bracket != std::string_view::npos) {
    const std::string_view inner = type.substr(bracket + 1, type.size() - bracket - 2);
    if (absl::StartsWith(type, "dict")) return PyDict_Check(object) != 0;
    if (!PyList_Check(object) && !PyTuple_Check(object)) return false;
    if (absl::StartsWith(type, "tuple")) return true;
    return std::all_of(py::iter(given), py::iterator::sentinel(), [&](py::handle each) {
      for (const std::string_view option : absl::StrSplit(inner, " | ")) {
        if (FitsOne(option, each)) return true;
      }
      return false;
    });
  }
  for (const py::handle base : py::handle(Py_TYPE(object)->tp_mro)) {
    if (LastName(reinterpret_cast<PyTypeObject*>(base.ptr())->tp_name) == LastName(type))
      return true;
  }
  return false;
}

// Whether an object is of one of the types in a union.
bool Fits(std::string_view type, py::handle given) {
  if (absl::StrContains(type, '[')) {
    std::string_view rest = type;
    if (given.is_none()) return absl::EndsWith(rest, " | None");
    absl::ConsumeSuffix(&rest, " | None");
    return FitsOne(rest, given);
  }
  for (const std::string_view option : absl::StrSplit(type, " | ")) {
    if (FitsOne(option, given)) return true;
  }
  return false;
}

std::string TypeOf(py::handle given) { return LastName(Py_TYPE(given.ptr())->tp_name); }

// What a message says in Python's words; empty for one that is another's.
std::string Readable(const std::string& message, PyObject* const* arguments, size_t count,
                     py::handle names) {
  const size_t end = message.find("(): incompatible ");
  if (end == std::string::npos) return "";
  const bool constructor = absl::StrContains(message, "): incompatible constructor arguments");
  std::string function = message.substr(0, end);
  std::vector<Wanted> wanted = ParametersIn(message);
  const bool method = !wanted.empty() && wanted[0].name == "self";
  const size_t first = (constructor || method) && count > 0 ? 1 : 0;
  if (method) wanted.erase(wanted.begin());
  if (first == 1) {
    const std::string owner = TypeOf(arguments[0]);
    function = constructor ? owner : absl::StrCat(owner, ".", function);
  }
  std::vector<std::string> given;
  const auto complain = [&](const Wanted& parameter, size_t place, py::handle object) {
    const std::string name = parameter.name.empty()
                                 ? absl::StrCat("argument ", place + 1)
                                 : absl::StrCat("argument '", parameter.name, "'");
    return absl::StrCat(function, "(): ", name, " must be ", parameter.type, ", not ",
                        TypeOf(object));
  };
  for (size_t i = first; i < count; ++i) {
    const size_t place = i - first;
    if (place < wanted.size() && !Fits(wanted[place].type, arguments[i])) {
      return complain(wanted[place], place, arguments[i]);
    }
    given.push_back(TypeOf(arguments[i]));
  }
  const size_t named = names ? py::len(names) : 0;
  for (size_t i = 0; i < named; ++i) {
    const auto name = py::handle(PyTuple_GET_ITEM(names.ptr(), i)).cast<std::string>();
    const py::handle object = arguments[count + i];
    const auto at = std::find_if(wanted.begin(), wanted.end(),
                                 [&](const Wanted& each) { return each.name == name; });
    if (at != wanted.end() && !Fits(at->type, object)) return complain(*at, 0, object);
    given.push_back(absl::StrCat(name, "=", TypeOf(object)));
  }
  const std::string expected =
      absl::StrJoin(wanted, ", ", [](std::string* out, const Wanted& each) {
        absl::StrAppend(out, each.name, each.name.empty() ? "" : ": ", each.type);
      });
  return absl::StrCat(function, "() takes (", expected, "), not (", absl::StrJoin(given, ", "),
                      ")");
}

// Replaces the message of the error that is set, where it is pybind11's.
void Reword(PyObject* const* arguments, size_t count, PyObject* names) {
  PyObject *type = nullptr, *value = nullptr, *trace = nullptr;
  PyErr_Fetch(&type, &value, &trace);
  PyErr_NormalizeException(&type, &value, &trace);
  try {
    const auto message = py::str(py::handle(value)).cast<std::string>();
    const std::string readable = Readable(message, arguments, count, names);
    if (!readable.empty()) py::handle(value).attr("args") = py::make_tuple(readable);
  } catch (const std::exception&) {
    PyErr_Clear();  // the error is worth more than its words
  }
  PyErr_Restore(type, value, trace);
}

PyObject* Dispatch(PyObject* self, PyObject* const* arguments, Py_ssize_t count, PyObject* names) {
  PyObject* const result = g_dispatcher(self, arguments, count, names);
  if (result == nullptr && PyErr_ExceptionMatches(PyExc_TypeError) != 0) {
    Reword(arguments, static_cast<size_t>(PyVectorcall_NARGS(static_cast<size_t>(count))), names);
  }
  return result;
}

void Cover(py::handle object) {
  PyObject* function = object.ptr();
  if (function == nullptr) return;
  if (PyInstanceMethod_Check(function)) function = PyInstanceMethod_GET_FUNCTION(function);
  if (!PyCFunction_Check(function)) return;
  PyCFunction& method = reinterpret_cast<PyCFunctionObject*>(function)->m_ml->ml_meth;
  const auto erased = reinterpret_cast<void (*)()>(method);
  if (erased != reinterpret_cast<void (*)()>(g_dispatcher)) return;
  method = reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(&Dispatch));
}

void CoverAll(py::handle dict) {
  for (const auto& [name, value] : py::dict(py::reinterpret_borrow<py::object>(dict))) {
    Cover(value);
    if (PyModule_Check(value.ptr())) {
      CoverAll(value.attr("__dict__"));
    } else if (PyType_Check(value.ptr()) &&
               absl::StartsWith(py::str(value.attr("__module__")).cast<std::string>(), "neura.")) {
      CoverAll(value.attr("__dict__"));
    } else if (Py_TYPE(value.ptr()) == &PyProperty_Type ||
               std::string_view(Py_TYPE(value.ptr())->tp_name) == "pybind11_static_property") {
      Cover(value.attr("fget"));
      Cover(value.attr("fset"));
    } else if (Py_TYPE(value.ptr()) == &PyStaticMethod_Type) {
      Cover(value.attr("__func__"));
    }
  }
}

}  // namespace

void MakeErrorsReadable(py::module_& m) {
  const py::cpp_function any([] {});
  PyObject* function = any.ptr();
  if (PyInstanceMethod_Check(function)) function = PyInstanceMethod_GET_FUNCTION(function);
  const auto erased =
      reinterpret_cast<void (*)()>(reinterpret_cast<PyCFunctionObject*>(function)->m_ml->ml_meth);
  g_dispatcher = reinterpret_cast<Dispatcher>(erased);
  CoverAll(m.attr("__dict__"));
}

}  // namespace neura::python
