// The order of elements as integers.
#ifndef NEURA_TENSOR_ELEMENTS_ORDER_H_
#define NEURA_TENSOR_ELEMENTS_ORDER_H_

#include <bit>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace neura::elements {

// Compares as x does: -0 and 0 are equal, and NaN is the largest.
template <typename T>
constexpr int64_t OrderKey(T x) {
  if constexpr (std::is_floating_point_v<T>) {
    using Bits = std::conditional_t<sizeof(T) == 4, int32_t, int64_t>;
    if (x != x) return std::numeric_limits<int64_t>::max();
    const auto bits = std::bit_cast<Bits>(x == T(0) ? T(0) : x);
    // The magnitude of what is negative counts downwards.
    return bits < 0 ? bits ^ std::numeric_limits<Bits>::max() : bits;
  } else {
    return static_cast<int64_t>(x);
  }
}

// Of equal keys, the one that stood first comes first, in either direction.
constexpr int64_t Directed(int64_t key, bool descending) { return descending ? ~key : key; }

}  // namespace neura::elements

#endif  // NEURA_TENSOR_ELEMENTS_ORDER_H_
