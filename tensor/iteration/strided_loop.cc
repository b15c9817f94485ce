#include "neura/tensor/iteration/strided_loop.h"

#include <algorithm>
#include <utility>

#include "neura/tensor/iteration/loop_dims.h"
#include "neura/tensor/parallel/thread_pool.h"

namespace neura {
namespace {

// Elements of one parallel item: large enough to hide the cost of handing it out.
constexpr int64_t kItemElements = 1 << 15;

}  // namespace

void StridedLoop::Add(const Tensor& tensor) {
  const Dims strides = BroadcastStrides(tensor.shape(), tensor.strides(), shape_);
  Add(tensor.raw_data(), strides, ItemSize(tensor.dtype()));
}

void StridedLoop::Add(void* data, DimsView strides, size_t item_size) {
  const auto operand = static_cast<size_t>(num_operands_++);
  data_[operand] = static_cast<char*>(data);
  strides_[operand].assign(strides.begin(), strides.end());
  for (int64_t& stride : strides_[operand]) stride *= static_cast<int64_t>(item_size);
}

void StridedLoop::Prepare() {
  LoopDims<kMaxOperands> dims;
  for (size_t dim = 0; dim < shape_.size(); ++dim) {
    std::array<int64_t, kMaxOperands> strides;
    for (size_t k = 0; k < strides.size(); ++k) strides[k] = strides_[k][dim];
    dims.Push(shape_[dim], strides);
  }
  row_length_ = dims.LastExtent();
  for (size_t k = 0; k < row_strides_.size(); ++k) row_strides_[k] = dims.LastStride(k);
  shape_ = std::move(dims.extents);
  strides_ = std::move(dims.strides);
  if (!shape_.empty()) shape_.pop_back();
  num_rows_ = NumElements(shape_);
}

// `n` elements from `begin` on of each of `count` rows.
void StridedLoop::RunRows(int64_t first, int64_t count, int64_t begin, int64_t n, Row row) const {
  Pointers data = data_;
  Dims index(shape_.size());
  int64_t rest = first;
  for (size_t dim = shape_.size(); dim-- > 0;) {
    index[dim] = rest % shape_[dim];
    rest /= shape_[dim];
    for (int k = 0; k < num_operands_; ++k) {
      data[static_cast<size_t>(k)] += index[dim] * strides_[static_cast<size_t>(k)][dim];
    }
  }
  for (int k = 0; k < num_operands_; ++k) {
    data[static_cast<size_t>(k)] += begin * row_strides_[static_cast<size_t>(k)];
  }
  for (int64_t i = 0;;) {
    row(n, data);
    if (++i == count) return;
    for (size_t dim = shape_.size(); dim-- > 0;) {
      const bool carry = ++index[dim] == shape_[dim];
      for (int k = 0; k < num_operands_; ++k) {
        const int64_t stride = strides_[static_cast<size_t>(k)][dim];
        data[static_cast<size_t>(k)] += carry ? -(index[dim] - 1) * stride : stride;
      }
      if (!carry) break;
      index[dim] = 0;
    }
  }
}

void StridedLoop::Run(Row row) const {
  if (num_rows_ == 0 || row_length_ == 0) return;
  const int64_t pieces = (row_length_ + kItemElements - 1) / kItemElements;
  const int64_t rows_per_item = std::max<int64_t>(kItemElements / row_length_, 1);
  const int64_t row_items = (num_rows_ + rows_per_item - 1) / rows_per_item;
  if (pieces * row_items == 1) {
    RunRows(0, num_rows_, 0, row_length_, row);
    return;
  }
  ParallelFor(pieces * row_items, [&](int64_t item) {
    const int64_t first = item / pieces * rows_per_item;
    const int64_t begin = item % pieces * kItemElements;
    RunRows(first, std::min(rows_per_item, num_rows_ - first), begin,
            std::min(kItemElements, row_length_ - begin), row);
  });
}

}  // namespace neura
