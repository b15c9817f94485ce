#include "neura/tensor/core/sparse_parts.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/storage.h"

namespace neura {

Tensor SparseOver(SparseParts given) {
  auto parts = std::make_unique<SparseParts>(std::move(given));
  const DType dtype = parts->values.dtype();
  Dims strides;
  SetContiguousStrides(strides, parts->shape);
  const Dims shape = parts->shape;
  const auto release = [](void* held) { delete static_cast<SparseParts*>(held); };
  IntrusivePtr<Storage> storage = Storage::External(nullptr, 0, kSparse, release, parts.get());
  parts.release();  // it is the storage's
  return Tensor::View(std::move(storage), 0, shape, strides, dtype);
}

const SparseParts& PartsOf(std::string_view op, const Tensor& tensor) {
  if (!IsSparse(tensor)) {
    ThrowFailedPrecondition(absl::StrCat(op, ": expected a sparse tensor, got ", Describe(tensor)));
  }
  const auto& parts = *static_cast<const SparseParts*>(tensor.storage()->context());
  if (tensor.shape() != DimsView(parts.shape)) {
    ThrowInternal(absl::StrCat(op, ": a view of a sparse tensor, of shape ",
                               ToString(tensor.shape()), " over ", ToString(parts.shape)));
  }
  return parts;
}

void RequireDense(std::string_view op, const Tensor& tensor) {
  if (!IsSparse(tensor)) return;
  ThrowUnimplemented(absl::StrCat(op, ": takes no sparse tensors, got ", Describe(tensor),
                                  "; make it dense first, with sparse::ToDense()"));
}

}  // namespace neura
