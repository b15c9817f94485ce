// Shapes, strides and broadcasting. A dimension argument named `dim` may be negative everywhere: it
// then counts from the end.
#ifndef NEURA_TENSOR_CORE_SHAPE_H_
#define NEURA_TENSOR_CORE_SHAPE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/container/inlined_vector.h"
#include "absl/types/span.h"

namespace neura {

// Owned extents or strides (in elements); up to six stay inline.
using Dims = absl::InlinedVector<int64_t, 6>;
using DimsView = absl::Span<const int64_t>;

// Of shapes, which are short, both faster than what containers do with any number of elements.
inline bool SameDims(DimsView a, DimsView b) {
  bool same = a.size() == b.size();
  for (size_t i = 0; same && i < a.size(); ++i) same = a[i] == b[i];
  return same;
}
inline void SetDims(Dims& to, DimsView dims) {
  to.clear();
  for (int64_t dim : dims) to.push_back(dim);
}

// The most dimensions that a tensor may have.
inline constexpr size_t kMaxDims = 64;

[[noreturn]] void ThrowTooManyDims(std::string_view op, size_t count);
// Throws InvalidArgument naming `op` when a shape of so many dimensions is above kMaxDims.
inline void CheckNumDims(std::string_view op, size_t count) {
  if (count > kMaxDims) ThrowTooManyDims(op, count);
}

// "[2, 3]"
std::string ToString(DimsView dims);

// Product of the extents. Throws ResourceExhausted when it overflows int64, InvalidArgument when an
// extent is negative.
int64_t NumElements(DimsView shape);

// Row-major strides; all 1 where there is no element. Throws as NumElements().
Dims ContiguousStrides(DimsView shape);
// The same in the place of `strides`. Returns the number of elements.
int64_t SetContiguousStrides(Dims& strides, DimsView shape);

// Row-major order without gaps; extents of 1 may have any stride, empty tensors are contiguous.
bool IsContiguous(DimsView shape, DimsView strides);

// Whether two elements of such a view have one place in memory.
bool Overlaps(DimsView shape, DimsView strides);

// The shape to which both broadcast, by NumPy's rule. Throws InvalidArgument naming `op`.
Dims BroadcastShapes(std::string_view op, DimsView a, DimsView b);

// Strides with which a tensor reads as `target`: 0 where it is broadcast. `shape` must broadcast to
// `target`.
Dims BroadcastStrides(DimsView shape, DimsView strides, DimsView target);

// `dim` in [0, rank). A rank of 0 is taken as 1, as in PyTorch. Throws OutOfRange naming `op`.
int64_t NormalizeDim(std::string_view op, int64_t dim, int64_t rank);

}  // namespace neura

#endif  // NEURA_TENSOR_CORE_SHAPE_H_
