// Layers and losses of C++ as classes of Python, made from the rows of nn/layers.inc and
// nn/losses.inc.
#ifndef NEURA_PYTHON_EXTENSION_LAYER_CLASS_H_
#define NEURA_PYTHON_EXTENSION_LAYER_CLASS_H_

#include <pybind11/pybind11.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "neura/nn/convolution.h"
#include "neura/nn/loss.h"
#include "neura/nn/module.h"
#include "neura/nn/pooling.h"
#include "neura/nn/recurrent.h"
#include "neura/python/extension/constructor.h"
#include "neura/python/extension/function.h"
#include "neura/python/extension/gil.h"
#include "neura/python/extension/py_module.h"
#include "neura/python/extension/sequences.h"
#include "neura/python/extension/values.h"
#include "neura/tensor/core/fields.h"

namespace neura::python {

// What is particular to a layer; everything else is done once for all of them.
struct LayerRow {
  const char* name;
  const char* constructor;  // the columns of nn/layers.inc
  const char* shown;        // null: nothing
  const char* doc;
  const OptionsType* options_type;
  bool has_parameters;
  TensorOptions tensors;  // among the options; members of the layer once it is made
  absl::Span<const nn::SizesName> sizes_names;
  std::unique_ptr<nn::ModuleBase> (*make)(const void* options);
  void* (*options)(nn::ModuleBase& layer);
  std::unique_ptr<Function> (*make_forward)(const LayerClass& layer_class, std::string name,
                                            std::vector<Parameter> parameters);
};

// What stands in the brackets after a class's name: "in_channels, kernel_size=, padding?".
struct ShownOption {
  enum When { kValue, kNamed, kNamedIfUnusual };
  std::string name;
  When when;
  bool each = false;   // (2, 2) where others say 2; the attribute, too
  bool plain = false;  // a string without quotation marks
};

struct LayerClass {
  LayerRow row;
  std::vector<Parameter> parameters;  // of the constructor
  std::vector<ShownOption> shown;
  std::unique_ptr<Function> forward;   // of the module and the arguments
  PyObject* forward_object = nullptr;  // the same as the class has it

  // layer(*arguments)
  PyObject* Forward(PyObject* layer, PyObject* arguments) const;
};

// An option struct of which only its OptionsType is known.
class AnyOptions {
 public:
  explicit AnyOptions(const OptionsType& type) : type_(type) {
    if (type.size > sizeof(small_)) large_ = std::make_unique<std::byte[]>(type.size);
    type.construct(get());
  }
  ~AnyOptions() { type_.destroy(get()); }
  AnyOptions(const AnyOptions&) = delete;
  void* get() { return large_ == nullptr ? small_ : large_.get(); }

 private:
  const OptionsType& type_;
  alignas(std::max_align_t) std::byte small_[128];
  std::unique_ptr<std::byte[]> large_;
};

// The parameters that set a row's options: those that the row lists, the other ones, and what it
// lists besides.
std::vector<Parameter> ParametersOf(const LayerRow& row);

// Makes the class, which derives from `module_type` and appears in `m` and in the stubs. `inputs`
// names the arguments of the layer's Forward.
void BindLayer(pybind11::module_& m, const pybind11::object& module_type, const char* inputs,
               const LayerRow& row);

// The options of a layer, as a dict; empty for a module without.
pybind11::dict LayerOptions(PyModule& module);
// The one of that name, or what a constructor takes besides; else null.
pybind11::object LayerOption(PyModule& module, const std::string& name);
// False where there is none of that name. Throws TypeError for a value of another type.
bool SetLayerOption(PyModule& module, const std::string& name, const pybind11::object& value);
// What stands in the brackets after a layer's name.
std::string ShowLayerOptions(PyModule& module);
// Gives a layer the parameters and buffers that one of its options starts with, or the buffers
// alone.
void ResetLayer(PyModule& module, bool parameters);

namespace internal {

// layer.forward(arguments...)
class LayerFunction : public Function {
 public:
  LayerFunction(const LayerClass& layer_class, std::string name, std::vector<Parameter> parameters,
                std::string result)
      : Function(std::move(name), "", std::move(parameters), std::move(result)),
        layer_class_(layer_class) {}

 protected:
  // The module that is the first argument. Throws TypeError where it is of another class.
  PyModule& LayerOf(PyObject* const* arguments) const {
    PyModule& module = ModuleOf(arguments[0]);
    if (module.layer_class() != &layer_class_) ThrowBadArgument(0, arguments[0]);
    return module;
  }
  // Argument number i.
  template <typename T>
  T Take(PyObject* const* arguments, size_t i) const {
    T value{};
    if (!FromPython(arguments[i], &value)) ThrowBadArgument(i, arguments[i]);
    return value;
  }
  // What `forward` makes of the layer, without the interpreter's lock.
  template <typename F>
  static PyObject* Run(PyModule& module, F forward) {
    return ToPython(WithoutGil([&] {
      decltype(forward()) result;
      module.CallLayer([&] { result = forward(); });
      return result;
    }));
  }

 private:
  const LayerClass& layer_class_;
};

template <typename Signature>
class ForwardFunction;

// Calls layers of one signature.
template <typename R, typename... A>
class ForwardFunction<R(A...)> final : public LayerFunction {
 public:
  using LayerFunction::LayerFunction;

