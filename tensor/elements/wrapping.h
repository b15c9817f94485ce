// Sums that wrap where the dtype is too narrow, as they do in NumPy and PyTorch.
#ifndef NEURA_TENSOR_ELEMENTS_WRAPPING_H_
#define NEURA_TENSOR_ELEMENTS_WRAPPING_H_

#include <type_traits>

namespace neura::elements {

// Signed integers wrap like unsigned ones; computing in unsigned keeps that defined.
template <typename T>
using Wrapping = typename std::conditional_t<std::is_integral_v<T> && !std::is_same_v<T, bool>,
                                             std::make_unsigned<T>, std::type_identity<T>>::type;

template <typename T>
constexpr T WrappingAdd(T a, T b) {
  return static_cast<T>(Wrapping<T>(a) + Wrapping<T>(b));
}

}  // namespace neura::elements

#endif  // NEURA_TENSOR_ELEMENTS_WRAPPING_H_
