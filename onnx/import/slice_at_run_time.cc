// Slices whose axes or steps only a run can tell.
#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "neura/graph/host_functions.h"
#include "neura/onnx/import/ops.h"
#include "neura/tensor/ops/op_list/index.h"
#include "neura/tensor/ops/options/dims.h"
#include "neura/tensor/tensor.h"

namespace neura::onnx {
namespace {

using graph::SymInt;
using graph::ValueId;

// integers: the number of extents, the extents, and for each slice its axis, start, end and step.
// Of each dimension the first place, the step to the next one, and the number of places.
std::vector<graph::Datum> PlacesOfSlices(const graph::HostContext& context) {
  const int64_t* next = context.integers.data();
  const int64_t rank = *next++;
  std::vector<std::array<int64_t, 3>> places;
  for (int64_t d = 0; d < rank; ++d) places.push_back({0, 1, next[d]});
  const int64_t* const extents = next;
  next += rank;
  std::vector<bool> named(static_cast<size_t>(rank));
  for (; next < context.integers.end(); next += 4) {
    const auto [given, start, end, step] = std::array{next[0], next[1], next[2], next[3]};
    const int64_t axis = given < 0 ? given + rank : given;
    if (axis < 0 || axis >= rank) {
      ThrowInvalidArgument(absl::StrCat("there is no axis ", given, " of ", rank));
    }
    if (named[static_cast<size_t>(axis)]) {
      ThrowInvalidArgument(absl::StrCat("axis ", given, " is named twice"));
    }
    if (step == 0) ThrowInvalidArgument("a step is 0");
    named[static_cast<size_t>(axis)] = true;
    const int64_t extent = extents[axis], least = step < 0 ? -1 : 0;
    const int64_t most = step < 0 ? extent - 1 : extent;
    const auto bound = [&](int64_t i) { return std::clamp(i < 0 ? i + extent : i, least, most); };
    const int64_t first = bound(start), last = bound(end);
    // Steps beyond the extent reach one place, whatever they are.
    const int64_t by = std::clamp(step, -extent - 1, extent + 1);
    const int64_t distance = step < 0 ? first - last : last - first, stride = std::abs(by);
    places[static_cast<size_t>(axis)] = {first, by,
                                         distance <= 0 ? 0 : (distance + stride - 1) / stride};
  }
  std::vector<int64_t> all;
  for (const auto& each : places) all.insert(all.end(), each.begin(), each.end());
  const graph::HostContext found{.inputs = {}, .integers = all, .device = context.device};
  return graph::kIntegers.run(found);
}
constinit const graph::HostFunction kPlacesOfSlices = {"slice_places", &PlacesOfSlices};

}  // namespace

void ReadSliceAtRunTime(NodeReader& node) {
  ValueId x = node.in(0);
  const std::vector<SymInt> starts = node.Extents(1), ends = node.Extents(2);
  const size_t count = starts.size(), rank = node.shape(x).size();
  std::vector<SymInt> axes, steps(count, 1);
  if (node.has(3)) {
    axes = node.Extents(3);
  } else {
    for (size_t i = 0; i < count; ++i) axes.emplace_back(static_cast<int64_t>(i));
  }
  if (node.has(4)) steps = node.Extents(4);
  if (ends.size() != count || axes.size() != count || steps.size() != count) {
    ThrowInvalidArgument("starts, ends, axes and steps differ in length");
  }
  std::vector<SymInt> integers{static_cast<int64_t>(rank)};
  for (const SymInt& extent : node.shape(x)) integers.push_back(extent);
  for (size_t i = 0; i < count; ++i) {
    for (const SymInt& each : {axes[i], starts[i], ends[i], steps[i]}) integers.push_back(each);
  }
  const graph::ValueType type{.dtype = kInt64, .shape = {static_cast<int64_t>(3 * rank)}};
  const ValueId places =
      node.graph().AddHostCall(kPlacesOfSlices, {}, std::move(integers), {&type, 1})[0];
  for (size_t d = 0; d < rank; ++d) {
    const auto place = [&](int64_t i) {
      return SymInt::Element(places, 3 * static_cast<int64_t>(d) + i);
    };
    const ValueId steps_of = node.Counted(place(2));
    const ValueId index = node.Pointwise(
        [](const Tensor& i, const Tensor& first, const Tensor& step) { return first + i * step; },
        steps_of, node.Number(place(0), steps_of), node.Number(place(1), steps_of));
    x = node.Add(op::kIndexSelect, DimOptions{.dim = static_cast<int64_t>(d)}, {x, index});
  }
  node.Out(x);
}

}  // namespace neura::onnx
