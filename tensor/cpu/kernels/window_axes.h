// The spatial dimensions of tensors [N, C, ...] as the depth, height and width of a geometry.
#ifndef NEURA_TENSOR_CPU_KERNELS_WINDOW_AXES_H_
#define NEURA_TENSOR_CPU_KERNELS_WINDOW_AXES_H_

#include <cstddef>

#include "neura/tensor/core/shape.h"
#include "neura/tensor/cpu/window_axis.h"

namespace neura::cpu {

// Sets the extents of the axes that there are, the last of which is the width, and calls fn(d,
// axis) for spatial dimension d.
template <typename Geometry, typename F>
void AlongAxes(Geometry& geometry, DimsView input, DimsView output, F fn) {
  WindowAxis* const axes[] = {&geometry.depth, &geometry.height, &geometry.width};
  const size_t dims = input.size() - 2;
  for (size_t d = 0; d < dims; ++d) {
    WindowAxis& axis = *axes[3 - dims + d];
    axis.in = input[d + 2];
    axis.out = output[d + 2];
    fn(d, axis);
  }
}

}  // namespace neura::cpu

#endif  // NEURA_TENSOR_CPU_KERNELS_WINDOW_AXES_H_
