// Forward and input gradient: both are correlations of a source with a kernel, as conv2d_plan.h
// describes them, and run through the tiles of matrix products with rows of B read from the source
// where they lie.
#include "neura/tensor/cpu/conv2d.h"

#include <algorithm>
#include <cstdint>

#include "neura/tensor/cpu/conv2d_plan.h"
#include "neura/tensor/cpu/scratch.h"
#include "neura/tensor/cpu/targets.h"  // IWYU pragma: keep
#include "neura/tensor/parallel/thread_pool.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/cpu/conv2d.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "neura/tensor/cpu/conv2d_source-inl.h"
#include "neura/tensor/cpu/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace neura::cpu::HWY_NAMESPACE {

// Multiplications that are worth an item of the thread pool, and items that make good use of any
// machine.
constexpr int64_t kConvItemWork = 1 << 17;
constexpr int64_t kEnoughItems = 16;

// A vector of neighbouring sums in flat order: which of them are results, and where the first lies.
// Between the rows of results lie sums that straddle two rows of the source and mean nothing.
struct FlatVector {
  uint8_t valid_bits[8];
  int64_t valid_count;
  int64_t leading;  // valid ones before the first that is not
  int64_t dest;     // in results of the band, row by row
};

template <typename T>
class CorrelationRunner {
 public:
  static constexpr int kN = kLanes<T>;

  explicit CorrelationRunner(const Correlation<T>& args)
      : c_(args),
        layout_(args.height, args.width,
                kHasMaskedMemory && SourceLayout::AllowsInPlace(args.height, args.width),
                RowsAtATime<T>(args.height, args.width, args.source_channels)),
        tiles_(args.dest_channels),
        band_rows_(RowsAtATime<T>(args.height, args.width, args.source_channels)),
        depth_(args.source_channels *
               static_cast<int64_t>(args.height.taps.size() * args.width.taps.size())),
        rows_contiguous_(args.height.dest_step == 1 && args.width.dest_step == 1 &&
                         args.width.count == args.dest_width) {}

  void Run() {
    if (c_.batch == 0 || c_.groups == 0 || c_.dest_channels == 0 || c_.height.count == 0 ||
        c_.width.count == 0) {
      return;
    }
    PackWeights();
    int64_t* offsets = Scratch<int64_t>(ScratchSlot::kTapOffsets, depth_);
    layout_.TapOffsets(c_.height, c_.width, c_.source_channels, offsets);
    offsets_ = offsets;
    if (rows_contiguous_) MapFlatVectors();

    const int64_t bands = (c_.height.count + band_rows_ - 1) / band_rows_;
    const int64_t band_work = (depth_ + 1) * c_.dest_channels * band_rows_ * layout_.pitch;
    const int64_t item_groups = std::clamp<int64_t>(kConvItemWork / band_work, 1, c_.groups);
    const int64_t group_items = (c_.groups + item_groups - 1) / item_groups;
    // Few items: share out the tiles of one as well, though each prepares the source anew.
    const int64_t parts = std::clamp<int64_t>(kEnoughItems / (c_.batch * group_items * bands), 1,
                                              std::max<int64_t>(1, tiles_.count / 2));
    ParallelFor(c_.batch * group_items * bands * parts, [&](int64_t item) HWY_ATTR {
      const int64_t part = item % parts;
      const int64_t band = item / parts % bands;
      const int64_t group_item = item / parts / bands % group_items;
      const int64_t image = item / parts / bands / group_items;
      const int64_t group_end = std::min(c_.groups, (group_item + 1) * item_groups);
      for (int64_t group = group_item * item_groups; group < group_end; ++group) {
        RunBand(image, group, band * band_rows_, tiles_.count * part / parts,
                tiles_.count * (part + 1) / parts);
      }
    });
  }

 private:
  void PackWeights() {
    T* packed = Scratch<T>(ScratchSlot::kPackedA, c_.groups * c_.dest_channels * depth_);
    packed_ = packed;
    const int64_t taps = static_cast<int64_t>(c_.height.taps.size() * c_.width.taps.size());
    const bool all_taps = taps == c_.kernel_height * c_.kernel_width;
    ParallelFor(c_.groups * tiles_.count, [&](int64_t item) HWY_ATTR {
      const int64_t group = item / tiles_.count;
      const int64_t first = tiles_.Begin(item % tiles_.count);
      const int rows = tiles_.Rows(item % tiles_.count);
      T* to = packed + (group * c_.dest_channels + first) * depth_;
      const T* from = c_.weight + group * c_.weight_group_stride + first * c_.weight_dest_stride;
      if (all_taps && c_.weight_source_stride == taps) {
        Pack(depth_, int64_t{rows}, from, 1, c_.weight_dest_stride, to, rows);
        return;
      }
      for (int64_t c = 0; c < c_.source_channels; ++c, from += c_.weight_source_stride) {
        if (all_taps) {
          Pack(taps, int64_t{rows}, from, 1, c_.weight_dest_stride, to, rows);
          to += taps * rows;
          continue;
        }
        for (const AxisPlan::Tap& y : c_.height.taps) {
          for (const AxisPlan::Tap& x : c_.width.taps) {
            const T* tap = from + y.index * c_.kernel_width + x.index;
            for (int i = 0; i < rows; ++i) *to++ = tap[i * c_.weight_dest_stride];
          }
        }
      }
    });
  }

