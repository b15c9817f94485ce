// How numbers that a function computed follow from sizes.
#ifndef NEURA_GRAPH_SIZE_FIT_H_
#define NEURA_GRAPH_SIZE_FIT_H_

#include <optional>
#include <vector>

#include "neura/graph/sym_int.h"

namespace neura::graph {

// A size that was seen in each of several runs.
struct SeenSize {
  std::vector<int64_t> values;  // by run
  SymInt size;
};

// What a number is that was seen to be values[i] in the i-th run: a number where it never changed;
// a sum of multiples of the first `num_symbols` of `sizes`; a multiple of one of `sizes` and a
// number; or a multiple of a product of two. Whatever it is holds in all runs, of which more were
// made than there are numbers to find, the last one with all symbols at sizes of their own. Nothing
// otherwise.
std::optional<SymInt> FitSize(absl::Span<const int64_t> values, absl::Span<const SeenSize> sizes,
                              size_t num_symbols);

}  // namespace neura::graph

#endif  // NEURA_GRAPH_SIZE_FIT_H_
