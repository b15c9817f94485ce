// Operations element by element. Inputs broadcast by NumPy's rule and are promoted by PyTorch's; a
// number beside a tensor changes its dtype only when its category is higher (an int64 tensor plus
// 0.5 is float32). An integer that the tensor's dtype cannot hold compares and divides as the
// number that it is, sums and products wrap, and other operations throw InvalidArgument.
#ifndef NEURA_TENSOR_OPS_POINTWISE_H_
#define NEURA_TENSOR_OPS_POINTWISE_H_

#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/op_list/pointwise.h"

namespace neura {

// What each does, and its dtype rule, stands in its row of op_list/pointwise.inc:
//   Tensor Exp(const Tensor& input);                               one input
//   Tensor ExpInPlace(const Tensor& input);                        ... overwriting it
//   Tensor Clamp(const Tensor& input, const ClampOptions& = {});   one input and options
//   Tensor Add(const Tensor& input, const Tensor& other);          two inputs; either a number
//   Tensor AddInPlace(const Tensor& input, const Tensor& other);   ... overwriting the first
// The in-place forms return the input. A result of another dtype is converted to the input's. They
// throw InvalidArgument when the result would have another shape or a dtype of a higher category,
// and where elements of the input share memory.
#define NEURA_UNARY(Name, name, rule, doc) \
  Tensor Name(const Tensor& input);        \
  Tensor Name##InPlace(const Tensor& input);
#define NEURA_UNARY_WITH(Name, name, Options, rule, doc)         \
  Tensor Name(const Tensor& input, const Options& options = {}); \
  Tensor Name##InPlace(const Tensor& input, const Options& options = {});
#define NEURA_BINARY(Name, name, rule, doc)                       \
  Tensor Name(const Tensor& input, const Tensor& other);          \
  Tensor Name(const Tensor& input, const Scalar& other);          \
  Tensor Name(const Scalar& input, const Tensor& other);          \
  Tensor Name##InPlace(const Tensor& input, const Tensor& other); \
  Tensor Name##InPlace(const Tensor& input, const Scalar& other);
#include "neura/tensor/ops/op_list/pointwise.inc"

// The next number of the inputs' dtype after `input` towards `other`; `other` where they are equal.
Tensor NextAfter(const Tensor& input, const Tensor& other);

// The polynomial of degree `n` at `input`, which broadcast; by the degree there is no derivative.
Tensor Polynomial(const Tensor& input, const Tensor& n, const PolynomialOptions& options);

// `input` where the bool `condition` holds, `other` elsewhere; all three broadcast.
Tensor Where(const Tensor& condition, const Tensor& input, const Tensor& other);
Tensor Where(const Tensor& condition, const Tensor& input, const Scalar& other);
Tensor Where(const Tensor& condition, const Scalar& input, const Tensor& other);

inline Tensor operator-(const Tensor& a) { return Neg(a); }
#define NEURA_OPERATOR(op, Name)                                                     \
  inline Tensor operator op(const Tensor& a, const Tensor& b) { return Name(a, b); } \
  inline Tensor operator op(const Tensor& a, const Scalar& b) { return Name(a, b); } \
  inline Tensor operator op(const Scalar& a, const Tensor& b) { return Name(a, b); }
NEURA_OPERATOR(+, Add)
NEURA_OPERATOR(-, Sub)
NEURA_OPERATOR(*, Mul)
NEURA_OPERATOR(/, Div)
NEURA_OPERATOR(==, Eq)
NEURA_OPERATOR(!=, Ne)
NEURA_OPERATOR(<, Lt)
NEURA_OPERATOR(<=, Le)
NEURA_OPERATOR(>, Gt)
NEURA_OPERATOR(>=, Ge)
#undef NEURA_OPERATOR

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_POINTWISE_H_