  // For a band of band_rows_; one of fewer rows is a part of it.
  void MapFlatVectors() {
    const int64_t vectors = ((band_rows_ - 1) * layout_.pitch + c_.width.count + kN - 1) / kN;
    auto* flat = Scratch<FlatVector>(ScratchSlot::kFlatMap, vectors);
    int64_t x = 0;
    int64_t dest = 0;
    for (int64_t v = 0; v < vectors; ++v) {
      flat[v] = {{}, 0, 0, dest};
      for (int lane = 0; lane < kN; ++lane) {
        if (x < c_.width.count) {
          flat[v].valid_bits[lane / 8] |= static_cast<uint8_t>(1 << (lane % 8));
          if (flat[v].valid_count == lane) ++flat[v].leading;
          ++flat[v].valid_count;
        }
        if (++x == layout_.pitch) x = 0;
      }
      dest += flat[v].valid_count;
    }
    flat_ = flat;
  }

  void RunBand(int64_t image, int64_t group, int64_t row_begin, int64_t tile_begin,
               int64_t tile_end) {
    const int64_t rows = std::min(band_rows_, c_.height.count - row_begin);
    const int64_t source_plane = c_.height.source_size * c_.width.source_size;
    const T* base =
        PrepareSource(c_.height, c_.width, layout_, c_.source_channels, row_begin, rows,
                      c_.source + (image * c_.groups + group) * c_.source_channels * source_plane);
    const int64_t dest_plane = c_.dest_height * c_.dest_width;
    T* dest_image = c_.dest + (image * c_.groups + group) * c_.dest_channels * dest_plane;
    T* stage = Scratch<T>(ScratchSlot::kStage, int64_t{kTileRows} * kMaxVectors * kN);

    const int64_t flat_count = (rows - 1) * layout_.pitch + c_.width.count;
    const int max_vectors = MaxTileVectors(tiles_.Rows(0));
    for (int64_t flat = 0; flat < flat_count;) {
      int vectors = max_vectors;
      while (vectors > 1 && vectors * kN > flat_count - flat) vectors /= 2;
      const int64_t columns = std::min<int64_t>(flat_count - flat, vectors * kN);
      for (int64_t t = tile_begin; t < tile_end; ++t) {
        const int64_t channel = tiles_.Begin(t);
        const int tile_rows = tiles_.Rows(t);
        Tile<T> tile;
        tile.depth = depth_;
        tile.a = packed_ + (group * c_.dest_channels + channel) * depth_;
        tile.a_stride = tile_rows;
        tile.b = base + flat;
        tile.b_offsets = offsets_;
        tile.columns = columns;
        if (c_.bias != nullptr) tile.row_bias = c_.bias + group * c_.dest_channels + channel;
        T* dest = dest_image + channel * dest_plane;
        const bool in_place = rows_contiguous_ && AllValid(flat, columns);
        if (in_place) {
          tile.c = dest + row_begin * c_.dest_width + flat_[flat / kN].dest;
          tile.c_stride = dest_plane;
        } else {
          tile.c = stage;
          tile.c_stride = vectors * kN;
        }
        Tiles<T, ALayout::kColumns, BLayout::kIndexed, kMaxVectors>::Run(tile, tile_rows, vectors);
        if (in_place) continue;
        if (rows_contiguous_) {
          StoreValid(flat, vectors, tile_rows, rows * c_.width.count, stage,
                     dest + row_begin * c_.dest_width);
        } else {
          Scatter(flat, columns, tile_rows, row_begin, stage, vectors * kN, dest);
        }
      }
      flat += columns;
    }
  }

  bool AllValid(int64_t flat, int64_t columns) const {
    for (const FlatVector* map = flat_ + flat / kN; columns > 0; columns -= kN, ++map) {
      if (map->leading < std::min<int64_t>(columns, kN)) return false;
    }
    return true;
  }

  void StoreValid(int64_t flat, int vectors, int rows, int64_t band_size, const T* stage,
                  T* dest) const {
    const hn::ScalableTag<T> d;
    const int64_t dest_plane = c_.dest_height * c_.dest_width;
    for (int v = 0; v < vectors; ++v) {
      const FlatVector& map = flat_[flat / kN + v];
      const int64_t count = std::min(map.valid_count, band_size - map.dest);
      const auto valid = hn::LoadMaskBits(d, map.valid_bits);
      const auto mask = hn::FirstN(d, static_cast<size_t>(count));
      for (int i = 0; i < rows; ++i) {
        const auto sums = hn::Load(d, stage + (i * vectors + v) * kN);
        StoreFirst(d, mask, count, hn::Compress(sums, valid), dest + i * dest_plane + map.dest);
      }
    }
  }

