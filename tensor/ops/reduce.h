// Reductions. Sums are combined in a fixed tree: the result does not depend on the thread count.
#ifndef NEURA_TENSOR_OPS_REDUCE_H_
#define NEURA_TENSOR_OPS_REDUCE_H_

#include "neura/tensor/core/result.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/options/reduce.h"

namespace neura {

// Over `dims`, or all dimensions when it is empty; `keepdim` leaves them with extent 1.
Tensor Sum(const Tensor& input, const ReduceOptions& options = {});
Tensor Mean(const Tensor& input, const ReduceOptions& options = {});
// In bool, as options.dtype may ask: whether no element is zero.
Tensor Prod(const Tensor& input, const ReduceOptions& options = {});
// Throw InvalidArgument over zero elements. A NaN wins.
Tensor AMax(const Tensor& input, const ReduceOptions& options = {});
Tensor AMin(const Tensor& input, const ReduceOptions& options = {});
Tensor All(const Tensor& input, const ReduceOptions& options = {});
Tensor Any(const Tensor& input, const ReduceOptions& options = {});

// int64 index of the first extremum along a dimension, or in the flattened tensor.
Tensor ArgMax(const Tensor& input, const ArgReduceOptions& options = {});
Tensor ArgMin(const Tensor& input, const ArgReduceOptions& options = {});

Tensor CumSum(const Tensor& input, int64_t dim);
Tensor CumProd(const Tensor& input, int64_t dim);
// log(CumSum(exp(input))), without overflow.
Tensor LogCumSumExp(const Tensor& input, int64_t dim);

NEURA_RESULT(ValuesAndIndices, values, indices);  // which are int64
// The extremum along one dimension and where it stands; its gradient goes to that element.
ValuesAndIndices Max(const Tensor& input, int64_t dim, bool keepdim = false);
ValuesAndIndices Min(const Tensor& input, int64_t dim, bool keepdim = false);
// The extremum of the elements up to each one along a dimension, and where it stands: the last of
// equal ones. A NaN stays.
ValuesAndIndices CumMax(const Tensor& input, int64_t dim);
ValuesAndIndices CumMin(const Tensor& input, int64_t dim);
// int64 [...]: where each element of `input` would be put into the sorted last dimension of
// `sorted_sequence`, a vector or of the input's other dimensions, to keep its order.
Tensor SearchSorted(const Tensor& sorted_sequence, const Tensor& input,
                    const SearchSortedOptions& options = {});
// The elements along a dimension in order, and where each of them stood; gradients go back there.
// NaN is the largest. Throws InvalidArgument for complex numbers.
ValuesAndIndices Sort(const Tensor& input, const SortOptions& options = {});

// Sum of squared deviations from the mean, over the count less `correction`.
Tensor Var(const Tensor& input, const ReduceOptions& options = {}, int64_t correction = 1);
// Square root of Var.
Tensor Std(const Tensor& input, const ReduceOptions& options = {}, int64_t correction = 1);
// log(sum(exp(input))), without overflow.
Tensor LogSumExp(const Tensor& input, const ReduceOptions& options = {});
// The p-norm, (sum |x|^p)^(1/p), real of complex numbers. For p = infinity it is the largest |x|,
// for -infinity the least, for 0 how many are not 0; beside a 0 it is 0 for p < 0. Its gradient
// counts as 0 where it is not defined.
Tensor Norm(const Tensor& input, double p = 2, const ReduceOptions& options = {});

// The number that changes no maximum, or no minimum: of floating point -infinity or infinity.
// Throws InvalidArgument for complex numbers.
Scalar ExtremumIdentity(DType dtype, bool of_max);

// Sums a tensor that was broadcast back to `shape`.
Tensor SumTo(const Tensor& input, DimsView shape);

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_REDUCE_H_
