#include "neura/graph/extent.h"

#include "absl/strings/str_cat.h"

namespace neura::graph {

std::vector<std::vector<int64_t>> ProbeSizes(absl::Span<const Symbol> symbols) {
  std::vector<int64_t> base;
  for (const Symbol& symbol : symbols) base.push_back(symbol.probes[0]);
  std::vector<std::vector<int64_t>> sizes = {base};
  for (size_t i = 0; i < symbols.size(); ++i) {
    for (size_t k = 1; k < symbols[i].probes.size(); ++k) {
      sizes.push_back(base);
      sizes.back()[i] = symbols[i].probes[k];
    }
  }
  return sizes;
}

Extent Generalize(absl::Span<const Symbol> symbols, absl::Span<const int64_t> values) {
  Extent result = values[0];
  size_t next = 1;
  for (size_t i = 0; i < symbols.size(); ++i) {
    const auto& probes = symbols[i].probes;
    const int64_t factor = values[0] / probes[0];
    bool constant = true, multiple = factor * probes[0] == values[0];
    for (size_t k = 1; k < probes.size(); ++k, ++next) {
      constant &= values[next] == values[0];
      multiple &= values[next] == factor * probes[k];
    }
    if (constant) continue;
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
