#include "neura/tensor/cpu/softmax.h"

#include "neura/tensor/cpu/kernels/dtype_switch.h"
#include "neura/tensor/cpu/kernels/kernels.h"
#include "neura/tensor/iteration/reduce_plan.h"
#include "neura/tensor/ops/op_list/norm.h"

namespace neura::cpu {
namespace {

AroundDim Lanes(const KernelCall& call) {
  const Tensor& tensor = call.input(0);
  return {tensor,
          NormalizeDim(call.call.schema().name, call.Get<SoftmaxOptions>().dim, tensor.dim())};
}

}  // namespace

void SoftmaxKernel(KernelCall& call) {
  const Tensor input = ContiguousInput(call.input(0));
  const AroundDim lanes = Lanes(call);
  SwitchFloat(input.dtype(), [&]<typename T>(T) {
    Softmax(lanes.outer, lanes.extent, lanes.inner, In<T>(input), Out<T>(call.output()));
  });
}

void LogSoftmaxKernel(KernelCall& call) {
  const Tensor input = ContiguousInput(call.input(0));
  const AroundDim lanes = Lanes(call);
  SwitchFloat(input.dtype(), [&]<typename T>(T) {
    LogSoftmax(lanes.outer, lanes.extent, lanes.inner, In<T>(input), Out<T>(call.output()));
  });
}

void SoftmaxGradKernel(KernelCall& call) {
  const Tensor grad = ContiguousInput(call.input(0)), output = ContiguousInput(call.input(1));
  const AroundDim lanes = Lanes(call);
  SwitchFloat(grad.dtype(), [&]<typename T>(T) {
    SoftmaxGrad(lanes.outer, lanes.extent, lanes.inner, In<T>(grad), In<T>(output),
                Out<T>(call.output()));
  });
}

void LogSoftmaxGradKernel(KernelCall& call) {
  const Tensor grad = ContiguousInput(call.input(0)), output = ContiguousInput(call.input(1));
  const AroundDim lanes = Lanes(call);
  SwitchFloat(grad.dtype(), [&]<typename T>(T) {
    LogSoftmaxGrad(lanes.outer, lanes.extent, lanes.inner, In<T>(grad), In<T>(output),
                   Out<T>(call.output()));
  });
}

}  // namespace neura::cpu
