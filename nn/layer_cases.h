// Cases of every row of layers.inc, by subject.
#ifndef NEURA_NN_LAYER_CASES_H_
#define NEURA_NN_LAYER_CASES_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "neura/nn/nn.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/op_cases.h"
#include "neura/tensor/testing/references.h"

namespace neura::nn::testing {

using neura::testing::Array;
using neura::testing::Elementwise;
using neura::testing::IndexOf;
using neura::testing::InShape;
using neura::testing::MakeArray;
using neura::testing::Position;
using neura::testing::PositionOf;
using neura::testing::Reference;
using neura::testing::Sample;
using neura::testing::Take;
using Arrays = const std::vector<Array>&;

struct LayerCase {
  std::string name;            // "Linear/bias": the row and what is special
  std::vector<Tensor> inputs;  // float64, or integers
  // Of the inputs and the state dict's tensors, in their order.
  Reference reference;
  std::string printed;  // without shapes
  std::function<std::unique_ptr<ModuleBase>()> make;
  std::function<std::unique_ptr<ModuleBase>(const ModuleBase&)> clone;
  // All tensors of the result.
  std::function<std::vector<Tensor>(ModuleBase&, const std::vector<Tensor>&)> call;
};

void AddWeightedCases(std::vector<LayerCase>& cases);
void AddRecurrentCases(std::vector<LayerCase>& cases);
void AddPositionCases(std::vector<LayerCase>& cases);
void AddNormalizationCases(std::vector<LayerCase>& cases);
void AddPaddingCases(std::vector<LayerCase>& cases);
void AddPoolingCases(std::vector<LayerCase>& cases);
void AddShapeCases(std::vector<LayerCase>& cases);
void AddLossCases(std::vector<LayerCase>& cases);
void AddActivationCases(std::vector<LayerCase>& cases);

// ---- how cases are made ----------------------------------------------------------------------

// The argument of a layer that the next inputs are; what there is no input for is left out.
template <typename Argument>
Argument TakeArgument(const std::vector<Tensor>& inputs, size_t& next) {
  if constexpr (std::is_convertible_v<Tensor, Argument>) {
    if (next < inputs.size()) return inputs[next++];
  } else if constexpr (internal::HoldsTensors<Argument>::value) {
    if (next == inputs.size()) return {};
    typename Argument::value_type parts;
    internal::VisitTensors(parts, [&](Tensor& part) { part = inputs[next++]; });
    return parts;
  }
  return Argument();
}

template <typename R, typename... A>
LayerCase CaseOf(ModuleOf<R(A...)>*) {
  using Interface = ModuleOf<R(A...)>;
  LayerCase layer_case;
  layer_case.clone = [](const ModuleBase& layer) {
    return static_cast<const Interface&>(layer).Clone();
  };
  layer_case.call = [](ModuleBase& layer, const std::vector<Tensor>& inputs) {
    size_t next = 0;
    std::tuple<std::remove_cvref_t<A>...> arguments{
        TakeArgument<std::remove_cvref_t<A>>(inputs, next)...};
    R result = std::apply([&](auto&... each) { return static_cast<Interface&>(layer)(each...); },
                          arguments);
    std::vector<Tensor> tensors;
    internal::VisitTensors(result, [&](Tensor& tensor) { tensors.push_back(tensor); });
    return tensors;
  };
  return layer_case;
}

template <typename Layer, typename... Options>
LayerCase CaseWith(std::string name, std::vector<Tensor> inputs, Reference reference,
                   std::string printed, Options... options) {
  LayerCase layer_case = CaseOf(static_cast<Layer*>(nullptr));
  layer_case.name = std::move(name);
  layer_case.inputs = std::move(inputs);
  layer_case.reference = std::move(reference);
  layer_case.printed = std::move(printed);
  layer_case.make = [=] { return std::make_unique<Layer>(options...); };
  return layer_case;
}
template <typename Layer, typename... Options>
LayerCase Case(std::string name, Tensor input, Reference reference, std::string printed,
               Options... options) {
  return CaseWith<Layer>(std::move(name), {std::move(input)}, std::move(reference),
                         std::move(printed), options...);
}

// ---- references ------------------------------------------------------------------------------

inline std::vector<Array> One(Array array) { return {std::move(array)}; }

double MeanOf(const std::vector<double>& values);

struct Window {
  int64_t kernel, stride, padding, dilation;
};
// Calls fn(output, input, kernel) with the places in space that a window brings together, as far as
// they are not in the padding.
void Slide(DimsView out, DimsView in, const Window& window,
           const std::function<void(Position, Position, Position)>& fn);
inline DimsView SpaceOf(const Dims& shape) { return DimsView(shape).subspan(2); }
// The index of the element of an array [first, second, ...] at a place in space.
int64_t At(const Dims& shape, int64_t first, int64_t second, const Position& place);

// The input of a shape [N, C, in...] surrounded by `before` elements, in a shape [N, C, out...]:
// `source` gives the place in the extent that each place has, below 0 for `otherwise`.
using Source = std::function<int64_t(int64_t place, int64_t extent)>;
Reference Surrounded(Dims in, Dims before, Dims out, Source source, double otherwise = 0);
int64_t Mirrored(int64_t place, int64_t extent);
int64_t Outermost(int64_t place, int64_t extent);
int64_t Around(int64_t place, int64_t extent);
int64_t Inside(int64_t place, int64_t extent);

}  // namespace neura::nn::testing

#endif  // NEURA_NN_LAYER_CASES_H_
