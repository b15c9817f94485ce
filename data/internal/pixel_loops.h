// Loops over the pixels of images in memory, for every instruction set.
#ifndef NEURA_DATA_INTERNAL_PIXEL_LOOPS_H_
#define NEURA_DATA_INTERNAL_PIXEL_LOOPS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace neura::data::internal {

// What each pixel of a row of another size is made of: those from first[i] on, `count[i]` of them,
// each times its weight. The weights of pixel i begin at of[i * most].
struct PixelWeights {
  size_t most = 0;
  std::vector<size_t> first, count;
  std::vector<float> of;

  size_t size() const { return first.size(); }
};

// A plane of a strided image whose rows lie together.
template <typename T>
struct PlaneView {
  const T* data = nullptr;
  size_t row_stride = 0, width = 0;
};

// Makes rows.size() by columns.size() pixels: first of columns of pixels, then of rows, in float32.
// Bytes are rounded to the nearest.
void ResizePlane(const PlaneView<uint8_t>& in, const PixelWeights& rows,
                 const PixelWeights& columns, uint8_t* out);
void ResizePlane(const PlaneView<float>& in, const PixelWeights& rows, const PixelWeights& columns,
                 float* out);

// Three planes of `count` pixels that have their channels innermost.
void SplitThreeChannels(const uint8_t* pixels, size_t count, uint8_t* planes);

}  // namespace neura::data::internal

#endif  // NEURA_DATA_INTERNAL_PIXEL_LOOPS_H_
