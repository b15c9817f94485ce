// Element functions are templates over a number or over what computes like one. Where Highway
// compiles loops for several instruction sets (foreach_target.h), the headers of this folder that
// vectors go through are read once for each, after highway.h, and are then of that set and in its
// namespace. Everywhere else, on a GPU too, they are read once and stand in neura::elements.
#ifndef NEURA_TENSOR_ELEMENTS_TARGET_H_
#define NEURA_TENSOR_ELEMENTS_TARGET_H_

#ifdef HWY_HIGHWAY_INCLUDED
#define NEURA_BEFORE_ELEMENTS() \
  HWY_BEFORE_NAMESPACE();       \
  namespace neura::elements::HWY_NAMESPACE {
#define NEURA_AFTER_ELEMENTS() \
  }                            \
  HWY_AFTER_NAMESPACE();       \
  static_assert(true, "For requiring trailing semicolon")
#else
#define NEURA_BEFORE_ELEMENTS() namespace neura::elements {
#define NEURA_AFTER_ELEMENTS() \
  }                            \
  static_assert(true, "For requiring trailing semicolon")
#endif

#endif  // NEURA_TENSOR_ELEMENTS_TARGET_H_
