// From an operation on elements to a kernel.
#ifndef NEURA_CUDA_KERNELS_POINTWISE_OPS_H_
#define NEURA_CUDA_KERNELS_POINTWISE_OPS_H_

#include <type_traits>
#include <utility>

#include "neura/cuda/kernels/pointwise.h"
#include "neura/cuda/kernels/support.h"
#include "neura/tensor/elements/pointwise.h"
#include "neura/tensor/ops/op_list/pointwise.h"

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

// Calls f with a number of the dtype, which is one of those of a row's dtype rule.
template <DTypeRule any_rule, typename F>
void SwitchOf(DType dtype, F&& f) {
  constexpr DTypeRule rule = OfReals(any_rule);
  if constexpr (rule == DTypeRule::kLogical) {
    f(bool());
  } else if constexpr (rule == DTypeRule::kFloat) {
    SwitchFloat(dtype, std::forward<F>(f));
  } else if constexpr (rule == DTypeRule::kNumber) {
    SwitchNumber(dtype, std::forward<F>(f));
  } else if constexpr (rule == DTypeRule::kInteger) {
    SwitchInteger(dtype, std::forward<F>(f));
  } else if constexpr (rule == DTypeRule::kBits) {
    dtype == kBool ? f(bool()) : SwitchInteger(dtype, f);
  } else {
    SwitchAny(dtype, std::forward<F>(f));
  }
}

}  // namespace neura::cuda

// Definitions of the kernels of rows.
#define NEURA_UNARY_KERNEL(Name, rule)                                    \
  void Name##Kernel(KernelCall& call) {                                   \
    SwitchOf<DTypeRule::rule>(call.input(0).dtype(), [&]<typename T>(T) { \
      UnaryWith<T>(call, Apply<elements::Name##Op>());                    \
    });                                                                   \
  }
#define NEURA_UNARY_WITH_KERNEL(Name, Options, rule)                           \
  void Name##Kernel(KernelCall& call) {                                        \
    SwitchOf<DTypeRule::rule>(call.input(0).dtype(), [&]<typename T>(T) {      \
      UnaryWith<T>(call, elements::Name##Op<Compute<T>>(call.Get<Options>())); \
    });                                                                        \
  }
#define NEURA_BINARY_KERNEL(Name, rule)                                   \
  void Name##Kernel(KernelCall& call) {                                   \
    SwitchOf<DTypeRule::rule>(call.input(0).dtype(), [&]<typename T>(T) { \
      BinaryWith<T>(call, Apply<elements::Name##Op>());                   \
    });                                                                   \
  }
#define NEURA_NO_KERNEL(...)

// Complex numbers have no kernels.
#define NEURA_UNARY_kSameOrComplex NEURA_UNARY_kSame
#define NEURA_UNARY_kNumberOrComplex NEURA_UNARY_kNumber
#define NEURA_UNARY_kMagnitude NEURA_UNARY_kNumber
#define NEURA_UNARY_kFloatOrComplex NEURA_UNARY_kFloat
#define NEURA_UNARY_kTestOrComplex NEURA_UNARY_kTest
#define NEURA_BINARY_kSameOrComplex NEURA_BINARY_kSame
#define NEURA_BINARY_kNumberOrComplex NEURA_BINARY_kNumber
#define NEURA_BINARY_kFloatOrComplex NEURA_BINARY_kFloat
#define NEURA_BINARY_kTestOrComplex NEURA_BINARY_kTest

#endif  // NEURA_CUDA_KERNELS_POINTWISE_OPS_H_
