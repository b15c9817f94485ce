// Optimizer steps, fused: one pass over a parameter and what goes with it.
#include "neura/cuda/kernels/kernels.h"
#include "neura/cuda/kernels/numeric.h"
#include "neura/cuda/kernels/support.h"
#include "neura/tensor/elements/steps.h"
#include "neura/tensor/ops/op_list/step.h"

namespace neura::cuda {
namespace {

template <typename T>
struct SgdBody {
  elements::SgdStep<Compute<T>> step;
  const T* grads;
  T* params;
  T* buffers;  // null without momentum
  NEURA_DEVICE void operator()(int64_t i) const {
    Compute<T> param = Widen(params[i]);
    if (buffers == nullptr) {
      step.Plain(Widen(grads[i]), param);
    } else {
      Compute<T> buffer = Widen(buffers[i]);
      step.WithMomentum(Widen(grads[i]), param, buffer);
      buffers[i] = Narrow<T>(buffer);
    }
    params[i] = Narrow<T>(param);
  }
};

template <typename T>
struct AdamBody {
  elements::AdamStep<Compute<T>> step;
  const T* grads;
  T *params, *means, *squares;
  NEURA_DEVICE void operator()(int64_t i) const {
    Compute<T> param = Widen(params[i]), mean = Widen(means[i]), square = Widen(squares[i]);
    step(Widen(grads[i]), param, mean, square);
    params[i] = Narrow<T>(param);
    means[i] = Narrow<T>(mean);
    squares[i] = Narrow<T>(square);
  }
};

}  // namespace

void SgdStepKernel(KernelCall& call) {
  const auto& options = call.Get<SgdStepOptions>();
  const Tensor& param = call.input(0);
  SwitchFloat(param.dtype(), [&]<typename T>(T) {
    ForEach(call, param.numel(),
            SgdBody<T>{elements::SgdStep<Compute<T>>(options), In<T>(call.input(1)), Out<T>(param),
                       options.momentum != 0 ? Out<T>(call.input(2)) : nullptr});
  });
}

void AdamStepKernel(KernelCall& call) {
  const Tensor& param = call.input(0);
  SwitchFloat(param.dtype(), [&]<typename T>(T) {
    ForEach(call, param.numel(),
            AdamBody<T>{elements::AdamStep<Compute<T>>(call.Get<AdamStepOptions>()),
                        In<T>(call.input(1)), Out<T>(param), Out<T>(call.input(2)),
                        Out<T>(call.input(3))});
  });
}

}  // namespace neura::cuda
