// Axes that only a run can tell.
#include "absl/strings/str_cat.h"
#include "neura/onnx/import/ops.h"
#include "neura/tensor/core/error.h"

namespace neura::onnx {

using graph::SymInt;
using graph::ValueId;

std::optional<std::vector<SymInt>> AxisFlags(NodeReader& node, size_t input, int64_t rank) {
  if (!node.has(input)) return std::nullopt;
  const std::vector<SymInt> axes = node.Extents(input);
  bool known = true;
  for (const SymInt& axis : axes) known &= axis.is_number();
  if (known) return std::nullopt;
  std::vector<SymInt> flags;
  for (int64_t d = 0; d < rank; ++d) {
    SymInt named = 0;
    for (const SymInt& axis : axes) {
      named = SymInt::Max(named, SymInt::Equal(SymInt::Mod(axis, rank), d));
    }
    flags.push_back(named);
  }
  return flags;
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
