#include "neura/python/extension/constructor.h"

#include <cstddef>
#include <memory>
#include <variant>

namespace neura::python {
namespace {

namespace py = pybind11;

// A function of the options; calling it sets them.
class OptionsSetter final : public Function {
 public:
  OptionsSetter(const std::string& name, std::vector<Parameter> parameters, const OptionsType& type,
                TensorOptions tensors, void* options)
      : Function(name, "", std::move(parameters), "None"),
        type_(type),
        tensors_(tensors),
        options_(options) {}

  PyObject* Call(PyObject* const* arguments) const override {
    // What follows are switches that PyTorch has and nothing depends on.
    size_t i = SetOptions(*this, arguments, type_, tensors_, options_);
    for (bool ignored; i < parameters().size(); ++i) {
      if (!FromPython(arguments[i], &ignored)) ThrowBadArgument(i, arguments[i]);
    }
    Py_RETURN_NONE;
  }

 private:
  const OptionsType& type_;
  const TensorOptions tensors_;
  void* const options_;
};

struct BoundClass {
  std::string scope;
  std::string name;
  std::vector<Parameter> parameters;
  std::string doc;
  std::vector<Parameter> forward;
  std::string result;  // of forward()
};
std::vector<BoundClass>& Classes() {
  static auto* const classes = new std::vector<BoundClass>();
  return *classes;
}

}  // namespace

std::vector<Parameter> ParametersOfOptions(const OptionsType& type, size_t required) {
  std::vector<Parameter> parameters;
  const auto memory = std::make_unique<std::byte[]>(type.size);
  type.construct(memory.get());
  type.visit(memory.get(), [&](const char* name, FieldRef field) {
    Parameter parameter{.name = name, .type = FieldTypeText(field), .default_value = {}};
    if (parameters.size() >= required) {
      parameter.default_value = py::reinterpret_steal<py::object>(FieldToPython(field));
      // An empty list of dimensions means all of them, which Python writes as None.
      if (auto* const dims = std::get_if<Dims*>(&field); dims != nullptr && (*dims)->empty()) {
        parameter.default_value = py::none();
        parameter.type += " | None";
      }
    }
    parameters.push_back(std::move(parameter));
  });
  type.destroy(memory.get());
  return parameters;
}

size_t SetOptions(const Function& function, PyObject* const* arguments, const OptionsType& type,
                  TensorOptions tensors, void* options) {
  size_t count = 0;
  const auto set = [&](const char* name, auto read) {
    const absl::Span<const Parameter> parameters = function.parameters();
    size_t i = 0;
    while (parameters[i].name != name) ++i;
    if (!read(arguments[i]) && arguments[i] != Py_None) function.ThrowBadArgument(i, arguments[i]);
    ++count;
  };
  type.visit(options, [&](const char* name, FieldRef field) {
    set(name, [&](PyObject* argument) { return FieldFromPython(argument, field); });
  });
  if (tensors != nullptr) {
    tensors(options, [&](const char* name, Tensor& tensor) {
      set(name, [&](PyObject* argument) { return FromPython(argument, &tensor); });
    });
  }
  return count;
}

void ReadOptions(const std::string& name, const std::vector<Parameter>& parameters,
                 const OptionsType& type, const py::args& arguments, const py::kwargs& keywords,
                 void* options, TensorOptions tensors) {
  std::vector<PyObject*> values;
  for (const py::handle value : arguments) values.push_back(value.ptr());
  py::tuple names(keywords.size());
  size_t i = 0;
  for (const auto& [key, value] : keywords) {
    names[i++] = key;
    values.push_back(value.ptr());
  }
  const OptionsSetter setter(name, parameters, type, tensors, options);
  Py_XDECREF(setter.CallVector(values.data(), arguments.size(), names.ptr()));
}

py::dict OptionsToDict(const OptionsType& type, const void* options) {
  py::dict dict;
  type.visit(const_cast<void*>(options), [&](const char* name, FieldRef field) {
    dict[name] = py::reinterpret_steal<py::object>(FieldToPython(field));
  });
  return dict;
}

void InitConstructors(py::module_& m) {
  m.def("_bound_classes", [] {
    py::list list;
    for (const BoundClass& bound : Classes()) {
      list.append(py::make_tuple(bound.scope, bound.name, DescribeParameters(bound.parameters),
                                 bound.doc, DescribeParameters(bound.forward), bound.result));
    }
    return list;
  });
}

void NoteConstructor(std::string scope, std::string name, std::vector<Parameter> parameters,
                     std::string doc) {
  Classes().push_back(
      {std::move(scope), std::move(name), std::move(parameters), std::move(doc), {}, ""});
}

void NoteConstructor(std::string scope, std::string name, std::vector<Parameter> parameters,
                     std::string doc, const Function& forward) {
  const absl::Span<const Parameter> given = forward.parameters().subspan(1);
  Classes().push_back({std::move(scope),
                       std::move(name),
                       std::move(parameters),
                       std::move(doc),
                       {given.begin(), given.end()},
                       forward.result()});
}

}  // namespace neura::python
