// Values that modules take and give: tensors, and what is made of tensors.
#ifndef NEURA_NN_PARTS_H_
#define NEURA_NN_PARTS_H_

#include <concepts>
#include <cstddef>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "neura/tensor/core/tensor.h"

namespace neura::nn {

// Names the members of a struct that modules take or give, such as an output and a state: hooks see
// the tensors among them, and Python has a tuple of them.
//
//   struct LSTMState {
//     Tensor h;
//     Tensor c;
//     NEURA_PARTS(h, c)
//   };
#define NEURA_PARTS(...)                         \
  auto Parts() { return std::tie(__VA_ARGS__); } \
  auto Parts() const { return std::tie(__VA_ARGS__); }

template <typename T>
concept HasParts = requires(T& value) {
  value.Parts();
};

namespace internal {

// Types with tensors that hooks see: tensors, and optionals, vectors, pairs, tuples and structs
// with parts of them.
template <typename T>
struct HoldsTensors : std::false_type {};
template <>
struct HoldsTensors<Tensor> : std::true_type {};
template <typename T>
struct HoldsTensors<std::optional<T>> : HoldsTensors<T> {};
template <typename T>
struct HoldsTensors<std::vector<T>> : HoldsTensors<T> {};
template <typename... T>
struct HoldsTensors<std::tuple<T...>> : std::disjunction<HoldsTensors<std::decay_t<T>>...> {};
template <typename A, typename B>
struct HoldsTensors<std::pair<A, B>> : std::disjunction<HoldsTensors<A>, HoldsTensors<B>> {};
template <HasParts T>
struct HoldsTensors<T> : HoldsTensors<decltype(std::declval<T&>().Parts())> {};

template <typename T, typename Visitor>
void VisitTensors(T& value, const Visitor& visitor) {
  if constexpr (std::is_same_v<T, Tensor>) {
    visitor(value);
  } else if constexpr (!HoldsTensors<std::remove_const_t<T>>::value) {
    return;
  } else if constexpr (requires { value.has_value(); }) {
    if (value) VisitTensors(*value, visitor);
  } else if constexpr (requires { value.begin(); }) {
    for (auto& element : value) VisitTensors(element, visitor);
  } else if constexpr (requires { value.Parts(); }) {
    std::apply([&](auto&... parts) { (VisitTensors(parts, visitor), ...); }, value.Parts());
  } else {
    std::apply([&](auto&... elements) { (VisitTensors(elements, visitor), ...); }, value);
  }
}

// Whether the arguments from number kFirst on have values that say nothing, as optionals and
// options have.
template <size_t kFirst, typename... A>
inline constexpr bool kOptionalFrom = [] {
  size_t i = 0;
  return ((i++ < kFirst || (std::default_initializable<std::remove_cvref_t<A>> &&
                            !std::same_as<std::remove_cvref_t<A>, Tensor>)) &&
          ...);
}();

}  // namespace internal
}  // namespace neura::nn

#endif  // NEURA_NN_PARTS_H_
