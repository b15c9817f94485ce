#include "neura/graph/extent.h"

#include "absl/strings/str_cat.h"

namespace neura::graph {

std::vector<std::vector<int64_t>> ProbeSizes(absl::Span<const Symbol> symbols) {
  std::vector<int64_t> base;
  for (const Symbol& symbol : symbols) base.push_back(symbol.probe);
  std::vector<std::vector<int64_t>> probes(symbols.size() + 1, base);
  for (size_t i = 0; i < symbols.size(); ++i) probes[i + 1][i] = symbols[i].other_probe;
  return probes;
}

Extent Generalize(absl::Span<const Symbol> symbols, absl::Span<const int64_t> values) {
  Extent result = values[0];
  for (size_t i = 0; i < symbols.size(); ++i) {
    const int64_t at_probe = values[0], at_other = values[i + 1];
    if (at_probe == at_other) continue;
    const int64_t factor = at_probe / symbols[i].probe;
    const bool multiple =
        factor * symbols[i].probe == at_probe && factor * symbols[i].other_probe == at_other;
    if (!multiple || !result.is_number()) return Extent::Unknown();
    result = Extent(factor, static_cast<int>(i));
  }
  return result;
}

std::string ToString(const Extent& extent, absl::Span<const Symbol> symbols) {
  if (extent.is_number()) return absl::StrCat(extent.factor);
  if (!extent.is_known()) return "?";
  const std::string& name = symbols[static_cast<size_t>(extent.symbol)].name;
  return extent.factor == 1 ? name : absl::StrCat(extent.factor, "*", name);
}

}  // namespace neura::graph
