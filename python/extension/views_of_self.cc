#include "neura/python/extension/views_of_self.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "neura/autograd/autograd.h"
#include "neura/python/extension/binder.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/tensor.h"

namespace neura::python {
namespace {

namespace py = pybind11;

// The object becomes one over the result. Others over its former tensor keep their shape.
template <typename F>
py::object Become(const py::object& self, const F& view) {
  ReplaceTensor(self.ptr(), WithoutGil([&] { return view(TensorOf(self.ptr())); }));
  return self;
}

// The memory's first elements under another shape; new memory with them at its start where there
// are too few. What is new holds nothing.
Tensor Resized(const Tensor& tensor, const Dims& size) {
  for (int64_t extent : size) {
    if (extent < 0) {
      ThrowInvalidArgument(absl::StrCat("resize_: negative extents in ", ToString(DimsView(size))));
    }
  }
  if (RequiresGrad(tensor)) {
    ThrowFailedPrecondition("resize_: a tensor that requires a gradient keeps its shape");
  }
  const auto item = static_cast<int64_t>(ItemSize(tensor.dtype()));
  const auto held =
      static_cast<int64_t>(tensor.storage()->bytes()) / item - tensor.storage_offset();
  const Dims strides = ContiguousStrides(size);
  const int64_t wanted = NumElements(size);
  if (wanted <= held) {
    return Tensor::View(tensor.storage(), tensor.storage_offset(), size, strides, tensor.dtype());
  }
  const Tensor memory = Empty({wanted}, {.dtype = tensor.dtype(), .device = tensor.device()});
  if (held > 0) {
    Assign(Narrow(memory, 0, 0, held),
           Tensor::View(tensor.storage(), tensor.storage_offset(), {held}, {1}, tensor.dtype()));
  }
  return Reshape(memory, size);
}

py::object Squeezed(const py::object& self, const std::optional<Dims>& dim) {
  return Become(self, [&](const Tensor& x) { return dim ? Squeeze(x, *dim) : Squeeze(x); });
}
py::object Transposed(const py::object& self, int64_t dim0, int64_t dim1) {
  return Become(self, [&](const Tensor& x) { return Transpose(x, dim0, dim1); });
}

}  // namespace

void InitViewsOfSelf(py::module_& m) {
  const Binder bind(m, "");
  bind.Method("squeeze_", "self, dim=None", "squeeze() of the tensor itself", &Squeezed, "Tensor");
  bind.Method(
      "unsqueeze_", "self, dim", "unsqueeze() of the tensor itself",
      NEURA_FN((const py::object& self, int64_t dim),
               { return Become(self, [&](const Tensor& x) { return Unsqueeze(x, dim); }); }),
      "Tensor");
  bind.Method("t_", "self", "t() of the tensor itself",
              NEURA_FN((const py::object& self), { return Become(self, &TransposeMatrix); }),
              "Tensor");
  bind.Method("transpose_", "self, dim0, dim1", "transpose() of the tensor itself", &Transposed,
              "Tensor");
  bind.Method("swapaxes_", "self, axis0, axis1", "transpose() of the tensor itself", &Transposed,
              "Tensor");
  bind.Method("swapdims_", "self, dim0, dim1", "transpose() of the tensor itself", &Transposed,
              "Tensor");
  bind.Method(
      "as_strided_", "self, size, stride, storage_offset=0", "as_strided() of the tensor itself",
      NEURA_FN((const py::object& self, const Dims& size, const Dims& stride, int64_t offset),
               {
                 return Become(self,
                               [&](const Tensor& x) { return AsStrided(x, size, stride, offset); });
               }),
      "Tensor");
  bind.Method("detach_", "self", "Makes the tensor itself one outside of any graph",
              NEURA_FN((const py::object& self),
                       {
                         const Tensor& x = TensorOf(self.ptr());
                         if (autograd::IsLeaf(x)) {
                           if (RequiresGrad(x)) SetRequiresGrad(x, false);
                           return self;
                         }
                         return Become(self, &Detach);
                       }),
              "Tensor");
  bind.Method(
      "resize_", "self, *size",
      "Makes the tensor itself one of another shape over its memory, or over more where that "
      "is too little; what is new holds nothing in particular",
      NEURA_FN((const py::object& self, const Dims& size),
               { return Become(self, [&](const Tensor& x) { return Resized(x, size); }); }),
      "Tensor");
  bind.Method("resize_as_", "self, other", "resize_() to the shape of other",
              NEURA_FN((const py::object& self, const Tensor& other),
                       {
                         const Dims size(other.shape().begin(), other.shape().end());
                         return Become(self, [&](const Tensor& x) { return Resized(x, size); });
                       }),
              "Tensor");
  bind.Method("set_", "self, source=None", "Makes the tensor itself one over the memory of source",
              NEURA_FN((const py::object& self, const std::optional<Tensor>& source),
                       {
                         return Become(self, [&](const Tensor& x) {
                           return source ? Alias(*source)
                                         : Empty({0}, {.dtype = x.dtype(), .device = x.device()});
                         });
                       }),
              "Tensor");
  bind.Method("is_set_to", "self, tensor", "Whether both are one view of the same memory",
              NEURA_FN((const Tensor& x, const Tensor& y), {
                return x.raw_data() == y.raw_data() && x.shape() == y.shape() &&
                       x.strides() == y.strides() && x.dtype() == y.dtype();
              }));
  bind.Method(
      "fill_diagonal_", "self, fill_value, wrap=False",
      "Overwrites the main diagonal; with wrap also those below the first square of a tall "
      "matrix",
      NEURA_FN((const py::object& self, const Scalar& value, bool wrap),
               {
                 const Tensor& x = TensorOf(self.ptr());
                 WithoutGil([&] {
                   if (x.dim() < 2) {
                     ThrowInvalidArgument(absl::StrCat(
                         "fill_diagonal_: expected two dimensions at least, got ", Describe(x)));
                   }
                   if (x.dim() > 2) {
                     const bool cube =
                         std::all_of(x.shape().begin(), x.shape().end(),
                                     [&](int64_t extent) { return extent == x.size(0); });
                     if (!cube) {
                       ThrowInvalidArgument(absl::StrCat(
                           "fill_diagonal_: all extents must be equal, got ", Describe(x)));
                     }
                   }
                   const TensorOptions options{.dtype = kInt64, .device = x.device()};
                   // Where all coordinates are equal; wrapped, a row of zeros after each square.
                   Tensor on;
                   for (int64_t d = 1; d < x.dim(); ++d) {
                     Dims first(static_cast<size_t>(x.dim()), 1), other(first);
                     first[0] = x.size(0);
                     other[static_cast<size_t>(d)] = x.size(d);
                     Tensor row = Reshape(Arange(0, x.size(0), 1, options), first);
                     if (wrap && x.dim() == 2) row = Remainder(row, x.size(1) + 1);
                     const Tensor equal = row == Reshape(Arange(0, x.size(d), 1, options), other);
                     on = on.defined() ? LogicalAnd(on, equal) : equal;
                   }
                   AssignResult("fill_diagonal_", x, MaskedFill(x, on, value));
                 });
                 return self;
               }),
      "Tensor");
}

}  // namespace neura::python
