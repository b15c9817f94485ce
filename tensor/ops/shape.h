// Views, joining and arranging. What is called a view shares the input's memory.
#ifndef NEURA_TENSOR_OPS_SHAPE_H_
#define NEURA_TENSOR_OPS_SHAPE_H_

#include <vector>

#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/options/shape.h"

namespace neura {

// ---- views -----------------------------------------------------------------------------------

// The same elements in the same order under another shape, one extent of which may be -1. A view
// where the memory allows it, else a copy.
Tensor Reshape(const Tensor& input, DimsView shape);
// As Reshape, but throws InvalidArgument where only a copy would do.
Tensor View(const Tensor& input, DimsView shape);
// Joins dimensions start_dim to end_dim into one.
Tensor Flatten(const Tensor& input, int64_t start_dim = 0, int64_t end_dim = -1);
Tensor Permute(const Tensor& input, DimsView dims);
Tensor Transpose(const Tensor& input, int64_t dim0, int64_t dim1);
// Broadcast to `shape`; -1 keeps an extent. Elements share memory.
Tensor Expand(const Tensor& input, DimsView shape);
// Without the dimensions of extent 1: all of them, or those among `dims`.
Tensor Squeeze(const Tensor& input);
Tensor Squeeze(const Tensor& input, DimsView dims);
Tensor Unsqueeze(const Tensor& input, int64_t dim);
// Elements start, start + step, ... below end of `dim`; negative bounds count from the end, and
// bounds outside are brought inside, as in Python.
Tensor Slice(const Tensor& input, int64_t dim, int64_t start, int64_t end = INT64_MAX,
             int64_t step = 1);
// `length` elements of `dim` from `start` on. Throws OutOfRange when they are not all inside.
Tensor Narrow(const Tensor& input, int64_t dim, int64_t start, int64_t length);
// One slice of `dim`, which disappears. Throws OutOfRange.
Tensor Select(const Tensor& input, int64_t dim, int64_t index);
// The diagonal of dim1 and dim2, `offset` columns to the right, as the last dimension.
Tensor Diagonal(const Tensor& input, int64_t offset = 0, int64_t dim1 = 0, int64_t dim2 = 1);
// Windows of `size` elements every `step` along `dim`; the elements of a window become the last
// dimension.
Tensor Unfold(const Tensor& input, int64_t dim, int64_t size, int64_t step);
// Extents, strides and offset (in elements) over a contiguous tensor.
Tensor AsStrided(const Tensor& input, DimsView shape, DimsView strides, int64_t offset = 0);
// Zeros of `input_shape` to which each element is added where AsStrided would read it.
Tensor AsStridedGrad(const Tensor& grad, DimsView input_shape, DimsView strides, int64_t offset);
// A copy of `input` in which `source`, of that shape and the same dtype, stands where AsStrided
// would read it. Throws InvalidArgument where two elements would stand in one place.
Tensor AsStridedScatter(const Tensor& input, const Tensor& source, DimsView shape, DimsView strides,
                        int64_t offset = 0);
// Complex numbers [...] as pairs [..., 2] of their real and imaginary parts. Throws InvalidArgument
// for what is not complex.
Tensor ViewAsReal(const Tensor& input);
// Pairs of float32 or float64 [..., 2] as complex numbers [...]. Throws InvalidArgument unless the
// pairs lie in memory as complex numbers do: contiguous, at even offsets and strides.
Tensor ViewAsComplex(const Tensor& input);
// The same memory under a new tensor.
Tensor Alias(const Tensor& input);

// ---- joining and cutting ---------------------------------------------------------------------

// Joined along `dim`; shapes match elsewhere, dtypes are promoted.
Tensor Cat(absl::Span<const Tensor> tensors, int64_t dim = 0);
// Joined along a new dimension.
Tensor Stack(absl::Span<const Tensor> tensors, int64_t dim = 0);
// Views of `size` slices each; the last may be smaller.
std::vector<Tensor> Split(const Tensor& input, int64_t size, int64_t dim = 0);
// Views of the given numbers of slices, which must add up to the extent.
std::vector<Tensor> Split(const Tensor& input, DimsView sizes, int64_t dim = 0);
// At most `chunks` views of equal size, except the last.
std::vector<Tensor> Chunk(const Tensor& input, int64_t chunks, int64_t dim = 0);
// The slices of `dim`, which disappears: as many views as it is long.
std::vector<Tensor> Unbind(const Tensor& input, int64_t dim = 0);

// ---- arranging: copies -----------------------------------------------------------------------

// before[i] and after[i] elements of `value` around dimension i.
Tensor Pad(const Tensor& input, const PadOptions& options);
Tensor Flip(const Tensor& input, DimsView dims);
// The triangle of the last two dimensions up to (Tril) or from (Triu) the diagonal-th diagonal.
Tensor Tril(const Tensor& input, int64_t diagonal = 0);
Tensor Triu(const Tensor& input, int64_t diagonal = 0);

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_SHAPE_H_
