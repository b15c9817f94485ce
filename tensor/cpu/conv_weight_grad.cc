// The weight gradient: a product whose depth runs over all images and pixels. Its A is the source
// in place, a row for each (input channel, tap); its B is the outputs' gradient, transposed a panel
// of channels at a time. The planes of results of all images are cut into parts that depend on the
// geometry alone, and the parts' sums are added in order.
#include <algorithm>
#include <cstdint>

#include "neura/tensor/cpu/conv.h"
#include "neura/tensor/cpu/conv_plan.h"
#include "neura/tensor/cpu/scratch.h"
#include "neura/tensor/cpu/targets.h"  // IWYU pragma: keep
#include "neura/tensor/parallel/thread_pool.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/cpu/conv_weight_grad.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "neura/tensor/cpu/conv_source-inl.h"
#include "neura/tensor/cpu/dot_lanes-inl.h"
#include "neura/tensor/cpu/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace neura::cpu::HWY_NAMESPACE {

constexpr int64_t kMaxParts = 16;
constexpr int64_t kPartialBytes = 16 << 20;  // of all parts together, if there is more than one

template <typename T>
class WeightGradRunner {
 public:
  static constexpr int kN = kLanes<T>;
  static constexpr int kPanel = kTileColumns<T>;

  WeightGradRunner(const ConvGeometry& g, const T* input, const T* output_grad, T* weight_grad)
      : g_(g),
        input_(input),
        output_grad_(output_grad),
        weight_grad_(weight_grad),
        depth_(ForwardPlan(g.depth)),
        height_(ForwardPlan(g.height)),
        width_(ForwardPlan(g.width)),
        in_channels_(g.in_channels / g.groups),
        out_channels_(g.out_channels / g.groups),
        band_rows_(RowsAtATime<T>(height_, width_, in_channels_ * g.depth.kernel)),
        layout_(height_, width_, SourceLayout::AllowsInPlace(depth_, height_, width_), band_rows_),
        taps_(in_channels_ * g.kernel_volume()),
        // With few output channels most of a panel would be idle. The same for every target, since
        // the two ways sum in another order.
        dot_products_(out_channels_ * 4 <= kDotLanes<T>),
        panels_((out_channels_ + kPanel - 1) / kPanel),
        partial_stride_(dot_products_ ? out_channels_ : panels_ * kPanel) {}

  void Run() {
    const int64_t weights = g_.out_channels * taps_;
    if (weights == 0) return;
    const int64_t planes = g_.batch * g_.depth.out;
    if (planes == 0 || g_.out_plane() == 0) {
      std::fill_n(weight_grad_, weights, T{0});
      return;
    }
    const int64_t partial_size = g_.groups * taps_ * partial_stride_;
    // As if panels were as wide as they get on any target: parts must not depend on it.
    constexpr int64_t kWidestPanel = 2 * 64 / static_cast<int64_t>(sizeof(T));
    const int64_t padded = (out_channels_ + kWidestPanel - 1) / kWidestPanel * kWidestPanel;
    const int64_t partial_bytes =
        g_.groups * taps_ * (dot_products_ ? out_channels_ : padded) * int64_t{sizeof(T)};
    const int64_t parts =
        std::clamp<int64_t>(kPartialBytes / partial_bytes, 1, std::min(kMaxParts, planes));
    T* partials = Scratch<T>(ScratchSlot::kPartialSums, parts * partial_size);
    int64_t* offsets = Scratch<int64_t>(ScratchSlot::kTapOffsets, taps_);
    offsets_ = offsets;
    for (int64_t c = 0; c < in_channels_; ++c) {
      for (size_t z = 0; z < depth_.taps.size(); ++z) {
        const int64_t slice = layout_.SliceOffset(depth_, c, z);
        for (const AxisPlan::Tap& y : height_.taps) {
          for (const AxisPlan::Tap& x : width_.taps) *offsets++ = slice + layout_.TapOffset(y, x);
        }
      }
    }

    // Panels of one part are separate items only where parts and groups are few: each prepares the
    // source anew.
    const int64_t panel_items = parts * g_.groups >= kMaxParts ? 1 : panels_;
    ParallelFor(parts * g_.groups * panel_items, [&](int64_t item) HWY_ATTR {
      const int64_t panel_item = item % panel_items;
      const int64_t group = item / panel_items % g_.groups;
      const int64_t part = item / panel_items / g_.groups;
      T* partial = partials + part * partial_size + group * taps_ * partial_stride_;
      RunPart(planes * part / parts, planes * (part + 1) / parts, group,
              panels_ * panel_item / panel_items, panels_ * (panel_item + 1) / panel_items,
              partial);
    });
    constexpr int64_t kChunk = 16;  // rows of one item of the last step
    const int64_t chunks = (taps_ + kChunk - 1) / kChunk;
    ParallelFor(g_.groups * chunks, [&](int64_t item) HWY_ATTR {
      const int64_t group = item / chunks;
      const int64_t begin = item % chunks * kChunk;
      const int64_t count = std::min(kChunk, taps_ - begin);
      T* sum = partials + (group * taps_ + begin) * partial_stride_;
      for (int64_t part = 1; part < parts; ++part) {
        AddTo(sum + part * partial_size, count * partial_stride_, sum);
      }
      Pack(out_channels_, count, sum, 1, partial_stride_,
           weight_grad_ + group * out_channels_ * taps_ + begin, taps_);
    });
  }

