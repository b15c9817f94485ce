// Reading and adding at indices.
#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "neura/cuda/kernels/kernels.h"
#include "neura/cuda/kernels/numeric.h"
#include "neura/cuda/kernels/scatter_at.h"
#include "neura/cuda/kernels/strided.h"
#include "neura/cuda/kernels/support.h"
#include "neura/tensor/elements/wrapping.h"
#include "neura/tensor/iteration/reduce_plan.h"
#include "neura/tensor/ops/op_list/view.h"
#include "neura/tensor/ops/options/dims.h"
#include "neura/tensor/ops/options/index.h"

namespace neura::cuda {
namespace {

int64_t DimOf(const KernelCall& call, int64_t dim) {
  return NormalizeDim(call.call.schema().name, dim, call.input(0).dim());
}

int64_t DimOf(const KernelCall& call) { return DimOf(call, call.Get<DimOptions>().dim); }

int64_t ExtentOf(const Tensor& tensor, int64_t dim) {
  return tensor.dim() == 0 ? 1 : tensor.size(dim);
}

int64_t StrideOf(const Tensor& tensor, int64_t dim) {
  return tensor.dim() == 0 ? 0 : tensor.strides()[static_cast<size_t>(dim)];
}

Tensor ReadIndices(const KernelCall& call) {
  return Contiguous(call, Converted(call, call.input(1), kInt64));
}

// Offsets: of the result, of the input without `dim`, of the index.
template <typename T>
struct ReadAt {
  const T* input;
  const int64_t* indices;
  T* output;
  int64_t extent, stride;
  FaultReport report;
  NEURA_DEVICE void operator()(const Offsets<3>& offsets) const {
    const int64_t index = indices[offsets[2]];
    if (!report.IsInside(index, extent)) return;
    output[offsets[0]] = input[offsets[1] + index * stride];
  }
};

// Reads input at indices along dim; `index_strides` walk the contiguous index with the result.
void Read(const KernelCall& call, int64_t dim, const Tensor& index, DimsView index_strides) {
  const Tensor &input = call.input(0), &output = call.output();
  LoopDims<3> dims;
  for (size_t d = 0; d < output.shape().size(); ++d) {
    const int64_t stride = static_cast<int64_t>(d) == dim ? 0 : input.strides()[d];
    dims.Push(output.shape()[d], {output.strides()[d], stride, index_strides[d]});
  }
  SwitchSize(input.dtype(), [&]<typename T>(T) {
    ForEachStrided(call, dims,
                   ReadAt<T>{In<T>(input), In<int64_t>(index), Out<T>(output), ExtentOf(input, dim),
                             StrideOf(input, dim), FaultReportOf(call)});
  });
}

// The key of each index: itself, or `extent` when it is outside.
struct KeysOfIndices {
  const int64_t* indices;
  int64_t* keys;
  int64_t extent;
  FaultReport report;
  NEURA_DEVICE void operator()(int64_t i) const {
    keys[i] = report.IsInside(indices[i], extent) ? indices[i] : extent;
  }
};

// The key of each index: which element of the output it means, or `missing`. Offsets: of the index,
// of the output without `dim`.
struct KeysOfElements {
  const int64_t* indices;
  int64_t* keys;
  int64_t extent, stride, missing;
  FaultReport report;
  NEURA_DEVICE void operator()(const Offsets<2>& offsets) const {
    const int64_t index = indices[offsets[0]];
    keys[offsets[0]] = report.IsInside(index, extent) ? offsets[1] + index * stride : missing;
  }
};

// Offsets: of the key, and what becomes it.
struct KeysOfOffsets {
  int64_t* keys;
  int64_t first;
  NEURA_DEVICE void operator()(const Offsets<2>& offsets) const {
    keys[offsets[0]] = first + offsets[1];
  }
};

// Offsets: of the gradient, of the output.
template <typename T>
struct AddOnce {
  const T* grad;
  T* output;
  NEURA_DEVICE void operator()(const Offsets<2>& offsets) const {
    T& target = output[offsets[1]];
    target = Narrow<T>(elements::WrappingAdd(Widen(target), Widen(grad[offsets[0]])));
  }
};

// Whether no two indices of a view with these extents and strides name the same element; false also
// where that is not plain to see.
bool IsInjective(DimsView shape, DimsView strides) {
  std::vector<std::pair<int64_t, int64_t>> dims;
  for (size_t d = 0; d < shape.size(); ++d) {
    if (shape[d] > 1) dims.emplace_back(strides[d], shape[d]);
  }
  std::sort(dims.begin(), dims.end());
  int64_t reach = 0;
  for (const auto& [stride, extent] : dims) {
    if (stride <= reach) return false;
    reach += (extent - 1) * stride;
  }
  return true;
}

}  // namespace

void IndexSelectKernel(KernelCall& call) {
  const int64_t dim = DimOf(call);
  Dims index_strides(call.output().shape().size(), 0);
  index_strides[static_cast<size_t>(dim)] = 1;
  Read(call, dim, ReadIndices(call), index_strides);
}

void GatherKernel(KernelCall& call) {
  Read(call, DimOf(call), ReadIndices(call), call.output().strides());
}

namespace {

// Slices of the third input into those of a contiguous tensor that the second names.
void ScatterSlices(const KernelCall& call, std::string_view reduction, const Tensor& output) {
  const Tensor index = ReadIndices(call);
  const AroundDim around(output, DimOf(call));
  const Tensor keys = Scratch(call, {index.numel()}, kInt64);
  ForEach(
      call, index.numel(),
      KeysOfIndices{In<int64_t>(index), Out<int64_t>(keys), around.extent, FaultReportOf(call)});
  ScatterAt(call, reduction, around.extent, around.inner, keys, ContiguousInput(call, 2), output);
}

}  // namespace

void IndexAddKernel(KernelCall& call) {
  CopyElements(call, call.input(0), call.output());
  ScatterSlices(call, "add", call.output());
}

void IndexAssignKernel(KernelCall& call) {
  const Tensor& output = call.output();
  const Tensor slices = Contiguous(call, output);
  ScatterSlices(call, "none", slices);
  if (!output.is_contiguous()) CopyElements(call, slices, output);
}

namespace {

void Scatter(KernelCall& call, int64_t dim, std::string_view reduction) {
  const Tensor &output = call.output(), &source = call.input(2);
  const Tensor index = ReadIndices(call);
  CopyElements(call, call.input(0), output);
  const Tensor keys = Scratch(call, {index.numel()}, kInt64);
  LoopDims<2> dims;
  for (size_t d = 0; d < index.shape().size(); ++d) {
    const int64_t stride = static_cast<int64_t>(d) == dim ? 0 : output.strides()[d];
    dims.Push(index.shape()[d], {index.strides()[d], stride});
  }
  ForEachStrided(call, dims,
                 KeysOfElements{In<int64_t>(index), Out<int64_t>(keys), ExtentOf(output, dim),
                                StrideOf(output, dim), output.numel(), FaultReportOf(call)});
  // The source read in the index's order: a view with the index's extents.
  const Tensor rows =
      Contiguous(call, Tensor::View(source.storage(), source.storage_offset(), index.shape(),
                                    source.strides(), source.dtype()));
  ScatterAt(call, reduction, output.numel(), 1, keys, rows, output);
}

}  // namespace

void ScatterAddKernel(KernelCall& call) { Scatter(call, DimOf(call), "add"); }
void ScatterElementsKernel(KernelCall& call) {
  const auto& options = call.Get<ScatterOptions>();
  Scatter(call, DimOf(call, options.dim), options.reduction);
}

void AsStridedGradKernel(KernelCall& call) {
  const auto& options = call.Get<AsStridedGradOptions>();
  const Tensor grad = ContiguousInput(call, 0);
  const Tensor& output = call.output();
  ClearElements(call, output);
  LoopDims<2> dims;
  for (size_t d = 0; d < grad.shape().size(); ++d) {
    dims.Push(grad.shape()[d], {grad.strides()[d], options.strides[d]});
  }
  if (IsInjective(grad.shape(), options.strides)) {
    return SwitchNumber(output.dtype(), [&]<typename T>(T) {
      ForEachStrided(call, dims, AddOnce<T>{In<T>(grad), Out<T>(output) + options.offset});
    });
  }
  const Tensor keys = Scratch(call, {grad.numel()}, kInt64);
  ForEachStrided(call, dims, KeysOfOffsets{Out<int64_t>(keys), options.offset});
  ScatterAt(call, "add", output.numel(), 1, keys, grad, output);
}

}  // namespace neura::cuda
