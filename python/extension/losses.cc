#include "neura/python/extension/losses.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "neura/nn/loss.h"
#include "neura/python/extension/layer_class.h"

namespace neura::python {
namespace {

namespace py = pybind11;

// name(input, target, options...)
class LossFunction final : public Function {
 public:
  using Compute = Tensor (*)(const Tensor& input, const Tensor& target, const void* options);

  LossFunction(const LayerRow& row, std::string name, Compute compute)
      : Function(std::move(name), row.doc, ParametersOfFunction(row), TypeText<Tensor>::Get()),
        row_(row),
        compute_(compute) {}

  PyObject* Call(PyObject* const* arguments) const override {
    Tensor tensors[2];
    for (size_t i = 0; i < 2; ++i) {
      if (!FromPython(arguments[i], &tensors[i])) ThrowBadArgument(i, arguments[i]);
    }
    AnyOptions options(*row_.options_type);
    SetOptions(*this, arguments, *row_.options_type, row_.tensors, options.get());
    return ToPython(WithoutGil([&] { return compute_(tensors[0], tensors[1], options.get()); }));
  }

 private:
  static std::vector<Parameter> ParametersOfFunction(const LayerRow& row) {
    std::vector<Parameter> parameters = ParseParameters("input, target");
    for (Parameter& parameter : parameters) parameter.type = TypeText<Tensor>::Get();
    for (Parameter& option : ParametersOf(row)) parameters.push_back(std::move(option));
    return parameters;
  }

  const LayerRow row_;
  const Compute compute_;
};

}  // namespace

void InitLosses(py::module_& m, py::module_& functional, const py::object& module_type) {
  const auto bind = [&](const LayerRow& row, const char* name, LossFunction::Compute compute) {
    Bind(functional, "nn.functional", name, std::make_unique<LossFunction>(row, name, compute));
    BindLayer(m, module_type, "input, target", row);
  };
#define NEURA_LOSS(Name, name, Options, NameLoss, constructor, doc)                 \
  bind(MakeLayerRow<nn::NameLoss>(#NameLoss, constructor, nullptr, doc), #name,     \
       [](const Tensor& input, const Tensor& target, const void* options) {         \
         return nn::Name(input, target, *static_cast<const nn::Options*>(options)); \
       });
#include "neura/nn/losses.inc"
}

}  // namespace neura::python
