#include "neura/tensor/cpu/conv_plan.h"

#include <algorithm>
#include <cstdint>

namespace neura::cpu {
namespace {

// Rounded down, for positive b.
int64_t FloorDiv(int64_t a, int64_t b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }

}  // namespace

InsideRange::InsideRange(int64_t begin, int64_t step, int64_t size, int64_t count) {
  first = std::min(count, begin >= 0 ? 0 : (-begin + step - 1) / step);
  last = begin >= size ? first : std::clamp((size - begin + step - 1) / step, first, count);
}

AxisPlan ForwardPlan(const WindowAxis& axis) {
  AxisPlan plan;
  plan.count = axis.out;
  plan.source_size = axis.in;
  plan.source_step = axis.stride;
  for (int64_t k = 0; k < axis.kernel; ++k) {
    const int64_t begin = k * axis.dilation % axis.stride - axis.padding;
    const auto found = std::find(plan.plane_begins.begin(), plan.plane_begins.end(), begin);
    const int64_t plane = found - plan.plane_begins.begin();
    if (found == plan.plane_begins.end()) plan.plane_begins.push_back(begin);
    const int64_t shift = k * axis.dilation / axis.stride;
    plan.taps.push_back({k, plane, shift});
    plan.extent = plan.count + shift;
  }
  return plan;
}

AxisPlan InputGradPlan(const WindowAxis& axis, int64_t residue) {
  AxisPlan plan;
  // Input i = stride t + residue - padding receives from output o = t - lag of each tap with k
  // dilation = stride lag + residue.
  const int64_t t_begin = FloorDiv(axis.padding - residue + axis.stride - 1, axis.stride);
  const int64_t t_end = FloorDiv(axis.in - 1 + axis.padding - residue, axis.stride) + 1;
  plan.count = std::max<int64_t>(0, t_end - t_begin);
  plan.dest_begin = axis.stride * t_begin + residue - axis.padding;
  plan.dest_step = axis.stride;
  plan.source_size = axis.out;
  int64_t longest_lag = 0;
  int64_t shortest_lag = 0;
  for (int64_t k = 0; k < axis.kernel; ++k) {
    if (k * axis.dilation % axis.stride != residue) continue;
    longest_lag = k * axis.dilation / axis.stride;
    if (plan.taps.empty()) shortest_lag = longest_lag;
    plan.taps.push_back({k, 0, -longest_lag});
  }
  for (AxisPlan::Tap& tap : plan.taps) tap.shift += longest_lag;
  plan.plane_begins = {t_begin - longest_lag};
  plan.extent = plan.count + longest_lag - shortest_lag;
  return plan;
}

AxisPlan::TapRange AxisPlan::LiveTaps(int64_t u) const {
  const auto is_live = [&](const Tap& tap) {
    const int64_t at = SourceAt(tap, u);
    return at >= 0 && at < source_size;
  };
  // Taps are in order of what they read, so the live ones are neighbours.
  TapRange range{0, static_cast<int64_t>(taps.size())};
  while (range.first < range.last && !is_live(taps[range.first])) ++range.first;
  while (range.first < range.last && !is_live(taps[range.last - 1])) --range.last;
  return range;
}

bool AxisPlan::AllTapsLive() const {
  return !taps.empty() && std::all_of(taps.begin(), taps.end(), [this](const Tap& tap) {
    return SourceAt(tap, 0) >= 0 && SourceAt(tap, count - 1) < source_size;
  });
}

SourceLayout::SourceLayout(const AxisPlan& height, const AxisPlan& width, bool in_place,
                           int64_t max_rows)
    : in_place(in_place), width_planes(static_cast<int64_t>(width.plane_begins.size())) {
  if (in_place) {
    pitch = width.source_size;
    plane_stride = 0;
    slice_stride = height.source_size * pitch;
    return;
  }
  // Results may not share: a row of them is count apart from the next at least.
  int64_t shared = width.extent - width.count;
  for (int64_t begin : width.plane_begins) {
    const InsideRange inside(begin, width.source_step, width.source_size, width.extent);
    shared = std::min({shared, inside.first, width.extent - inside.last});
  }
  pitch = width.extent - shared;
  plane_stride = (max_rows + height.extent - height.count) * pitch + shared;
  slice_stride = plane_stride * static_cast<int64_t>(height.plane_begins.size()) * width_planes;
}

}  // namespace neura::cpu
