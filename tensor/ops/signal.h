// What windows for signals are made with.
#ifndef NEURA_TENSOR_OPS_SIGNAL_H_
#define NEURA_TENSOR_OPS_SIGNAL_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "neura/tensor/core/tensor.h"

namespace neura {

// 0 ... length - 1 in float64. Throws InvalidArgument, naming the function, where the length is
// negative or the dtype of the window not floating point.
Tensor WindowPlaces(std::string_view function, int64_t length, const std::optional<DType>& dtype);

// The values in the window's dtype, by default the default one; of a single place 1.
Tensor AsWindow(const Tensor& values, const std::optional<DType>& dtype);

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_SIGNAL_H_
