// Rows of tables, whose columns may be of different types.
#ifndef NEURA_DATA_ROWS_H_
#define NEURA_DATA_ROWS_H_

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "absl/types/span.h"
#include "neura/data/collate.h"
#include "neura/tensor/core/tensor.h"

namespace neura::data {

// Nothing, a number, or text or other bytes.
using Cell = std::variant<std::monostate, int64_t, double, std::string>;
using Row = std::vector<Cell>;

// A column of a batch: int64 or float64 [N], or texts.
using Column = std::variant<Tensor, std::vector<std::string>>;

namespace internal {
// Rows become columns. Throws InvalidArgument where a column has both numbers and texts, or where
// something is missing.
template <>
struct Collator<Cell> {
  static Column Join(absl::Span<const Cell> cells);
};
}  // namespace internal

}  // namespace neura::data

#endif  // NEURA_DATA_ROWS_H_
