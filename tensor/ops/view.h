// When a reshape needs no copy.
#ifndef NEURA_TENSOR_OPS_VIEW_H_
#define NEURA_TENSOR_OPS_VIEW_H_

#include "neura/tensor/core/shape.h"

namespace neura {

// The strides under which memory laid out as (shape, strides) reads as `new_shape`, of as many
// elements, in the same order. False when only a copy can.
bool ViewStrides(DimsView shape, DimsView strides, DimsView new_shape, Dims* new_strides);

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_VIEW_H_
