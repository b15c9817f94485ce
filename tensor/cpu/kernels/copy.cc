// Copies, conversions, and whatever only moves elements.
#include <algorithm>
#include <complex>
#include <cstring>

#include "neura/tensor/core/convert.h"
#include "neura/tensor/cpu/kernels/kernels.h"
#include "neura/tensor/cpu/kernels/move.h"
#include "neura/tensor/iteration/loop_dims.h"
#include "neura/tensor/iteration/strided_loop.h"
#include "neura/tensor/ops/op_list/create.h"
#include "neura/tensor/ops/op_list/shape.h"
#include "neura/tensor/ops/op_list/view.h"
#include "neura/tensor/ops/options/dims.h"
#include "neura/tensor/parallel/thread_pool.h"

namespace neura::cpu {
namespace {

// n elements of one row, `stride` bytes apart on either side.
void CopyRow(int64_t n, size_t item_size, const char* from, int64_t from_stride, char* to,
             int64_t to_stride) {
  const auto item = static_cast<int64_t>(item_size);
  if (to_stride == item && from_stride == item) {
    std::memmove(to, from, static_cast<size_t>(n) * item_size);
  } else if (to_stride == item && from_stride == 0) {
    std::memcpy(to, from, item_size);
    for (int64_t done = 1; done < n; done *= 2) {
      std::memcpy(to + done * item, to, static_cast<size_t>(std::min(done, n - done)) * item_size);
    }
  } else {
    CopyStrided(n, item_size, from, from_stride, to, to_stride);
  }
}

// A copy whose two sides have their neighbours in different dimensions: blocks are transposed.
// False where it is none.
bool CopyTransposed(const Tensor& source, const Tensor& target) {
  constexpr size_t kTo = 0, kFrom = 1;
  const Dims from_strides = BroadcastStrides(source.shape(), source.strides(), target.shape());
  LoopDims<2> dims;
  for (size_t d = 0; d < target.shape().size(); ++d) {
    dims.Push(target.shape()[d], {target.strides()[d], from_strides[d]});
  }
  const auto neighbours = [&](size_t side) {
    const Dims& strides = dims.strides[side];
    return static_cast<size_t>(std::find(strides.begin(), strides.end(), 1) - strides.begin());
  };
  const size_t row = neighbours(kFrom), column = neighbours(kTo), rank = dims.extents.size();
  if (row == rank || column == rank || row == column) return false;
  LoopDims<2> outer;
  for (size_t d = 0; d < rank; ++d) {
    if (d == row || d == column) continue;
    outer.Push(dims.extents[d], {dims.strides[kTo][d], dims.strides[kFrom][d]});
  }
  constexpr int64_t kRows = 32, kColumns = 256;
  const int64_t rows = dims.extents[row], columns = dims.extents[column];
  const int64_t row_blocks = (rows + kRows - 1) / kRows;
  const int64_t column_blocks = (columns + kColumns - 1) / kColumns;
  const int64_t to_stride = dims.strides[kTo][row], from_stride = dims.strides[kFrom][column];
  const auto item = static_cast<int64_t>(ItemSize(target.dtype()));
  const TransposeLoop transpose = TransposeLoopOf(ItemSize(target.dtype()));
  ParallelFor(outer.Count() * row_blocks * column_blocks, [&](int64_t task) {
    const int64_t index = task / (row_blocks * column_blocks);
    const int64_t i = task / column_blocks % row_blocks * kRows;
    const int64_t j = task % column_blocks * kColumns;
    transpose(std::min(kRows, rows - i), std::min(kColumns, columns - j),
              static_cast<const char*>(source.raw_data()) +
                  (outer.OffsetOf(index, kFrom) + i + j * from_stride) * item,
              from_stride,
              static_cast<char*>(target.raw_data()) +
                  (outer.OffsetOf(index, kTo) + i * to_stride + j) * item,
              to_stride);
  });
  return true;
}

// A view of contiguous memory.
Tensor ViewOf(const Tensor& tensor, DimsView shape, DimsView strides, int64_t offset) {
  return Tensor::View(tensor.storage(), tensor.storage_offset() + offset, shape, strides,
                      tensor.dtype());
}

// Of contiguous memory.
void FillElements(const Tensor& target, const Scalar& value) {
  constexpr int64_t kTaskElements = 1 << 16;
  const int64_t count = target.numel();
  SwitchDType(target.dtype(), [&]<typename T>(T) {
    T* const data = Out<T>(target);
    const T element = value.To<T>();
    ParallelFor((count + kTaskElements - 1) / kTaskElements, [&](int64_t task) {
      const int64_t begin = task * kTaskElements;
      std::fill_n(data + begin, std::min(kTaskElements, count - begin), element);
    });
  });
}

}  // namespace

// What is not contiguous goes through buffers that stay in L1.
void ConvertRow(ConvertLoop convert, int64_t n, size_t from_size, const char* from,
                int64_t from_stride, size_t to_size, char* to, int64_t to_stride) {
  constexpr int64_t kChunk = 512;
  constexpr size_t kMaxItemSize = sizeof(std::complex<double>);
  alignas(64) char gathered[kChunk * kMaxItemSize], converted[kChunk * kMaxItemSize];
  const auto from_item = static_cast<int64_t>(from_size), to_item = static_cast<int64_t>(to_size);
  if (from_stride == from_item && to_stride == to_item) return convert(n, from, to);
  for (int64_t begin = 0; begin < n; begin += kChunk) {
    const int64_t count = std::min(kChunk, n - begin);
    const char* source = from + begin * from_stride;
    char* target = to + begin * to_stride;
    if (from_stride != from_item) {
      CopyStrided(count, from_size, source, from_stride, gathered, from_item);
      source = gathered;
    }
    if (to_stride == to_item) {
      convert(count, source, target);
    } else {
      convert(count, source, converted);
      CopyStrided(count, to_size, converted, to_item, target, to_stride);
    }
  }
}

void CopyElements(const Tensor& source, const Tensor& target) {
  const bool converts = source.dtype() != target.dtype();
  if (!converts && CopyTransposed(source, target)) return;
  StridedLoop rows(target.shape());
  rows.Add(target);
  rows.Add(source);
  rows.Prepare();
  const size_t from_size = ItemSize(source.dtype()), to_size = ItemSize(target.dtype());
  const ConvertLoop convert = converts ? ConvertLoopOf(source.dtype(), target.dtype()) : nullptr;
  rows.Run([&](int64_t n, const StridedLoop::Pointers& data) {
    if (converts) {
      ConvertRow(convert, n, from_size, data[1], rows.row_stride(1), to_size, data[0],
                 rows.row_stride(0));
    } else {
      CopyRow(n, to_size, data[1], rows.row_stride(1), data[0], rows.row_stride(0));
    }
  });
}

Tensor ContiguousInput(const Tensor& tensor) {
  if (!tensor.defined() || tensor.is_contiguous()) return tensor;
  Tensor copy = Tensor::Empty(tensor.shape(), tensor.dtype(), kCpu);
  CopyElements(tensor, copy);
  return copy;
}

Tensor Converted(const Tensor& tensor, DType dtype) {
  if (tensor.dtype() == dtype) return tensor;
  Tensor converted = Tensor::Empty(tensor.shape(), dtype, kCpu);
  CopyElements(tensor, converted);
  return converted;
}

Tensor RealView(const Tensor& tensor) {
  if (!IsComplex(tensor.dtype())) return tensor;
  Dims shape(tensor.shape().begin(), tensor.shape().end()), strides;
  for (int64_t stride : tensor.strides()) strides.push_back(2 * stride);
  shape.push_back(2);
  strides.push_back(1);
  return Tensor::View(tensor.storage(), 2 * tensor.storage_offset(), shape, strides,
                      RealDType(tensor.dtype()));
}

Tensor OptionalInput(const KernelCall& call, size_t i) {
  return call.has_input(i) ? ContiguousInput(call.input(i)) : Tensor();
}

void CloneKernel(KernelCall& call) { CopyElements(call.input(0), call.output()); }
void CastKernel(KernelCall& call) { CopyElements(call.input(0), call.output()); }
void AssignKernel(KernelCall& call) { CopyElements(call.input(1), call.output()); }

void CatKernel(KernelCall& call) {
  const Tensor& output = call.output();
  const auto dim =
      static_cast<size_t>(NormalizeDim("cat", call.Get<DimOptions>().dim, output.dim()));
  int64_t offset = 0;
  for (const Tensor* input : call.call.inputs) {
    CopyElements(*input,
                 ViewOf(output, input->shape(), output.strides(), offset * output.strides()[dim]));
    offset += input->shape()[dim];
  }
}

void PadKernel(KernelCall& call) {
  const auto& options = call.Get<PadOptions>();
  const Tensor& output = call.output();
  FillElements(output, options.value);
  int64_t offset = 0;
  for (size_t i = 0; i < options.before.size(); ++i)
    offset += options.before[i] * output.strides()[i];
  CopyElements(call.input(0), ViewOf(output, call.input(0).shape(), output.strides(), offset));
}

void AsStridedScatterKernel(KernelCall& call) {
  const auto& options = call.Get<AsStridedOptions>();
  const Tensor& output = call.output();
  CopyElements(call.input(0), output);
  CopyElements(call.input(1), ViewOf(output, options.shape, options.strides, options.offset));
}

void FlipKernel(KernelCall& call) {
  const Tensor& input = call.input(0);
  Dims strides(input.strides().begin(), input.strides().end());
  int64_t offset = 0;
  absl::InlinedVector<bool, 6> flipped(strides.size() + 1, false);
  for (int64_t dim : call.Get<DimsOptions>().dims) {
    const auto d = static_cast<size_t>(NormalizeDim("flip", dim, input.dim()));
    if (input.dim() == 0 || flipped[d]) continue;
    flipped[d] = true;
    offset += (input.shape()[d] - 1) * strides[d];
    strides[d] = -strides[d];
  }
  if (input.numel() > 0) CopyElements(ViewOf(input, input.shape(), strides, offset), call.output());
}

namespace {

// Copies the matrices of input, with zeros before column first(row) and from column last(row) on.
template <typename First, typename Last>
void Triangle(KernelCall& call, const First& first, const Last& last) {
  const Tensor& output = call.output();
  if (output.numel() == 0) return;
  const bool packed = call.input(0).is_contiguous();
  if (!packed) CopyElements(call.input(0), output);
  const int64_t rows = output.size(-2), cols = output.size(-1), count = output.numel() / cols;
  const auto item = static_cast<int64_t>(ItemSize(output.dtype()));
  const char* const from = packed ? In<char>(call.input(0)) : nullptr;
  char* const to = Out<char>(output);
  constexpr int64_t kTaskBytes = 1 << 16;
  const int64_t per_task = std::max<int64_t>(kTaskBytes / (cols * item), 1);
  ParallelFor((count + per_task - 1) / per_task, [&](int64_t task) {
    for (int64_t i = task * per_task; i < std::min((task + 1) * per_task, count); ++i) {
      const int64_t begin = std::clamp<int64_t>(first(i % rows), 0, cols),
                    end = std::clamp<int64_t>(last(i % rows), begin, cols), row = i * cols;
      const auto bytes = [item](int64_t n) { return static_cast<size_t>(n * item); };
      std::memset(to + row * item, 0, bytes(begin));
      if (packed)
        std::memcpy(to + (row + begin) * item, from + (row + begin) * item, bytes(end - begin));
      std::memset(to + (row + end) * item, 0, bytes(cols - end));
    }
  });
}

// row + diagonal, from which on any of so many columns is one more.
int64_t OnDiagonal(int64_t row, int64_t diagonal, int64_t cols) {
  return row + std::clamp(diagonal, -row - 1, cols);
}

}  // namespace

void TrilKernel(KernelCall& call) {
  const int64_t diagonal = call.Get<TriangleOptions>().diagonal, cols = call.output().size(-1);
  Triangle(
      call, [](int64_t) { return int64_t{0}; },
      [=](int64_t row) { return OnDiagonal(row, diagonal, cols) + 1; });
}
void TriuKernel(KernelCall& call) {
  const int64_t diagonal = call.Get<TriangleOptions>().diagonal, cols = call.output().size(-1);
  Triangle(
      call, [=](int64_t row) { return OnDiagonal(row, diagonal, cols); },
      [=](int64_t) { return cols; });
}

void FullKernel(KernelCall& call) { FillElements(call.output(), call.Get<FullOptions>().value); }

void RangeKernel(KernelCall& call) {
  const auto& options = call.Get<RangeOptions>();
  const Tensor& output = call.output();
  const auto fill = [&]<typename T>(T) {
    if constexpr (std::is_integral_v<T>) {
      const auto start = options.start.To<int64_t>(), step = options.step.To<int64_t>();
      for (int64_t i = 0; i < options.length; ++i) {
        // In unsigned arithmetic, which wraps where the dtype is too narrow.
        Out<T>(output)[i] = static_cast<T>(static_cast<uint64_t>(start) +
                                           static_cast<uint64_t>(i) * static_cast<uint64_t>(step));
      }
    } else {
      const auto start = options.start.To<double>(), step = options.step.To<double>();
      for (int64_t i = 0; i < options.length; ++i) {
        Out<T>(output)[i] = Convert<T>(start + static_cast<double>(i) * step);
      }
    }
  };
  SwitchDType(output.dtype(), fill);
}

}  // namespace neura::cpu
