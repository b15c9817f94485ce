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

}  // namespace neura::testing

#endif  // NEURA_TENSOR_TESTING_VALUES_H_
