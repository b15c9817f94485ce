// The prepared iterator: several tensors of one shape walked together, whatever their strides.
//
// Broadcasting, coalescing of dimensions and the cut into blocks are resolved once; a kernel sees
// rows: n elements per operand at a fixed byte distance from each other.
#ifndef NEURA_TENSOR_ITERATION_STRIDED_LOOP_H_
#define NEURA_TENSOR_ITERATION_STRIDED_LOOP_H_

#include <array>
#include <cstdint>

#include "absl/functional/function_ref.h"
#include "neura/tensor/core/tensor.h"

namespace neura {

class StridedLoop {
 public:
  static constexpr int kMaxOperands = 4;
  using Pointers = std::array<char*, kMaxOperands>;
  using Row = absl::FunctionRef<void(int64_t n, const Pointers& data)>;

  // An operand that reads as `shape`: broadcast where its own extents are 1 or missing.
  explicit StridedLoop(DimsView shape) : shape_(shape.begin(), shape.end()) {
    for (Dims& strides : strides_) strides.assign(shape.size(), 0);
  }
  void Add(const Tensor& tensor);
  // With strides of its own, in elements, one for each dimension of the loop.
  void Add(void* data, DimsView strides, size_t item_size);

  // Joins dimensions that all operands walk without a jump; call it after the last Add.
  void Prepare();

  // Bytes from one element of a row to the next.
  int64_t row_stride(int operand) const { return row_strides_[static_cast<size_t>(operand)]; }

  // Calls `row` for every row, or piece of a long one, in parallel. Pieces do not depend on the
  // number of threads.
  void Run(Row row) const;

 private:
  void RunRows(int64_t first, int64_t count, int64_t begin, int64_t n, Row row) const;

  Dims shape_;
  int num_operands_ = 0;
  Pointers data_ = {};
  std::array<Dims, kMaxOperands> strides_;  // in bytes
  // After Prepare(): shape_ and strides_ are those of the rows, the last dimension is one row.
  int64_t row_length_ = 0;
  int64_t num_rows_ = 0;
  std::array<int64_t, kMaxOperands> row_strides_ = {};
};

}  // namespace neura

#endif  // NEURA_TENSOR_ITERATION_STRIDED_LOOP_H_
