#include "neura/python/extension/function.h"

#include <structmember.h>

#include <cstddef>
#include <stdexcept>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "neura/python/extension/out_argument.h"

namespace neura::python {
namespace {

namespace py = pybind11;

struct FunctionObject {
  PyObject_HEAD;
  vectorcallfunc vectorcall;
  const Function* function;
  PyObject* name;            // in its scope
  PyObject* qualified_name;  // in its module: "Tensor.add"
  PyObject* module;
};

PyTypeObject* g_function_type = nullptr;

std::vector<BoundFunction>& Registry() {
  static auto* const functions = new std::vector<BoundFunction>();
  return *functions;
}

PyObject* Vectorcall(PyObject* self, PyObject* const* arguments, size_t count,
                     PyObject* keyword_names) {
  return Guarded([&] {
    return reinterpret_cast<FunctionObject*>(self)->function->CallVector(
        arguments, static_cast<size_t>(PyVectorcall_NARGS(count)), keyword_names);
  });
}

// As a plain function does: reached through an instance, it is bound to it.
PyObject* DescriptorGet(PyObject* self, PyObject* instance, PyObject*) {
  if (instance == nullptr || instance == Py_None) {
    Py_INCREF(self);
    return self;
  }
  return PyMethod_New(self, instance);
}

const FunctionObject& Of(PyObject* self) { return *reinterpret_cast<FunctionObject*>(self); }

PyObject* Owned(const std::string& text) {
  return PyUnicode_FromStringAndSize(text.data(), static_cast<Py_ssize_t>(text.size()));
}

PyObject* GetName(PyObject* self, void*) { return Py_NewRef(Of(self).name); }
PyObject* GetQualifiedName(PyObject* self, void*) { return Py_NewRef(Of(self).qualified_name); }
PyObject* GetModule(PyObject* self, void*) { return Py_NewRef(Of(self).module); }
PyObject* GetDoc(PyObject* self, void*) { return Owned(Of(self).function->doc()); }

// inspect.Signature, which help() and editors read.
PyObject* GetSignature(PyObject* self, void*) {
  return Guarded([&]() -> PyObject* {
    const py::module_ inspect = py::module_::import("inspect");
    const py::object kinds = inspect.attr("Parameter");
    py::list parameters;
    for (const Parameter& parameter : Of(self).function->parameters()) {
      const char* kind = parameter.keyword_only ? "KEYWORD_ONLY"
                         : parameter.variadic   ? "VAR_POSITIONAL"
                                                : "POSITIONAL_OR_KEYWORD";
      py::object value = kinds.attr("empty");
      if (parameter.default_value && !parameter.variadic) value = parameter.default_value;
      parameters.append(kinds(parameter.name, kinds.attr(kind), py::arg("default") = value,
                              py::arg("annotation") = parameter.type));
    }
    return inspect
        .attr("Signature")(parameters, py::arg("return_annotation") = Of(self).function->result())
        .release()
        .ptr();
  });
}

PyObject* Repr(PyObject* self) { return PyUnicode_FromFormat("<function %U>", Of(self).name); }

PyGetSetDef g_properties[] = {
    {"__name__", GetName, nullptr, nullptr, nullptr},
    {"__qualname__", GetQualifiedName, nullptr, nullptr, nullptr},
    {"__module__", GetModule, nullptr, nullptr, nullptr},
    {"__doc__", GetDoc, nullptr, nullptr, nullptr},
    {"__signature__", GetSignature, nullptr, nullptr, nullptr},
    {},
};
// By its name: a copy is the function itself.
PyObject* Reduce(PyObject* self, PyObject*) { return Py_NewRef(Of(self).qualified_name); }
PyMethodDef g_methods[] = {
    {"__reduce__", Reduce, METH_NOARGS, nullptr},
    {},
};
PyMemberDef g_members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(FunctionObject, vectorcall), READONLY, nullptr},
    {},
};
// Functions live as long as the process, so their type needs no deallocation of its own.
PyType_Slot g_slots[] = {
    {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
    {Py_tp_descr_get, reinterpret_cast<void*>(DescriptorGet)},
    {Py_tp_getset, g_properties},
    {Py_tp_members, g_members},
    {Py_tp_methods, g_methods},
    {Py_tp_repr, reinterpret_cast<void*>(Repr)},
    {},
};
PyType_Spec g_spec = {"neura.Function", sizeof(FunctionObject), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL |
                          Py_TPFLAGS_METHOD_DESCRIPTOR | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                      g_slots};

}  // namespace

