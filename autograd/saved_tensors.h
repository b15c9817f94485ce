// How operations keep the tensors that backward needs of them.
#ifndef NEURA_AUTOGRAD_SAVED_TENSORS_H_
#define NEURA_AUTOGRAD_SAVED_TENSORS_H_

#include <functional>
#include <memory>

#include "neura/tensor/core/tensor.h"

namespace neura::autograd {

struct SavedTensorHooks {
  // Gets a tensor that an operation would keep, outside of any graph, and returns what is kept in
  // its place. Runs under a NoGradGuard.
  std::function<std::shared_ptr<void>(const Tensor&)> pack;
  // Gets that whenever backward needs the tensor, and returns one of its shape and dtype.
  std::function<Tensor(const std::shared_ptr<void>&)> unpack;
};

// While alive, operations of this thread keep what these hooks make of the tensors; the innermost
// scope counts:
//
//   const SavedTensorsScope scope({
//       .pack = [](const Tensor& t) { return std::make_shared<Tensor>(Cast(t, kFloat16)); },
//       .unpack = [](const std::shared_ptr<void>& kept) {
//         return Cast(*std::static_pointer_cast<Tensor>(kept), kFloat32); }});
class SavedTensorsScope {
 public:
  explicit SavedTensorsScope(SavedTensorHooks hooks);
  ~SavedTensorsScope();
  SavedTensorsScope(const SavedTensorsScope&) = delete;
  SavedTensorsScope& operator=(const SavedTensorsScope&) = delete;

 private:
  std::shared_ptr<const SavedTensorHooks> hooks_;
  SavedTensorsScope* outer_;

  friend struct PackedTensor;
};

// What a node holds of such a tensor.
struct PackedTensor {
  std::shared_ptr<void> kept;
  std::shared_ptr<const SavedTensorHooks> hooks;
  Dims shape;
  DType dtype;

  // Null where no hooks are set.
  static std::unique_ptr<PackedTensor> Of(const Tensor& tensor);
  // Throws InvalidArgument where the hook returns another kind of tensor.
  Tensor Unpack() const;
};

}  // namespace neura::autograd

#endif  // NEURA_AUTOGRAD_SAVED_TENSORS_H_
