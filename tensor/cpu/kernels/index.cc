// Reading and adding at indices.
#include "neura/tensor/ops/options/index.h"

#include <algorithm>
#include <complex>
#include <cstring>
#include <string>

#include "absl/strings/str_cat.h"
#include "neura/tensor/cpu/kernels/dtype_switch.h"
#include "neura/tensor/cpu/kernels/kernels.h"
#include "neura/tensor/cpu/kernels/move.h"
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
  // One that is outside sets the sign.
  uint64_t signs = 0;
  for (int64_t i = 0; i < indices.numel(); ++i) {
    const auto index = static_cast<uint64_t>(data[i]);
    signs |= index | (static_cast<uint64_t>(extent) - 1 - index);
  }
  for (int64_t i = 0; static_cast<int64_t>(signs) < 0 && i < indices.numel(); ++i) {
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

// The dimensions of an index with the strides of a tensor, which without dim say where its elements
// look.
LoopDims<1> IndexDims(const Tensor& index, const Tensor& tensor, int64_t dim) {
  LoopDims<1> dims;
  for (int64_t d = 0; d < index.dim(); ++d) {
    dims.Push(index.size(d), {d == dim ? 0 : tensor.strides()[static_cast<size_t>(d)]});
  }
  return dims;
}

// Runs f(position of the row's first index, offset in the tensor) for rows [begin, end) of the last
// dimension.
template <typename F>
void WalkRows(const LoopDims<1>& dims, int64_t begin, int64_t end, const F& f) {
  const int64_t row = dims.LastExtent();
  const size_t outer = dims.extents.empty() ? 0 : dims.extents.size() - 1;
  Dims position(outer, 0);
  int64_t offset = 0;
  for (int64_t rest = begin, d = static_cast<int64_t>(outer); d-- > 0;) {
    const auto at = static_cast<size_t>(d);
    position[at] = rest % dims.extents[at];
    rest /= dims.extents[at];
    offset += position[at] * dims.strides[0][at];
  }
  for (int64_t r = begin; r < end; ++r) {
    f(r * row, offset);
    for (size_t d = outer; d-- > 0;) {
      offset += dims.strides[0][d];
      if (++position[d] < dims.extents[d]) break;
      offset -= dims.strides[0][d] * dims.extents[d];
      position[d] = 0;
    }
  }
}

// to[i] = from[i * step + indices[i] * stride].
template <typename T>
void GatherAs(int64_t n, const char* source, int64_t step, const int64_t* indices, int64_t stride,
              char* target) {
  constexpr auto kItem = static_cast<int64_t>(sizeof(T));
  const auto copy = [&](int64_t i, int64_t at) {
    std::memcpy(target + i * kItem, source + at * kItem, sizeof(T));
  };
  if (step == 0 && stride == 1) {
    for (int64_t i = 0; i < n; ++i) copy(i, indices[i]);
  } else {
    for (int64_t i = 0; i < n; ++i) copy(i, i * step + indices[i] * stride);
  }
}
using GatherLoop = void (*)(int64_t, const char*, int64_t, const int64_t*, int64_t, char*);
GatherLoop GatherLoopOf(size_t item_size) {
  switch (item_size) {
    case 1:
      return &GatherAs<uint8_t>;
    case 2:
      return &GatherAs<uint16_t>;
    case 4:
      return &GatherAs<uint32_t>;
    case 8:
      return &GatherAs<uint64_t>;
    default:
      return &GatherAs<std::complex<double>>;
  }
}

constexpr int64_t kTaskElements = 1 << 14;

// Slices of single elements: one after the other for each place around them.
void SelectElements(const Tensor& input, const LoopDims<1>& outer, int64_t stride,
                    const Tensor& index, const Tensor& output) {
  const GatherLoop gather = GatherLoopOf(ItemSize(input.dtype()));
  const auto item = static_cast<int64_t>(ItemSize(input.dtype()));
  const int64_t count = index.numel(), rows = outer.Count();
  const int64_t pieces = (count + kTaskElements - 1) / kTaskElements;
  const int64_t per_task = pieces > 1 ? 1 : std::max<int64_t>(kTaskElements / count, 1);
  const int64_t row_tasks = (rows + per_task - 1) / per_task;
  ParallelFor(row_tasks * pieces, [&](int64_t task) {
    const int64_t begin = task % pieces * kTaskElements, first = task / pieces * per_task;
    const int64_t n = std::min(kTaskElements, count - begin);
    for (int64_t r = first; r < std::min(first + per_task, rows); ++r) {
      gather(n, In<char>(input) + outer.OffsetOf(r) * item, 0, In<int64_t>(index) + begin, stride,
             Out<char>(output) + (r * count + begin) * item);
    }
  });
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
  if (row == 1) return SelectElements(input, outer, stride, index, call.output());
  const int64_t run_stride = inner.LastStride();
  const size_t item_size = ItemSize(input.dtype());
  const auto item = static_cast<int64_t>(item_size);
  const char* from = In<char>(input);
  char* to = Out<char>(call.output());
  constexpr int64_t kTaskBytes = 1 << 16;
  const int64_t per_task = std::max<int64_t>(kTaskBytes / (row * item + 1), 1);
  ParallelFor((rows + per_task - 1) / per_task, [&](int64_t task) {
    for (int64_t r = task * per_task; r < std::min((task + 1) * per_task, rows); ++r) {
      const int64_t source = outer.OffsetOf(r / count) + indices[r % count] * stride;
      for (int64_t begin = 0; begin < row; begin += run) {
        const char* x = from + (source + (run == row ? 0 : inner.OffsetOf(begin))) * item;
        char* y = to + (r * row + begin) * item;
        if (run_stride == 1) {
          std::memcpy(y, x, static_cast<size_t>(run * item));
        } else {
          CopyStrided(run, item_size, x, run_stride * item, y, item);
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
        if (around.inner == 1) {
          *target = elements::WrappingAdd(*target, *row);
          continue;
        }
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
  if (index.numel() == 0) return;
  const int64_t stride = input.dim() == 0 ? 0 : input.strides()[static_cast<size_t>(dim)];
  const int64_t* indices = In<int64_t>(index);
  const GatherLoop gather = GatherLoopOf(ItemSize(input.dtype()));
  const auto item = static_cast<int64_t>(ItemSize(input.dtype()));
  const char* from = In<char>(input);
  char* to = Out<char>(call.output());
  const LoopDims<1> dims = IndexDims(index, input, dim);
  const int64_t row = dims.LastExtent(), rows = index.numel() / row;
  const int64_t pieces = (row + kTaskElements - 1) / kTaskElements;
  const int64_t per_task = pieces > 1 ? 1 : std::max<int64_t>(kTaskElements / row, 1);
  const int64_t row_tasks = (rows + per_task - 1) / per_task, step = dims.LastStride();
  ParallelFor(row_tasks * pieces, [&](int64_t task) {
    const int64_t begin = task % pieces * kTaskElements, first = task / pieces * per_task;
    const int64_t n = std::min(kTaskElements, row - begin);
    WalkRows(dims, first, std::min(first + per_task, rows), [&](int64_t i, int64_t offset) {
      gather(n, from + (offset + begin * step) * item, step, indices + i + begin, stride,
             to + (i + begin) * item);
    });
  });
}

namespace {

// target = combine(target, element) for each element of the source, in its order.
template <typename T, typename F>
void ScatterWith(KernelCall& call, int64_t dim, const Tensor& index, const F& combine) {
  const Tensor &output = call.output(), &source = call.input(2);
  if (index.numel() == 0) return;
  const int64_t stride = output.dim() == 0 ? 0 : output.strides()[static_cast<size_t>(dim)];
  const int64_t* indices = In<int64_t>(index);
  // The source read in the index's order: a view with the index's extents.
  const Tensor rows = ContiguousInput(Tensor::View(
      source.storage(), source.storage_offset(), index.shape(), source.strides(), source.dtype()));
  const T* from = In<T>(rows);
  T* to = Out<T>(output);
  const LoopDims<1> dims = IndexDims(index, output, dim);
  const int64_t row = dims.LastExtent(), step = dims.LastStride();
  WalkRows(dims, 0, index.numel() / row, [&](int64_t first, int64_t offset) {
    T* target = to + offset;
    for (int64_t i = first; i < first + row; ++i, target += step) {
      T& element = target[indices[i] * stride];
      element = combine(element, from[i]);
    }
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
