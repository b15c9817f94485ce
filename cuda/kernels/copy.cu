// Copies and conversions, and what other kernels need of them.
#include "absl/strings/str_cat.h"
#include "neura/cuda/kernels/kernels.h"
#include "neura/cuda/kernels/pointwise.h"
#include "neura/cuda/kernels/support.h"
#include "neura/tensor/core/error.h"

namespace neura::cuda {
namespace {

struct Same {
  template <typename T>
  NEURA_DEVICE T operator()(T x) const {
    return x;
  }
};

template <typename T>
struct Clear {
  T* output;
  NEURA_DEVICE void operator()(int64_t i) const { output[i] = T(0); }
};

// Between the types that are computed with: float stands for the 16-bit ones.
template <typename To>
struct ConvertTo {
  template <typename From>
  NEURA_DEVICE Compute<To> operator()(From x) const {
    return Convert<Compute<To>>(x);
  }
};

}  // namespace

void CopyElements(const KernelCall& call, const Tensor& source, const Tensor& target) {
  if (source.dtype() == target.dtype()) {
    return SwitchSize(target.dtype(),
                      [&]<typename T>(T) { Pointwise<T, T>(call, Same(), target, {&source}); });
  }
  SwitchDType(source.dtype(), [&]<typename From>(From) {
    SwitchDType(target.dtype(), [&]<typename To>(To) {
      if constexpr (!std::is_same_v<From, To>) {
        Pointwise<To, From>(call, ConvertTo<To>(), target, {&source});
      }
    });
  });
}

void FailForDType(DType dtype) {
  ThrowUnimplemented(absl::StrCat("no CUDA kernel for dtype ", DTypeName(dtype)));
}

Tensor Scratch(const KernelCall& call, DimsView shape, DType dtype) {
  return Tensor::Empty(shape, dtype, call.call.device);
}

Tensor Contiguous(const KernelCall& call, const Tensor& tensor) {
  if (!tensor.defined() || tensor.is_contiguous()) return tensor;
  const Tensor copy = Scratch(call, tensor.shape(), tensor.dtype());
  CopyElements(call, tensor, copy);
  return copy;
}

Tensor Converted(const KernelCall& call, const Tensor& tensor, DType dtype) {
  if (tensor.dtype() == dtype) return tensor;
  const Tensor converted = Scratch(call, tensor.shape(), dtype);
  CopyElements(call, tensor, converted);
  return converted;
}

Tensor ContiguousInput(const KernelCall& call, size_t i) {
  return call.has_input(i) ? Contiguous(call, call.input(i)) : Tensor();
}

FaultReport FaultReportOf(const KernelCall& call) {
  return {FaultOf(call.call.device.index), static_cast<int32_t>(call.call.op)};
}

void ClearElements(const KernelCall& call, const Tensor& tensor) {
  SwitchSize(tensor.dtype(),
             [&]<typename T>(T) { ForEach(call, tensor.numel(), Clear<T>{Out<T>(tensor)}); });
}

void CloneKernel(KernelCall& call) { CopyElements(call, call.input(0), call.output()); }
void CastKernel(KernelCall& call) { CopyElements(call, call.input(0), call.output()); }
void AssignKernel(KernelCall& call) { CopyElements(call, call.input(1), call.output()); }

}  // namespace neura::cuda
