// Functions of images that move pixels.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <vector>

#include "absl/strings/str_cat.h"
#include "neura/data/image_functions.h"
#include "neura/data/internal/pixel_loops.h"
#include "neura/data/internal/planes.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/image.h"
#include "neura/tensor/ops/shape.h"

namespace neura::data::functional {
namespace {

using internal::CheckImages;
using internal::FillOf;
using internal::FromFloats;
using internal::PixelWeights;
using internal::PlaneView;
using internal::ToFloats;

constexpr double kDegree = std::numbers::pi / 180;
// No result has more pixels a side: more is taken for a mistake.
constexpr int64_t kMaxExtent = int64_t{1} << 24;

void CheckExtents(const char* function, int64_t height, int64_t width) {
  if (height >= 1 && width >= 1 && height <= kMaxExtent && width <= kMaxExtent) return;
  ThrowInvalidArgument(absl::StrCat(function, ": a result of ", height, " by ", width,
                                    " pixels; from 1 to 2^24 a side are expected"));
}

double Triangle(double x) { return std::max(0.0, 1 - std::abs(x)); }

// Keys' cubic convolution with a = -0.5 ("Cubic convolution interpolation for digital image
// processing", 1981).
double Cubic(double x) {
  x = std::abs(x);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

PixelWeights WeightsOf(int64_t in, int64_t out, bool cubic) {
  PixelWeights weights;
  if (in == out) {  // each pixel of itself
    weights.most = 1;
    weights.first.resize(static_cast<size_t>(out));
    std::iota(weights.first.begin(), weights.first.end(), size_t{0});
    weights.count.assign(weights.size(), 1);
    weights.of.assign(weights.size(), 1.0f);
    return weights;
  }
  const double scale = static_cast<double>(in) / static_cast<double>(out);
  const double width = std::max(1.0, scale), support = (cubic ? 2 : 1) * width;
  weights.most = static_cast<size_t>(2 * support) + 2;
  weights.of.resize(static_cast<size_t>(out) * weights.most);
  std::vector<double> exact;
  for (int64_t i = 0; i < out; ++i) {
    const double center = scale * (static_cast<double>(i) + 0.5);
    const int64_t first = std::max<int64_t>(0, static_cast<int64_t>(center - support + 0.5));
    const int64_t end = std::min(in, static_cast<int64_t>(center + support + 0.5));
    exact.clear();
    double sum = 0;
    for (int64_t k = first; k < end; ++k) {
      const double x = (static_cast<double>(k) - center + 0.5) / width;
      exact.push_back(cubic ? Cubic(x) : Triangle(x));
      sum += exact.back();
    }
    weights.first.push_back(static_cast<size_t>(first));
    weights.count.push_back(exact.size());
    float* const of = &weights.of[static_cast<size_t>(i) * weights.most];
    std::transform(exact.begin(), exact.end(), of,
                   [sum](double weight) { return static_cast<float>(weight / sum); });
  }
  return weights;
}

// Images of T, uint8 or float32, whose rows lie together.
template <typename T>
Tensor ResizePlanes(const Tensor& images, int64_t height, int64_t width, bool cubic) {
  const PixelWeights rows = WeightsOf(images.size(2), height, cubic);
  const PixelWeights columns = WeightsOf(images.size(3), width, cubic);
  Tensor result =
      Tensor::Empty({images.size(0), images.size(1), height, width}, images.dtype(), kCpu);
  T* out = result.data<T>();
  const DimsView strides = images.strides();
  for (int64_t n = 0; n < images.size(0); ++n) {
    for (int64_t c = 0; c < images.size(1); ++c, out += height * width) {
      const PlaneView<T> plane{.data = images.data<T>() + n * strides[0] + c * strides[1],
                               .row_stride = static_cast<size_t>(strides[2]),
                               .width = static_cast<size_t>(images.size(3))};
      ResizePlane(plane, rows, columns, out);
    }
  }
  return result;
}

Tensor ResizeWithAntialias(const Tensor& images, int64_t height, int64_t width, bool cubic) {
  const bool rows_together = images.strides()[3] == 1;
  if (images.dtype() == kUInt8) {
    return ResizePlanes<uint8_t>(rows_together ? images : Contiguous(images), height, width, cubic);
  }
  const Tensor floats = rows_together ? Cast(images, kFloat32) : ToFloats(images);
  return FromFloats(ResizePlanes<float>(floats, height, width, cubic), images.dtype());
}

// Reads images where `source(x, y)` of the result's pixels says, in pixels from the upper left one.
template <typename Source>
Tensor Warp(const char* function, const Tensor& images, int64_t height, int64_t width,
            const std::string& mode, const std::vector<double>& fill, const Source& source) {
  if (mode != "nearest" && mode != "bilinear") {
    ThrowInvalidArgument(absl::StrCat(function, ": the mode \"", mode,
                                      "\"; \"nearest\" or \"bilinear\" is expected"));
  }
  CheckExtents(function, height, width);
  const std::vector<float> fills = FillOf(function, fill, images.size(1));
  const Tensor floats = ToFloats(images);
  const int64_t in_height = images.size(2), in_width = images.size(3);
  const int64_t planes = images.size(0) * images.size(1), plane = in_height * in_width;
  Tensor result = Tensor::Empty({images.size(0), images.size(1), height, width}, kFloat32, kCpu);
  const float* const in = floats.data<float>();
  float* const out = result.data<float>();
  const auto fill_of = [&](int64_t p) { return fills[static_cast<size_t>(p % images.size(1))]; };
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      const auto [sx, sy] = source(static_cast<double>(x), static_cast<double>(y));
      const int64_t place = y * width + x;
      const bool inside = sx > -1 && sy > -1 && sx < static_cast<double>(in_width) &&
                          sy < static_cast<double>(in_height);
      if (!inside) {  // or not a number
        for (int64_t p = 0; p < planes; ++p) out[p * height * width + place] = fill_of(p);
        continue;
      }
      if (mode == "nearest") {
        const auto nx = static_cast<int64_t>(std::nearbyint(sx));
        const auto ny = static_cast<int64_t>(std::nearbyint(sy));
        const bool there = nx >= 0 && ny >= 0 && nx < in_width && ny < in_height;
        for (int64_t p = 0; p < planes; ++p) {
          out[p * height * width + place] = there ? in[p * plane + ny * in_width + nx] : fill_of(p);
        }
        continue;
      }
      const auto x0 = static_cast<int64_t>(std::floor(sx)),
                 y0 = static_cast<int64_t>(std::floor(sy));
      const auto fx = static_cast<float>(sx - static_cast<double>(x0));
      const auto fy = static_cast<float>(sy - static_cast<double>(y0));
      for (int64_t p = 0; p < planes; ++p) {
        const auto at = [&](int64_t py, int64_t px) {
          return px < 0 || py < 0 || px >= in_width || py >= in_height
                     ? fill_of(p)
                     : in[p * plane + py * in_width + px];
        };
        const float upper = at(y0, x0) * (1 - fx) + at(y0, x0 + 1) * fx;
        const float lower = at(y0 + 1, x0) * (1 - fx) + at(y0 + 1, x0 + 1) * fx;
        out[p * height * width + place] = upper * (1 - fy) + lower * fy;
      }
    }
  }
  return FromFloats(result, images.dtype());
}

Tensor WarpAffine(const char* function, const Tensor& images, const AffineMatrix& m, int64_t height,
                  int64_t width, const std::string& mode, const std::vector<double>& fill) {
  const double out_x = (static_cast<double>(width) - 1) / 2;
  const double out_y = (static_cast<double>(height) - 1) / 2;
  const double in_x = (static_cast<double>(images.size(3)) - 1) / 2;
  const double in_y = (static_cast<double>(images.size(2)) - 1) / 2;
  return Warp(function, images, height, width, mode, fill, [=](double x, double y) {
    x -= out_x;
    y -= out_y;
    return std::pair(m[0] * x + m[1] * y + m[2] + in_x, m[3] * x + m[4] * y + m[5] + in_y);
  });
}

// Eight numbers that send (x, y) to ((a x + b y + c) / d, (e x + f y + g) / d), d = h x + i y + 1.
std::array<double, 8> PerspectiveOf(const Corners& from, const Corners& to) {
  std::array<std::array<double, 9>, 8> rows{};
  for (size_t i = 0; i < 4; ++i) {
    const auto [x, y] = from[i];
    const auto [u, v] = to[i];
    rows[2 * i] = {x, y, 1, 0, 0, 0, -u * x, -u * y, u};
    rows[2 * i + 1] = {0, 0, 0, x, y, 1, -v * x, -v * y, v};
  }
  for (size_t column = 0; column < 8; ++column) {
    size_t pivot = column;
    for (size_t row = column; row < 8; ++row) {
      if (std::abs(rows[row][column]) > std::abs(rows[pivot][column])) pivot = row;
    }
    std::swap(rows[column], rows[pivot]);
    if (std::abs(rows[column][column]) < 1e-12) {
      ThrowInvalidArgument("Perspective: three of the corners lie on one line");
    }
    for (size_t row = 0; row < 8; ++row) {
      if (row == column) continue;
      const double factor = rows[row][column] / rows[column][column];
      for (size_t k = column; k < 9; ++k) rows[row][k] -= factor * rows[column][k];
    }
  }
  std::array<double, 8> solution;
  for (size_t i = 0; i < 8; ++i) solution[i] = rows[i][8] / rows[i][i];
  return solution;
}

// Where a pixel beyond the edges comes from; -1: from nowhere.
int64_t PlaceOf(int64_t at, int64_t size, const std::string& mode) {
  if (at >= 0 && at < size) return at;
  if (mode == "edge") return std::clamp<int64_t>(at, 0, size - 1);
  if (mode == "reflect") return at < 0 ? -at : 2 * size - 2 - at;
  if (mode == "symmetric") return at < 0 ? -at - 1 : 2 * size - 1 - at;
  return -1;
}

}  // namespace