 private:
  static void AddTo(const T* from, int64_t count, T* to) {
    const hn::ScalableTag<T> d;
    int64_t i = 0;
    for (; i + kN <= count; i += kN) {
      hn::StoreU(hn::Add(hn::LoadU(d, to + i), hn::LoadU(d, from + i)), d, to + i);
    }
    for (; i < count; ++i) to[i] += from[i];
  }

  // partial[tap * partial_stride_ + channel] = the sum over planes [begin, end) for some panels of
  // channels.
  void RunPart(int64_t begin, int64_t end, int64_t group, int64_t panel_begin, int64_t panel_end,
               T* partial) const {
    bool first = true;
    for (int64_t plane = begin; plane < end; ++plane) {
      const int64_t image = plane / g_.depth.out, u = plane % g_.depth.out;
      const T* source = input_ + (image * g_.groups + group) * in_channels_ * g_.in_volume();
      const T* grad = output_grad_ + (image * g_.groups + group) * out_channels_ * g_.out_volume() +
                      u * g_.out_plane();
      for (int64_t row = 0; row < g_.height.out; row += band_rows_) {
        const int64_t rows = std::min(band_rows_, g_.height.out - row);
        const T* base =
            PrepareSource(depth_, height_, width_, layout_, in_channels_, u, row, rows, source);
        const T* band_grad = grad + row * g_.width.out;
        if (dot_products_) {
          for (int64_t c = 0; c < out_channels_; ++c) {
            DotProducts(base, band_grad + c * g_.out_volume(), rows, first, partial + c);
          }
        } else {
          for (int64_t p = panel_begin; p < panel_end; ++p) {
            Panel(base, band_grad + p * kPanel * g_.out_volume(), rows,
                  std::min<int64_t>(kPanel, out_channels_ - p * kPanel), first,
                  partial + p * kPanel);
          }
        }
        first = false;
      }
    }
  }

  void Panel(const T* base, const T* grad, int64_t rows, int64_t channels, bool first,
             T* partial) const {
    const int vectors = channels > kN ? kTileVectors : 1;
    const int64_t pixels = rows * g_.width.out;
    T* transposed = Scratch<T>(ScratchSlot::kGradient, pixels * vectors * kN);
    PackPadded(pixels, channels, grad, 1, g_.out_volume(), transposed, int64_t{vectors} * kN);
    const RowTiles tiles(taps_);
    Tile<T> tile;
    tile.depth = g_.width.out;
    tile.segments = rows;
    tile.a = base;
    tile.a_segment_stride = layout_.pitch;
    tile.b = transposed;
    tile.b_stride = vectors * kN;
    tile.columns = channels;
    tile.c_stride = partial_stride_;
    tile.accumulate = !first;
    for (int64_t t = 0; t < tiles.count; ++t) {
      tile.a_offsets = offsets_ + tiles.Begin(t);
      tile.c = partial + tiles.Begin(t) * partial_stride_;
      Tiles<T, ALayout::kRows, BLayout::kStrided, kTileVectors>::Run(tile, tiles.Rows(t), vectors);
    }
  }

