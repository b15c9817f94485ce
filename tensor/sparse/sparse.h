// Sparse tensors in coordinate form (COO): values at places, zeros elsewhere. So are the gradients
// of nn::Embedding with sparse=true, whose memory follows the rows that a batch names.
//
//   Tensor g = autograd::GradOf(layer.weight);   // sparse float32 [2000000, 16]
//   sparse::Indices(g);                          // int64 [1, nnz], the rows
//   sparse::Values(g);                           // float32 [nnz, 16]
//   sparse::ToDense(g);
//
// A place has a coordinate for each of the first dimensions of the shape, the sparse ones; its
// value has the extents of the others, the dense ones. Values of one place add up; a coalesced
// tensor has one for each, in row-major order of the places.
//
// Beside the functions below, these operations take sparse tensors and give one: Clone, Cast,
// Detach, Neg, sums and differences of two, products with and quotients by a number; in place the
// latter, and Fill with 0. Add, Sub and Assign with a dense tensor give a dense one. Every other
// operation, and whoever reads elements, throws Unimplemented. Gradients flow through the values.
#ifndef NEURA_TENSOR_SPARSE_SPARSE_H_
#define NEURA_TENSOR_SPARSE_SPARSE_H_

#include <cstdint>
#include <optional>

#include "neura/tensor/core/shape.h"
#include "neura/tensor/core/sparse_parts.h"
#include "neura/tensor/core/tensor.h"

namespace neura::sparse {

// Of `indices`, int64 or int32 [sparse dims, nnz], and `values`, [nnz, extents of the dense dims].
// Throws InvalidArgument unless they make up the shape, OutOfRange for an index outside of it.
Tensor FromParts(const Tensor& indices, const Tensor& values, DimsView shape);

// The slices of a dense tensor over its first dimensions, all of them unless `sparse_dim` says how
// many, in which some element is not zero; coalesced. Throws OutOfRange unless there are so many.
Tensor FromDense(const Tensor& dense, std::optional<int64_t> sparse_dim = {});

// The parts as they are. These functions throw FailedPrecondition for a tensor that is not sparse.
Tensor Indices(const Tensor& sparse);
Tensor Values(const Tensor& sparse);
bool IsCoalesced(const Tensor& sparse);
int64_t SparseDim(const Tensor& sparse);
int64_t DenseDim(const Tensor& sparse);
// How many values there are.
int64_t NumValues(const Tensor& sparse);

// The same places with other values, [nnz, ...] of the same extents.
Tensor WithValues(const Tensor& sparse, const Tensor& values);
// The tensor itself where it is coalesced. Values of a place are added in their order.
Tensor Coalesce(const Tensor& sparse);
Tensor ToDense(const Tensor& sparse);
// The places as numbers in row-major order, int64 [nnz]: with one sparse dimension the indices.
Tensor Places(const Tensor& sparse);

}  // namespace neura::sparse

#endif  // NEURA_TENSOR_SPARSE_SPARSE_H_
