// What only moves or makes elements: joining, padding, reversing, triangles, factories.
#include "neura/cuda/kernels/kernels.h"
#include "neura/cuda/kernels/pointwise.h"
#include "neura/cuda/kernels/support.h"
#include "neura/tensor/ops/op_list/create.h"
#include "neura/tensor/ops/op_list/shape.h"
#include "neura/tensor/ops/op_list/view.h"
#include "neura/tensor/ops/options/dims.h"

namespace neura::cuda {
namespace {

Tensor ViewOf(const Tensor& tensor, DimsView shape, DimsView strides, int64_t offset) {
  return Tensor::View(tensor.storage(), tensor.storage_offset() + offset, shape, strides,
                      tensor.dtype());
}

template <typename T>
struct Constant {
  T value;
  NEURA_DEVICE T operator()() const { return value; }
};

// Elements by their size: the bits of the value in a type of the same size.
void FillElements(const KernelCall& call, const Tensor& target, const Scalar& value) {
  SwitchDType(target.dtype(), [&]<typename T>(T) {
    SwitchSize(target.dtype(), [&]<typename Bits>(Bits) {
      if constexpr (sizeof(T) == sizeof(Bits)) {
        Pointwise<Bits>(call, Constant<Bits>{std::bit_cast<Bits>(value.To<T>())}, target, {});
      }
    });
  });
}

// Zeros where a matrix has no triangle.
template <typename T>
struct ClearTriangle {
  T* output;
  int64_t rows, cols, diagonal;
  bool lower;
  NEURA_DEVICE void operator()(int64_t i) const {
    const int64_t col = i % cols, row = i / cols % rows;
    if (lower ? col - row > diagonal : col - row < diagonal) output[i] = T(0);
  }
};

void Triangle(const KernelCall& call, bool lower) {
  const Tensor& output = call.output();
  CopyElements(call, call.input(0), output);
  if (output.numel() == 0) return;
  SwitchSize(output.dtype(), [&]<typename T>(T) {
    ForEach(call, output.numel(),
            ClearTriangle<T>{Out<T>(output), output.size(-2), output.size(-1),
                             call.Get<TriangleOptions>().diagonal, lower});
  });
}

template <typename T, typename Number>
struct Ramp {
  T* output;
  Number start, step;
  NEURA_DEVICE void operator()(int64_t i) const {
    if constexpr (std::is_integral_v<T>) {
      // In unsigned arithmetic, which wraps where the dtype is too narrow.
      output[i] = static_cast<T>(static_cast<uint64_t>(start) +
                                 static_cast<uint64_t>(i) * static_cast<uint64_t>(step));
    } else {
      output[i] = Narrow<T>(static_cast<Compute<T>>(start + static_cast<double>(i) * step));
    }
  }
};

}  // namespace

void CatKernel(KernelCall& call) {
  const Tensor& output = call.output();
  const auto dim =
      static_cast<size_t>(NormalizeDim("cat", call.Get<DimOptions>().dim, output.dim()));
  int64_t offset = 0;
  for (const Tensor* input : call.call.inputs) {
    CopyElements(call, *input,
                 ViewOf(output, input->shape(), output.strides(), offset * output.strides()[dim]));
    offset += input->shape()[dim];
  }
}

void PadKernel(KernelCall& call) {
  const auto& options = call.Get<PadOptions>();
  const Tensor& output = call.output();
  FillElements(call, output, options.value);
  int64_t offset = 0;
  for (size_t i = 0; i < options.before.size(); ++i)
    offset += options.before[i] * output.strides()[i];
  CopyElements(call, call.input(0),
               ViewOf(output, call.input(0).shape(), output.strides(), offset));
}

void AsStridedScatterKernel(KernelCall& call) {
  const auto& options = call.Get<AsStridedOptions>();
  const Tensor& output = call.output();
  CopyElements(call, call.input(0), output);
  CopyElements(call, call.input(1), ViewOf(output, options.shape, options.strides, options.offset));
}

void FlipKernel(KernelCall& call) {
  const Tensor& input = call.input(0);
  if (input.numel() == 0) return;
  Dims strides(input.strides().begin(), input.strides().end());
  int64_t offset = 0;
  for (int64_t dim : call.Get<DimsOptions>().dims) {
    const auto d = static_cast<size_t>(NormalizeDim("flip", dim, input.dim()));
    // A dimension that is named twice is still reversed once.
    if (input.dim() == 0 || strides[d] != input.strides()[d]) continue;
    offset += (input.shape()[d] - 1) * strides[d];
    strides[d] = -strides[d];
  }
  CopyElements(call, ViewOf(input, input.shape(), strides, offset), call.output());
}

void TrilKernel(KernelCall& call) { Triangle(call, /*lower=*/true); }
void TriuKernel(KernelCall& call) { Triangle(call, /*lower=*/false); }

void FullKernel(KernelCall& call) {
  FillElements(call, call.output(), call.Get<FullOptions>().value);
}

void RangeKernel(KernelCall& call) {
  const auto& options = call.Get<RangeOptions>();
  const Tensor& output = call.output();
  SwitchDType(output.dtype(), [&]<typename T>(T) {
    if constexpr (!kIsComplex<T> && !std::is_same_v<T, bool>) {
      using Number = std::conditional_t<std::is_integral_v<T>, int64_t, double>;
      ForEach(
          call, options.length,
          Ramp<T, Number>{Out<T>(output), options.start.To<Number>(), options.step.To<Number>()});
    }
  });
}

}  // namespace neura::cuda
