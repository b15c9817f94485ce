// Reading and adding at indices.
#include "neura/tensor/ops/options/index.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "absl/strings/str_cat.h"
#include "neura/tensor/cpu/kernels/dtype_switch.h"
#include "neura/tensor/cpu/kernels/kernels.h"
#include "neura/tensor/elements/reducers.h"
#include "neura/tensor/elements/wrapping.h"
#include "neura/tensor/iteration/loop_dims.h"
#include "neura/tensor/iteration/reduce_plan.h"
#include "neura/tensor/ops/op_list/view.h"
#include "neura/tensor/ops/options/dims.h"
#include "neura/tensor/parallel/thread_pool.h"

namespace neura::cpu {
namespace {

// The indices as contiguous int64. Throws OutOfRange unless each is in [0, extent).
Tensor ReadIndices(const KernelCall& call, int64_t extent) {
  const Tensor indices = ContiguousInput(Converted(call.input(1), kInt64));
  const int64_t* data = In<int64_t>(indices);
  for (int64_t i = 0; i < indices.numel(); ++i) {
    if (data[i] < 0 || data[i] >= extent) {
      ThrowOutOfRange(absl::StrCat("index ", data[i], " is outside [0, ", extent, ")"));
    }
  }
  return indices;
}

int64_t DimOf(const KernelCall& call, int64_t dim) {
  return NormalizeDim(call.call.schema().name, dim, call.input(0).dim());
}
int64_t DimOf(const KernelCall& call) { return DimOf(call, call.Get<DimOptions>().dim); }

// Runs f(position of the index, offset in `tensor` without dim) for every element of the index, in
// row-major order.
template <typename F>
void WalkIndex(const Tensor& index, const Tensor& tensor, int64_t dim, F f) {
  const auto rank = static_cast<size_t>(index.dim());
  Dims position(rank, 0);
  int64_t offset = 0;
  for (int64_t i = 0; i < index.numel(); ++i) {
    f(i, offset);
    for (size_t d = rank; d-- > 0;) {
      const int64_t stride = d == static_cast<size_t>(dim) ? 0 : tensor.strides()[d];
      offset += stride;
      if (++position[d] < index.shape()[d]) break;
      offset -= stride * index.shape()[d];
      position[d] = 0;
    }
  }
}

}  // namespace

void IndexSelectKernel(KernelCall& call) {
  const int64_t dim = DimOf(call);
  // Read where it lies: the few rows that are wanted are no reason to copy all.
  const Tensor& input = call.input(0);
  const Tensor index = ReadIndices(call, input.size(dim));
  const int64_t count = index.numel();
  const int64_t* indices = In<int64_t>(index);
  if (call.output().numel() == 0) return;
  LoopDims<1> outer, inner;
  for (int64_t i = 0; i < input.dim(); ++i) {
    const auto d = static_cast<size_t>(i);
    if (i != dim) (i < dim ? outer : inner).Push(input.size(i), {input.strides()[d]});
  }
  const int64_t stride = input.strides()[static_cast<size_t>(dim)];
  const int64_t rows = outer.Count() * count, row = inner.Count(), run = inner.LastExtent();
  const int64_t run_stride = inner.LastStride();
  const auto item = static_cast<int64_t>(ItemSize(input.dtype()));
  const char* from = In<char>(input);
  char* to = Out<char>(call.output());
  constexpr int64_t kTaskBytes = 1 << 16;
  const int64_t per_task = std::max<int64_t>(kTaskBytes / (row * item + 1), 1);
  ParallelFor((rows + per_task - 1) / per_task, [&](int64_t task) {
    for (int64_t r = task * per_task; r < std::min((task + 1) * per_task, rows); ++r) {
      const int64_t source = outer.OffsetOf(r / count) + indices[r % count] * stride;
      for (int64_t begin = 0; begin < row; begin += run) {
        const char* x = from + (source + inner.OffsetOf(begin)) * item;
        char* y = to + (r * row + begin) * item;
        if (run == 1 || run_stride == 1) {
          std::memcpy(y, x, static_cast<size_t>(run * item));
          continue;
        }
        for (int64_t i = 0; i < run; ++i) {
          std::memcpy(y + i * item, x + i * run_stride * item, static_cast<size_t>(item));
        }
      }
    }
  });
}

void IndexAddKernel(KernelCall& call) {
  const int64_t dim = DimOf(call);
  const Tensor& output = call.output();
  const Tensor source = ContiguousInput(call.input(2));
  const Tensor index = ReadIndices(call, output.size(dim));
  CopyElements(call.input(0), output);
  const AroundDim around(output, dim);
  const int64_t count = index.numel();
  const int64_t* indices = In<int64_t>(index);
  SwitchAnyOrComplex(output.dtype(), [&]<typename T>(T) {
    const T* from = In<T>(source);
    T* to = Out<T>(output);
    // Equal indices add in their order: only what cannot collide runs in parallel.
    ParallelFor(around.outer, [&](int64_t outer) {
      for (int64_t i = 0; i < count; ++i) {
        T* target = to + (outer * around.extent + indices[i]) * around.inner;
        const T* row = from + (outer * count + i) * around.inner;
        for (int64_t k = 0; k < around.inner; ++k)
          target[k] = elements::WrappingAdd(target[k], row[k]);
      }
    });
  });
}

void IndexAssignKernel(KernelCall& call) {
  const int64_t dim = DimOf(call);
  const Tensor& output = call.output();
  const Tensor index = ReadIndices(call, output.size(dim));
  const Tensor source = ContiguousInput(call.input(2));
  if (source.numel() == 0) return;
  LoopDims<1> outer, inner;
  for (int64_t i = 0; i < output.dim(); ++i) {
    const auto d = static_cast<size_t>(i);
    if (i != dim) (i < dim ? outer : inner).Push(output.size(i), {output.strides()[d]});
  }
  const int64_t count = index.numel(), row = inner.Count(), run = inner.LastExtent();
  const int64_t stride = output.strides()[static_cast<size_t>(dim)];
  const int64_t run_stride = inner.LastStride();
  const auto item = static_cast<int64_t>(ItemSize(output.dtype()));
  const int64_t* indices = In<int64_t>(index);
  const char* from = In<char>(source);
  char* to = Out<char>(output);
  // In the order of the index, whose last one counts.
  for (int64_t r = 0; r < outer.Count() * count; ++r) {
    const int64_t target = outer.OffsetOf(r / count) + indices[r % count] * stride;
    for (int64_t begin = 0; begin < row; begin += run) {
      char* y = to + (target + inner.OffsetOf(begin)) * item;
      const char* x = from + (r * row + begin) * item;
      if (run == 1 || run_stride == 1) {
        std::memcpy(y, x, static_cast<size_t>(run * item));
        continue;
      }
      for (int64_t i = 0; i < run; ++i) {
        std::memcpy(y + i * run_stride * item, x + i * item, static_cast<size_t>(item));
      }
    }
  }
}

void GatherKernel(KernelCall& call) {
  const int64_t dim = DimOf(call);
  const Tensor& input = call.input(0);
  const int64_t extent = input.dim() == 0 ? 1 : input.size(dim);
  const Tensor index = ReadIndices(call, extent);
  const int64_t stride = input.dim() == 0 ? 0 : input.strides()[static_cast<size_t>(dim)];
  const int64_t* indices = In<int64_t>(index);
  const size_t item = ItemSize(input.dtype());
  const char* from = In<char>(input);
  char* to = Out<char>(call.output());
  WalkIndex(index, input, dim, [&](int64_t i, int64_t offset) {
    std::memcpy(to + static_cast<size_t>(i) * item,
                from + (offset + indices[i] * stride) * static_cast<int64_t>(item), item);
  });
}

namespace {

// target = combine(target, element) for each element of the source, in its order.
template <typename T, typename F>
void ScatterWith(KernelCall& call, int64_t dim, const Tensor& index, const F& combine) {
  const Tensor &output = call.output(), &source = call.input(2);
  const int64_t stride = output.dim() == 0 ? 0 : output.strides()[static_cast<size_t>(dim)];
  const int64_t* indices = In<int64_t>(index);
  // The source read in the index's order: a view with the index's extents.
  const Tensor rows = ContiguousInput(Tensor::View(
      source.storage(), source.storage_offset(), index.shape(), source.strides(), source.dtype()));
  const T* from = In<T>(rows);
  T* to = Out<T>(output);
  WalkIndex(index, output, dim, [&](int64_t i, int64_t offset) {
    T& target = to[offset + indices[i] * stride];
    target = combine(target, from[i]);
  });
}

void Scatter(KernelCall& call, int64_t dim, const std::string& reduction) {
  const Tensor& output = call.output();
  const Tensor index = ReadIndices(call, output.dim() == 0 ? 1 : output.size(dim));
  CopyElements(call.input(0), output);
  SwitchAnyOrComplex(output.dtype(), [&]<typename T>(T) {
    using W = elements::Wrapping<T>;
    if (reduction == "none") {
      ScatterWith<T>(call, dim, index, [](T, T x) { return x; });
    } else if (reduction == "add") {
      ScatterWith<T>(call, dim, index, [](T a, T x) { return elements::WrappingAdd(a, x); });
    } else if (reduction == "mul") {
      ScatterWith<T>(call, dim, index, [](T a, T x) { return static_cast<T>(W(a) * W(x)); });
    } else if constexpr (kIsComplex<T>) {
      FailForDType(output.dtype());  // not of scatter_add, which adds
    } else if (reduction == "max") {
      ScatterWith<T>(call, dim, index, &elements::ExtremumReducer<T, true>::template Combine<T>);
    } else {
      ScatterWith<T>(call, dim, index, &elements::ExtremumReducer<T, false>::template Combine<T>);
    }
  });
}

}  // namespace

void ScatterAddKernel(KernelCall& call) { Scatter(call, DimOf(call), "add"); }
void ScatterElementsKernel(KernelCall& call) {
  const auto& options = call.Get<ScatterOptions>();
  Scatter(call, DimOf(call, options.dim), options.reduction);
}

void AsStridedGradKernel(KernelCall& call) {
  const auto& options = call.Get<AsStridedGradOptions>();
  const Tensor grad = ContiguousInput(call.input(0));
  const Tensor& output = call.output();
  std::memset(output.raw_data(), 0, static_cast<size_t>(output.numel()) * ItemSize(output.dtype()));
  SwitchAnyOrComplex(output.dtype(), [&]<typename T>(T) {
    const T* from = In<T>(grad);
    T* to = Out<T>(output) + options.offset;
    // In order, since windows may overlap. Innermost rows first, the rest by an odometer.
    const size_t rank = grad.shape().size();
    const int64_t row = rank == 0 ? 1 : grad.shape().back();
    const int64_t row_stride = rank == 0 ? 1 : options.strides.back();
    Dims position(rank, 0);
    for (int64_t done = 0; done < grad.numel(); done += row) {
      for (int64_t i = 0; i < row; ++i) {
        T& target = to[i * row_stride];
        target = elements::WrappingAdd(target, from[done + i]);
      }
      for (size_t d = rank; d-- > 0;) {
        if (d + 1 == rank) continue;
        to += options.strides[d];
        if (++position[d] < grad.shape()[d]) break;
        to -= options.strides[d] * grad.shape()[d];
        position[d] = 0;
      }
    }
  });
}

}  // namespace neura::cpu
