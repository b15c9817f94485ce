// Copies, conversions, and whatever only moves elements.
#include <algorithm>
#include <cstring>

#include "neura/tensor/core/convert.h"
#include "neura/tensor/cpu/kernels/kernels.h"
#include "neura/tensor/iteration/strided_loop.h"
#include "neura/tensor/ops/op_list/create.h"
#include "neura/tensor/ops/op_list/dims.h"
#include "neura/tensor/ops/op_list/shape.h"
#include "neura/tensor/ops/op_list/view.h"
#include "neura/tensor/parallel/thread_pool.h"

namespace neura::cpu {
namespace {

template <typename From, typename To>
void ConvertElements(int64_t n, const char* from, int64_t from_stride, char* to,
                     int64_t to_stride) {
  if (from_stride == sizeof(From) && to_stride == sizeof(To)) {
    const From* source = reinterpret_cast<const From*>(from);
    To* target = reinterpret_cast<To*>(to);
    if constexpr (std::is_same_v<From, To>) {
      std::memmove(target, source, static_cast<size_t>(n) * sizeof(To));
    } else {
      for (int64_t i = 0; i < n; ++i) target[i] = Convert<To>(source[i]);
    }
    return;
  }
  for (int64_t i = 0; i < n; ++i) {
    *reinterpret_cast<To*>(to + i * to_stride) =
        Convert<To>(*reinterpret_cast<const From*>(from + i * from_stride));
  }
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

ConvertRow Converter(DType from, DType to) {
  return SwitchDType(from, [to]<typename From>(From) {
    return SwitchDType(to,
                       []<typename To>(To) -> ConvertRow { return &ConvertElements<From, To>; });
  });
}

void CopyElements(const Tensor& source, const Tensor& target) {
  StridedLoop rows(target.shape());
  rows.Add(target);
  rows.Add(source);
  rows.Prepare();
  const ConvertRow convert = Converter(source.dtype(), target.dtype());
  rows.Run([&](int64_t n, const StridedLoop::Pointers& data) {
    convert(n, data[1], rows.row_stride(1), data[0], rows.row_stride(0));
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

// Copies the matrices of input, with zeros where keep(row, col) fails.
template <typename Keep>
void Triangle(KernelCall& call, Keep keep) {
  const Tensor& output = call.output();
  CopyElements(call.input(0), output);
  if (output.numel() == 0) return;
  const int64_t rows = output.size(-2), cols = output.size(-1);
  const size_t item = ItemSize(output.dtype());
  char* data = static_cast<char*>(output.raw_data());
  ParallelFor(output.numel() / cols, [&](int64_t i) {
    for (int64_t col = 0; col < cols; ++col) {
      if (!keep(i % rows, col)) {
        std::memset(data + static_cast<size_t>(i * cols + col) * item, 0, item);
      }
    }
  });
}

}  // namespace

void TrilKernel(KernelCall& call) {
  const int64_t diagonal = call.Get<TriangleOptions>().diagonal;
  Triangle(call, [=](int64_t row, int64_t col) { return col - row <= diagonal; });
}
void TriuKernel(KernelCall& call) {
  const int64_t diagonal = call.Get<TriangleOptions>().diagonal;
  Triangle(call, [=](int64_t row, int64_t col) { return col - row >= diagonal; });
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
