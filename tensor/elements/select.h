// What element functions use where numbers and vectors have no syntax in common.
#if defined(NEURA_TENSOR_ELEMENTS_SELECT_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NEURA_TENSOR_ELEMENTS_SELECT_H_
#undef NEURA_TENSOR_ELEMENTS_SELECT_H_
#else
#define NEURA_TENSOR_ELEMENTS_SELECT_H_
#endif

#include "neura/tensor/elements/target.h"

NEURA_BEFORE_ELEMENTS()

// Both values are computed.
template <typename T>
constexpr T Select(bool condition, T yes, T no) {
  return condition ? yes : no;
}

// False for integers.
template <typename T>
constexpr bool IsNan(T x) {
  return x != x;
}

NEURA_AFTER_ELEMENTS();

#endif  // NEURA_TENSOR_ELEMENTS_SELECT_H_
