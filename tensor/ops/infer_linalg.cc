// Decompositions of matrices, the last two dimensions.
#include <algorithm>

#include "neura/tensor/ops/infer.h"
#include "neura/tensor/ops/op_list/linalg.h"

namespace neura::infer {
namespace {

// Rows and columns of the matrices in an input, and the dimensions before them.
struct Matrices {
  DimsView batch;
  int64_t rows, columns;

  int64_t least() const { return std::min(rows, columns); }
};

Matrices MatricesOf(const OpCall& call, size_t input = 0) {
  const Tensor& tensor = call.input(input);
  if (tensor.dim() < 2) Fail(call, "expected matrices, of at least 2 dimensions");
  return {tensor.shape().first(tensor.shape().size() - 2), tensor.size(-2), tensor.size(-1)};
}

Matrices SquareMatricesOf(const OpCall& call) {
  const Matrices matrices = MatricesOf(call);
  if (matrices.rows != matrices.columns) {
    Fail(call, "expected square matrices, got ", matrices.rows, " rows and ", matrices.columns,
         " columns");
  }
  return matrices;
}

// For each matrix of the batch a tensor of these extents.
void Set(OutputSpec& output, DType dtype, const Matrices& matrices,
         std::initializer_list<int64_t> extents) {
  output.dtype = dtype;
  SetDims(output.shape, matrices.batch);
  output.shape.insert(output.shape.end(), extents.begin(), extents.end());
}

// The matrices B, an input, of A @ X = B, where A is square.
Matrices EquationOf(const OpCall& call, size_t of_b = 1) {
  const Matrices a = SquareMatricesOf(call), b = MatricesOf(call, of_b);
  if (call.input(of_b).dtype() != call.input(0).dtype()) Fail(call, "A and B must have one dtype");
  if (b.batch != a.batch || b.rows != a.rows) {
    Fail(call, "B must have as many rows as A, and the same dimensions before them");
  }
  return b;
}

}  // namespace

void InferSquareMatrices(const OpCall& call, OutputSpecs& outputs) {
  SquareMatricesOf(call);
  SameAsInput(call, outputs[0]);
}

void InferCholesky(const OpCall& call, OutputSpecs& outputs) {
  InferSquareMatrices(call, outputs);
  Set(outputs[1], kInt32, MatricesOf(call), {});
}

void InferLu(const OpCall& call, OutputSpecs& outputs) {
  const Matrices a = MatricesOf(call);
  SameAsInput(call, outputs[0]);
  Set(outputs[1], kInt32, a, {a.least()});
  Set(outputs[2], kInt32, a, {});
}

void InferPermutation(const OpCall& call, OutputSpecs& outputs) {
  const Tensor& pivots = call.input(0);
  const int64_t rows = call.Get<PermutationOptions>().rows;
  if (pivots.dim() < 1) Fail(call, "expected at least one dimension");
  if (rows < pivots.size(-1)) Fail(call, "there are more pivots than ", rows, " rows");
  SameAsInput(call, outputs[0]);
  outputs[0].dtype = kInt64;
  outputs[0].shape.back() = rows;
}

void InferSolve(const OpCall& call, OutputSpecs& outputs) {
  const Matrices b = EquationOf(call);
  Set(outputs[0], call.input(0).dtype(), b, {b.rows, b.columns});
  Set(outputs[1], kInt32, b, {});
}

void InferSolveTriangular(const OpCall& call, OutputSpecs& outputs) {
  const Matrices b = EquationOf(call);
  Set(outputs[0], call.input(0).dtype(), b, {b.rows, b.columns});
}

void InferDet(const OpCall& call, OutputSpecs& outputs) {
  Set(outputs[0], call.input(0).dtype(), SquareMatricesOf(call), {});
}

void InferSlogDet(const OpCall& call, OutputSpecs& outputs) {
  InferDet(call, outputs);
  Set(outputs[1], RealDType(call.input(0).dtype()), MatricesOf(call), {});
}

void InferQr(const OpCall& call, OutputSpecs& outputs) {
  const Matrices a = MatricesOf(call);
  const DType dtype = call.input(0).dtype();
  const int64_t k = call.Get<CompleteOptions>().complete ? a.rows : a.least();
  Set(outputs[0], dtype, a, {a.rows, k});
  Set(outputs[1], dtype, a, {k, a.columns});
}

void InferSvd(const OpCall& call, OutputSpecs& outputs) {
  const Matrices a = MatricesOf(call);
  const DType dtype = call.input(0).dtype();
  const bool complete = call.Get<CompleteOptions>().complete;
  Set(outputs[0], dtype, a, {a.rows, complete ? a.rows : a.least()});
  Set(outputs[1], RealDType(dtype), a, {a.least()});
  Set(outputs[2], dtype, a, {complete ? a.columns : a.least(), a.columns});
}

void InferEigh(const OpCall& call, OutputSpecs& outputs) {
  const Matrices a = SquareMatricesOf(call);
  Set(outputs[0], RealDType(call.input(0).dtype()), a, {a.rows});
  SameAsInput(call, outputs[1]);
}

void InferEig(const OpCall& call, OutputSpecs& outputs) {
  const Matrices a = SquareMatricesOf(call);
  const DType dtype = ComplexDType(call.input(0).dtype());
  Set(outputs[0], dtype, a, {a.rows});
  Set(outputs[1], dtype, a, {a.rows, a.rows});
}

void InferGeqrf(const OpCall& call, OutputSpecs& outputs) {
  const Matrices a = MatricesOf(call);
  SameAsInput(call, outputs[0]);
  Set(outputs[1], call.input(0).dtype(), a, {a.least()});
}

void InferLdl(const OpCall& call, OutputSpecs& outputs) {
  InferSquareMatrices(call, outputs);
  const Matrices a = MatricesOf(call);
  Set(outputs[1], kInt32, a, {a.rows});
  Set(outputs[2], kInt32, a, {});
}

void InferLdlSolve(const OpCall& call, OutputSpecs& outputs) {
  const Matrices b = EquationOf(call, 2);
  const Tensor& pivots = call.input(1);
  if (pivots.dtype() != kInt32 || pivots.dim() < 1 || pivots.size(-1) != b.rows ||
      pivots.shape().first(pivots.shape().size() - 1) != b.batch) {
    Fail(call, "pivots must be int32, one for each row of LD");
  }
  Set(outputs[0], call.input(0).dtype(), b, {b.rows, b.columns});
}

void InferPinv(const OpCall& call, OutputSpecs& outputs) {
  const Matrices a = call.Get<PinvOptions>().hermitian ? SquareMatricesOf(call) : MatricesOf(call);
  for (size_t i : {1, 2}) {
    if (!call.has_input(i)) continue;
    if (call.input(i).dtype() != kFloat64 || call.input(i).shape() != a.batch) {
      Fail(call, "a tolerance must be float64 and one number for each matrix");
    }
  }
  Set(outputs[0], call.input(0).dtype(), a, {a.columns, a.rows});
}

}  // namespace neura::infer
