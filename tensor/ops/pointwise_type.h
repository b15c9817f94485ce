// How dtypes combine in pointwise operations.
#ifndef NEURA_TENSOR_OPS_POINTWISE_TYPE_H_
#define NEURA_TENSOR_OPS_POINTWISE_TYPE_H_

#include <utility>

#include "neura/tensor/ops/dispatch.h"

namespace neura {

// The common dtype of several tensors. As in PyTorch, a tensor without dimensions only decides when
// its category (bool < integral < floating < complex) is above that of all tensors with dimensions,
// and a number only when its category is above that of all tensors.
DType PromotedDType(TensorRefs tensors);

// The dtype in which a pointwise operation computes, given the common dtype of its inputs.
DType ComputeDType(DTypeRule rule, DType common);

// The dtype of its results, given that in which it computes.
DType ResultDType(DTypeRule rule, DType compute);

// The dtype in which a promoting operation's inputs meet: PromotedDType() of those that count,
// raised by the bounds of a clamp, under the operation's rule.
DType CommonDType(const OpCall& call);

// The dtype in which a tensor meets a number: its own unless the number's category is above it.
DType ScalarDType(DType tensor, const Scalar& scalar);
// The number as one of the dtype, where that is integral or bool and the number is not: as PyTorch
// takes factors.
Scalar FactorIn(DType dtype, const Scalar& factor);
// The dtype of a number beside tensors of dtype `common`: on the CPU the one that computes them, so
// that float16 is not multiplied by a rounded 0.1.
DType NumberDType(DType common, Device device);

// A number as a tensor. Where it is `lent`, and nobody has kept it when this is destroyed, the
// thread's next number takes its place.
class NumberTensor {
 public:
  explicit NumberTensor(Tensor tensor, bool lent = false)
      : tensor_(std::move(tensor)), lent_(lent) {}
  NumberTensor(NumberTensor&&) = default;
  ~NumberTensor() {
    if (lent_ && tensor_.defined()) GiveBack();
  }

  operator const Tensor&() const { return tensor_; }
  Tensor Release() && { return std::move(tensor_); }

 private:
  void GiveBack();

  Tensor tensor_;
  bool lent_;
};

// `number` as the tensor that `op` takes beside `tensor`, before it or after it. It is of the dtype
// of NumberDType(ScalarDType()), unless it is an integer that this cannot hold: then what is
// compared is compared as int64, what is divided is divided in floating point, sums and products
// wrap as they do anyway, a clamp's bound is the nearest value that the dtype has, and other
// operations throw InvalidArgument. So does a power of integers to a negative number.
NumberTensor NumberBeside(OpId op, const Tensor& tensor, const Scalar& number, bool number_first);

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_POINTWISE_TYPE_H_
