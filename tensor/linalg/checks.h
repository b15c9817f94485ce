// What functions of matrices ask of their arguments. They throw InvalidArgument that names the
// function and what it was given.
#ifndef NEURA_TENSOR_LINALG_CHECKS_H_
#define NEURA_TENSOR_LINALG_CHECKS_H_

#include <string_view>

#include "neura/tensor/core/tensor.h"

namespace neura::linalg {

// A floating point or complex dtype.
void RequireFloating(std::string_view op, const Tensor& tensor);
// And at least two dimensions.
void RequireMatrices(std::string_view op, const Tensor& tensor);
// And as many rows as columns.
void RequireSquare(std::string_view op, const Tensor& tensor);

// The dimensions before the last two.
DimsView BatchOf(const Tensor& matrices);
// The matrices with another batch, to which theirs broadcasts.
Tensor ExpandBatch(const Tensor& matrices, DimsView batch);
// Identities of n rows and columns for each of a batch.
Tensor Identities(const Tensor& like, DimsView batch, int64_t n);

}  // namespace neura::linalg

#endif  // NEURA_TENSOR_LINALG_CHECKS_H_