Tensor Resize(const Tensor& images, int64_t height, int64_t width, const std::string& mode,
              bool antialias) {
  CheckImages("Resize", images);
  CheckExtents("Resize", height, width);
  const bool nearest = mode == "nearest" || mode == "nearest-exact";
  if (!nearest && mode != "bilinear" && mode != "bicubic") {
    ThrowInvalidArgument(absl::StrCat("Resize: the interpolation \"", mode,
                                      "\"; \"nearest\", \"nearest-exact\", \"bilinear\" or "
                                      "\"bicubic\" is expected"));
  }
  if (images.size(2) == 0 || images.size(3) == 0) {
    ThrowInvalidArgument(
        absl::StrCat("Resize: images of pixels are expected, not ", Describe(images)));
  }
  if (height == images.size(2) && width == images.size(3)) return images;
  if (nearest) {
    return Interpolate(images, {.size = Dims{height, width}, .mode = mode});
  }
  if (antialias) return ResizeWithAntialias(images, height, width, mode == "bicubic");
  const Tensor floats =
      Contiguous(Interpolate(ToFloats(images), {.size = Dims{height, width}, .mode = mode}));
  return FromFloats(floats, images.dtype());
}

Tensor Pad(const Tensor& images, const Margins& margins, const std::vector<double>& fill,
           const std::string& mode) {
  CheckImages("Pad", images);
  if (mode != "constant" && mode != "edge" && mode != "reflect" && mode != "symmetric") {
    ThrowInvalidArgument(absl::StrCat("Pad: the padding_mode \"", mode,
                                      "\"; \"constant\", \"edge\", \"reflect\" or \"symmetric\" is "
                                      "expected"));
  }
  const int64_t in_height = images.size(2), in_width = images.size(3);
  const int64_t most = std::max({margins.left, margins.top, margins.right, margins.bottom});
  const int64_t least = std::min({margins.left, margins.top, margins.right, margins.bottom});
  if (most > kMaxExtent || least < -kMaxExtent) CheckExtents("Pad", most, most);
  const int64_t height = in_height + margins.top + margins.bottom;
  const int64_t width = in_width + margins.left + margins.right;
  CheckExtents("Pad", height, width);
  const auto reaches = [&](int64_t size, int64_t before, int64_t after) {
    const int64_t limit = mode == "reflect" ? size - 1 : mode == "symmetric" ? size : kMaxExtent;
    return size > 0 && before <= limit && after <= limit;
  };
  if (mode != "constant" && (!reaches(in_height, margins.top, margins.bottom) ||
                             !reaches(in_width, margins.left, margins.right))) {
    ThrowInvalidArgument(absl::StrCat("Pad: margins of left ", margins.left, ", top ", margins.top,
                                      ", right ", margins.right, ", bottom ", margins.bottom,
                                      " are too large to be \"", mode, "\" of ", Describe(images)));
  }
  const std::vector<float> fills = FillOf("Pad", fill, images.size(1));
  const Tensor floats = ToFloats(images);
  Tensor result = Tensor::Empty({images.size(0), images.size(1), height, width}, kFloat32, kCpu);
  float* out = result.data<float>();
  for (int64_t p = 0; p < images.size(0) * images.size(1); ++p) {
    const float* const plane = floats.data<float>() + p * in_height * in_width;
    for (int64_t y = 0; y < height; ++y) {
      const int64_t sy = PlaceOf(y - margins.top, in_height, mode);
      for (int64_t x = 0; x < width; ++x) {
        const int64_t sx = PlaceOf(x - margins.left, in_width, mode);
        *out++ = sx < 0 || sy < 0 ? fills[static_cast<size_t>(p % images.size(1))]
                                  : plane[sy * in_width + sx];
      }
    }
  }
  return FromFloats(result, images.dtype());
}

