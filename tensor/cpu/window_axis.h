// One spatial dimension of a convolution or of pooling.
#ifndef NEURA_TENSOR_CPU_WINDOW_AXIS_H_
#define NEURA_TENSOR_CPU_WINDOW_AXIS_H_

#include <cstdint>

namespace neura::cpu {

// Window i (i < out) covers the elements i * stride - padding + k * dilation, k < kernel, as far as
// they lie in [0, in). The default is a dimension that is not there.
struct WindowAxis {
  int64_t in = 1, out = 1;
  int64_t kernel = 1, stride = 1, padding = 0, dilation = 1;

  // Whether its one window covers its one element.
  bool IsAbsent() const { return in == 1 && out == 1 && kernel == 1 && padding == 0; }
};

}  // namespace neura::cpu

#endif  // NEURA_TENSOR_CPU_WINDOW_AXIS_H_