  void Scatter(int64_t flat, int64_t columns, int rows, int64_t row_begin, const T* stage,
               int64_t stage_stride, T* dest) const {
    int64_t y = flat / layout_.pitch;
    int64_t x = flat % layout_.pitch;
    for (int64_t j = 0; j < columns; ++j) {
      if (x < c_.width.count) {
        T* to = dest +
                (c_.height.dest_begin + (row_begin + y) * c_.height.dest_step) * c_.dest_width +
                c_.width.dest_begin + x * c_.width.dest_step;
        for (int i = 0; i < rows; ++i) {
          to[i * c_.dest_height * c_.dest_width] = stage[i * stage_stride + j];
        }
      }
      if (++x == layout_.pitch) {
        x = 0;
        ++y;
      }
    }
  }

  static constexpr int kMaxVectors = 8;

  const Correlation<T>& c_;
  const SourceLayout layout_;
  const RowTiles tiles_;
  const int64_t band_rows_;
  const int64_t depth_;
  const bool rows_contiguous_;  // the rows of results follow one another in memory
  const T* packed_ = nullptr;
  const int64_t* offsets_ = nullptr;
  const FlatVector* flat_ = nullptr;
};

template <typename T>
void RunCorrelation(const Correlation<T>& correlation) {
  CorrelationRunner<T>(correlation).Run();
}

void CorrelateFloat(const Correlation<float>& c) { RunCorrelation(c); }
void CorrelateDouble(const Correlation<double>& c) { RunCorrelation(c); }

}  // namespace neura::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace neura::cpu {
namespace {

HWY_EXPORT(CorrelateFloat);
HWY_EXPORT(CorrelateDouble);

void Correlate(const Correlation<float>& c) { HWY_DYNAMIC_DISPATCH(CorrelateFloat)(c); }
void Correlate(const Correlation<double>& c) { HWY_DYNAMIC_DISPATCH(CorrelateDouble)(c); }

}  // namespace

template <typename T>
void Conv2dForward(const Conv2dGeometry& g, const T* input, const T* weight, const T* bias,
                   T* output) noexcept {
  const AxisPlan height = ForwardPlan(HeightOf(g));
  const AxisPlan width = ForwardPlan(WidthOf(g));
  const int64_t taps = g.kernel_height * g.kernel_width;
  Correlation<T> c{height, width};
  c.batch = g.batch;
  c.groups = g.groups;
  c.source_channels = g.in_channels / g.groups;
  c.dest_channels = g.out_channels / g.groups;
  c.dest_height = g.out_height;
  c.dest_width = g.out_width;
  c.source = input;
  c.weight = weight;
  c.weight_source_stride = taps;
  c.weight_dest_stride = c.source_channels * taps;
  c.weight_group_stride = c.dest_channels * c.weight_dest_stride;
  c.kernel_height = g.kernel_height;
  c.kernel_width = g.kernel_width;
  c.bias = bias;
  c.dest = output;
  Correlate(c);
}

template <typename T>
void Conv2dInputGrad(const Conv2dGeometry& g, const T* weight, const T* output_grad,
                     T* input_grad) noexcept {
  const int64_t taps = g.kernel_height * g.kernel_width;
  for (int64_t y = 0; y < g.stride_height; ++y) {
    for (int64_t x = 0; x < g.stride_width; ++x) {
      const AxisPlan height = InputGradPlan(HeightOf(g), y);
      const AxisPlan width = InputGradPlan(WidthOf(g), x);
      Correlation<T> c{height, width};
      c.batch = g.batch;
      c.groups = g.groups;
      c.source_channels = g.out_channels / g.groups;
      c.dest_channels = g.in_channels / g.groups;
      c.dest_height = g.in_height;
      c.dest_width = g.in_width;
      c.source = output_grad;
      c.weight = weight;
      c.weight_dest_stride = taps;
      c.weight_source_stride = c.dest_channels * taps;
      c.weight_group_stride = c.source_channels * c.weight_source_stride;
      c.kernel_height = g.kernel_height;
      c.kernel_width = g.kernel_width;
      c.dest = input_grad;
      Correlate(c);
    }
  }
}

template void Conv2dForward(const Conv2dGeometry&, const float*, const float*, const float*,
                            float*) noexcept;
template void Conv2dForward(const Conv2dGeometry&, const double*, const double*, const double*,
                            double*) noexcept;
template void Conv2dInputGrad(const Conv2dGeometry&, const float*, const float*, float*) noexcept;
template void Conv2dInputGrad(const Conv2dGeometry&, const double*, const double*,
                              double*) noexcept;

}  // namespace neura::cpu
#endif  // HWY_ONCE
