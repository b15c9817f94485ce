// Tensors and dtypes as ONNX writes them.
#ifndef NEURA_ONNX_FORMAT_TENSOR_MESSAGE_H_
#define NEURA_ONNX_FORMAT_TENSOR_MESSAGE_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "neura/onnx/format/external_data.h"
#include "neura/onnx/format/narrow_type.h"
#include "neura/tensor/core/tensor.h"

namespace neura::onnx {

// TensorProto.DataType
inline constexpr int kStringElements = 8;
int ToElementType(DType dtype);
// Unimplemented for strings and whatever else tensors cannot hold.
absl::StatusOr<DType> FromElementType(int type);

// The bytes of a TensorProto: row-major, in raw_data.
std::string WriteTensor(const Tensor& tensor, std::string_view name = "");
// Of elements that lie outside of it, from `offset` of what `location` names on.
std::string WriteTensorOutside(const Tensor& tensor, std::string_view name,
                               std::string_view location, uint64_t offset);
// Trusts no length: what the message holds must be what its dims say. Elements of narrow types are
// refused. `external`, which may be null, has the elements that lie outside.
absl::StatusOr<Tensor> ReadTensor(std::string_view bytes, ExternalData* external = nullptr);
// With elements of narrow types too, each in a byte of its own; null where they are of a dtype.
struct StringsOfFile {
  std::vector<std::string> elements;
  Dims shape;
};
struct TensorOfFile {
  Tensor tensor;
  const NarrowType* narrow = nullptr;
  // Where the elements are strings: then `tensor` is undefined.
  std::optional<StringsOfFile> strings = std::nullopt;
};
absl::StatusOr<TensorOfFile> ReadTensorOfFile(std::string_view bytes,
                                              ExternalData* external = nullptr);
// The name alone; empty where there is none, or the bytes are no message.
std::string_view TensorName(std::string_view bytes);

}  // namespace neura::onnx

#endif  // NEURA_ONNX_FORMAT_TENSOR_MESSAGE_H_
