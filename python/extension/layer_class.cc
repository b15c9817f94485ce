#include "neura/python/extension/layer_class.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "neura/autograd/autograd.h"
#include "neura/nn/walk.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/copy.h"

namespace neura::python {
namespace {

namespace py = pybind11;

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

// The number that a word stands for in the place of an option's sizes, else the value itself. What
// the word says is not said by a negative number.
py::object WithoutName(const LayerRow& row, const std::string& option, const py::object& value) {
  std::string names;
  for (const nn::SizesName& named : row.sizes_names) {
    if (option != named.option) continue;
    if (PyUnicode_Check(value.ptr())) {
      if (value.cast<std::string>() == named.name) return py::int_(named.all);
      absl::StrAppend(&names, names.empty() ? "'" : ", '", named.name, "'");
    } else if (Sizes sizes; FromPython(value.ptr(), &sizes)) {
      const absl::Span<const int64_t> each = std::as_const(sizes).given();
      if (std::count(each.begin(), each.end(), Sizes::kSame) > 0) {
        ThrowInvalidArgument(
            absl::StrCat(row.name, ": ", option, " = ", ToString(sizes), " must not be negative"));
      }
    }
  }
  if (names.empty()) return value;
  ThrowInvalidArgument(absl::StrCat(row.name, ": Invalid ", option, " string '",
                                    value.cast<std::string>(), "', should be one of {", names,
                                    "}"));
}

// Layer(...) with the fields of its options as arguments.
std::shared_ptr<PyModule> MakeLayer(const LayerClass& layer_class, const py::args& arguments,
                                    const py::kwargs& given) {
  py::kwargs keywords(given);
  const std::optional<DType> dtype = TakeDType(keywords);
  const LayerRow& row = layer_class.row;
  AnyOptions options(*row.options_type);
  py::list values(arguments);
  for (size_t i = 0; i < layer_class.parameters.size(); ++i) {
    const std::string& name = layer_class.parameters[i].name;
    if (i < values.size()) {
      values[i] = WithoutName(row, name, values[i]);
    } else if (keywords.contains(name)) {
      keywords[name.c_str()] = WithoutName(row, name, keywords[name.c_str()]);
    }
  }
  ReadOptions(row.name, layer_class.parameters, *row.options_type, py::args(py::tuple(values)),
              keywords, options.get(), row.tensors);
  auto module = std::make_shared<PyModule>(layer_class, row.make(options.get()));
  if (dtype) module->To(*dtype);
  return module;
}

std::vector<ShownOption> ParseShown(const LayerRow& row) {
  std::vector<ShownOption> shown;
  if (row.shown == nullptr) return shown;
  if (*row.shown == '\0') {
    AnyOptions options(*row.options_type);
    row.options_type->visit(options.get(), [&](const char* name, FieldRef) {
      shown.push_back({.name = name, .when = ShownOption::kNamed});
    });
  }
  for (std::string_view part : absl::StrSplit(row.shown, ", ", absl::SkipEmpty())) {
    const bool plain = absl::ConsumeSuffix(&part, "~");
    const bool each = absl::ConsumeSuffix(&part, "()");
    const ShownOption::When when = absl::ConsumeSuffix(&part, "=")   ? ShownOption::kNamed
                                   : absl::ConsumeSuffix(&part, "?") ? ShownOption::kNamedIfUnusual
                                                                     : ShownOption::kValue;
    shown.push_back({.name = std::string(part), .when = when, .each = each, .plain = plain});
  }
  return shown;
}

// Sizes that the input decides are called by their name.
py::object ToObject(const LayerRow& row, const std::string& name, FieldRef field) {
  if (auto* const sizes = std::get_if<Sizes*>(&field); sizes != nullptr) {
    for (const nn::SizesName& named : row.sizes_names) {
      if (name == named.option && named.all == Sizes::kSame && (**sizes)[0] == Sizes::kSame) {
        return py::str(named.name);
      }
    }
  }
  return py::reinterpret_steal<py::object>(FieldToPython(field));
}

// As the attribute of that name has it.
py::object AsShown(const LayerClass& layer_class, const std::string& name, FieldRef field) {
  const Sizes* sizes = nullptr;
  if (auto* const given = std::get_if<Sizes*>(&field)) {
    sizes = *given;
  } else if (auto* const optional = std::get_if<std::optional<Sizes>*>(&field)) {
    if (**optional) sizes = &***optional;
  }
  for (const ShownOption& option : layer_class.shown) {
    if (sizes != nullptr && option.each && option.name == name && (*sizes)[0] != Sizes::kSame) {
      return py::reinterpret_steal<py::object>(SizesTuple(*sizes));
    }
  }
  return ToObject(layer_class.row, name, field);
}

// Calls fn with each option of a module that has some.
void VisitOptions(PyModule& module, FieldVisitor fn) {
  if (module.layer_class() == nullptr) return;
  const LayerRow& row = module.layer_class()->row;
  row.options_type->visit(row.options(*module.layer()), fn);
}

}  // namespace

std::vector<Parameter> ParametersOf(const LayerRow& row) {
  std::vector<Parameter> options = ParametersOfOptions(*row.options_type, 0);
  if (row.tensors != nullptr) {
    AnyOptions defaults(*row.options_type);
    row.tensors(defaults.get(), [&](const char* name, Tensor&) {
      options.push_back(
          {.name = name, .type = TypeText<Tensor>::Get(), .default_value = py::none()});
    });
  }
  for (Parameter& option : options) {
    const auto named = [&](const nn::SizesName& name) { return option.name == name.option; };
    if (std::any_of(row.sizes_names.begin(), row.sizes_names.end(), named)) option.type += " | str";
  }
  std::vector<Parameter> parameters, switches;
  for (Parameter& listed : ParseParameters(row.constructor)) {
    const auto option = std::find_if(options.begin(), options.end(),
                                     [&](const Parameter& p) { return p.name == listed.name; });
    if (option != options.end()) {
      listed.type = option->type;
      // No default means that None is none either.
      if (!listed.default_value)
        listed.type = std::string(absl::StripSuffix(option->type, " | None"));
      options.erase(option);
      parameters.push_back(std::move(listed));
    } else {
      listed.type = TypeText<bool>::Get();
      switches.push_back(std::move(listed));
    }
  }
  parameters.insert(parameters.end(), options.begin(), options.end());
  parameters.insert(parameters.end(), switches.begin(), switches.end());
  return parameters;
}

PyObject* LayerClass::Forward(PyObject* layer, PyObject* arguments) const {
  absl::InlinedVector<PyObject*, 4> all = {layer};
  const Py_ssize_t count = PyTuple_GET_SIZE(arguments);
  for (Py_ssize_t i = 0; i < count; ++i) all.push_back(PyTuple_GET_ITEM(arguments, i));
  return forward->CallVector(all.data(), all.size(), nullptr);
}

namespace {

// reset_parameters() of what has parameters, reset_running_stats() of what has running statistics.
void AddResets(const py::object& type, const LayerClass& layer_class) {
  const auto method = [&](const char* name, bool parameters) {
    type.attr(name) =
        py::cpp_function([parameters](PyModule& self) { ResetLayer(self, parameters); },
                         py::name(name), py::is_method(type));
  };
  if (layer_class.row.has_parameters) method("reset_parameters", true);
  for (const Parameter& parameter : layer_class.parameters) {
    if (parameter.name == "track_running_stats") method("reset_running_stats", false);
  }
}

}  // namespace

void BindLayer(py::module_& m, const py::object& module_type, const char* inputs,
               const LayerRow& row) {
  // For as long as the process lives.
  auto& layer_class = *new LayerClass{
      .row = row, .parameters = ParametersOf(row), .shown = ParseShown(row), .forward = nullptr};
  std::vector<Parameter> forward_parameters = ParseParameters(absl::StrCat("self, ", inputs));
  forward_parameters[0].type = row.name;
  layer_class.forward = row.make_forward(layer_class, absl::StrCat(row.name, ".forward"),
                                         std::move(forward_parameters));
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
  AddResets(type, layer_class);
  m.add_object(row.name, type);
  NoteConstructor("nn", row.name, layer_class.parameters, row.doc, *layer_class.forward);
}

py::dict LayerOptions(PyModule& module) {
  py::dict options;
  VisitOptions(module, [&](const char* name, FieldRef field) {
    options[name] = ToObject(module.layer_class()->row, name, field);
  });
  return options;
}

py::object LayerOption(PyModule& module, const std::string& name) {
  py::object found;
  VisitOptions(module, [&](const char* option, FieldRef field) {
    if (name == option) found = AsShown(*module.layer_class(), name, field);
  });
  if (found || module.layer_class() == nullptr) return found;
  // A switch that has no effect is off, whatever was given.
  for (const Parameter& parameter : module.layer_class()->parameters) {
    if (parameter.name == name) return parameter.default_value;
  }
  return found;
}

bool SetLayerOption(PyModule& module, const std::string& name, const py::object& value) {
  bool found = false;
  VisitOptions(module, [&](const char* option, FieldRef field) {
    if (name != option) return;
    found = true;
    const py::object given = WithoutName(module.layer_class()->row, name, value);
    const bool fits = std::visit(
        [&](auto* member) {
          auto read = *member;
          if (!FromPython(given.ptr(), &read)) return false;
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
    const py::object value = LayerOption(module, option.name);
    if (option.when == ShownOption::kNamedIfUnusual) {
      py::object plain = value;
      VisitOptions(module, [&](const char* name, FieldRef field) {
        if (option.name == name) plain = ToObject(layer_class->row, name, field);
      });
      const auto is_usual = [&](const Parameter& parameter) {
        return parameter.name == option.name && parameter.default_value.equal(plain);
      };
      if (std::any_of(layer_class->parameters.begin(), layer_class->parameters.end(), is_usual)) {
        continue;
      }
    }
    const auto text = (option.plain ? py::str(value) : py::repr(value)).cast<std::string>();
    parts.push_back(option.when == ShownOption::kValue ? text
                                                       : absl::StrCat(option.name, "=", text));
  }
  return absl::StrJoin(parts, ", ");
}

void ResetLayer(PyModule& module, bool parameters) {
  const LayerRow& row = module.layer_class()->row;
  const std::unique_ptr<nn::ModuleBase> fresh = row.make(row.options(*module.layer()));
  NoGradGuard no_grad;
  // One whose shape the options have changed is replaced.
  const auto reset = [](auto& member, const auto& start) {
    const Tensor old = member.tensor();
    if (!old.defined() || !start.defined()) return;
    const Tensor values = Cast(start.tensor(), old.dtype());
    if (values.shape() == old.shape()) {
      Assign(old, values);
    } else {
      member.Replace(values);
    }
  };
  const nn::internal::Members own(*module.layer()), starts(*fresh);
  for (size_t i = 0; i < own.list.size(); ++i) {
    if (auto* const buffer = std::get_if<nn::Buffer*>(&own.list[i].second)) {
      reset(**buffer, *std::get<nn::Buffer*>(starts.list[i].second));
    } else if (auto* const parameter = std::get_if<nn::Parameter*>(&own.list[i].second);
               parameter != nullptr && parameters) {
      reset(**parameter, *std::get<nn::Parameter*>(starts.list[i].second));
    }
  }
}

PyObject* internal::PoolFunction::Call(PyObject* const* arguments) const {
  PyModule& module = LayerOf(arguments);
  const auto input = Take<Tensor>(arguments, 1);
  auto& pool = static_cast<nn::IndexingPool&>(*module.layer());
  if (pool.returns_indices()) {
    return Run(module, [&] { return pool.ForwardWithIndices(input); });
  }
  return Run(module, [&] { return pool.Forward(input); });
}

}  // namespace neura::python