Function::Function(std::string name, std::string doc, std::vector<Parameter> parameters,
                   std::string result)
    : name_(std::move(name)),
      doc_(std::move(doc)),
      parameters_(std::move(parameters)),
      result_(std::move(result)) {
  if (parameters_.size() > kMaxParameters) {
    throw std::logic_error("python: too many parameters of " + name_);
  }
  for (const Parameter& parameter : parameters_) {
    interned_.push_back(PyUnicode_InternFromString(parameter.name.c_str()));
  }
}

namespace {

// Whether the argument is the first of those that one parameter takes, not a sequence of them.
bool BeginsSeveral(const Parameter& parameter, PyObject* argument) {
  const bool is_tensor = IsTensor(argument);
  return parameter.type == "Sequence[Tensor]" ? is_tensor : !is_tensor && PyIndex_Check(argument);
}

}  // namespace

PyObject* Function::CallVector(PyObject* const* arguments, size_t count,
                               PyObject* keyword_names) const {
  PyObject* slots[kMaxParameters];
  PyObject* out = nullptr;
  py::object variadic;
  const size_t num_parameters = parameters_.size();
  std::fill_n(slots, num_parameters, nullptr);
  size_t used = 0;
  for (size_t i = 0; i < num_parameters && used < count; ++i) {
    const Parameter& parameter = parameters_[i];
    if (parameter.keyword_only) break;
    if (parameter.variadic && BeginsSeveral(parameter, arguments[used])) {
      variadic =
          py::reinterpret_steal<py::object>(PyTuple_New(static_cast<Py_ssize_t>(count - used)));
      for (size_t k = 0; used < count; ++k, ++used) {
        PyTuple_SET_ITEM(variadic.ptr(), static_cast<Py_ssize_t>(k), Py_NewRef(arguments[used]));
      }
      slots[i] = variadic.ptr();
      break;
    }
    slots[i] = arguments[used++];
  }
  if (used < count) {
    ThrowTypeError(absl::StrCat(name_, "() takes ", num_parameters,
                                " positional arguments at most, but ", count, " were given"));
  }
  if (keyword_names != nullptr) {
    const auto num_keywords = static_cast<size_t>(PyTuple_GET_SIZE(keyword_names));
    for (size_t k = 0; k < num_keywords; ++k) {
      PyObject* const keyword = PyTuple_GET_ITEM(keyword_names, static_cast<Py_ssize_t>(k));
      size_t i = 0;
      while (i < num_parameters && interned_[i] != keyword) ++i;
      if (i == num_parameters) {  // a name that was not interned, or an unknown one
        i = 0;
        while (i < num_parameters && PyUnicode_Compare(interned_[i], keyword) != 0) ++i;
      }
      if (i == num_parameters) {
        const auto name = py::handle(keyword).cast<std::string>();
        if (name == "out" && TakesOut(result_)) {
          if (arguments[count + k] == Py_None) continue;
          out = arguments[count + k];
          CheckOut(name_, result_, out);
          continue;
        }
        i = ByNumpysName(name);
        if (i == num_parameters) {
          ThrowTypeError(absl::StrCat(name_, "() got an unexpected keyword argument '", name, "'"));
        }
      }
      if (slots[i] != nullptr) {
        ThrowTypeError(
            absl::StrCat(name_, "() got multiple values for argument '", parameters_[i].name, "'"));
      }
      slots[i] = arguments[count + k];
    }
  }
  for (size_t i = 0; i < num_parameters; ++i) {
    if (slots[i] != nullptr) continue;
    slots[i] = parameters_[i].default_value.ptr();
    if (slots[i] == nullptr) {
      ThrowTypeError(absl::StrCat(name_, "() is missing the argument '", parameters_[i].name, "'"));
    }
  }
  PyObject* const result = Call(slots);
  return out == nullptr ? result : WriteOut(name_, result, out);
}

size_t Function::ByNumpysName(std::string_view name) const {
  constexpr std::pair<std::string_view, std::string_view> kNames[] = {{"axis", "dim"},
                                                                      {"keepdims", "keepdim"}};
  for (const auto& [numpys, own] : kNames) {
    if (name != numpys) continue;
    for (size_t i = 0; i < parameters_.size(); ++i) {
      if (parameters_[i].name == own) return i;
    }
  }
  return parameters_.size();
}

