// For tests that compare elements one by one.
#ifndef NEURA_TENSOR_TESTING_VALUES_H_
#define NEURA_TENSOR_TESTING_VALUES_H_

#include <vector>

#include "neura/tensor/tensor.h"

namespace neura::testing {

// The elements in row-major order, converted to T.
template <typename T = float>
std::vector<T> Values(const Tensor& tensor) {
  const Tensor copy = Contiguous(Cast(tensor, DTypeOf<T>));
  return {copy.data<T>(), copy.data<T>() + copy.numel()};
}

// Whether both have one shape and no elements further apart than `tolerance`.
inline bool Close(const Tensor& a, const Tensor& b, double tolerance = 1e-5) {
  return a.shape() == b.shape() &&
         AMax(Abs(Cast(a, kFloat64) - Cast(b, kFloat64))).Item<double>() < tolerance;
}

}  // namespace neura::testing

#endif  // NEURA_TENSOR_TESTING_VALUES_H_
