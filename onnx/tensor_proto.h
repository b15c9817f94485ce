// Tensors and dtypes as ONNX writes them.
#ifndef NEURA_ONNX_TENSOR_PROTO_H_
#define NEURA_ONNX_TENSOR_PROTO_H_

#include "absl/status/statusor.h"
#include "neura/tensor/tensor.h"
#include "onnx/onnx.pb.h"

namespace neura::onnx {

int ToElementType(DType dtype);
// Unimplemented for strings and whatever else tensors cannot hold.
absl::StatusOr<DType> FromElementType(int type);

// Row-major, in raw_data.
void WriteTensor(const Tensor& tensor, ::onnx::TensorProto* proto);
// Trusts no length: what the message holds must be what its dims say. External data is refused.
absl::StatusOr<Tensor> ReadTensor(const ::onnx::TensorProto& proto);

}  // namespace neura::onnx

#endif  // NEURA_ONNX_TENSOR_PROTO_H_
