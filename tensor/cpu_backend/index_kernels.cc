// Reading and adding at indices.
#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "neura/tensor/cpu_backend/dtype_switch.h"
#include "neura/tensor/cpu_backend/kernels.h"
#include "neura/tensor/ops/options.h"
#include "neura/tensor/parallel/thread_pool.h"

namespace neura::cpu {
namespace {

// The indices as contiguous int64, each in [0, extent); false, and the call fails, where one is
// not.
bool ReadIndices(KernelCall& call, int64_t extent, Tensor* indices) {
  const Tensor& index = call.input(1);
  if (index.dtype() == kInt64) {
    *indices = ContiguousInput(index);
  } else {
    *indices = Tensor::Empty(index.shape(), kInt64, kCpu);
    CopyElements(index, *indices);
  }
  const int64_t* data = static_cast<const int64_t*>(indices->raw_data());
  for (int64_t i = 0; i < indices->numel(); ++i) {
    if (data[i] < 0 || data[i] >= extent) {
      call.Fail(absl::StrCat("index ", data[i], " is outside [0, ", extent, ")"));
      return false;
    }
  }
  return true;
}

struct Split3 {
  int64_t outer = 1, extent = 1, inner = 1;
};
Split3 SplitAt(const Tensor& tensor, int64_t dim) {
  Split3 split;
  for (int64_t i = 0; i < tensor.dim(); ++i) {
    (i < dim ? split.outer : i == dim ? split.extent : split.inner) *= tensor.size(i);
  }
  return split;
}

int64_t DimOf(const KernelCall& call) {
  return NormalizeDim(call.call.schema().name, call.Get<DimOptions>().dim, call.input(0).dim());
}

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

void IndexSelectKernel(KernelCall& call) noexcept {
  const int64_t dim = DimOf(call);
  const Tensor input = ContiguousInput(call.input(0));
  Tensor index;
  if (!ReadIndices(call, input.size(dim), &index)) return;
  const Split3 split = SplitAt(input, dim);
  const size_t row = static_cast<size_t>(split.inner) * ItemSize(input.dtype());
  const int64_t count = index.numel();
  const int64_t* indices = static_cast<const int64_t*>(index.raw_data());
  const char* from = static_cast<const char*>(input.raw_data());
  char* to = static_cast<char*>(call.output().raw_data());
  constexpr int64_t kTaskBytes = 1 << 16;
  const int64_t rows = split.outer * count;
  const int64_t per_task = std::max<int64_t>(kTaskBytes / static_cast<int64_t>(row + 1), 1);
  ParallelFor((rows + per_task - 1) / per_task, [&](int64_t task) {
    for (int64_t r = task * per_task; r < std::min((task + 1) * per_task, rows); ++r) {
      const int64_t source = r / count * split.extent + indices[r % count];
      std::memcpy(to + static_cast<size_t>(r) * row, from + static_cast<size_t>(source) * row, row);
    }
  });
}

void IndexAddKernel(KernelCall& call) noexcept {
  const int64_t dim = DimOf(call);
  const Tensor& output = call.output();
  const Tensor source = ContiguousInput(call.input(2));
  Tensor index;
  if (!ReadIndices(call, output.size(dim), &index)) return;
  CopyElements(call.input(0), output);
  const Split3 split = SplitAt(output, dim);
  const int64_t count = index.numel();
  const int64_t* indices = static_cast<const int64_t*>(index.raw_data());
  SwitchNumber(call, output.dtype(), [&]<typename T>(T) {
    const T* from = static_cast<const T*>(source.raw_data());
    T* to = static_cast<T*>(output.raw_data());
    // Equal indices add in their order: only what cannot collide runs in parallel.
    ParallelFor(split.outer, [&](int64_t outer) {
      for (int64_t i = 0; i < count; ++i) {
        T* target = to + (outer * split.extent + indices[i]) * split.inner;
        const T* row = from + (outer * count + i) * split.inner;
        for (int64_t k = 0; k < split.inner; ++k) target[k] = static_cast<T>(target[k] + row[k]);
      }
    });
  });
}

void GatherKernel(KernelCall& call) noexcept {
  const int64_t dim = DimOf(call);
  const Tensor& input = call.input(0);
  const int64_t extent = input.dim() == 0 ? 1 : input.size(dim);
  Tensor index;
  if (!ReadIndices(call, extent, &index)) return;
  const int64_t stride = input.dim() == 0 ? 0 : input.strides()[static_cast<size_t>(dim)];
  const int64_t* indices = static_cast<const int64_t*>(index.raw_data());
  const size_t item = ItemSize(input.dtype());
  const char* from = static_cast<const char*>(input.raw_data());
  char* to = static_cast<char*>(call.output().raw_data());
  WalkIndex(index, input, dim, [&](int64_t i, int64_t offset) {
    std::memcpy(to + static_cast<size_t>(i) * item,
                from + (offset + indices[i] * stride) * static_cast<int64_t>(item), item);
  });
}

void ScatterAddKernel(KernelCall& call) noexcept {
  const int64_t dim = DimOf(call);
  const Tensor& output = call.output();
  const Tensor& source = call.input(2);
  const int64_t extent = output.dim() == 0 ? 1 : output.size(dim);
  Tensor index;
  if (!ReadIndices(call, extent, &index)) return;
  CopyElements(call.input(0), output);
  const int64_t stride = output.dim() == 0 ? 0 : output.strides()[static_cast<size_t>(dim)];
  const int64_t* indices = static_cast<const int64_t*>(index.raw_data());
  // The source read in the index's order: a view with the index's extents.
  const Tensor rows = ContiguousInput(Tensor::View(
      source.storage(), source.storage_offset(), index.shape(), source.strides(), source.dtype()));
  SwitchNumber(call, output.dtype(), [&]<typename T>(T) {
    const T* from = static_cast<const T*>(rows.raw_data());
    T* to = static_cast<T*>(output.raw_data());
    WalkIndex(index, output, dim, [&](int64_t i, int64_t offset) {
      T& target = to[offset + indices[i] * stride];
      target = static_cast<T>(target + from[i]);
    });
  });
}

void AsStridedGradKernel(KernelCall& call) noexcept {
  const auto& options = call.Get<AsStridedGradOptions>();
  const Tensor grad = ContiguousInput(call.input(0));
  const Tensor& output = call.output();
  std::memset(output.raw_data(), 0, static_cast<size_t>(output.numel()) * ItemSize(output.dtype()));
  SwitchNumber(call, output.dtype(), [&]<typename T>(T) {
    const T* from = static_cast<const T*>(grad.raw_data());
    T* to = static_cast<T*>(output.raw_data()) + options.offset;
    // In order, since windows may overlap. Innermost rows first, the rest by an odometer.
    const size_t rank = grad.shape().size();
    const int64_t row = rank == 0 ? 1 : grad.shape().back();
    const int64_t row_stride = rank == 0 ? 1 : options.strides.back();
    Dims position(rank, 0);
    for (int64_t done = 0; done < grad.numel(); done += row) {
      for (int64_t i = 0; i < row; ++i) {
        T& target = to[i * row_stride];
        target = static_cast<T>(target + from[done + i]);
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
