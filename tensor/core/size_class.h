// The sizes in which allocators hand out memory, so that freed blocks fit what comes later.
#ifndef NEURA_TENSOR_CORE_SIZE_CLASS_H_
#define NEURA_TENSOR_CORE_SIZE_CLASS_H_

#include <algorithm>
#include <bit>
#include <cstddef>

namespace neura::internal {

inline constexpr size_t kSizeClassUnit = 64;
inline constexpr int kNumSizeClasses = 8 * 64;

// Eight size classes per power of two: at most 12.5% is lost to rounding.
struct SizeClass {
  int index;
  size_t bytes;
};

// The smallest class of at least `bytes`, which must be below 2^62.
inline SizeClass SizeClassOf(size_t bytes) {
  if (bytes <= kSizeClassUnit * 8) {
    const size_t units = std::max<size_t>((bytes + kSizeClassUnit - 1) / kSizeClassUnit, 1);
    return {static_cast<int>(units - 1), units * kSizeClassUnit};
  }
  const int shift = std::bit_width(bytes - 1) - 4;
  const size_t steps = ((bytes - 1) >> shift) + 1;  // 9 ... 16
  return {(shift - 6) * 8 + static_cast<int>(steps) - 1, steps << shift};
}

// The inverse: SizeClassOf(b).bytes from SizeClassOf(b).index.
inline size_t SizeClassBytes(int index) {
  const auto i = static_cast<size_t>(index);
  return i < 8 ? (i + 1) * kSizeClassUnit : (i % 8 + 9) << (i / 8 - 1 + 6);
}

}  // namespace neura::internal

#endif  // NEURA_TENSOR_CORE_SIZE_CLASS_H_
