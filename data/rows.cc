#include "neura/data/rows.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/create.h"

namespace neura::data::internal {

Column Collator<Cell>::Join(absl::Span<const Cell> cells) {
  const auto all = [&](auto is) { return std::all_of(cells.begin(), cells.end(), is); };
  const auto count = static_cast<int64_t>(cells.size());
  const auto is_integer = [](const Cell& cell) { return std::holds_alternative<int64_t>(cell); };
  if (all(is_integer)) {
    std::vector<int64_t> values;
    for (const Cell& cell : cells) values.push_back(std::get<int64_t>(cell));
    return FromVector(values, {count});
  }
  if (all([&](const Cell& cell) {
        return is_integer(cell) || std::holds_alternative<double>(cell);
      })) {
    std::vector<double> values;
    for (const Cell& cell : cells) {
      values.push_back(is_integer(cell) ? static_cast<double>(std::get<int64_t>(cell))
                                        : std::get<double>(cell));
    }
    return FromVector(values, {count});
  }
  std::vector<std::string> texts;
  for (const Cell& cell : cells) {
    if (const auto* text = std::get_if<std::string>(&cell)) {
      texts.push_back(*text);
      continue;
    }
    ThrowInvalidArgument(absl::StrCat("DefaultCollate: a column has ",
                                      cell.index() == 0 ? "a cell without a value" : "a number",
                                      " beside others that are not: they cannot be joined"));
  }
  return texts;
}

}  // namespace neura::data::internal
