#include "neura/python/extension/sparse.h"

#include <cstdint>
#include <optional>

#include "absl/strings/str_cat.h"
#include "neura/python/extension/binder.h"
#include "neura/python/extension/convert.h"
#include "neura/python/extension/values.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/sparse_parts.h"
#include "neura/tensor/sparse/sparse.h"
#include "neura/tensor/tensor.h"

namespace neura::python {
namespace {

namespace py = pybind11;

// Of several values for one place, those of the caller's place are no answer.
const SparseParts& CoalescedParts(const char* what, const Tensor& tensor) {
  const SparseParts& parts = PartsOf(what, tensor);
  if (!parts.coalesced) {
    ThrowFailedPrecondition(absl::StrCat("Cannot get ", what, " on an uncoalesced tensor, please ",
                                         "call .coalesce() first"));
  }
  return parts;
}

// The least extents around the places.
Dims ExtentsAround(const Tensor& indices, const Tensor& values) {
  RequireDims("sparse_coo_tensor", indices, 2);
  RequireDefined("sparse_coo_tensor", values);
  Dims shape;
  for (int64_t d = 0; d < indices.size(0); ++d) {
    const bool any = indices.size(1) > 0;
    const int64_t last = any ? AMax(Select(indices, 0, d)).Item<int64_t>() : -1;
    if (last == INT64_MAX) ThrowInvalidArgument("sparse_coo_tensor: an index is too large");
    shape.push_back(last + 1);
  }
  for (int64_t d = 1; d < values.dim(); ++d) shape.push_back(values.size(d));
  return shape;
}

}  // namespace

void InitSparse(py::module_& m) {
  const Binder bind(m, "");
  bind.Method("indices", "self",
              "The places of a coalesced sparse tensor's values, int64 [sparse dims, nnz]",
              NEURA_FN((const Tensor& x), { return CoalescedParts("indices", x).indices; }));
  bind.Method("values", "self", "The values of a coalesced sparse tensor, [nnz, ...]",
              NEURA_FN((const Tensor& x), { return CoalescedParts("values", x).values; }));
  bind.Method("_indices", "self", "The places of a sparse tensor's values, coalesced or not",
              NEURA_FN((const Tensor& x), { return sparse::Indices(x); }));
  bind.Method("_values", "self", "The values of a sparse tensor, coalesced or not",
              NEURA_FN((const Tensor& x), { return sparse::Values(x); }));
  bind.Method("_nnz", "self", "How many values a sparse tensor has",
              NEURA_FN((const Tensor& x), { return sparse::NumValues(x); }));
  bind.Method("is_coalesced", "self",
              "Whether the places of a sparse tensor are in their order, none twice",
              NEURA_FN((const Tensor& x), { return sparse::IsCoalesced(x); }));
  bind.Method(
      "coalesce", "self",
      "A sparse tensor with the values of each place added up; itself where it is coalesced",
      NEURA_FN((const Tensor& x), { return sparse::Coalesce(x); }));
  bind.Method(
      "sparse_dim", "self", "The number of dimensions that places have; 0 of a dense tensor",
      NEURA_FN((const Tensor& x), { return IsSparse(x) ? sparse::SparseDim(x) : int64_t{0}; }));
  bind.Method("dense_dim", "self", "The number of dimensions of a value; of a dense tensor, all",
              NEURA_FN((const Tensor& x), { return IsSparse(x) ? sparse::DenseDim(x) : x.dim(); }));
  bind.Method("to_dense", "self, dtype=None", "A sparse tensor with its zeros; a dense one itself",
              NEURA_FN((const Tensor& x, const std::optional<DType>& dtype), {
                return Cast(IsSparse(x) ? sparse::ToDense(x) : x, dtype.value_or(x.dtype()));
              }));
  bind.Method("to_sparse", "self, sparse_dim=None",
              "A dense tensor as the slices over its first dimensions that are not zero; a sparse "
              "one itself",
              NEURA_FN((const Tensor& x, const std::optional<int64_t>& sparse_dim), {
                return IsSparse(x) && !sparse_dim ? x : sparse::FromDense(x, sparse_dim);
              }));
  bind("sparse_coo_tensor",
       "indices, values, size=None, *, dtype=None, device='cpu', requires_grad=False",
       "A sparse tensor of values [nnz, ...] at places [sparse dims, nnz], zeros elsewhere; values "
       "of one place add up. No leaf of gradients can be sparse",
       NEURA_FN(
           (const py::object& indices, const py::object& values, const std::optional<Dims>& size,
            const std::optional<DType>& dtype, const Device& device, bool requires_grad),
           {
             if (requires_grad) {
               ThrowUnimplemented(
                   "sparse_coo_tensor: a sparse tensor cannot require a gradient; let its "
                   "values require one");
             }
             const Tensor places = To(IsTensor(indices.ptr()) ? TensorOf(indices.ptr())
                                                              : TensorFromData(indices, kInt64),
                                      device);
             Tensor given =
                 IsTensor(values.ptr()) ? TensorOf(values.ptr()) : TensorFromData(values, dtype);
             given = To(Cast(given, dtype.value_or(given.dtype())), device);
             return sparse::FromParts(places, given, size ? *size : ExtentsAround(places, given));
           }));
}

}  // namespace neura::python
