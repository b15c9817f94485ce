// Where the windows of average pooling lie in one direction.
#ifndef NEURA_TENSOR_ELEMENTS_POOL_WINDOWS_H_
#define NEURA_TENSOR_ELEMENTS_POOL_WINDOWS_H_

#include <algorithm>
#include <cstdint>

namespace neura::elements {

// What one window covers in one direction, and how much it counts there.
struct Window {
  int64_t begin, end;
  int64_t count;
};

// The windows of average pooling in one direction.
struct StridedWindows {
  int64_t in, kernel, stride, padding;
  bool count_include_pad;

  constexpr Window At(int64_t i) const {
    const int64_t begin = i * stride - padding;
    const int64_t padded_end = std::min(begin + kernel, in + padding);
    Window window;
    window.begin = std::clamp<int64_t>(begin, 0, in);
    window.end = std::clamp(padded_end, window.begin, in);
    window.count = count_include_pad ? padded_end - begin : window.end - window.begin;
    return window;
  }
};

struct AdaptiveWindows {
  int64_t in, out;

  constexpr Window At(int64_t i) const {
    const int64_t begin = i * in / out;
    const int64_t end = ((i + 1) * in + out - 1) / out;
    return {begin, end, end - begin};
  }
};

}  // namespace neura::elements

#endif  // NEURA_TENSOR_ELEMENTS_POOL_WINDOWS_H_
