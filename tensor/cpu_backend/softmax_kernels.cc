#include "neura/tensor/cpu/softmax.h"
#include "neura/tensor/cpu_backend/dtype_switch.h"
#include "neura/tensor/cpu_backend/kernels.h"
#include "neura/tensor/ops/options.h"

namespace neura::cpu {
namespace {

// The tensor as [outer, size, inner] around the softmax dimension.
struct Lanes {
  explicit Lanes(const KernelCall& call) {
    const Tensor& tensor = call.input(0);
    const int64_t dim =
        NormalizeDim(call.call.schema().name, call.Get<SoftmaxOptions>().dim, tensor.dim());
    for (int64_t i = 0; i < tensor.dim(); ++i) {
      (i < dim ? outer : i == dim ? size : inner) *= tensor.size(i);
    }
  }
  int64_t outer = 1, size = 1, inner = 1;
};

}  // namespace

void SoftmaxKernel(KernelCall& call) noexcept {
  const Tensor input = ContiguousInput(call.input(0));
  const Lanes lanes(call);
  SwitchFloat(call, input.dtype(), [&]<typename T>(T) {
    Softmax(lanes.outer, lanes.size, lanes.inner, static_cast<const T*>(input.raw_data()),
            static_cast<T*>(call.output().raw_data()));
  });
}

void LogSoftmaxKernel(KernelCall& call) noexcept {
  const Tensor input = ContiguousInput(call.input(0));
  const Lanes lanes(call);
  SwitchFloat(call, input.dtype(), [&]<typename T>(T) {
    LogSoftmax(lanes.outer, lanes.size, lanes.inner, static_cast<const T*>(input.raw_data()),
               static_cast<T*>(call.output().raw_data()));
  });
}

void SoftmaxGradKernel(KernelCall& call) noexcept {
  const Tensor grad = ContiguousInput(call.input(0)), output = ContiguousInput(call.input(1));
  const Lanes lanes(call);
  SwitchFloat(call, grad.dtype(), [&]<typename T>(T) {
    SoftmaxGrad(lanes.outer, lanes.size, lanes.inner, static_cast<const T*>(grad.raw_data()),
                static_cast<const T*>(output.raw_data()),
                static_cast<T*>(call.output().raw_data()));
  });
}

void LogSoftmaxGradKernel(KernelCall& call) noexcept {
  const Tensor grad = ContiguousInput(call.input(0)), output = ContiguousInput(call.input(1));
  const Lanes lanes(call);
  SwitchFloat(call, grad.dtype(), [&]<typename T>(T) {
    LogSoftmaxGrad(lanes.outer, lanes.size, lanes.inner, static_cast<const T*>(grad.raw_data()),
                   static_cast<const T*>(output.raw_data()),
                   static_cast<T*>(call.output().raw_data()));
  });
}

}  // namespace neura::cpu
