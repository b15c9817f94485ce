// Images as numbers to compute with.
#ifndef NEURA_DATA_INTERNAL_PLANES_H_
#define NEURA_DATA_INTERNAL_PLANES_H_

#include <cstdint>
#include <vector>

#include "neura/tensor/core/tensor.h"

namespace neura::data::internal {

// Throws InvalidArgument unless images are [N, C, H, W] of uint8 or a floating point dtype, on the
// CPU.
void CheckImages(const char* function, const Tensor& images);

// The images in float32, contiguous; a tensor of its own where `own`.
Tensor ToFloats(const Tensor& images, bool own = false);
// Back to the images' dtype: to uint8 the nearest, or else the next lower, of 0 to 255.
Tensor FromFloats(const Tensor& floats, DType dtype, bool nearest = true);

// The largest value: 255 or 1.
float Bound(const Tensor& images);

// The number of each channel. Throws InvalidArgument unless `fill` has one, or one for each.
std::vector<float> FillOf(const char* function, const std::vector<double>& fill, int64_t channels);

}  // namespace neura::data::internal

#endif  // NEURA_DATA_INTERNAL_PLANES_H_
