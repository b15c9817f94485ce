// Correlations of a source with a kernel, as conv_plan.h describes them, run through the tiles of
// matrix products with rows of B read from the source where they lie.
#include "neura/tensor/cpu/correlation.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>

#include "neura/tensor/cpu/scratch.h"
#include "neura/tensor/cpu/targets.h"  // IWYU pragma: keep
#include "neura/tensor/parallel/thread_pool.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/cpu/correlation.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "neura/tensor/cpu/conv_source-inl.h"
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

// Two ways, both a product of the weights and the source's elements that lie a tap's offset away:
// - By pixels: vectors lie along the flat order of a band of results, a tile has some channels.
// - By channels: vectors lie along the results' channels, a tile has some pixels of one row. It
//   wastes nothing between rows nor on rows of padding, but transposes what it stores.
// Weights are packed in panels of channels, the products in the order (height tap, slice, width
// tap).
template <typename T>
class CorrelationRunner {
 public:
  static constexpr int kN = kLanes<T>;

  explicit CorrelationRunner(const Correlation<T>& args)
      : c_(args),
        band_rows_(RowsAtATime<T>(args.height, args.width, args.slices())),
        tap_row_depth_(args.slices() * static_cast<int64_t>(args.width.taps.size())),
        depth_(static_cast<int64_t>(args.height.taps.size()) * tap_row_depth_),
        rows_contiguous_(args.height.dest_step == 1 && args.width.dest_step == 1 &&
                         args.width.count == args.dest_width),
        allows_in_place_(SourceLayout::AllowsInPlace(args.depth, args.height, args.width)),
        flat_layout_(args.height, args.width, kHasMaskedMemory && allows_in_place_, band_rows_),
        by_channels_(IsFasterByChannels()),
        layout_(by_channels_ ? SourceLayout(args.height, args.width, allows_in_place_, band_rows_)
                             : flat_layout_),
        channel_tiles_(args.dest_channels),
        pixel_tiles_(args.width.count),
        panel_width_(ChannelPanelWidth()),
        num_panels_(by_channels_ ? (args.dest_channels + panel_width_ - 1) / panel_width_
                                 : channel_tiles_.count) {}

  void Run() {
    if (c_.batch == 0 || c_.groups == 0 || c_.dest_channels == 0 || c_.depth.count == 0 ||
        c_.height.count == 0 || c_.width.count == 0) {
      return;
    }
    PackWeights();
    int64_t* offsets = Scratch<int64_t>(ScratchSlot::kTapOffsets, depth_);
    offsets_ = offsets;
    for (const AxisPlan::Tap& y : c_.height.taps) {
      for (int64_t c = 0; c < c_.source_channels; ++c) {
        for (size_t z = 0; z < c_.depth.taps.size(); ++z) {
          const int64_t slice = layout_.SliceOffset(c_.depth, c, z);
          for (const AxisPlan::Tap& x : c_.width.taps) *offsets++ = slice + layout_.TapOffset(y, x);
        }
      }
    }
    if (!by_channels_ && rows_contiguous_) MapFlatVectors();

    const int64_t bands = (c_.height.count + band_rows_ - 1) / band_rows_;
    const int64_t band_work = (depth_ + 1) * c_.dest_channels * band_rows_ * layout_.pitch;
    const int64_t item_groups = std::clamp<int64_t>(kConvItemWork / band_work, 1, c_.groups);
    const int64_t group_items = (c_.groups + item_groups - 1) / item_groups;
    const int64_t planes = c_.batch * c_.depth.count;
    // Few items: share out the panels of one as well, though each prepares the source anew.
    const int64_t parts =
        std::clamp<int64_t>(kEnoughItems / (planes * group_items * bands), 1, num_panels_);
    ParallelFor(planes * group_items * bands * parts, [&](int64_t item) HWY_ATTR {
      const int64_t part = item % parts;
      const int64_t band = item / parts % bands;
      const int64_t group_item = item / parts / bands % group_items;
      const int64_t plane = item / parts / bands / group_items;
      const int64_t group_end = std::min(c_.groups, (group_item + 1) * item_groups);
      for (int64_t group = group_item * item_groups; group < group_end; ++group) {
        RunBand(plane, group, band * band_rows_, num_panels_ * part / parts,
                num_panels_ * (part + 1) / parts);
      }
    });
  }

