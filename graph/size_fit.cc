#include "neura/graph/size_fit.h"

#include <algorithm>

namespace neura::graph {
namespace {

// The numbers are small: extents of tensors that were in memory, or what Wide is enough for.
__extension__ using Wide = __int128;

bool Fits(int64_t number) { return number > -(int64_t{1} << 40) && number < int64_t{1} << 40; }

// The factor by which `values` change with `size`, from the first run where it does.
std::optional<int64_t> Slope(absl::Span<const int64_t> values, const SeenSize& size) {
  for (size_t run = 1; run < values.size(); ++run) {
    const int64_t step = size.values[run] - size.values[0];
    if (step == 0) continue;
    const int64_t change = values[run] - values[0];
    if (change % step != 0) return std::nullopt;
    return change / step;
  }
  return std::nullopt;
}

std::optional<SymInt> SumOfSymbols(absl::Span<const int64_t> values,
                                   absl::Span<const SeenSize> symbols) {
  std::vector<int64_t> left(values.begin(), values.end());
  SymInt sum = 0;
  for (const SeenSize& symbol : symbols) {
    // Where this symbol alone has another size than in the first run.
    const std::optional<int64_t> slope = Slope(values, symbol);
    if (!slope) return std::nullopt;
    for (size_t run = 0; run < left.size(); ++run) left[run] -= *slope * symbol.values[run];
    sum = sum + symbol.size * SymInt(*slope);
  }
  if (!std::all_of(left.begin(), left.end(), [&](int64_t rest) { return rest == left[0]; })) {
    return std::nullopt;
  }
  return sum + SymInt(left[0]);
}

std::optional<SymInt> MultipleOf(absl::Span<const int64_t> values, const SeenSize& size) {
  const std::optional<int64_t> slope = Slope(values, size);
  if (!slope) return std::nullopt;
  const int64_t rest = values[0] - *slope * size.values[0];
  for (size_t run = 0; run < values.size(); ++run) {
    if (*slope * size.values[run] + rest != values[run]) return std::nullopt;
  }
  return size.size * SymInt(*slope) + SymInt(rest);
}

std::optional<SymInt> MultipleOfProduct(absl::Span<const int64_t> values, const SeenSize& a,
                                        const SeenSize& b) {
  const Wide first = Wide{a.values[0]} * b.values[0];
  if (first == 0 || values[0] % first != 0) return std::nullopt;
  const auto factor = static_cast<int64_t>(values[0] / first);
  for (size_t run = 0; run < values.size(); ++run) {
    if (Wide{factor} * a.values[run] * b.values[run] != values[run]) return std::nullopt;
  }
  return a.size * b.size * SymInt(factor);
}

}  // namespace

std::optional<SymInt> FitSize(absl::Span<const int64_t> values, absl::Span<const SeenSize> sizes,
                              size_t num_symbols) {
  if (std::all_of(values.begin(), values.end(), [&](int64_t v) { return v == values[0]; })) {
    return SymInt(values[0]);
  }
  if (!std::all_of(values.begin(), values.end(), Fits)) return std::nullopt;
  if (auto sum = SumOfSymbols(values, sizes.subspan(0, num_symbols))) return sum;
  for (const SeenSize& size : sizes) {
    if (auto multiple = MultipleOf(values, size)) return multiple;
  }
  for (size_t i = 0; i < sizes.size(); ++i) {
    for (size_t k = i; k < sizes.size(); ++k) {
      if (auto product = MultipleOfProduct(values, sizes[i], sizes[k])) return product;
    }
  }
  return std::nullopt;
}

}  // namespace neura::graph
