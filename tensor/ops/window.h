// How many windows fit along one dimension.
#ifndef NEURA_TENSOR_OPS_WINDOW_H_
#define NEURA_TENSOR_OPS_WINDOW_H_

#include <cstdint>

namespace neura {

// Windows of `size` elements, `dilation` apart, every `stride` elements over `extent` elements with
// `padding` more at each end. With `ceil_mode` a last window may hang over the end, as long as it
// starts inside the input or the padding before it. Not positive when not even one fits.
inline int64_t WindowCount(int64_t extent, int64_t size, int64_t stride, int64_t padding,
                           int64_t dilation, bool ceil_mode) {
  int64_t room = extent + 2 * padding - dilation * (size - 1) - 1;
  if (ceil_mode) room += stride - 1;
  if (room < 0) return 0;
  int64_t count = room / stride + 1;
  if (ceil_mode && (count - 1) * stride >= extent + padding) --count;
  return count;
}

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_WINDOW_H_
