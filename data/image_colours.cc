// Functions of images that change values.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "absl/strings/str_cat.h"
#include "neura/data/image_functions.h"
#include "neura/data/internal/planes.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/shape.h"

namespace neura::data::functional {
namespace {

using internal::Bound;
using internal::CheckImages;
using internal::FromFloats;
using internal::ToFloats;

void CheckFactor(const char* function, double factor) {
  if (factor >= 0 && std::isfinite(factor)) return;
  ThrowInvalidArgument(
      absl::StrCat(function, ": the factor is ", factor, "; a number from 0 on is expected"));
}

void CheckChannels(const char* function, const Tensor& images) {
  if (images.size(1) == 1 || images.size(1) == 3) return;
  ThrowInvalidArgument(absl::StrCat(
      function, ": images of one or three channels are expected, not ", Describe(images)));
}

// f(x) of every number.
template <typename F>
Tensor Each(const Tensor& images, bool nearest, const F& f) {
  Tensor floats = ToFloats(images, /*own=*/true);
  float* const values = floats.data<float>();
  for (int64_t i = 0; i < floats.numel(); ++i) values[i] = f(values[i]);
  return FromFloats(floats, images.dtype(), nearest);
}

// The function f(first, count, image's number) of each image's numbers, or of each channel's.
template <typename F>
void ForParts(Tensor& floats, int64_t parts, const F& f) {
  const int64_t count = parts == 0 ? 0 : floats.numel() / parts;
  for (int64_t i = 0; i < parts; ++i) f(floats.data<float>() + i * count, count, i);
}

// factor * a + (1 - factor) * b, within the range.
float Blend(float a, float b, float factor, float bound) {
  return std::clamp(factor * a + (1 - factor) * b, 0.0f, bound);
}

// The images' greys as they would be stored: whole numbers where the images have these.
float Grey(float r, float g, float b, bool bytes) {
  const float grey = 0.2989f * r + 0.587f * g + 0.114f * b;
  return bytes ? std::floor(grey) : grey;
}

// f(r, g, b) for each pixel; writes over them.
template <typename F>
Tensor EachColour(const Tensor& images, bool nearest, const F& f) {
  Tensor floats = ToFloats(images, /*own=*/true);
  const int64_t plane = images.size(2) * images.size(3);
  ForParts(floats, images.size(0), [&](float* image, int64_t, int64_t) {
    for (int64_t i = 0; i < plane; ++i) f(image[i], image[i + plane], image[i + 2 * plane]);
  });
  return FromFloats(floats, images.dtype(), nearest);
}

// Smith, "Color gamut transform pairs", SIGGRAPH 1978.
void TurnHue(float& r, float& g, float& b, float shift) {
  const float most = std::max({r, g, b}), least = std::min({r, g, b}), width = most - least;
  if (width == 0) return;
  const float saturation = width / most;
  float hue = most == r ? (g - b) / width : most == g ? 2 + (b - r) / width : 4 + (r - g) / width;
  hue = hue / 6 + 1 + shift;
  hue -= std::floor(hue);
  const float at = hue * 6, whole = std::floor(at), part = at - whole;
  const auto clamped = [](float x) { return std::clamp(x, 0.0f, 1.0f); };
  const float p = clamped(most * (1 - saturation)), q = clamped(most * (1 - saturation * part)),
              t = clamped(most * (1 - saturation * (1 - part)));
  switch (static_cast<int>(whole) % 6) {
    case 0:
      r = most, g = t, b = p;
      break;
    case 1:
      r = q, g = most, b = p;
      break;
    case 2:
      r = p, g = most, b = t;
      break;
    case 3:
      r = p, g = q, b = most;
      break;
    case 4:
      r = t, g = p, b = most;
      break;
    default:
      r = most, g = p, b = q;
      break;
  }
}

// As bytes, and back to a floating point dtype where that was given.
template <typename F>
Tensor OfBytes(const Tensor& images, const F& f) {
  if (images.dtype() == kUInt8) return f(images);
  return ConvertDtype(f(ConvertDtype(images, kUInt8)), images.dtype());
}

std::vector<float> Kernel(int64_t size, double sigma) {
  std::vector<double> exact;
  double sum = 0;
  for (int64_t i = 0; i < size; ++i) {
    const double x = (static_cast<double>(i) - static_cast<double>(size - 1) / 2) / sigma;
    exact.push_back(std::exp(-0.5 * x * x));
    sum += exact.back();
  }
  std::vector<float> kernel;
  for (const double weight : exact) kernel.push_back(static_cast<float>(weight / sum));
  return kernel;
}

// Rows, or with dim 2 columns, weighed by a kernel; edges are reflected.
Tensor Convolve(const Tensor& floats, int64_t dim, const std::vector<float>& kernel) {
  const auto half = static_cast<int64_t>(kernel.size() / 2);
  const int64_t size = floats.size(dim), step = dim == 3 ? 1 : floats.size(3);
  Tensor result = Tensor::Empty(floats.shape(), kFloat32, kCpu);
  const float* const in = floats.data<float>();
  float* const out = result.data<float>();
  for (int64_t i = 0; i < floats.numel(); ++i) {
    const int64_t place = i / step % size;
    const float* const row = in + i - place * step;
    float sum = 0;
    for (int64_t k = -half; k <= half; ++k) {
      int64_t at = std::abs(place + k);
      if (at >= size) at = 2 * size - 2 - at;
      sum += kernel[static_cast<size_t>(k + half)] * row[at * step];
    }
    out[i] = sum;
  }
  return result;
}

}  // namespace

Tensor AdjustBrightness(const Tensor& images, double factor) {
  CheckImages("AdjustBrightness", images);
  CheckFactor("AdjustBrightness", factor);
  const float f = static_cast<float>(factor), bound = Bound(images);
  return Each(images, false, [=](float x) { return Blend(x, 0, f, bound); });
}

Tensor AdjustContrast(const Tensor& images, double factor) {
  CheckImages("AdjustContrast", images);
  CheckFactor("AdjustContrast", factor);
  CheckChannels("AdjustContrast", images);
  const float f = static_cast<float>(factor), bound = Bound(images);
  const bool bytes = images.dtype() == kUInt8;
  const int64_t plane = images.size(2) * images.size(3);
  Tensor floats = ToFloats(images, /*own=*/true);
  ForParts(floats, images.size(0), [&](float* image, int64_t count, int64_t) {
    double sum = 0;
    for (int64_t i = 0; i < plane; ++i) {
      sum += double{count == plane ? image[i]
                                   : Grey(image[i], image[i + plane], image[i + 2 * plane], bytes)};
    }
    const auto mean = static_cast<float>(sum / static_cast<double>(plane));
    for (int64_t i = 0; i < count; ++i) image[i] = Blend(image[i], mean, f, bound);
  });
  return FromFloats(floats, images.dtype(), false);
}

Tensor AdjustSaturation(const Tensor& images, double factor) {
  CheckImages("AdjustSaturation", images);
  CheckFactor("AdjustSaturation", factor);
  CheckChannels("AdjustSaturation", images);
  if (images.size(1) == 1) return images;
  const float f = static_cast<float>(factor), bound = Bound(images);
  const bool bytes = images.dtype() == kUInt8;
  return EachColour(images, false, [=](float& r, float& g, float& b) {
    const float grey = Grey(r, g, b, bytes);
    r = Blend(r, grey, f, bound);
    g = Blend(g, grey, f, bound);
    b = Blend(b, grey, f, bound);
  });
}

Tensor AdjustHue(const Tensor& images, double shift) {
  CheckImages("AdjustHue", images);
  CheckChannels("AdjustHue", images);
  if (!(shift >= -0.5 && shift <= 0.5)) {
    ThrowInvalidArgument(
        absl::StrCat("AdjustHue: the shift is ", shift, "; from -0.5 to 0.5 is expected"));
  }
  if (images.size(1) == 1) return images;
  const bool bytes = images.dtype() == kUInt8;
  return EachColour(images, false, [=](float& r, float& g, float& b) {
    float unit[] = {r, g, b};
    if (bytes) {
      for (float& x : unit) x /= 255;
    }
    TurnHue(unit[0], unit[1], unit[2], static_cast<float>(shift));
    // Just below 256, so that every byte has an equal share of [0, 1].
    const float scale = bytes ? 255.999f : 1;
    r = unit[0] * scale;
    g = unit[1] * scale;
    b = unit[2] * scale;
  });
}

Tensor AdjustSharpness(const Tensor& images, double factor) {
  CheckImages("AdjustSharpness", images);
  CheckFactor("AdjustSharpness", factor);
  const int64_t height = images.size(2), width = images.size(3);
  if (height <= 2 || width <= 2) return images;
  const float f = static_cast<float>(factor), bound = Bound(images);
  const bool bytes = images.dtype() == kUInt8;
  const Tensor floats = ToFloats(images);
  Tensor result = ToFloats(images, /*own=*/true);
  const int64_t planes = images.size(0) * images.size(1);
  ForParts(result, planes, [&](float* out, int64_t count, int64_t p) {
    const float* const in = floats.data<float>() + p * count;
    for (int64_t i = 0; i < count; ++i) {
      const int64_t y = i / width, x = i % width;
      float smooth = in[i];
      if (y > 0 && x > 0 && y + 1 < height && x + 1 < width) {
        float sum = 4 * in[i];
        for (int64_t dy = -1; dy <= 1; ++dy) {
          for (int64_t dx = -1; dx <= 1; ++dx) sum += in[i + dy * width + dx];
        }
        smooth = sum / 13;
        if (bytes) smooth = std::nearbyint(smooth);
      }
      out[i] = Blend(in[i], smooth, f, bound);
    }
  });
  return FromFloats(result, images.dtype(), false);
}

Tensor AdjustGamma(const Tensor& images, double gamma, double gain) {
  CheckImages("AdjustGamma", images);
  CheckFactor("AdjustGamma", gamma);
  const bool bytes = images.dtype() == kUInt8;
  return Each(images, false, [=](float x) {
    const double unit = bytes ? double{x} / 255 : double{x};
    const double value = std::clamp(gain * std::pow(unit, gamma), 0.0, 1.0);
    return static_cast<float>(bytes ? value * 255.999 : value);
  });
}

Tensor RgbToGrayscale(const Tensor& images, int64_t channels) {
  CheckImages("Grayscale", images);
  CheckChannels("Grayscale", images);
  if (channels != 1 && channels != 3) {
    ThrowInvalidArgument(
        absl::StrCat("Grayscale: num_output_channels is ", channels, "; 1 or 3 is expected"));
  }
  const bool bytes = images.dtype() == kUInt8;
  Tensor grey = images;
  if (images.size(1) == 3) {
    grey = Narrow(
        EachColour(images, false, [=](float& r, float g, float b) { r = Grey(r, g, b, bytes); }), 1,
        0, 1);
  }
  if (channels == 1) return grey;
  return Contiguous(Expand(grey, {images.size(0), 3, images.size(2), images.size(3)}));
}

Tensor Invert(const Tensor& images) {
  CheckImages("Invert", images);
  const float bound = Bound(images);
  return Each(images, false, [=](float x) { return bound - x; });
}

Tensor Posterize(const Tensor& images, int64_t bits) {
  CheckImages("Posterize", images);
  if (bits < 0 || bits > 8) {
    ThrowInvalidArgument(absl::StrCat("Posterize: bits is ", bits, "; from 0 to 8 is expected"));
  }
  const int mask = (0xff00 >> bits) & 0xff;
  return OfBytes(images, [&](const Tensor& bytes) {
    return Each(bytes, false,
                [=](float x) { return static_cast<float>(static_cast<int>(x) & mask); });
  });
}

Tensor Solarize(const Tensor& images, double threshold) {
  CheckImages("Solarize", images);
  const float bound = Bound(images);
  if (!(threshold <= double{bound})) {
    ThrowInvalidArgument(absl::StrCat("Solarize: the threshold is ", threshold,
                                      "; it is at most the largest value, ", bound));
  }
  return Each(images, false, [=](float x) { return double{x} >= threshold ? bound - x : x; });
}

Tensor Autocontrast(const Tensor& images) {
  CheckImages("Autocontrast", images);
  const float bound = Bound(images);
  Tensor floats = ToFloats(images, /*own=*/true);
  ForParts(floats, images.size(0) * images.size(1), [&](float* plane, int64_t count, int64_t) {
    if (count == 0) return;
    const float least = *std::min_element(plane, plane + count);
    const float most = *std::max_element(plane, plane + count);
    if (!(most > least)) return;
    const float scale = bound / (most - least);
    for (int64_t i = 0; i < count; ++i) {
      plane[i] = std::clamp((plane[i] - least) * scale, 0.0f, bound);
    }
  });
  return FromFloats(floats, images.dtype(), false);
}

Tensor Equalize(const Tensor& images) {
  CheckImages("Equalize", images);
  return OfBytes(images, [](const Tensor& given) {
    const Tensor bytes = Clone(Contiguous(given));
    const int64_t planes = bytes.size(0) * bytes.size(1), count = bytes.size(2) * bytes.size(3);
    for (int64_t p = 0; p < planes; ++p) {
      uint8_t* const plane = bytes.data<uint8_t>() + p * count;
      int64_t histogram[256] = {};
      for (int64_t i = 0; i < count; ++i) ++histogram[plane[i]];
      int64_t last = 255;
      while (last > 0 && histogram[last] == 0) --last;
      const int64_t step = (count - histogram[last]) / 255;
      if (step == 0) continue;
      uint8_t table[256];
      int64_t sum = 0;
      for (int64_t i = 0; i < 256; ++i) {
        const int64_t value = i == 0 ? 0 : (sum + step / 2) / step;
        table[i] = static_cast<uint8_t>(std::min<int64_t>(255, value));
        sum += histogram[i];
      }
      for (int64_t i = 0; i < count; ++i) plane[i] = table[plane[i]];
    }
    return bytes;
  });
}

Tensor GaussianBlur(const Tensor& images, std::array<int64_t, 2> kernel_size,
                    std::array<double, 2> sigma) {
  CheckImages("GaussianBlur", images);
  for (size_t i = 0; i < 2; ++i) {
    const int64_t extent = images.size(i == 0 ? 3 : 2);
    if (kernel_size[i] < 1 || kernel_size[i] % 2 == 0 || !(sigma[i] > 0) ||
        !std::isfinite(sigma[i]) || kernel_size[i] / 2 >= std::max<int64_t>(1, extent)) {
      ThrowInvalidArgument(absl::StrCat("GaussianBlur: a kernel of ", kernel_size[0], " by ",
                                        kernel_size[1], " with sigma ", sigma[0], " and ", sigma[1],
                                        "; odd extents, less than twice those of ",
                                        Describe(images), ", and positive sigmas are expected"));
    }
  }
  const Tensor rows = Convolve(ToFloats(images), 3, Kernel(kernel_size[0], sigma[0]));
  return FromFloats(Convolve(rows, 2, Kernel(kernel_size[1], sigma[1])), images.dtype());
}

Tensor ConvertDtype(const Tensor& images, DType dtype) {
  const auto largest = [](DType of) -> double {
    switch (of) {
      case kBool:
        return 1;
      case kUInt8:
        return 255;
      case kInt8:
        return 127;
      case kInt16:
        return 32767;
      case kInt32:
        return 2147483647;
      case kInt64:
        return 9223372036854775807.0;
      default:
        return 0;
    }
  };
  const DType from = images.dtype();
  if (from == dtype) return images;
  const bool is_float = IsFloating(from), to_float = IsFloating(dtype);
  if ((!is_float && largest(from) == 0) || (!to_float && largest(dtype) == 0)) {
    ThrowInvalidArgument(absl::StrCat("ConvertDtype: from ", DTypeName(from), " to ",
                                      DTypeName(dtype), ": numbers that are real are expected"));
  }
  if (is_float && to_float) return Cast(images, dtype);
  if (to_float) {
    const DType exact = dtype == kFloat64 ? kFloat64 : kFloat32;
    return Cast(Div(Cast(images, exact), largest(from)), dtype);
  }
  if (is_float) {
    if ((dtype == kInt32 && from != kFloat64) || dtype == kInt64) {
      ThrowInvalidArgument(absl::StrCat("ConvertDtype: ", DTypeName(from),
                                        " has too few digits for ", DTypeName(dtype)));
    }
    // Just below one more than the largest, so that every value has an equal share of [0, 1].
    return Cast(
        Mul(Cast(images, from == kFloat64 ? kFloat64 : kFloat32), largest(dtype) + 1 - 1e-3),
        dtype);
  }
  const double in = largest(from) + 1, out = largest(dtype) + 1;
  const Tensor wide = Cast(images, kInt64);
  const auto factor = [](double ratio) { return static_cast<int64_t>(ratio); };
  if (in > out) {
    return Cast(FloorDivide(wide, factor(in / out)), dtype);
  }
  return Cast(Mul(wide, factor(out / in)), dtype);
}

}  // namespace neura::data::functional
