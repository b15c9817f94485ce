// Tensors in JSON: nested lists, or {"dtype": "float32", "shape": [2], "data": [1, 2]} with the
// elements in one list. Numbers that are not finite are "NaN", "Infinity" and "-Infinity".
#ifndef NEURA_CLI_JSON_TENSOR_H_
#define NEURA_CLI_JSON_TENSOR_H_

#include "neura/cli/command.h"
#include "neura/tensor/core/tensor.h"

namespace neura::cli {

// The elements as `dtype`, unless the JSON names another. Throws InvalidArgument where lists are
// uneven, an element is no number, or the dtype cannot hold it.
Tensor TensorFromJson(const Json& json, DType dtype);

// Of the second kind. Throws Unimplemented for complex numbers.
Json TensorToJson(const Tensor& tensor);

}  // namespace neura::cli

#endif  // NEURA_CLI_JSON_TENSOR_H_
