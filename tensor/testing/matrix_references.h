// What references of cases of matrices are made of: textbook loops over doubles, for small and
// well-conditioned matrices.
#ifndef NEURA_TENSOR_TESTING_MATRIX_REFERENCES_H_
#define NEURA_TENSOR_TESTING_MATRIX_REFERENCES_H_

#include <functional>
#include <vector>

#include "neura/tensor/testing/op_cases.h"

namespace neura::testing {

// f of each matrix of the first input and those of the others, of which a single one serves all.
// The outputs for all of the batch are stacked.
Reference PerMatrix(std::function<std::vector<Array>(const std::vector<Array>&)> f);

Array Identity(int64_t n);
Array Times(const Array& a, const Array& b);
Array Transposed(const Array& a);
// a * x + b * y
Array Combined(double a, const Array& x, double b, const Array& y);
// x between two indices of its columns, or of its rows.
Array Columns(const Array& x, int64_t first, int64_t last);
Array Rows(const Array& x, int64_t first, int64_t last);
Array DiagonalOf(const std::vector<double>& values);

// By Gauss and Jordan.
Array Inverse(const Array& a);
// By Laplace's expansion.
double Determinant(const Array& a);
// By the columns of A, one after the other (Gram and Schmidt): R has a positive diagonal.
struct OrthogonalFactors {
  Array q, r;
};
OrthogonalFactors GramSchmidt(const Array& a);
// By Jacobi's rotations; from the least to the largest.
struct SymmetricFactors {
  std::vector<double> values;
  Array vectors;
};
SymmetricFactors Jacobi(const Array& a);
// By the eigenvalues of A.T @ A, or of A @ A.T where that is smaller; from the largest to the
// least.
struct SingularFactors {
  Array u;
  std::vector<double> values;
  Array v;
};
SingularFactors Singular(const Array& a);

}  // namespace neura::testing

#endif  // NEURA_TENSOR_TESTING_MATRIX_REFERENCES_H_