  void DotProducts(const T* base, const T* grad, int64_t rows, bool first, T* partial) const {
    int64_t tap = 0;
    for (; tap + 8 <= taps_; tap += 8) DotTaps<8>(base, grad, rows, tap, first, partial);
    for (; tap < taps_; ++tap) DotTaps<1>(base, grad, rows, tap, first, partial);
  }

  template <int kTaps>
  void DotTaps(const T* base, const T* grad, int64_t rows, int64_t tap, bool first,
               T* partial) const {
    const DotTag<T> d;
    constexpr int kVectors = kDotVectors<T>, kStep = kDotLanes<T>, kLength = kStep / kVectors;
    DotVec<T> sums[kTaps][kVectors];
    const T* taps[kTaps];
    for (int i = 0; i < kTaps; ++i) {
      for (int v = 0; v < kVectors; ++v) sums[i][v] = hn::Zero(d);
      taps[i] = base + offsets_[tap + i];
    }
    const int64_t columns = g_.width.out;
    const int64_t whole = columns / kStep * kStep;
    for (int64_t row = 0; row < rows; ++row, grad += columns) {
      const int64_t at = row * layout_.pitch;
      for (int64_t x = 0; x < whole; x += kStep) {
        for (int v = 0; v < kVectors; ++v) {
          const int64_t from = x + v * kLength;
          const DotVec<T> g = hn::LoadU(d, grad + from);
          for (int i = 0; i < kTaps; ++i) {
            sums[i][v] = hn::MulAdd(g, hn::LoadU(d, taps[i] + at + from), sums[i][v]);
          }
        }
      }
      if (whole == columns) continue;
      for (int v = 0; v < kVectors; ++v) {
        const int64_t from = whole + v * kLength;
        const int64_t count = std::clamp<int64_t>(columns - from, 0, kLength);
        const auto mask = hn::FirstN(d, static_cast<size_t>(count));
        const DotVec<T> g = LoadFirst(d, mask, count, grad + from);
        for (int i = 0; i < kTaps; ++i) {
          const DotVec<T> source = LoadFirst(d, mask, count, taps[i] + at + from);
          sums[i][v] = hn::MulAdd(g, source, sums[i][v]);
        }
      }
    }
    for (int i = 0; i < kTaps; ++i) {
      T* to = partial + (tap + i) * partial_stride_;
      const T sum = SumOfDotLanes<T>(sums[i]);
      *to = first ? sum : *to + sum;
    }
  }

  const ConvGeometry& g_;
  const T* const input_;
  const T* const output_grad_;
  T* const weight_grad_;
  const AxisPlan depth_;
  const AxisPlan height_;
  const AxisPlan width_;
  const int64_t in_channels_;   // of one group
  const int64_t out_channels_;  // of one group
  const int64_t band_rows_;
  const SourceLayout layout_;
  const int64_t taps_;  // for one output channel: in_channels_ times the kernel's
  const bool dot_products_;
  const int64_t panels_;
  const int64_t partial_stride_;
  const int64_t* offsets_ = nullptr;
};

void WeightGradFloat(const ConvGeometry& g, const float* input, const float* output_grad,
                     float* weight_grad) {
  WeightGradRunner<float>(g, input, output_grad, weight_grad).Run();
}
void WeightGradDouble(const ConvGeometry& g, const double* input, const double* output_grad,
                      double* weight_grad) {
  WeightGradRunner<double>(g, input, output_grad, weight_grad).Run();
}

}  // namespace neura::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace neura::cpu {
namespace {

HWY_EXPORT(WeightGradFloat);
HWY_EXPORT(WeightGradDouble);

}  // namespace

template <>
void ConvWeightGrad(const ConvGeometry& g, const float* input, const float* output_grad,
                    float* weight_grad) {
  HWY_DYNAMIC_DISPATCH(WeightGradFloat)(g, input, output_grad, weight_grad);
}

template <>
void ConvWeightGrad(const ConvGeometry& g, const double* input, const double* output_grad,
                    double* weight_grad) {
  HWY_DYNAMIC_DISPATCH(WeightGradDouble)(g, input, output_grad, weight_grad);
}

}  // namespace neura::cpu
#endif  // HWY_ONCE