  PyObject* Call(PyObject* const* arguments) const override {
    return CallWith(LayerOf(arguments), arguments, std::index_sequence_for<A...>());
  }

 private:
  template <size_t... I>
  PyObject* CallWith(PyModule& module, PyObject* const* arguments,
                     std::index_sequence<I...>) const {
    const std::tuple<std::remove_cvref_t<A>...> values{
        Take<std::remove_cvref_t<A>>(arguments, I + 1)...};
    auto& layer = static_cast<nn::ModuleOf<R(A...)>&>(*module.layer());
    return Run(module, [&] { return layer.Forward(std::get<I>(values)...); });
  }
};

// Calls recurrent layers, with padded sequences or packed ones.
template <typename State>
class RecurrentFunction final : public LayerFunction {
 public:
  using LayerFunction::LayerFunction;

  PyObject* Call(PyObject* const* arguments) const override {
    PyModule& module = LayerOf(arguments);
    const auto state = Take<std::optional<State>>(arguments, 2);
    auto& layer = static_cast<nn::Recurrent<State>&>(*module.layer());
    if (nn::PackedSequence packed; FromPython(arguments[1], &packed)) {
      return Run(module, [&] { return layer.Forward(packed, state); });
    }
    const auto input = Take<Tensor>(arguments, 1);
    return Run(module, [&] { return layer.Forward(input, state); });
  }
};

// Calls pools whose result is (values, indices) where their option return_indices says so.
class PoolFunction final : public LayerFunction {
 public:
  using LayerFunction::LayerFunction;
  PyObject* Call(PyObject* const* arguments) const override;
};

template <typename R, typename... A>
std::unique_ptr<Function> MakeForward(nn::ModuleOf<R(A...)>*, const LayerClass& layer_class,
                                      std::string name, std::vector<Parameter> parameters) {
  const std::string types[] = {TypeText<std::remove_cvref_t<A>>::Get()...};
  for (size_t i = 0; i < sizeof...(A); ++i) parameters[i + 1].type = types[i];
  return std::make_unique<ForwardFunction<R(A...)>>(layer_class, std::move(name),
                                                    std::move(parameters), ResultText<R>());
}
template <typename State>
std::unique_ptr<Function> MakeForward(nn::Recurrent<State>*, const LayerClass& layer_class,
                                      std::string name, std::vector<Parameter> parameters) {
  parameters[1].type = "Tensor | PackedSequence";
  parameters[2].type = TypeText<std::optional<State>>::Get();
  return std::make_unique<RecurrentFunction<State>>(layer_class, std::move(name),
                                                    std::move(parameters),
                                                    "tuple[Any, " + TypeText<State>::Get() + "]");
}
inline std::unique_ptr<Function> MakeForward(nn::IndexingPool*, const LayerClass& layer_class,
                                             std::string name, std::vector<Parameter> parameters) {
  parameters[1].type = TypeText<Tensor>::Get();
  return std::make_unique<PoolFunction>(layer_class, std::move(name), std::move(parameters),
                                        TypeText<Tensor>::Get());
}

// Layers without options have none of this name.
template <typename Layer>
struct OptionsOf {
  using Type = NoOptions;
};
template <typename Layer>
requires requires(Layer layer) { layer.options; }
struct OptionsOf<Layer> {
  using Type = decltype(Layer::options);
};

}  // namespace internal

template <typename Layer>
LayerRow MakeLayerRow(const char* name, const char* constructor, const char* shown,
                      const char* doc) {
  using Options = typename internal::OptionsOf<Layer>::Type;
  LayerRow row{.name = name,
               .constructor = constructor,
               .shown = shown,
               .doc = doc,
               .options_type = OptionsTypeOf<Options>(name),
               .has_parameters = requires(Layer & layer){layer.weight;
}
|| requires(Layer& layer) { layer.weights; }
|| requires(Layer& layer) { layer.weight_ih; }
, .tensors = nullptr, .sizes_names = {}, .make = nullptr, .options = nullptr,
  .make_forward = [](const LayerClass& layer_class, std::string function_name,
                     std::vector<Parameter> parameters) {
    return internal::MakeForward(static_cast<Layer*>(nullptr), layer_class,
                                 std::move(function_name), std::move(parameters));
  }
};  // namespace neura::python
if constexpr (std::is_same_v<Options, NoOptions>) {
  row.make = [](const void*) -> std::unique_ptr<nn::ModuleBase> {
    return std::make_unique<Layer>();
  };
  row.options = [](nn::ModuleBase& layer) { return static_cast<void*>(&layer); };
} else {
  row.make = [](const void* options) -> std::unique_ptr<nn::ModuleBase> {
    return std::make_unique<Layer>(*static_cast<const Options*>(options));
  };
  row.options = [](nn::ModuleBase& layer) {
    return static_cast<void*>(&static_cast<Layer&>(layer).options);
  };
}
if constexpr (requires(Options options, nn::TensorOptionVisitor visitor) {
                options.VisitTensors(visitor);
              }) {
  row.tensors = [](void* options, nn::TensorOptionVisitor visitor) {
    static_cast<Options*>(options)->VisitTensors(visitor);
  };
}
if constexpr (requires { Options::kSizesNames; }) row.sizes_names = Options::kSizesNames;
return row;
}

}  // namespace neura::python

#endif  // NEURA_PYTHON_EXTENSION_LAYER_CLASS_H_
