// Uniform numbers of any range in any floating point dtype, none of which rounds up to its end.
#ifndef NEURA_TENSOR_RANDOM_UNIFORM_H_
#define NEURA_TENSOR_RANDOM_UNIFORM_H_

#include <cmath>
#include <limits>
#include <type_traits>

#include "neura/tensor/core/convert.h"
#include "neura/tensor/core/dtype.h"

namespace neura {

// The largest value of type T below `bound`, which is finite.
template <typename T>
T LargestBelow(double bound) {
  T value = Convert<T>(bound);
  if (Convert<double>(value) < bound) return value;
  if constexpr (kIsFloat16<T>) {
    // Zero is followed by the least negative number; elsewhere neighbours differ by one bit.
    if (static_cast<float>(value) == 0) {
      value.bits = 0x8001;
    } else {
      value.bits = static_cast<uint16_t>(value.bits + ((value.bits & 0x8000) != 0 ? 1 : -1));
    }
    return value;
  } else {
    return std::nextafter(value, -std::numeric_limits<T>::infinity());
  }
}

// [low, high) from numbers in [0, 1), computed in T; `largest` is what the dtype of the result
// holds below high, so that rounding to it does not reach high either.
template <typename T>
struct UniformRange {
  UniformRange(double low, double high, DType dtype)
      : low(static_cast<T>(low)), width(static_cast<T>(high - low)), largest(this->low) {
    if (!(low < high)) return;
    SwitchDType(dtype, [&]<typename Out>(Out) {
      if constexpr (kIsFloat16<Out> || std::is_floating_point_v<Out>) {
        largest = Convert<T>(LargestBelow<Out>(high));
      }
    });
  }
  constexpr T operator()(T unit) const {
    const T value = low + unit * width;
    return value < largest ? value : largest;
  }

  T low, width, largest;
};

}  // namespace neura

#endif  // NEURA_TENSOR_RANDOM_UNIFORM_H_
