#include "neura/autograd/saved_tensors.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "neura/autograd/autograd.h"
#include "neura/tensor/core/error.h"

namespace neura::autograd {
namespace {

thread_local SavedTensorsScope* t_innermost = nullptr;

}  // namespace

SavedTensorsScope::SavedTensorsScope(SavedTensorHooks hooks)
    : hooks_(std::make_shared<const SavedTensorHooks>(std::move(hooks))),
      outer_(std::exchange(t_innermost, this)) {}
SavedTensorsScope::~SavedTensorsScope() { t_innermost = outer_; }

std::unique_ptr<PackedTensor> PackedTensor::Of(const Tensor& tensor) {
  if (t_innermost == nullptr) return nullptr;
  const NoGradGuard no_grad;
  const auto& hooks = t_innermost->hooks_;
  return std::unique_ptr<PackedTensor>(
      new PackedTensor{.kept = hooks->pack(tensor),
                       .hooks = hooks,
                       .shape = Dims(tensor.shape().begin(), tensor.shape().end()),
                       .dtype = tensor.dtype()});
}

Tensor PackedTensor::Unpack() const {
  const NoGradGuard no_grad;
  Tensor tensor = hooks->unpack(kept);
  if (!tensor.defined() || tensor.dtype() != dtype || tensor.shape() != DimsView(shape)) {
    ThrowInvalidArgument(absl::StrCat("SavedTensorsScope: unpack gave ", Describe(tensor), " for ",
                                      DTypeName(dtype), " ", ToString(shape)));
  }
  return tensor;
}

}  // namespace neura::autograd
