#include "neura/tensor/sparse/sparse.h"

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/index.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"
#include "neura/tensor/sparse/calls.h"

namespace neura::sparse {

namespace {

// The extents of the values under one extent of all places.
Dims FlatShape(const SparseParts& parts, int64_t places) {
  Dims shape(parts.values.shape().begin(), parts.values.shape().end());
  shape[0] = places;
  return shape;
}

Dims SparseExtents(const SparseParts& parts) {
  return Dims(parts.shape.begin(), parts.shape.begin() + parts.indices.size(0));
}

// Row-major numbers as places again, [sparse dims, n].
Tensor Coordinates(const Tensor& places, const Dims& extents) {
  std::vector<Tensor> rows;
  int64_t stride = NumElements(extents);
  for (const int64_t extent : extents) {
    stride = extent == 0 ? 1 : stride / extent;
    rows.push_back(Remainder(FloorDivide(places, stride), extent));
  }
  return rows.size() == 1 ? Unsqueeze(places, 0) : Stack(rows);
}

}  // namespace

Tensor FromParts(const Tensor& indices, const Tensor& values, DimsView shape) {
  constexpr const char* kOp = "sparse_coo_tensor";
  RequireDims(kOp, indices, 2);
  RequireDefined(kOp, values);
  const auto dims = static_cast<size_t>(indices.size(0));
  bool fits = (indices.dtype() == kInt64 || indices.dtype() == kInt32) && values.dim() > 0 &&
              values.size(0) == indices.size(1) && dims > 0 &&
              shape.size() + 1 == dims + values.shape().size() &&
              indices.device() == values.device();
  for (size_t d = dims; fits && d < shape.size(); ++d) {
    fits = values.shape()[d - dims + 1] == shape[d];
  }
  if (!fits) {
    ThrowInvalidArgument(absl::StrCat(kOp, ": indices ", Describe(indices), " and values ",
                                      Describe(values), " do not make up the shape ",
                                      ToString(shape)));
  }
  NumElements(shape);
  const Tensor places = Cast(indices, kInt64);
  for (size_t d = 0; d < dims && places.size(1) > 0; ++d) {
    const Tensor row = Select(places, 0, static_cast<int64_t>(d));
    const auto least = AMin(row).Item<int64_t>(), most = AMax(row).Item<int64_t>();
    if (least >= 0 && most < shape[d]) continue;
    ThrowOutOfRange(absl::StrCat(kOp, ": index ", least < 0 ? least : most, " is outside [0, ",
                                 shape[d], ") of dimension ", d));
  }
  return SparseOver({places, values, Dims(shape.begin(), shape.end())});
}

Tensor FromDense(const Tensor& dense, std::optional<int64_t> sparse_dim) {
  RequireDefined("to_sparse", dense);
  RequireDense("to_sparse", dense);
  const int64_t dims = sparse_dim.value_or(dense.dim());
  if (dims < 1 || dims > dense.dim()) {
    ThrowOutOfRange(absl::StrCat("to_sparse: sparse_dim = ", dims, " is outside [1, ", dense.dim(),
                                 "] of ", Describe(dense)));
  }
  const DimsView shape = dense.shape();
  const Dims extents(shape.begin(), shape.begin() + dims);
  Dims flat(shape.begin() + dims - 1, shape.end());
  flat[0] = NumElements(extents);
  const Tensor slices = Reshape(dense, flat);
  const Tensor elements =
      Reshape(slices, {flat[0], NumElements(shape.subspan(static_cast<size_t>(dims)))});
  const Tensor places = Ravel(NonZero(Any(elements != 0, {.dims = {1}})));
  return SparseOver({Coordinates(places, extents), IndexSelect(slices, 0, places),
                     Dims(shape.begin(), shape.end()), true});
}

Tensor Indices(const Tensor& sparse) { return PartsOf("indices", sparse).indices; }
Tensor Values(const Tensor& sparse) { return PartsOf("values", sparse).values; }
bool IsCoalesced(const Tensor& sparse) { return PartsOf("is_coalesced", sparse).coalesced; }
int64_t SparseDim(const Tensor& sparse) { return PartsOf("sparse_dim", sparse).indices.size(0); }
int64_t DenseDim(const Tensor& sparse) { return PartsOf("dense_dim", sparse).values.dim() - 1; }
int64_t NumValues(const Tensor& sparse) { return PartsOf("nnz", sparse).values.size(0); }

Tensor WithValues(const Tensor& sparse, const Tensor& values) {
  const SparseParts& parts = PartsOf("values", sparse);
  if (values.shape() != parts.values.shape()) {
    ThrowInvalidArgument(absl::StrCat("values of ", Describe(sparse), " cannot be ",
                                      Describe(values), ", there are ",
                                      ToString(parts.values.shape())));
  }
  return SparseOver({parts.indices, values, parts.shape, parts.coalesced});
}

Tensor Places(const Tensor& sparse) {
  const SparseParts& parts = PartsOf("places", sparse);
  Tensor places = Select(parts.indices, 0, 0);
  for (int64_t d = 1; d < parts.indices.size(0); ++d) {
    places = places * parts.shape[static_cast<size_t>(d)] + Select(parts.indices, 0, d);
  }
  return places;
}

Tensor Coalesce(const Tensor& sparse) {
  const SparseParts& parts = PartsOf("coalesce", sparse);
  if (parts.coalesced) return sparse;
  if (parts.values.size(0) < 2) return SparseOver({parts.indices, parts.values, parts.shape, true});
  const UniqueElements places = Unique(Places(sparse));
  const Tensor zeros = Zeros(FlatShape(parts, places.output.numel()),
                             {.dtype = parts.values.dtype(), .device = parts.values.device()});
  return SparseOver({Coordinates(places.output, SparseExtents(parts)),
                     IndexAdd(zeros, 0, places.inverse_indices, parts.values), parts.shape, true});
}

Tensor ToDense(const Tensor& sparse) {
  const SparseParts& parts = PartsOf("to_dense", sparse);
  return AddTo(Zeros(parts.shape, {.dtype = parts.values.dtype(), .device = parts.values.device()}),
               sparse);
}

Tensor AddTo(const Tensor& dense, const Tensor& sparse) {
  const SparseParts& parts = PartsOf("add", sparse);
  const DType dtype = PromoteTypes(dense.dtype(), sparse.dtype());
  const Tensor rows =
      Reshape(Cast(dense, dtype), FlatShape(parts, NumElements(SparseExtents(parts))));
  return Reshape(IndexAdd(rows, 0, Places(sparse), Cast(parts.values, dtype)), parts.shape);
}

Tensor AddBoth(const Tensor& a, const Tensor& b) {
  const SparseParts &x = PartsOf("add", a), &y = PartsOf("add", b);
  const DType dtype = PromoteTypes(a.dtype(), b.dtype());
  const Tensor sum = SparseOver({Cat({x.indices, y.indices}, 1),
                                 Cat({Cast(x.values, dtype), Cast(y.values, dtype)}, 0), x.shape});
  // A gradient that is set to 0 and added to for ever must not grow for ever.
  return NumValues(sum) > 2 * NumElements(SparseExtents(x)) ? Coalesce(sum) : sum;
}

}  // namespace neura::sparse
