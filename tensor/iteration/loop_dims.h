// Several tensors of one shape walked together: the dimensions that all of them pass without a jump
// count as one.
#ifndef NEURA_TENSOR_ITERATION_LOOP_DIMS_H_
#define NEURA_TENSOR_ITERATION_LOOP_DIMS_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "neura/tensor/core/shape.h"

namespace neura {

// Row-major extents and, for each of N operands, strides in a unit of the caller's choice. Extents
// of 1 are left out.
template <size_t N>
struct LoopDims {
  Dims extents;
  std::array<Dims, N> strides;

  // Adds a dimension inside those that are there.
  void Push(int64_t extent, const std::array<int64_t, N>& stride) {
    if (extent == 1) return;
    bool joins = !extents.empty();
    for (size_t k = 0; joins && k < N; ++k) joins = strides[k].back() == Product(stride[k], extent);
    if (joins) {
      extents.back() = Product(extents.back(), extent);
      for (size_t k = 0; k < N; ++k) strides[k].back() = stride[k];
    } else {
      extents.push_back(extent);
      for (size_t k = 0; k < N; ++k) strides[k].push_back(stride[k]);
    }
  }

  int64_t Count() const {
    int64_t count = 1;
    for (int64_t extent : extents) count = Product(count, extent);
    return count;
  }

  // Beside an extent of 0 the others may have any product, which nobody uses.
  static int64_t Product(int64_t a, int64_t b) {
    return static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
  }

  // The innermost dimension; one element where there is none.
  int64_t LastExtent() const { return extents.empty() ? 1 : extents.back(); }
  int64_t LastStride(size_t operand = 0) const {
    return extents.empty() ? 0 : strides[operand].back();
  }

  // Where an operand's element with this row-major index lies.
  int64_t OffsetOf(int64_t index, size_t operand = 0) const {
    int64_t offset = 0;
    for (size_t i = extents.size(); i-- > 0;) {
      offset += index % extents[i] * strides[operand][i];
      index /= extents[i];
    }
    return offset;
  }
};

}  // namespace neura

#endif  // NEURA_TENSOR_ITERATION_LOOP_DIMS_H_
