// What losses have in common.
#ifndef NEURA_NN_LOSS_PARTS_H_
#define NEURA_NN_LOSS_PARTS_H_

#include <string>

#include "neura/tensor/core/tensor.h"

namespace neura::nn::internal {

// The values themselves ("none"), their "mean" or their "sum". Throws InvalidArgument for another
// reduction.
Tensor ReduceLoss(const char* loss, const Tensor& values, const std::string& reduction);
// What losses that take one target for each element of the input start with.
void CheckSameShape(const char* loss, const Tensor& input, const Tensor& target);
void CheckFloating(const char* loss, const Tensor& input, const Tensor& target);

}  // namespace neura::nn::internal

#endif  // NEURA_NN_LOSS_PARTS_H_
