// Linear algebra: options.
#ifndef NEURA_TENSOR_OPS_OPTIONS_LINALG_H_
#define NEURA_TENSOR_OPS_OPTIONS_LINALG_H_

#include "neura/tensor/core/fields.h"

namespace neura {

// Whether a matrix that cannot be factored is a LinAlgError; else the output `info` tells of it.
struct FactorOptions {
  bool check_errors = false;
  NEURA_FIELDS(check_errors)
};

// Without pivots rows stay in their order.
struct LuOptions {
  bool pivot = true;
  bool check_errors = false;
  NEURA_FIELDS(pivot, check_errors)
};

// Which triangle of the matrix counts, and whether its diagonal counts as ones.
struct SolveTriangularOptions {
  bool upper = true;
  bool unitriangular = false;
  NEURA_FIELDS(upper, unitriangular)
};

// Whether orthogonal factors are square.
struct CompleteOptions {
  bool complete = false;
  NEURA_FIELDS(complete)
};

// Which triangle of a symmetric matrix is read.
struct EighOptions {
  bool upper = false;
  NEURA_FIELDS(upper)
};

// Singular values up to the larger of atol and rtol times the largest count as 0. Those of a
// hermitian matrix are the absolute values of its eigenvalues.
struct PinvOptions {
  double atol = 0;
  double rtol = 0;
  bool hermitian = false;
  NEURA_FIELDS(atol, rtol, hermitian)
};

// A = L @ D @ L.mH is factored, or A = L @ D @ L.mT.
struct HermitianOptions {
  bool hermitian = false;
  NEURA_FIELDS(hermitian)
};

struct LdlOptions {
  bool hermitian = false;
  bool check_errors = false;
  NEURA_FIELDS(hermitian, check_errors)
};

// How many rows are permuted; and whether they are put back.
struct PermutationOptions {
  int64_t rows = 0;
  bool inverse = false;
  NEURA_FIELDS(rows, inverse)
};

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_OPTIONS_LINALG_H_
