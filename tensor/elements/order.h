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
  } else if constexpr (std::is_same_v<T, uint64_t>) {
    return static_cast<int64_t>(x ^ (uint64_t{1} << 63));
  } else {
    return static_cast<int64_t>(x);
  }
}

// Of equal keys, the one that stood first comes first, in either direction.
constexpr int64_t Directed(int64_t key, bool descending) { return descending ? ~key : key; }

// Whether x becomes the running extremum after `best`: the last of equal ones is, and NaN stays.
template <bool kLargest, typename T>
constexpr bool TakesOver(T x, T best) {
  return x != x || (best == best && (kLargest ? x >= best : x <= best));
}

// The place among `n` sorted elements, whose keys are key_at(i), before which an element of that
// key keeps their order: behind equal ones with `right`.
template <typename KeyAt>
constexpr int64_t PlaceOf(int64_t key, int64_t n, const KeyAt& key_at, bool right) {
  int64_t first = 0, last = n;
  while (first < last) {
    const int64_t middle = first + (last - first) / 2, at = key_at(middle);
    if (right ? at <= key : at < key)
      first = middle + 1;
    else
      last = middle;
  }
  return first;
}

}  // namespace neura::elements

#endif  // NEURA_TENSOR_ELEMENTS_ORDER_H_