 private:
  // Counts multiplications of vectors, with what storing costs in the same unit.
  bool IsFasterByChannels() const {
    constexpr int64_t kStorePart = 8, kTranspose = 20;
    const int64_t flat_count = (c_.height.count - 1) * flat_layout_.pitch + c_.width.count;
    const bool stores_whole = rows_contiguous_ && flat_layout_.pitch == c_.width.count;
    const int64_t by_pixels = c_.dest_channels * ((flat_count + kN - 1) / kN) *
                              (depth_ + (stores_whole ? 0 : kStorePart));
    int64_t row_depths = 0;
    for (int64_t u = 0; u < c_.height.count; ++u) {
      const AxisPlan::TapRange live = c_.height.LiveTaps(u);
      row_depths += (live.last - live.first) * tap_row_depth_ + kTranspose;
    }
    return row_depths * c_.width.count * ((c_.dest_channels + kN - 1) / kN) < by_pixels;
  }

  int64_t ChannelPanelWidth() const {
    const int widest = std::min(kMaxChannelVectors, MaxTileVectors(pixel_tiles_.Rows(0)));
    const int64_t needed = (c_.dest_channels + kN - 1) / kN;
    return kN * std::min<int64_t>(widest, std::bit_ceil(static_cast<uint64_t>(needed)));
  }

  // Some of a group's dest channels, and their packed weights, followed by their biases.
  struct Panel {
    int64_t begin;
    int64_t count;
    int64_t padded;
    T* packed;
  };

  Panel PanelOf(int64_t group, int64_t p) const {
    Panel panel;
    int64_t group_size = c_.dest_channels;
    if (by_channels_) {
      group_size = num_panels_ * panel_width_;
      panel.begin = p * panel_width_;
      panel.count = std::min(panel_width_, c_.dest_channels - panel.begin);
      panel.padded = kN * static_cast<int64_t>(
                              std::bit_ceil(static_cast<uint64_t>((panel.count + kN - 1) / kN)));
    } else {
      panel.begin = channel_tiles_.Begin(p);
      panel.count = panel.padded = channel_tiles_.Rows(p);
    }
    panel.packed = packed_ + (group * group_size + panel.begin) * (depth_ + 1);
    return panel;
  }

  static bool AreFinite(const T* from, int64_t count) {
    const hn::ScalableTag<T> d;
    const auto zero = hn::Zero(d);
    auto sum = zero, other = zero;
    int64_t i = 0;
    for (; i + 2 * kN <= count; i += 2 * kN) {
      sum = hn::MulAdd(zero, hn::LoadU(d, from + i), sum);
      other = hn::MulAdd(zero, hn::LoadU(d, from + i + kN), other);
    }
    T rest = hn::GetLane(hn::SumOfLanes(d, hn::Add(sum, other)));
    for (; i < count; ++i) rest += 0 * from[i];
    return rest == 0;
  }

  void PackWeights() {
    const int64_t channels = by_channels_ ? num_panels_ * panel_width_ : c_.dest_channels;
    packed_ = Scratch<T>(ScratchSlot::kPackedA, c_.groups * channels * (depth_ + 1));
    ParallelFor(c_.groups * num_panels_, [&](int64_t item) HWY_ATTR {
      const int64_t group = item / num_panels_;
      const Panel panel = PanelOf(group, item % num_panels_);
      if (panel.count < panel.padded) FillZero(panel.packed, (depth_ + 1) * panel.padded);
      const int64_t taps = c_.kernel_height * c_.kernel_width;
      T* transposed = Scratch<T>(ScratchSlot::kStage, taps * panel.count);
      T* slice = panel.packed;
      for (int64_t c = 0; c < c_.source_channels; ++c) {
        for (const AxisPlan::Tap& z : c_.depth.taps) {
          Pack(taps, panel.count,
               c_.weight + group * c_.weight_group_stride + panel.begin * c_.weight_dest_stride +
                   c * c_.weight_source_stride + z.index * taps,
               1, c_.weight_dest_stride, transposed, panel.count);
          PackSlice(panel, transposed, slice);
          slice += static_cast<int64_t>(c_.width.taps.size()) * panel.padded;
        }
      }
      T* bias = panel.packed + depth_ * panel.padded;
      if (by_channels_ && !c_.height.AllTapsLive() &&
          !AreFinite(panel.packed, bias - panel.packed)) {
        skips_zeros_.store(false, std::memory_order_relaxed);
      }
      if (c_.bias == nullptr) {
        FillZero(bias, panel.count);
      } else {
        CopyRows(1, panel.count, c_.bias + group * c_.dest_channels + panel.begin, 0, 1, bias, 0);
      }
    });
  }

