#include "neura/python/extension/transforms.h"

#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "neura/data/transforms.h"
#include "neura/python/extension/function.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/tensor.h"

// Beside the types, where the functions that read parameters look for them.
namespace neura::data {

static bool FromPython(PyObject* object, Integers* value) {
  Dims dims;
  if (!python::FromPython(object, &dims)) return false;
  value->values.assign(dims.begin(), dims.end());
  return true;
}

static bool FromPython(PyObject* object, Numbers* value) {
  if (double number = 0; python::FromPython(object, &number)) {
    *value = number;
    return true;
  }
  return python::FromPython(object, &value->values);
}

static bool FromPython(PyObject* object, Fill* value) {
  std::string text;
  value->random = python::FromPython(object, &text) && text == "random";
  return value->random || FromPython(object, &value->numbers);
}

}  // namespace neura::data

namespace neura::python {

template <>
struct TypeText<data::Integers> {
  static std::string Get() { return TypeText<Dims>::Get(); }
};
template <>
struct TypeText<data::Numbers> {
  static std::string Get() { return "float | Sequence[float]"; }
};
template <>
struct TypeText<data::Fill> {
  static std::string Get() { return "float | Sequence[float] | str"; }
};

namespace {

namespace py = pybind11;
using data::Fill;
using data::Integers;
using data::Numbers;

constexpr char kScope[] = "utils.data.transforms";

// Makes a transform T of arguments of the types of a row.
template <typename T, typename... Args>
class TransformFunction final : public Function {
 public:
  TransformFunction(std::string name, std::string doc, std::vector<Parameter> parameters)
      : Function(std::move(name), std::move(doc), std::move(parameters), "Any") {}

  PyObject* Call(PyObject* const* arguments) const override {
    return CallWith(arguments, std::index_sequence_for<Args...>());
  }

 private:
  template <size_t... I>
  PyObject* CallWith([[maybe_unused]] PyObject* const* arguments, std::index_sequence<I...>) const {
    std::tuple<Args...> values{};
    ((FromPython(arguments[I], &std::get<I>(values)) ? void() : ThrowBadArgument(I, arguments[I])),
     ...);
    PyTransform made{T{std::get<I>(values)...}, name(), {}};
    ((made.parameters[parameters()[I].name.c_str()] = py::handle(arguments[I])), ...);
    return py::cast(std::move(made)).release().ptr();
  }
};

template <typename T, typename... Args>
void BindTransform(py::handle module, const char* name, const char* parameters, const char* doc,
                   void (*)(Args...)) {
  std::vector<Parameter> list = ParseParameters(parameters);
  const std::string types[] = {TypeText<Args>::Get()..., ""};
  for (size_t i = 0; i < list.size(); ++i) list[i].type = types[i];
  auto made = std::make_unique<TransformFunction<T, Args...>>(name, doc, std::move(list));
  BindAgain(module, kScope, name, made.release());
}

// Of images [..., C, H, W] or [H, W], all with the same choices.
Tensor ApplyTransform(const PyTransform& self, const Tensor& image) {
  return WithoutGil([&] {
    const RandomState state = DefaultGenerator().Reserve(1);
    // The streams of no pass over a dataset.
    const data::SampleRandom random({.seed = state.seed, .number = -1},
                                    static_cast<int64_t>(state.offset));
    if (image.dim() < 2) {
      ThrowInvalidArgument(
          absl::StrCat(self.name, ": images [..., C, H, W] are expected, not ", Describe(image)));
    }
    const Tensor channels = image.dim() == 2 ? Unsqueeze(image, 0) : image;
    const Dims leading(channels.shape().begin(), channels.shape().end() - 3);
    int64_t count = 1;
    for (const int64_t extent : leading) count *= extent;
    const Tensor images =
        Reshape(channels, {count, channels.size(-3), channels.size(-2), channels.size(-1)});
    std::vector<data::SampleRandom> randoms(static_cast<size_t>(count), random);
    const Tensor result = self.transform(images, absl::MakeSpan(randoms));
    if (image.dim() == 2)
      return result.size(1) == 1 ? Squeeze(result, {0, 1}) : Squeeze(result, {0});
    Dims shape = leading;
    shape.insert(shape.end(), result.shape().begin() + 1, result.shape().end());
    return Reshape(result, shape);
  });
}

std::string TextOf(const PyTransform& self) {
  std::string text;
  for (const auto& item : self.parameters) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", item.first.cast<std::string>(), "=",
                    py::repr(item.second).cast<std::string>());
  }
  return absl::StrCat(self.name, "(", text, ")");
}

py::object ParameterOf(const PyTransform& self, const std::string& name) {
  if (!self.parameters.contains(name)) {
    throw py::attribute_error(self.name + " has no attribute '" + name + "'");
  }
  return self.parameters[name.c_str()];
}

}  // namespace

void InitTransforms(py::module_& data) {
  py::class_<PyTransform>(data, "Transform")
      .def("__call__", &ApplyTransform, py::arg("image"))
      .def("__getattr__", &ParameterOf)
      .def("__copy__", [](const py::object& self) { return self; })
      .def("__deepcopy__", [](const py::object& self, const py::dict&) { return self; })
      .def_property_readonly("_name", [](const PyTransform& self) { return self.name; })
      .def_property_readonly("_parameters", [](const PyTransform& self) { return self.parameters; })
      .def("__repr__", &TextOf);
  py::module_ m = data.def_submodule("transforms");
#define NEURA_TRANSFORM(Name, types, parameters, doc) \
  BindTransform<neura::data::Name>(m, #Name, parameters, doc, static_cast<void(*) types>(nullptr));
#include "neura/data/transforms.inc"
}

}  // namespace neura::python
