// From an operation on elements to a kernel.
#ifndef NEURA_CUDA_KERNELS_POINTWISE_OPS_H_
#define NEURA_CUDA_KERNELS_POINTWISE_OPS_H_

#include <type_traits>
#include <utility>

#include "neura/cuda/kernels/pointwise.h"
#include "neura/cuda/kernels/support.h"
#include "neura/tensor/elements/pointwise.h"

namespace neura::cuda {

// An operation whose members are all static. The type of the result is written out: nvcc's pass for
// the host sees no body of a function for the device, and would deduce another one.
template <typename Op>
struct Apply {
  template <typename... T>
  NEURA_DEVICE decltype(Op::Do(std::declval<T>()...)) operator()(T... x) const {
    return Op::Do(x...);
  }
};

// The result of tests is bool, that of others of the operands' type.
template <typename F, typename T, typename... X>
using ResultOf = std::conditional_t<std::is_same_v<std::invoke_result_t<F, X...>, bool>, bool, T>;

template <typename T, typename F>
void UnaryWith(const KernelCall& call, const F& f) {
  Pointwise<ResultOf<F, T, Compute<T>>, T>(call, f, call.output(), {&call.input(0)});
}

template <typename T, typename F>
void BinaryWith(const KernelCall& call, const F& f) {
  Pointwise<ResultOf<F, T, Compute<T>, Compute<T>>, T, T>(call, f, call.output(),
                                                          {&call.input(0), &call.input(1)});
}

}  // namespace neura::cuda

// Definitions of kernels for the dtypes that `Switch` knows.
#define NEURA_UNARY_KERNEL(Name, Switch)                                             \
  void Name##Kernel(KernelCall& call) {                                              \
    Switch(call.input(0).dtype(),                                                    \
           [&]<typename T>(T) { UnaryWith<T>(call, Apply<elements::Name##Op>()); }); \
  }
#define NEURA_BINARY_KERNEL(Name, Switch)                                             \
  void Name##Kernel(KernelCall& call) {                                               \
    Switch(call.input(0).dtype(),                                                     \
           [&]<typename T>(T) { BinaryWith<T>(call, Apply<elements::Name##Op>()); }); \
  }

#endif  // NEURA_CUDA_KERNELS_POINTWISE_OPS_H_
