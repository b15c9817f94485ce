// Axes that only a run can tell.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "neura/graph/host_functions.h"
#include "neura/onnx/import/ops.h"
#include "neura/tensor/core/error.h"

namespace neura::onnx {

using graph::SymInt;
using graph::ValueId;

namespace {

// integers[0] is a rank, the others axes; the same from 0 on. None may be named twice.
std::vector<graph::Datum> CheckedAxes(const graph::HostContext& context) {
  const int64_t rank = context.integers[0];
  std::vector<int64_t> axes;
  for (const int64_t given : context.integers.subspan(1)) {
    const int64_t axis = given < 0 ? given + rank : given;
    if (axis < 0 || axis >= rank) {
      ThrowInvalidArgument(absl::StrCat("there is no axis ", given, " of ", rank));
    }
    if (std::count(axes.begin(), axes.end(), axis) > 0) {
      ThrowInvalidArgument(absl::StrCat("axis ", given, " is named twice"));
    }
    axes.push_back(axis);
  }
  const graph::HostContext checked{.inputs = {}, .integers = axes, .device = context.device};
  return graph::kIntegers.run(checked);
}
constinit const graph::HostFunction kCheckedAxes = {"axes", &CheckedAxes};

// integers: a number, and what it may be at most.
std::vector<graph::Datum> CheckedCount(const graph::HostContext& context) {
  const int64_t count = context.integers[0], most = context.integers[1];
  if (count < 0 || count > most) {
    ThrowInvalidArgument(absl::StrCat("there are no ", count, " elements among ", most));
  }
  const graph::HostContext checked{.inputs = {}, .integers = {&count, 1}, .device = context.device};
  return graph::kIntegers.run(checked);
}
constinit const graph::HostFunction kCheckedCount = {"count", &CheckedCount};

}  // namespace

std::optional<std::vector<SymInt>> AxesOfRun(NodeReader& node, size_t input, int64_t rank) {
  if (!node.has(input)) return std::nullopt;
  std::vector<SymInt> integers = node.Extents(input);
  const auto is_open = [](const SymInt& axis) { return !axis.is_number(); };
  if (std::none_of(integers.begin(), integers.end(), is_open)) return std::nullopt;
  const auto count = static_cast<int64_t>(integers.size());
  integers.insert(integers.begin(), rank);
  const graph::ValueType type{.dtype = kInt64, .shape = {count}};
  const ValueId checked =
      node.graph().AddHostCall(kCheckedAxes, {}, std::move(integers), {&type, 1})[0];
  std::vector<SymInt> axes;
  for (int64_t i = 0; i < count; ++i) axes.push_back(SymInt::Element(checked, i));
  return axes;
}

std::optional<std::vector<SymInt>> AxisFlags(NodeReader& node, size_t input, int64_t rank) {
  const std::optional<std::vector<SymInt>> axes = AxesOfRun(node, input, rank);
  if (!axes) return std::nullopt;
  std::vector<SymInt> flags;
  for (int64_t d = 0; d < rank; ++d) {
    SymInt named = 0;
    for (const SymInt& axis : *axes) named = named + SymInt::Equal(axis, d);
    flags.push_back(named);
  }
  return flags;
}

SymInt CountOfRun(NodeReader& node, const SymInt& count, const SymInt& of) {
  const graph::ValueType type{.dtype = kInt64, .shape = {1}};
  return SymInt::Element(node.graph().AddHostCall(kCheckedCount, {}, {count, of}, {&type, 1})[0],
                         0);
}

std::vector<SymInt> WithoutFlagged(const std::vector<SymInt>& extents,
                                   const std::vector<SymInt>& flags, size_t count) {
  if (count > extents.size()) ThrowInvalidArgument("more axes than dimensions");
  std::vector<SymInt> kept(extents.size() - count, 0);
  SymInt place = 0;
  for (size_t d = 0; d < extents.size(); ++d) {
    const SymInt stays = 1 - flags[d];
    for (size_t i = 0; i < kept.size() && i <= d; ++i) {
      kept[i] = kept[i] + extents[d] * stays * SymInt::Equal(place, static_cast<int64_t>(i));
    }
    place = place + stays;
  }
  return kept;
}

ValueId SplitByFlags(NodeReader& node, ValueId x, const std::vector<SymInt>& flags) {
  std::vector<SymInt> split;
  const std::vector<SymInt>& shape = node.shape(x);
  for (size_t d = 0; d < shape.size(); ++d) {
    split.push_back(SymInt::Where(flags[d], 1, shape[d]));
    split.push_back(SymInt::Where(flags[d], shape[d], 1));
  }
  return node.Reshape(x, split);
}

}  // namespace neura::onnx
