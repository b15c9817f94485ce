#include "neura/data/internal/pixel_loops.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

// gcc 12 does not align vectors of 64 bytes in the frames that AddressSanitizer makes (PR 110027).
#ifdef __SANITIZE_ADDRESS__
#include "neura/tensor/cpu/few_targets.h"  // IWYU pragma: keep
#else
#include "neura/tensor/cpu/targets.h"  // IWYU pragma: keep
#endif

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "data/internal/pixel_loops.cc"
#include "hwy/foreach_target.h"  // before any other header of Highway
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace neura::data::internal::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::ScalableTag<float>;
constexpr size_t kLanes = hn::MaxLanes(Floats());
// Rows that are resized at a time, side by side.
constexpr size_t kRows = 4;

HWY_INLINE hn::Vec<Floats> LoadFloats(const float* from) { return hn::LoadU(Floats(), from); }
HWY_INLINE hn::Vec<Floats> LoadFloats(const uint8_t* from) {
  const hn::Rebind<int32_t, Floats> whole;
  const hn::Rebind<uint8_t, Floats> bytes;
  return hn::ConvertTo(Floats(), hn::PromoteTo(whole, hn::LoadU(bytes, from)));
}

HWY_INLINE void StoreFloats(hn::Vec<Floats> values, float* to) { hn::StoreU(values, Floats(), to); }
HWY_INLINE void StoreFloats(hn::Vec<Floats> values, uint8_t* to) {
  const Floats d;
  const auto bounded = hn::Min(hn::Set(d, 255.0f), hn::Max(hn::Zero(d), values));
  const hn::Rebind<uint8_t, Floats> bytes;
  hn::StoreU(hn::DemoteTo(bytes, hn::NearestInt(bounded)), bytes, to);
}

// One row out of `count` rows.
template <typename T>
HWY_INLINE void JoinRows(const PlaneView<T>& in, size_t first, size_t count, const float* weights,
                         float* out) {
  const Floats d;
  const T* const top = in.data + first * in.row_stride;
  const auto joined = [&](const T* from) HWY_ATTR {
    auto sum = hn::Mul(hn::Set(d, weights[0]), LoadFloats(from));
    for (size_t k = 1; k < count; ++k) {
      sum = hn::MulAdd(hn::Set(d, weights[k]), LoadFloats(from + k * in.row_stride), sum);
    }
    return sum;
  };
  size_t x = 0;
  for (; x + kLanes <= in.width; x += kLanes) {
    hn::StoreU(joined(top + x), d, out + x);
  }
  if (x == in.width) return;
  if (in.width >= kLanes) {  // some of them once more
    x = in.width - kLanes;
    hn::StoreU(joined(top + x), d, out + x);
    return;
  }
  HWY_ALIGN T lanes[kLanes] = {};
  auto sum = hn::Zero(d);
  for (size_t k = 0; k < count; ++k) {
    std::memcpy(lanes, top + k * in.row_stride, in.width * sizeof(T));
    const auto weight = hn::Set(d, weights[k]);
    sum = k == 0 ? hn::Mul(weight, LoadFloats(lanes)) : hn::MulAdd(weight, LoadFloats(lanes), sum);
  }
  hn::StoreU(sum, d, out);
}

template <typename T>
HWY_INLINE void Resize(const PlaneView<T>& in, const PixelWeights& rows,
                       const PixelWeights& columns, T* out) {
  const Floats d;
  const hn::CappedTag<float, kRows> four;
  const size_t height = rows.size(), width = columns.size();
  const size_t in_padded = in.width + kLanes, padded = width + kLanes;
  std::vector<float> joined(kRows * in_padded), side_by_side(kRows * in_padded);
  std::vector<float> made(kRows * padded);
  std::vector<T> finished(kRows * padded);
  for (size_t y = 0; y < height; y += kRows) {
    const size_t there = std::min(kRows, height - y);
    for (size_t r = 0; r < there; ++r) {
      JoinRows(in, rows.first[y + r], rows.count[y + r], &rows.of[(y + r) * rows.most],
               &joined[r * in_padded]);
    }
    for (size_t x = 0; x < in.width; x += kLanes) {
      hn::StoreInterleaved4(LoadFloats(&joined[x]), LoadFloats(&joined[in_padded + x]),
                            LoadFloats(&joined[2 * in_padded + x]),
                            LoadFloats(&joined[3 * in_padded + x]), d, &side_by_side[kRows * x]);
    }
    for (size_t x = 0; x < width; ++x) {
      const float* const weights = &columns.of[x * columns.most];
      // One step, but where there are no vectors.
      for (size_t r = 0; r < kRows; r += hn::MaxLanes(four)) {
        const float* const from = &side_by_side[kRows * columns.first[x] + r];
        auto sum = hn::Mul(hn::Set(four, weights[0]), hn::LoadU(four, from));
        for (size_t k = 1; k < columns.count[x]; ++k) {
          sum = hn::MulAdd(hn::Set(four, weights[k]), hn::LoadU(four, from + kRows * k), sum);
        }
        hn::StoreU(sum, four, &made[kRows * x + r]);
      }
    }
    for (size_t x = 0; x < width; x += kLanes) {
      hn::Vec<Floats> a, b, c, e;
      hn::LoadInterleaved4(d, &made[kRows * x], a, b, c, e);
      StoreFloats(a, &finished[x]);
      StoreFloats(b, &finished[padded + x]);
      StoreFloats(c, &finished[2 * padded + x]);
      StoreFloats(e, &finished[3 * padded + x]);
    }
    for (size_t r = 0; r < there; ++r) {
      std::memcpy(out + (y + r) * width, &finished[r * padded], width * sizeof(T));
    }
  }
}

void ResizeBytes(const PlaneView<uint8_t>& in, const PixelWeights& rows,
                 const PixelWeights& columns, uint8_t* out) {
  Resize(in, rows, columns, out);
}
void ResizeFloats(const PlaneView<float>& in, const PixelWeights& rows, const PixelWeights& columns,
                  float* out) {
  Resize(in, rows, columns, out);
}

void Split(const uint8_t* pixels, size_t count, uint8_t* planes) {
  const hn::ScalableTag<uint8_t> d;
  constexpr size_t kBytes = hn::MaxLanes(d);
  size_t i = 0;
  for (; i + kBytes <= count; i += kBytes) {
    hn::Vec<decltype(d)> a, b, c;
    hn::LoadInterleaved3(d, pixels + 3 * i, a, b, c);
    hn::StoreU(a, d, planes + i);
    hn::StoreU(b, d, planes + count + i);
    hn::StoreU(c, d, planes + 2 * count + i);
  }
  for (; i < count; ++i) {
    for (size_t c = 0; c < 3; ++c) planes[c * count + i] = pixels[3 * i + c];
  }
}

}  // namespace
}  // namespace neura::data::internal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace neura::data::internal {
namespace {
HWY_EXPORT(ResizeBytes);
HWY_EXPORT(ResizeFloats);
HWY_EXPORT(Split);
}  // namespace

void ResizePlane(const PlaneView<uint8_t>& in, const PixelWeights& rows,
                 const PixelWeights& columns, uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(ResizeBytes)(in, rows, columns, out);
}
void ResizePlane(const PlaneView<float>& in, const PixelWeights& rows, const PixelWeights& columns,
                 float* out) {
  HWY_DYNAMIC_DISPATCH(ResizeFloats)(in, rows, columns, out);
}
void SplitThreeChannels(const uint8_t* pixels, size_t count, uint8_t* planes) {
  HWY_DYNAMIC_DISPATCH(Split)(pixels, count, planes);
}

}  // namespace neura::data::internal
#endif
