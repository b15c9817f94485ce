// The weights of ONNX files, which are read and replaced without touching anything else.
#ifndef NEURA_ONNX_WEIGHTS_H_
#define NEURA_ONNX_WEIGHTS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "neura/tensor/core/tensor.h"

namespace neura::onnx {

// The initializers of a model in the order of the file, without those of graphs inside of it.
// InvalidArgument where the bytes are no model, Unimplemented where a tensor is of a type that
// Neura lacks or lies in another file.
absl::StatusOr<NamedTensors> WeightsOf(std::string_view model);

// What a file holds in the place of a weight, of its shape. Floating point numbers of another dtype
// are converted by a Cast, int8 by a DequantizeLinear, so that the model reads what it has read.
struct StoredWeight {
  Tensor values;
  Tensor scale = {};  // of int8, float32 [the extent of `axis`]: the weight is values * scale
  int64_t axis = 0;
};

// The model with other weights: `replacement` gets each and gives what is to stand in its place, or
// nothing. Everything else, names and fields that Neura does not know among it, stays as it is.
// InvalidArgument and Unimplemented as WeightsOf, and where the model's operator set lacks what
// converts.
absl::StatusOr<std::string> WithWeights(
    std::string_view model,
    absl::FunctionRef<std::optional<StoredWeight>(const std::string& name, const Tensor& weight)>
        replacement);

}  // namespace neura::onnx

#endif  // NEURA_ONNX_WEIGHTS_H_
