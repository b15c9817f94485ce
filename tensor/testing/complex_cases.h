// Sample calls over complex numbers, with references in std::complex. They drive what the cases of
// op_cases.h drive, but for ONNX and CUDA, which have no complex arithmetic.
#ifndef NEURA_TENSOR_TESTING_COMPLEX_CASES_H_
#define NEURA_TENSOR_TESTING_COMPLEX_CASES_H_

#include <complex>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/schema.h"

namespace neura::testing {

using ComplexNumber = std::complex<double>;

// What references compute with: row-major.
struct ComplexArray {
  Dims shape;
  std::vector<ComplexNumber> values;

  ComplexNumber operator[](int64_t i) const { return values[static_cast<size_t>(i)]; }
};
// Of any dtype, through its strides.
ComplexArray ToComplexArray(const Tensor& tensor);

struct ComplexCase {
  std::string name;        // "exp" or, of a row that has no other cases, "row/case"
  std::optional<OpId> op;  // of such a row
  // complex128, or float64 where the function takes real numbers.
  std::vector<Tensor> inputs;
  std::function<Tensor(const std::vector<Tensor>& inputs)> function;
  std::function<ComplexArray(const std::vector<ComplexArray>& inputs)> reference;
  bool differentiable = true;
};
const std::vector<ComplexCase>& ComplexCases();

// complex128 in the square of [-1, 1], or shifted from there.
Tensor Numbers(DimsView shape, int seed, ComplexNumber middle = 0);
// Of matrices.
ComplexArray Product(const ComplexArray& a, const ComplexArray& b);

void AddFftCases(std::vector<ComplexCase>& cases);
void AddSignalCases(std::vector<ComplexCase>& cases);
void AddMatrixCases(std::vector<ComplexCase>& cases);

// The inputs in complex64 and float32.
std::vector<Tensor> InSinglePrecision(std::vector<Tensor> inputs);

}  // namespace neura::testing

#endif  // NEURA_TENSOR_TESTING_COMPLEX_CASES_H_
