// What reductions do with one element more, and with two partial results. Types In and Acc; Init(),
// Step(Acc, In), Combine(Acc, Acc).
#ifndef NEURA_TENSOR_ELEMENTS_REDUCERS_H_
#define NEURA_TENSOR_ELEMENTS_REDUCERS_H_

#include <cstdint>
#include <limits>
#include <type_traits>

namespace neura::elements {

// Floating point sums run in double: as good as exact for float, and as fast as memory.
template <typename T>
using SumAcc = std::conditional_t<std::is_floating_point_v<T>, double, uint64_t>;

template <typename T>
struct SumReducer {
  using In = T;
  using Acc = SumAcc<T>;
  static constexpr Acc Init() { return 0; }
  static constexpr Acc Step(Acc acc, T x) { return acc + static_cast<Acc>(x); }
  static constexpr Acc Combine(Acc a, Acc b) { return a + b; }
};

template <typename T>
struct ProdReducer {
  using In = T;
  using Acc = SumAcc<T>;
  static constexpr Acc Init() { return 1; }
  static constexpr Acc Step(Acc acc, T x) { return acc * static_cast<Acc>(x); }
  static constexpr Acc Combine(Acc a, Acc b) { return a * b; }
};

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
  // A NaN wins: the comparison with itself finds it.
  static constexpr Acc Step(Acc acc, T x) { return (kMax ? acc < x : x < acc) || x != x ? x : acc; }
  static constexpr Acc Combine(Acc a, Acc b) { return a != a ? a : Step(a, b); }
};

template <bool kAll>
struct LogicalReducer {
  using In = bool;
  using Acc = bool;
  static constexpr Acc Init() { return kAll; }
  static constexpr Acc Step(Acc acc, bool x) { return kAll ? acc && x : acc || x; }
  static constexpr Acc Combine(Acc a, Acc b) { return Step(a, b); }
};

}  // namespace neura::elements

#endif  // NEURA_TENSOR_ELEMENTS_REDUCERS_H_