std::string TypeInWords(std::string_view type) {
  return absl::StrReplaceAll(type, {{"IntOrInts", "int or a sequence of ints"},
                                    {"IntOrSizes", "int or a sequence of ints"},
                                    {"DeviceLike", "a device or its name"}});
}

void Function::ThrowBadArgument(size_t parameter, PyObject* given) const {
  ThrowTypeError(absl::StrCat(name_, "(): argument '", parameters_[parameter].name, "' must be ",
                              TypeInWords(parameters_[parameter].type), ", not ",
                              Py_TYPE(given)->tp_name));
}

std::vector<Parameter> ParseParameters(std::string_view text) {
  std::vector<Parameter> parameters;
  bool keyword_only = false;
  const py::object literal = py::module_::import("ast").attr("literal_eval");
  for (std::string_view part : absl::StrSplit(text, ", ", absl::SkipEmpty())) {
    if (part == "*") {
      keyword_only = true;
      continue;
    }
    Parameter parameter;
    parameter.keyword_only = keyword_only;
    if (absl::ConsumePrefix(&part, "*")) parameter.variadic = true;
    const size_t equals = part.find('=');
    parameter.name = std::string(part.substr(0, equals));
    if (equals != std::string_view::npos) {
      parameter.default_value = literal(std::string(part.substr(equals + 1)));
    }
    parameters.push_back(std::move(parameter));
  }
  return parameters;
}

py::list DescribeParameters(absl::Span<const Parameter> parameters) {
  py::list list;
  for (const Parameter& parameter : parameters) {
    list.append(py::make_tuple(
        parameter.name, parameter.type,
        parameter.default_value ? py::object(py::repr(parameter.default_value)) : py::none(),
        parameter.variadic, parameter.keyword_only));
  }
  return list;
}

const std::vector<BoundFunction>& BoundFunctions() { return Registry(); }

void Bind(py::handle target, std::string scope, std::string name,
          std::unique_ptr<Function> function) {
  BindAgain(target, std::move(scope), std::move(name), function.release());
}

py::object MakeFunctionObject(const std::string& scope, const std::string& name,
                              const Function* function) {
  auto* const object = PyObject_New(FunctionObject, g_function_type);
  if (object == nullptr) throw py::error_already_set();
  object->vectorcall = Vectorcall;
  object->function = function;
  object->name = PyUnicode_InternFromString(name.c_str());
  const bool is_method = scope == "Tensor";
  object->qualified_name = Owned(is_method ? absl::StrCat("Tensor.", name) : name);
  object->module = Owned(scope.empty() || is_method ? "neura" : absl::StrCat("neura.", scope));
  return py::reinterpret_steal<py::object>(reinterpret_cast<PyObject*>(object));
}

void BindAgain(py::handle target, std::string scope, std::string name, const Function* function) {
  PyObject* const dict = reinterpret_cast<PyObject*>(
      PyType_Check(target.ptr()) ? reinterpret_cast<PyTypeObject*>(target.ptr())->tp_dict
                                 : PyModule_GetDict(target.ptr()));
  if (PyDict_GetItemString(dict, name.c_str()) != nullptr) return;
  const py::object value = MakeFunctionObject(scope, name, function);
  if (PyObject_SetAttrString(target.ptr(), name.c_str(), value.ptr()) < 0) {
    throw py::error_already_set();
  }
  Registry().push_back({std::move(scope), std::move(name), function});
}

void InitFunctionType(py::module_& m) {
  g_function_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&g_spec));
  if (g_function_type == nullptr) throw py::error_already_set();
  m.add_object("Function", reinterpret_cast<PyObject*>(g_function_type));
  m.def("_bound_functions", [] {
    py::list list;
    for (const BoundFunction& bound : BoundFunctions()) {
      py::list parameters = DescribeParameters(bound.function->parameters());
      // Methods take it, too, as PyTorch's do not.
      if (TakesOut(bound.function->result()) && bound.scope != "Tensor") {
        const bool one = bound.function->result() == "Tensor";
        parameters.append(py::make_tuple("out", one ? "Tensor | None" : "Sequence[Tensor] | None",
                                         "None", false, true));
      }
      list.append(py::make_tuple(bound.scope, bound.name, parameters, bound.function->result(),
                                 bound.function->doc()));
    }
    return list;
  });
}

}  // namespace neura::python
