// Pointwise operations on one element, or on a vector of floating point ones, one short function
// for each. NaN comes through unless the operation says otherwise; integers wrap. constexpr because
// that is how nvcc takes functions for the GPU without being told of it.
#if defined(NEURA_TENSOR_ELEMENTS_POINTWISE_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NEURA_TENSOR_ELEMENTS_POINTWISE_H_
#undef NEURA_TENSOR_ELEMENTS_POINTWISE_H_
#else
#define NEURA_TENSOR_ELEMENTS_POINTWISE_H_
#endif

#include "neura/tensor/elements/pointwise_activation.h"     // IWYU pragma: export
#include "neura/tensor/elements/pointwise_arithmetic.h"     // IWYU pragma: export
#include "neura/tensor/elements/pointwise_bits.h"           // IWYU pragma: export
#include "neura/tensor/elements/pointwise_comparison.h"     // IWYU pragma: export
#include "neura/tensor/elements/pointwise_exponential.h"    // IWYU pragma: export
#include "neura/tensor/elements/pointwise_special.h"        // IWYU pragma: export
#include "neura/tensor/elements/pointwise_trigonometric.h"  // IWYU pragma: export

#endif  // NEURA_TENSOR_ELEMENTS_POINTWISE_H_
