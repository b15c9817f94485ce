#include "neura/nn/owned_tensor.h"

#include "neura/autograd/autograd.h"
#include "neura/nn/copying.h"

namespace neura::nn {

template <bool kTrained>
OwnedTensor<kTrained>::OwnedTensor(const OwnedTensor& other) {
  *this = other;
}
template <bool kTrained>
OwnedTensor<kTrained>& OwnedTensor<kTrained>::operator=(const OwnedTensor& other) {
  if (this == &other) return *this;
  const Tensor original = other.tensor(), copy = internal::CopyOf(&other, original);
  Replace(copy);
  if (kTrained && copy.defined() && !RequiresGrad(original)) SetRequiresGrad(copy, false);
  return *this;
}
template <bool kTrained>
void OwnedTensor<kTrained>::Replace(const Tensor& tensor) {
  if (kTrained && tensor.defined() && IsDifferentiable(tensor.dtype())) SetRequiresGrad(tensor);
  slot_.Store(tensor.handle());
}
template class OwnedTensor<true>;
template class OwnedTensor<false>;

}  // namespace neura::nn
