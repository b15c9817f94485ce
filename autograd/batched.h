// Tensors inside of a mapped function: each is one example's, and stands for those of all.
#ifndef NEURA_AUTOGRAD_BATCHED_H_
#define NEURA_AUTOGRAD_BATCHED_H_

#include <cstdint>

#include "neura/tensor/core/tensor.h"

namespace neura::autograd {

// A tensor that stands for [B, ...] `examples` while the Vmap of this level runs. Its shape, dtype
// and memory are those of the first of them, so that writes to the examples are seen by its
// version, and what outlives the Vmap is nothing but that first example.
Tensor StandFor(const Tensor& examples, uint64_t level);

// What the tensor stands for at this level, or at whatever level it is of; else undefined.
Tensor ExamplesOf(const Tensor& tensor, uint64_t level);
Tensor ExamplesOf(const Tensor& tensor);

// The level of the innermost Vmap in which it stands for others; levels grow from the outer ones to
// the inner ones. 0 where it stands for none.
uint64_t LevelOf(const Tensor& tensor);

// Whether gradients flow through what the tensor stands for.
bool ExamplesFlow(const Tensor& tensor);

// The same memory under a new tensor, which has no history and stands for the same.
Tensor WithoutHistory(const Tensor& tensor);

}  // namespace neura::autograd

#endif  // NEURA_AUTOGRAD_BATCHED_H_
