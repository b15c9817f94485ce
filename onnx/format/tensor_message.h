// Tensors and dtypes as ONNX writes them.
#ifndef NEURA_ONNX_FORMAT_TENSOR_MESSAGE_H_
#define NEURA_ONNX_FORMAT_TENSOR_MESSAGE_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "neura/tensor/core/tensor.h"

namespace neura::onnx {

// TensorProto.DataType
int ToElementType(DType dtype);
// Unimplemented for strings and whatever else tensors cannot hold.
absl::StatusOr<DType> FromElementType(int type);

// The bytes of a TensorProto: row-major, in raw_data.
std::string WriteTensor(const Tensor& tensor, std::string_view name = "");
// Trusts no length: what the message holds must be what its dims say. External data is refused.
absl::StatusOr<Tensor> ReadTensor(std::string_view bytes);
// The name alone; empty where there is none, or the bytes are no message.
std::string_view TensorName(std::string_view bytes);

}  // namespace neura::onnx

#endif  // NEURA_ONNX_FORMAT_TENSOR_MESSAGE_H_
