// The text of a tensor's elements.
#ifndef NEURA_TENSOR_CORE_PRINTING_H_
#define NEURA_TENSOR_CORE_PRINTING_H_

#include <cstdint>
#include <string>

#include "neura/tensor/core/tensor.h"

namespace neura {

// The elements as Tensor::ToString() shows them, for a place `indent` columns from the left.
std::string ElementsText(const Tensor& tensor, int64_t indent = 0);

}  // namespace neura

#endif  // NEURA_TENSOR_CORE_PRINTING_H_
