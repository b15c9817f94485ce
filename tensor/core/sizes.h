#ifndef NEURA_TENSOR_CORE_SIZES_H_
#define NEURA_TENSOR_CORE_SIZES_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>

#include "neura/tensor/core/shape.h"

namespace neura {

// What a convolution or a pool has in each spatial dimension, one to three of them, such as its
// strides: a number for each, or a single one that stands for all.
//
//   {.kernel_size = 3, .stride = {2, 1}}
class Sizes {
 public:
  static constexpr size_t kMostDims = 3;
  // What the input has there, where an operation says so; None in Python.
  static constexpr int64_t kSame = -1;

  constexpr Sizes() = default;
  constexpr Sizes(int64_t all) : numbers_{all} {}
  Sizes(std::initializer_list<int64_t> each) : Sizes(DimsView(each.begin(), each.size())) {}
  // Throws InvalidArgument unless there are one to kMostDims.
  explicit Sizes(DimsView each) : count_(CheckedCount(each)) {
    std::copy(each.begin(), each.end(), numbers_.begin());
  }

  // In spatial dimension `dim`.
  constexpr int64_t operator[](size_t dim) const { return numbers_[count_ == 1 ? 0 : dim]; }
  // Whether they can be those of so many dimensions.
  constexpr bool AreOf(size_t dims) const { return count_ == 1 || count_ == dims; }
  // A number for each of so many dimensions, which they must be of.
  Sizes Each(size_t dims) const {
    Sizes each = *this;
    each.count_ = dims;
    for (size_t d = 0; d < dims; ++d) each.numbers_[d] = (*this)[d];
    return each;
  }

  // The numbers as they were given.
  DimsView given() const { return {numbers_.data(), count_}; }
  absl::Span<int64_t> given() { return {numbers_.data(), count_}; }

  friend bool operator==(const Sizes& a, const Sizes& b) { return a.given() == b.given(); }

 private:
  static size_t CheckedCount(DimsView each);

  std::array<int64_t, kMostDims> numbers_ = {};
  size_t count_ = 1;
};

// "2", "[2, 1]"
std::string ToString(const Sizes& sizes);

}  // namespace neura

#endif  // NEURA_TENSOR_CORE_SIZES_H_