Tensor Crop(const Tensor& images, int64_t top, int64_t left, int64_t height, int64_t width) {
  CheckImages("Crop", images);
  CheckExtents("Crop", height, width);
  const int64_t in_height = images.size(2), in_width = images.size(3);
  if (std::max(top, left) > kMaxExtent || std::min(top, left) < -kMaxExtent) {
    ThrowInvalidArgument(
        absl::StrCat("Crop: from row ", top, " and column ", left, " of ", Describe(images)));
  }
  if (top >= 0 && left >= 0 && top + height <= in_height && left + width <= in_width) {
    return Narrow(Narrow(images, 2, top, height), 3, left, width);
  }
  return Pad(images, {-left, -top, left + width - in_width, top + height - in_height});
}

Tensor CenterCrop(const Tensor& images, int64_t height, int64_t width) {
  CheckImages("CenterCrop", images);
  CheckExtents("CenterCrop", height, width);
  // Halves are rounded to even, as Python's round() does; of a margin the smaller half comes first.
  const auto start = [](int64_t in, int64_t out) {
    return in < out ? -((out - in) / 2)
                    : static_cast<int64_t>(std::nearbyint(static_cast<double>(in - out) / 2));
  };
  return Crop(images, start(images.size(2), height), start(images.size(3), width), height, width);
}

