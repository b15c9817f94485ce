#include "neura/data/internal/planes.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/copy.h"

namespace neura::data::internal {

void CheckImages(const char* function, const Tensor& images) {
  const bool fits = images.defined() && images.dim() == 4 && images.device() == kCpu &&
                    (images.dtype() == kUInt8 || IsFloating(images.dtype()));
  if (fits) return;
  ThrowInvalidArgument(absl::StrCat(function,
                                    ": images [N, C, H, W] of uint8 or a floating point dtype, on "
                                    "the CPU, are expected, not ",
                                    Describe(images)));
}

Tensor ToFloats(const Tensor& images, bool own) {
  const Tensor floats = Contiguous(Cast(images, kFloat32));
  return own && floats.storage() == images.storage() ? Clone(floats) : floats;
}

Tensor FromFloats(const Tensor& floats, DType dtype, bool nearest) {
  if (dtype != kUInt8) return Cast(floats, dtype);
  Tensor bytes = Tensor::Empty(floats.shape(), kUInt8, kCpu);
  const float* const in = floats.data<float>();
  auto* const out = bytes.data<uint8_t>();
  for (int64_t i = 0; i < bytes.numel(); ++i) {
    const float value = std::min(255.0f, std::max(0.0f, in[i]));
    out[i] = static_cast<uint8_t>(nearest ? std::nearbyint(value) : value);
  }
  return bytes;
}

float Bound(const Tensor& images) { return images.dtype() == kUInt8 ? 255.0f : 1.0f; }

std::vector<float> FillOf(const char* function, const std::vector<double>& fill, int64_t channels) {
  const auto count = static_cast<int64_t>(fill.size());
  if (count != 1 && count != channels) {
    ThrowInvalidArgument(absl::StrCat(function, ": fill is [", absl::StrJoin(fill, ", "),
                                      "]; one number, or one for each of ", channels,
                                      " channels, is expected"));
  }
  std::vector<float> values(static_cast<size_t>(channels));
  for (size_t c = 0; c < values.size(); ++c)
    values[c] = static_cast<float>(fill[count == 1 ? 0 : c]);
  return values;
}

}  // namespace neura::data::internal
