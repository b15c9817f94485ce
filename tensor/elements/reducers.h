// What reductions do with two partial results, one of which may be of a single element. Types In
// and Acc; Init(), and Combine() over numbers of type Acc or vectors of them.
#if defined(NEURA_TENSOR_ELEMENTS_REDUCERS_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NEURA_TENSOR_ELEMENTS_REDUCERS_H_
#undef NEURA_TENSOR_ELEMENTS_REDUCERS_H_
#else
#define NEURA_TENSOR_ELEMENTS_REDUCERS_H_
#endif

#include <complex>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "neura/tensor/core/convert.h"
#include "neura/tensor/elements/select.h"
#include "neura/tensor/elements/target.h"

NEURA_BEFORE_ELEMENTS()

// Floating point sums run in double: as good as exact for float, and as fast as memory.
template <typename T>
using SumAcc =
    std::conditional_t<kIsComplex<T>, std::complex<double>,
                       std::conditional_t<std::is_floating_point_v<T>, double, uint64_t>>;

template <typename T>
struct SumReducer {
  using In = T;
  using Acc = SumAcc<T>;
  static constexpr Acc Init() { return 0; }
  template <typename V>
  static constexpr V Combine(V a, V b) {
    return a + b;
  }
};

template <typename T>
struct ProdReducer {
  using In = T;
  using Acc = SumAcc<T>;
  static constexpr Acc Init() { return 1; }
  template <typename V>
  static constexpr V Combine(V a, V b) {
    return a * b;
  }
};

// Of truth values: whether any holds, and whether all do.
template <typename T, bool kMax>
struct ExtremumReducer {
  using In = T;
  using Acc = T;
  static constexpr Acc Init() {
    using Limits = std::numeric_limits<T>;
    if constexpr (std::is_floating_point_v<T>)
      return kMax ? -Limits::infinity() : Limits::infinity();
    return kMax ? Limits::lowest() : Limits::max();
  }
  // A NaN wins.
  template <typename V>
  static constexpr V Combine(V a, V b) {
    if constexpr (kMax) {
      return Select((a < b) | IsNan(b), b, a);
    } else {
      return Select((b < a) | IsNan(b), b, a);
    }
  }
};

NEURA_AFTER_ELEMENTS();

#endif  // NEURA_TENSOR_ELEMENTS_REDUCERS_H_