AffineMatrix InverseAffineMatrix(std::array<double, 2> center, double angle,
                                 std::array<double, 2> translate, double scale,
                                 std::array<double, 2> shear) {
  const double turn = angle * kDegree, sx = shear[0] * kDegree, sy = shear[1] * kDegree;
  const double a = std::cos(turn - sy) / std::cos(sy);
  const double b = -std::cos(turn - sy) * std::tan(sx) / std::cos(sy) - std::sin(turn);
  const double c = std::sin(turn - sy) / std::cos(sy);
  const double d = -std::sin(turn - sy) * std::tan(sx) / std::cos(sy) + std::cos(turn);
  AffineMatrix m = {d / scale, -b / scale, 0, -c / scale, a / scale, 0};
  const double x = -center[0] - translate[0], y = -center[1] - translate[1];
  m[2] = m[0] * x + m[1] * y + center[0];
  m[5] = m[3] * x + m[4] * y + center[1];
  return m;
}

Tensor Affine(const Tensor& images, const AffineMatrix& matrix, const std::string& mode,
              const std::vector<double>& fill) {
  CheckImages("Affine", images);
  return WarpAffine("Affine", images, matrix, images.size(2), images.size(3), mode, fill);
}

Tensor Rotate(const Tensor& images, double angle, const std::string& mode, bool expand,
              std::array<double, 2> center, const std::vector<double>& fill) {
  CheckImages("Rotate", images);
  if (expand) center = {0, 0};
  const AffineMatrix m = InverseAffineMatrix(center, -angle, {0, 0}, 1, {0, 0});
  int64_t height = images.size(2), width = images.size(3);
  if (expand) {
    // What reaches beyond the pixels' grid takes one more on its side; whole extents, but for
    // rounding, are kept.
    const double x = static_cast<double>(width) / 2, y = static_cast<double>(height) / 2;
    const double half_width = std::abs(m[0] * x) + std::abs(m[1] * y);
    const double half_height = std::abs(m[3] * x) + std::abs(m[4] * y);
    const auto extent = [](double half, double middle) {
      const double whole = std::nearbyint(2 * half);
      if (std::abs(2 * half - whole) < 1e-4) return static_cast<int64_t>(whole);
      const double low = std::floor(std::trunc((middle - half) / 1e-4) * 1e-4);
      const double high = std::ceil(std::trunc((middle + half) / 1e-4) * 1e-4);
      return static_cast<int64_t>(high - low);
    };
    width = extent(half_width, x);
    height = extent(half_height, y);
  }
  return WarpAffine("Rotate", images, m, height, width, mode, fill);
}

Tensor Perspective(const Tensor& images, const Corners& start, const Corners& end,
                   const std::string& mode, const std::vector<double>& fill) {
  CheckImages("Perspective", images);
  const std::array<double, 8> p = PerspectiveOf(end, start);
  return Warp("Perspective", images, images.size(2), images.size(3), mode, fill,
              [&](double x, double y) {
                x += 0.5;
                y += 0.5;
                const double below = p[6] * x + p[7] * y + 1;
                return std::pair((p[0] * x + p[1] * y + p[2]) / below - 0.5,
                                 (p[3] * x + p[4] * y + p[5]) / below - 0.5);
              });
}

}  // namespace neura::data::functional