  // From the taps of a plane of the kernel, each of a panel's channels.
  void PackSlice(const Panel& panel, const T* taps, T* to) const {
    for (const AxisPlan::Tap& y : c_.height.taps) {
      T* row = to;
      for (const AxisPlan::Tap& x : c_.width.taps) {
        const int64_t tap = y.index * c_.kernel_width + x.index;
        CopyRows(1, panel.count, taps + tap * panel.count, 0, 1, row, 0);
        row += panel.padded;
      }
      to += tap_row_depth_ * panel.padded;
    }
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

  void RunBand(int64_t plane, int64_t group, int64_t row_begin, int64_t panel_begin,
               int64_t panel_end) {
    const int64_t rows = std::min(band_rows_, c_.height.count - row_begin);
    const int64_t image = plane / c_.depth.count, u = plane % c_.depth.count;
    const int64_t source_volume =
        c_.depth.source_size * c_.height.source_size * c_.width.source_size;
    const T* base = PrepareSource(
        c_.depth, c_.height, c_.width, layout_, c_.source_channels, u, row_begin, rows,
        c_.source + (image * c_.groups + group) * c_.source_channels * source_volume);
    T* dest = c_.dest + (image * c_.groups + group) * c_.dest_channels * c_.dest_volume() +
              (c_.depth.dest_begin + u * c_.depth.dest_step) * c_.dest_plane();
    if (by_channels_) {
      for (int64_t p = panel_begin; p < panel_end; ++p) {
        const Panel panel = PanelOf(group, p);
        BandByChannels(panel, base, row_begin, rows, dest + panel.begin * c_.dest_volume());
      }
      return;
    }
    const int64_t flat_count = (rows - 1) * layout_.pitch + c_.width.count;
    const int max_vectors = MaxTileVectors(channel_tiles_.Rows(0));
    for (int64_t flat = 0; flat < flat_count;) {
      int vectors = max_vectors;
      while (vectors > 1 && vectors * kN > flat_count - flat) vectors /= 2;
      const int64_t columns = std::min<int64_t>(flat_count - flat, vectors * kN);
      for (int64_t p = panel_begin; p < panel_end; ++p) {
        const Panel panel = PanelOf(group, p);
        TileByPixels(panel, base, flat, vectors, columns, row_begin, rows,
                     dest + panel.begin * c_.dest_volume());
      }
      flat += columns;
    }
  }

  void BandByChannels(const Panel& panel, const T* base, int64_t row_begin, int64_t rows,
                      T* dest) const {
    const int vectors = static_cast<int>(panel.padded / kN);
    T* stage = Scratch<T>(ScratchSlot::kStage, int64_t{kTileRows} * panel.padded);
    Tile<T> tile;
    tile.b_stride = panel.padded;
    tile.c = stage;
    tile.c_stride = panel.padded;
    tile.columns = panel.padded;
    tile.column_bias = panel.packed + depth_ * panel.padded;
    const bool skips_zeros = skips_zeros_.load(std::memory_order_relaxed);
    const AxisPlan::TapRange all = {0, static_cast<int64_t>(c_.height.taps.size())};
    for (int64_t row = 0; row < rows; ++row) {
      const AxisPlan::TapRange live = skips_zeros ? c_.height.LiveTaps(row_begin + row) : all;
      tile.depth = (live.last - live.first) * tap_row_depth_;
      tile.a_offsets = offsets_ + live.first * tap_row_depth_;
      tile.b = panel.packed + live.first * tap_row_depth_ * panel.padded;
      const int64_t y = c_.height.dest_begin + (row_begin + row) * c_.height.dest_step;
      for (int64_t t = 0; t < pixel_tiles_.count; ++t) {
        const int64_t x = pixel_tiles_.Begin(t);
        const int pixels = pixel_tiles_.Rows(t);
        tile.a = base + row * layout_.pitch + x;
        Tiles<T, ALayout::kIndexed, BLayout::kStrided, kMaxChannelVectors>::Run(tile, pixels,
                                                                                vectors);
        T* to = dest + y * c_.dest_width + c_.width.dest_begin + x * c_.width.dest_step;
        if (c_.width.dest_step == 1) {
          Pack(panel.count, int64_t{pixels}, stage, 1, panel.padded, to, c_.dest_volume());
          continue;
        }
        for (int64_t i = 0; i < panel.count; ++i) {
          for (int j = 0; j < pixels; ++j) {
            to[i * c_.dest_volume() + j * c_.width.dest_step] = stage[j * panel.padded + i];
          }
        }
      }
    }
  }

  void TileByPixels(const Panel& panel, const T* base, int64_t flat, int vectors, int64_t columns,
                    int64_t row_begin, int64_t rows, T* dest) const {
    const int channels = static_cast<int>(panel.count);
    T* stage = Scratch<T>(ScratchSlot::kStage, int64_t{kTileRows} * kMaxPixelVectors * kN);
    Tile<T> tile;
    tile.depth = depth_;
    tile.a = panel.packed;
    tile.a_stride = panel.padded;
    tile.b = base + flat;
    tile.b_offsets = offsets_;
    tile.columns = columns;
    tile.row_bias = panel.packed + depth_ * panel.padded;
    const bool in_place = rows_contiguous_ && AllValid(flat, columns);
    T* band = dest + row_begin * c_.dest_width;
    tile.c = in_place ? band + flat_[flat / kN].dest : stage;
    tile.c_stride = in_place ? c_.dest_volume() : vectors * kN;
    Tiles<T, ALayout::kColumns, BLayout::kIndexed, kMaxPixelVectors>::Run(tile, channels, vectors);
    if (in_place) return;
    if (rows_contiguous_) {
      StoreValid(flat, vectors, channels, rows * c_.width.count, stage, band);
    } else {
      Scatter(flat, columns, channels, row_begin, stage, vectors * kN, dest);
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
    for (int v = 0; v < vectors; ++v) {
      const FlatVector& map = flat_[flat / kN + v];
      const int64_t count = std::min(map.valid_count, band_size - map.dest);
      const auto valid = hn::LoadMaskBits(d, map.valid_bits);
      const auto mask = hn::FirstN(d, static_cast<size_t>(count));
      for (int i = 0; i < rows; ++i) {
        const auto sums = hn::Load(d, stage + (i * vectors + v) * kN);
        StoreFirst(d, mask, count, hn::Compress(sums, valid),
                   dest + i * c_.dest_volume() + map.dest);
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
          to[i * c_.dest_volume()] = stage[i * stage_stride + j];
        }
      }
      if (++x == layout_.pitch) {
        x = 0;
        ++y;
      }
    }
  }

  static constexpr int kMaxPixelVectors = 8;
  static constexpr int kMaxChannelVectors = 4;

  const Correlation<T>& c_;
  const int64_t band_rows_;
  const int64_t tap_row_depth_;  // products of one height tap
  const int64_t depth_;
  const bool rows_contiguous_;  // the rows of results follow one another in memory
  const bool allows_in_place_;
  const SourceLayout flat_layout_;
  const bool by_channels_;
  const SourceLayout layout_;
  const RowTiles channel_tiles_;
  const RowTiles pixel_tiles_;
  const int64_t panel_width_;
  const int64_t num_panels_;
  T* packed_ = nullptr;
  // Infinite weights make NaN of the padding, by channels as by pixels.
  std::atomic<bool> skips_zeros_ = true;
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

}  // namespace

void Correlate(const Correlation<float>& c) { HWY_DYNAMIC_DISPATCH(CorrelateFloat)(c); }
void Correlate(const Correlation<double>& c) { HWY_DYNAMIC_DISPATCH(CorrelateDouble)(c); }

}  // namespace neura::cpu
#endif  // HWY_ONCE
