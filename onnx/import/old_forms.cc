// What early operator sets say otherwise.
#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "neura/onnx/import/ops.h"
#include "neura/tensor/core/error.h"

namespace neura::onnx {

using graph::SymInt;
using graph::ValueId;

ValueId SecondOperand(NodeReader& node) {
  const ValueId b = node.in(1);
  if (node.opset() >= 7) return b;
  const bool broadcasts = node.Int("broadcast", 0) != 0;
  const int64_t rank = node.rank(node.in(0)), own = node.rank(b);
  const int64_t given = node.Int("axis", rank - own);
  if (!broadcasts || own == 0) return b;
  const int64_t axis = given < 0 ? given + rank : given;
  const int64_t after = axis < 0 || axis > rank ? -1 : rank - axis - own;
  if (after < 0) {
    ThrowInvalidArgument(absl::StrCat("axis ", given, " leaves no room for B of rank ", own,
                                      " in A of rank ", rank));
  }
  if (after == 0) return b;
  std::vector<SymInt> shape = node.shape(b);
  shape.resize(shape.size() + static_cast<size_t>(after), 1);
  return node.Reshape(b, shape);
}

std::vector<SymInt> OldRepeats(NodeReader& node) {
  const std::optional<SymInt> times = node.KnownInteger(1), given = node.KnownInteger(2);
  if (!times || !given || !given->is_number()) node.Unsupported("tiles and axis must be constants");
  const int64_t rank = node.rank(node.in(0)), axis = node.AxisOrZero(given->number(), rank);
  std::vector<SymInt> repeats(static_cast<size_t>(rank), 1);
  if (axis < rank) repeats[static_cast<size_t>(axis)] = *times;
  return repeats;
}

int NamedElementType(std::string_view name) {
  static constexpr std::string_view kNames[] = {"UNDEFINED", "FLOAT",  "UINT8",  "INT8",   "UINT16",
                                                "INT16",     "INT32",  "INT64",  "STRING", "BOOL",
                                                "FLOAT16",   "DOUBLE", "UINT32", "UINT64"};
  const auto* found = std::find(std::begin(kNames), std::end(kNames), name);
  return found == std::end(kNames) ? 0 : static_cast<int>(found - std::begin(kNames));
}

}  // namespace neura::onnx
