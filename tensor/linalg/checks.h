// What functions of matrices ask of their arguments. They throw InvalidArgument that names the
// function and what it was given.
#ifndef NEURA_TENSOR_LINALG_CHECKS_H_
#define NEURA_TENSOR_LINALG_CHECKS_H_

#include <string_view>

#include "neura/tensor/core/tensor.h"

namespace neura::linalg {

// A floating point or complex dtype.
void RequireFloating(std::string_view op, const Tensor& tensor);

}  // namespace neura::linalg

#endif  // NEURA_TENSOR_LINALG_CHECKS_H_
