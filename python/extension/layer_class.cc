#include "neura/python/extension/layer_class.h"

#include <cstddef>
#include <optional>
#include <stdexcept>
#include <variant>

#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "neura/python/extension/constructor.h"

namespace neura::python {
namespace {

namespace py = pybind11;

// An option struct of which only its OptionsType is known.
class Options {
 public:
  explicit Options(const OptionsType& type)
      : type_(type), memory_(std::make_unique<std::byte[]>(type.size)) {
    type.construct(memory_.get());
  }
  ~Options() { type_.destroy(memory_.get()); }
  Options(const Options&) = delete;
  void* get() const { return memory_.get(); }

 private:
  const OptionsType& type_;
  const std::unique_ptr<std::byte[]> memory_;
};

// What PyTorch's layers take besides their options: device= and dtype=.
std::optional<DType> TakeDType(py::kwargs& keywords) {
  const py::object take = keywords.attr("pop");
  const py::object device_given = take("device", py::none()),
                   dtype_given = take("dtype", py::none());
  std::optional<Device> device;
  if (!FromPython(device_given.ptr(), &device))
    ThrowTypeError("argument 'device' must be a device");
  std::optional<DType> dtype;
  if (!FromPython(dtype_given.ptr(), &dtype)) ThrowTypeError("argument 'dtype' must be a dtype");
  return dtype;
}

// Layer(...) with the fields of its options as arguments.
std::shared_ptr<PyModule> MakeLayer(const LayerClass& layer_class, const py::args& arguments,
                                    const py::kwargs& given) {
  py::kwargs keywords(given);
  const std::optional<DType> dtype = TakeDType(keywords);
  const LayerRow& row = layer_class.row;
  const Options options(*row.options_type);
  ReadOptions(row.name, layer_class.parameters, *row.options_type, arguments, keywords,
              options.get());
  auto module = std::make_shared<PyModule>(layer_class, row.make(options.get()));
  if (dtype) module->To(*dtype);
  return module;
}

// The options, of which the row's first parameters have no default, and its other parameters.
std::vector<Parameter> ParametersOf(const LayerRow& row) {
  const std::vector<Parameter> listed = ParseParameters(row.constructor);
  size_t required = 0;
  while (required < listed.size() && !listed[required].default_value) ++required;
  std::vector<Parameter> parameters = ParametersOfOptions(*row.options_type, required);
  for (size_t i = 0; i < listed.size(); ++i) {
    if (i >= required) {
      parameters.push_back(listed[i]);
      parameters.back().type = TypeText<bool>::Get();
    } else if (i >= parameters.size() || parameters[i].name != listed[i].name) {
      throw std::logic_error(
          absl::StrCat("python: ", row.name, " has no option ", listed[i].name, " at that place"));
    }
  }
  return parameters;
}

std::vector<ShownOption> ParseShown(const LayerRow& row) {
  std::vector<ShownOption> shown;
  if (*row.shown == '\0') {
    const Options options(*row.options_type);
    row.options_type->visit(options.get(), [&](const char* name, FieldRef) {
      shown.push_back({.name = name, .when = ShownOption::kNamed, .pair = false});
    });
  }
  for (std::string_view part : absl::StrSplit(row.shown, ", ", absl::SkipEmpty())) {
    const bool pair = absl::ConsumeSuffix(&part, "()");
    const ShownOption::When when = absl::ConsumeSuffix(&part, "=")   ? ShownOption::kNamed
                                   : absl::ConsumeSuffix(&part, "?") ? ShownOption::kNamedIfUnusual
                                                                     : ShownOption::kValue;
    shown.push_back({.name = std::string(part), .when = when, .pair = pair});
  }
  return shown;
}

py::object ToObject(FieldRef field) {
  return py::reinterpret_steal<py::object>(FieldToPython(field));
}

// As the attribute of that name has it.
py::object AsShown(const LayerClass& layer_class, const std::string& name, FieldRef field) {
  py::object value = ToObject(field);
  if (!PyLong_Check(value.ptr())) return value;
  for (const ShownOption& option : layer_class.shown) {
    if (option.pair && option.name == name) return py::make_tuple(value, value);
  }
  return value;
}

// Calls fn with each option of a module that has some.
void VisitOptions(PyModule& module, FieldVisitor fn) {
  if (module.layer_class() == nullptr) return;
  const LayerRow& row = module.layer_class()->row;
  row.options_type->visit(row.options(*module.layer()), fn);
}

}  // namespace

PyObject* LayerClass::Forward(PyObject* layer, PyObject* arguments) const {
  absl::InlinedVector<PyObject*, 4> all = {layer};
  const Py_ssize_t count = PyTuple_GET_SIZE(arguments);
  for (Py_ssize_t i = 0; i < count; ++i) all.push_back(PyTuple_GET_ITEM(arguments, i));
  return forward->CallVector(all.data(), all.size(), nullptr);
}

void BindLayer(py::module_& m, const py::object& module_type, const char* inputs,
               const LayerRow& row) {
  // For as long as the process lives.
  auto& layer_class = *new LayerClass{
      .row = row, .parameters = ParametersOf(row), .shown = ParseShown(row), .forward = nullptr};
  layer_class.forward = row.make_forward(layer_class, absl::StrCat(row.name, ".forward"),
                                         ParseParameters(absl::StrCat("self, ", inputs)));
  const py::object forward = MakeFunctionObject("nn", "forward", layer_class.forward.get());
  layer_class.forward_object = forward.ptr();
  py::dict attributes;
  attributes["__doc__"] = row.doc;
  attributes["__module__"] = m.attr("__name__");
  attributes["forward"] = forward;
  const py::object type =
      py::type::of(module_type)(row.name, py::make_tuple(module_type), attributes);
  type.attr("__init__") = py::cpp_function(
      [&layer_class](py::detail::value_and_holder& self, const py::args& arguments,
                     const py::kwargs& keywords) {
        using Class = py::class_<PyModule, std::shared_ptr<PyModule>>;
        py::detail::initimpl::construct<Class>(self, MakeLayer(layer_class, arguments, keywords),
                                               false);
      },
      py::name("__init__"), py::is_method(type), py::detail::is_new_style_constructor());
  m.add_object(row.name, type);
  NoteConstructor("nn", row.name, layer_class.parameters, row.doc);
}

py::dict LayerOptions(PyModule& module) {
  py::dict options;
  VisitOptions(module, [&](const char* name, FieldRef field) { options[name] = ToObject(field); });
  return options;
}

py::object LayerOption(PyModule& module, const std::string& name) {
  py::object found;
  VisitOptions(module, [&](const char* option, FieldRef field) {
    if (name == option) found = AsShown(*module.layer_class(), name, field);
  });
  return found;
}

bool SetLayerOption(PyModule& module, const std::string& name, const py::object& value) {
  bool found = false;
  VisitOptions(module, [&](const char* option, FieldRef field) {
    if (name != option) return;
    found = true;
    const bool fits = std::visit(
        [&](auto* member) {
          auto read = *member;
          if (!FromPython(value.ptr(), &read)) return false;
          *member = std::move(read);
          return true;
        },
        field);
    if (!fits) {
      ThrowTypeError(absl::StrCat(module.layer_class()->row.name, ".", name, " must be ",
                                  FieldTypeText(field), ", not ", Py_TYPE(value.ptr())->tp_name));
    }
  });
  return found;
}

std::string ShowLayerOptions(PyModule& module) {
  const LayerClass* const layer_class = module.layer_class();
  std::vector<std::string> parts;
  if (layer_class == nullptr) return "";
  for (const ShownOption& option : layer_class->shown) {
    VisitOptions(module, [&](const char* name, FieldRef field) {
      if (option.name != name) return;
      if (option.when == ShownOption::kNamedIfUnusual) {
        for (const Parameter& parameter : layer_class->parameters) {
          if (parameter.name == name && parameter.default_value.equal(ToObject(field))) return;
        }
      }
      const auto text = py::repr(AsShown(*layer_class, name, field)).cast<std::string>();
      parts.push_back(option.when == ShownOption::kValue ? text : absl::StrCat(name, "=", text));
    });
  }
  return absl::StrJoin(parts, ", ");
}

}  // namespace neura::python
