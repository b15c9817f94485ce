// The text of a tensor's elements.
#ifndef NEURA_TENSOR_CORE_PRINTING_H_
#define NEURA_TENSOR_CORE_PRINTING_H_

#include <cstdint>
#include <optional>
#include <string>

#include "neura/tensor/core/tensor.h"

namespace neura {

// How tensors print, everywhere in the program.
struct PrintOptions {
  int64_t precision = 4;     // digits after the point
  int64_t threshold = 1000;  // tensors of more elements are summarized
  int64_t edgeitems = 3;     // shown at each end of a summarized dimension
  int64_t linewidth = 80;    // columns, before a line is broken
  std::optional<bool> sci_mode =
      {};  // always or never scientific; else where fixed point would lose digits or run wide
};
PrintOptions GetPrintOptions();
// Throws InvalidArgument for numbers below 0 and for a precision above 40.
void SetPrintOptions(const PrintOptions& options);

// The elements as Tensor::ToString() shows them, for a place `indent` columns from the left.
std::string ElementsText(const Tensor& tensor, int64_t indent = 0);

}  // namespace neura

#endif  // NEURA_TENSOR_CORE_PRINTING_H_
