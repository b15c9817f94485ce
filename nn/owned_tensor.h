// Tensors that belong to modules.
#ifndef NEURA_NN_OWNED_TENSOR_H_
#define NEURA_NN_OWNED_TENSOR_H_

#include "neura/tensor/core/tensor.h"

namespace neura::nn {

// A tensor that belongs to a module: copying clones it; a copy of a frozen one is frozen. Members
// of a tree that hold one tensor, as after b.weight.Replace(a.weight), share it, and so do those of
// a copy of the tree. One thread may replace it while another looks.
template <bool kTrained>
class OwnedTensor {
 public:
  OwnedTensor() = default;  // absent, e.g. a layer without bias
  explicit OwnedTensor(const Tensor& tensor) { Replace(tensor); }
  OwnedTensor(const OwnedTensor& other);
  OwnedTensor& operator=(const OwnedTensor& other);
  OwnedTensor(OwnedTensor&&) noexcept = default;
  OwnedTensor& operator=(OwnedTensor&&) noexcept = default;

  Tensor tensor() const { return Tensor(slot_.Load()); }
  operator Tensor() const { return tensor(); }
  bool defined() const { return static_cast<bool>(slot_); }
  const AtomicPtr<TensorImpl>& slot() const { return slot_; }
  void Replace(const Tensor& tensor);
  // The same for a tensor that stays what it is, such as the result of an operation.
  void Put(const Tensor& tensor) { slot_.Store(tensor.handle()); }

 private:
  AtomicPtr<TensorImpl> slot_;
};

// Changed by training: requires a gradient where its dtype has them.
using Parameter = OwnedTensor<true>;
// Part of a module's state that is not trained, e.g. running statistics.
using Buffer = OwnedTensor<false>;

}  // namespace neura::nn

#endif  // NEURA_NN_OWNED_TENSOR_H_
