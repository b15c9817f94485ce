// Windows for signals, as in PyTorch's torch.signal.windows. What each is stands in its row of
// windows.inc, which declares it.
//
// The result is [length], a floating point dtype, by default the default one. Its places are i = 0
// ... length - 1; n is length - 1, which makes the window symmetric, or without `sym` length, which
// makes it periodic. A window of one place is 1. Functions throw InvalidArgument for a negative
// length, for a dtype that is not floating point, and for widths that are not positive.
#ifndef NEURA_TENSOR_WINDOWS_WINDOWS_H_
#define NEURA_TENSOR_WINDOWS_WINDOWS_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "neura/tensor/core/tensor.h"

namespace neura::windows {

#define NEURA_COMPOSITE(space, Result, Name, name, parameters, python_parameters, doc) \
  Result Name parameters;
#define NEURA_COMPOSITE_AS(space, name, python_parameters, function, doc)
#include "neura/tensor/windows/windows.inc"
#undef NEURA_COMPOSITE
#undef NEURA_COMPOSITE_AS

}  // namespace neura::windows

#endif  // NEURA_TENSOR_WINDOWS_WINDOWS_H_
