// What pointwise operations on elements have in common.
#if defined(NEURA_TENSOR_ELEMENTS_POINTWISE_TRAITS_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NEURA_TENSOR_ELEMENTS_POINTWISE_TRAITS_H_
#undef NEURA_TENSOR_ELEMENTS_POINTWISE_TRAITS_H_
#else
#define NEURA_TENSOR_ELEMENTS_POINTWISE_TRAITS_H_
#endif

#include <type_traits>

#include "neura/tensor/elements/target.h"

// No function is here, to which the target's attribute would apply: Clang takes that for an error.
#ifdef HWY_HIGHWAY_INCLUDED
namespace neura::elements::HWY_NAMESPACE {
#else
namespace neura::elements {
#endif

// Of a vector, too: none of integers goes through these functions.
template <typename T>
inline constexpr bool kFloat = !std::is_integral_v<T>;

// What loops have to know of an operation beside the dtype rule of its row: bases of its struct.
// Rounding, order and arithmetic alone, so that vectors of doubles serve a kFloat operation, too.
struct WithoutLibm {};
// Not for vectors.
struct NumberByNumber {};
}

#endif  // NEURA_TENSOR_ELEMENTS_POINTWISE_TRAITS_H_
