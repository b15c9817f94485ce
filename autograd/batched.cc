#include "neura/autograd/batched.h"

#include <utility>

#include "neura/autograd/node.h"
#include "neura/tensor/core/sparse_parts.h"

namespace neura::autograd {
namespace {

struct Batch final : TensorExtension {
  static constexpr char kOwner = 0;  // its address tells whose extension this is
  Batch(Tensor examples, uint64_t level)
      : TensorExtension(&kOwner), examples(std::move(examples)), level(level) {}

  const Tensor examples;
  const uint64_t level;
};

const Batch* BatchOf(const Tensor& tensor) {
  return static_cast<const Batch*>(tensor.impl()->FindExtension(&Batch::kOwner));
}

void Attach(const Tensor& tensor, const Tensor& examples, uint64_t level) {
  tensor.impl()->AddExtension(IntrusivePtr<TensorExtension>::Adopt(new Batch(examples, level)));
}

}  // namespace

Tensor StandFor(const Tensor& examples, uint64_t level) {
  RequireDense("Vmap", examples);
  const DimsView shape = examples.shape().subspan(1);
  // Of no examples there is no first one.
  const Tensor one = examples.size(0) == 0
                         ? Tensor::Empty(shape, examples.dtype(), examples.device())
                         : Tensor::View(examples.storage(), examples.storage_offset(), shape,
                                        examples.strides().subspan(1), examples.dtype());
  Attach(one, examples, level);
  return one;
}

Tensor ExamplesOf(const Tensor& tensor, uint64_t level) {
  const Batch* const batch = BatchOf(tensor);
  return batch != nullptr && batch->level == level ? batch->examples : Tensor();
}

Tensor ExamplesOf(const Tensor& tensor) {
  const Batch* const batch = BatchOf(tensor);
  return batch != nullptr ? batch->examples : Tensor();
}

uint64_t LevelOf(const Tensor& tensor) {
  const Batch* const batch = BatchOf(tensor);
  return batch != nullptr ? batch->level : 0;
}

bool ExamplesFlow(const Tensor& tensor) {
  for (Tensor examples = ExamplesOf(tensor); examples.defined(); examples = ExamplesOf(examples)) {
    if (Flows(examples)) return true;
  }
  return false;
}

Tensor WithoutHistory(const Tensor& tensor) {
  const Tensor same = Tensor::View(tensor.storage(), tensor.storage_offset(), tensor.shape(),
                                   tensor.strides(), tensor.dtype());
  if (const Batch* const batch = BatchOf(tensor)) Attach(same, batch->examples, batch->level);
  return same;
}

}  // namespace neura::autograd
