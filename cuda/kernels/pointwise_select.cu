// Selection by a condition.
#include "neura/cuda/kernels/kernels.h"
#include "neura/cuda/kernels/pointwise.h"
#include "neura/cuda/kernels/support.h"

namespace neura::cuda {

namespace {

struct Select {
  template <typename T>
  NEURA_DEVICE T operator()(uint8_t condition, T a, T b) const {
    return condition != 0 ? a : b;
  }
};

}  // namespace

void WhereKernel(KernelCall& call) {
  SwitchSize(call.output().dtype(), [&]<typename T>(T) {
    Pointwise<T, uint8_t, T, T>(call, Select(), call.output(),
                                {&call.input(0), &call.input(1), &call.input(2)});
  });
}

}  // namespace neura::cuda
