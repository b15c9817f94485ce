// Extents that may depend on the sizes of the inputs.
#ifndef NEURA_GRAPH_EXTENT_H_
#define NEURA_GRAPH_EXTENT_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"

namespace neura::graph {

// A size that a graph leaves open, such as the batch size. What depends on it is found by inferring
// shapes at three of its values and comparing. Two would not do: between 2 and 3, size / 2 looks
// like a constant, and between even sizes size / 2 * 2 looks like the size itself.
struct Symbol {
  std::string name;
  std::array<int64_t, 3> probes = {2, 3, 7};
};

// A number, a multiple of a symbol, or something that only a run can tell.
struct Extent {
  static constexpr int kNumber = -1;
  static constexpr int kUnknown = -2;

  int64_t factor = 0;    // the number itself when there is no symbol
  int symbol = kNumber;  // its place in the graph's symbols, kNumber or kUnknown

  Extent() = default;
  Extent(int64_t number) : factor(number) {}
  Extent(int64_t factor, int symbol) : factor(factor), symbol(symbol) {}
  static Extent Unknown() { return {0, kUnknown}; }

  bool is_number() const { return symbol == kNumber; }
  bool is_known() const { return symbol != kUnknown; }
  // `sizes` are those of the symbols; the extent is known.
  int64_t At(absl::Span<const int64_t> sizes) const {
    return is_number() ? factor : factor * sizes[static_cast<size_t>(symbol)];
  }
  friend bool operator==(const Extent&, const Extent&) = default;
};

// The sizes at which a graph's shapes are inferred: all symbols at their first probe, then each in
// turn at its others with the rest at their first.
std::vector<std::vector<int64_t>> ProbeSizes(absl::Span<const Symbol> symbols);

// What a number is that was seen to be values[i] at the i-th of ProbeSizes(symbols): a number or a
// multiple of a symbol only where that holds at all of them.
Extent Generalize(absl::Span<const Symbol> symbols, absl::Span<const int64_t> values);

// "3", "batch", "4*batch" or "?".
std::string ToString(const Extent& extent, absl::Span<const Symbol> symbols);

}  // namespace neura::graph

#endif  // NEURA_GRAPH_EXTENT_H_
