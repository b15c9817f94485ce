#include "neura/python/extension/transforms.h"

#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "neura/data/transforms.h"
#include "neura/python/extension/function.h"
#include "neura/tensor/tensor.h"

namespace neura::python {
namespace {

namespace py = pybind11;

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
    std::string text;
    ((absl::StrAppend(&text, text.empty() ? "" : ", ", parameters()[I].name, "=",
                      py::repr(arguments[I]).cast<std::string>())),
     ...);
    PyTransform made{T{std::get<I>(values)...}, absl::StrCat(name(), "(", text, ")")};
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

Tensor ApplyTransform(const PyTransform& self, const Tensor& image) {
  return WithoutGil([&] {
    const RandomState state = DefaultGenerator().Reserve(1);
    // The streams of no pass over a dataset.
    data::SampleRandom random({.seed = state.seed, .number = -1},
                              static_cast<int64_t>(state.offset));
    return Squeeze(self.transform(Unsqueeze(image, 0), absl::MakeSpan(&random, 1)), {0});
  });
}

}  // namespace

void InitTransforms(py::module_& data) {
  py::class_<PyTransform>(data, "Transform")
      .def("__call__", &ApplyTransform, py::arg("image"))
      .def("__repr__", [](const PyTransform& self) { return self.text; });
  py::module_ m = data.def_submodule("transforms");
#define NEURA_TRANSFORM(Name, types, parameters, doc) \
  BindTransform<neura::data::Name>(m, #Name, parameters, doc, static_cast<void(*) types>(nullptr));
#include "neura/data/transforms.inc"
}

}  // namespace neura::python
