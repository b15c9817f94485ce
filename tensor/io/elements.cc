#include "neura/tensor/io/elements.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/sparse_parts.h"

namespace neura::internal {

absl::StatusOr<uint64_t> ByteSize(DimsView shape, DType dtype) {
  if (shape.size() > kMaxDims) {
    return absl::InvalidArgumentError(
        absl::StrCat(shape.size(), " dimensions; tensors have at most ", kMaxDims));
  }
  try {
    const int64_t numel = NumElements(shape);
    int64_t bytes;
    if (!__builtin_mul_overflow(numel, static_cast<int64_t>(ItemSize(dtype)), &bytes)) {
      return static_cast<uint64_t>(bytes);
    }
  } catch (const Error& error) {
    return absl::InvalidArgumentError(error.message());
  }
  return absl::InvalidArgumentError(
      absl::StrCat("shape ", ToString(shape), " has more bytes than 64 bits can count"));
}

absl::StatusOr<Tensor> ReadElements(const ByteSource& source, uint64_t offset, DimsView shape,
                                    DType dtype) {
  const absl::StatusOr<uint64_t> bytes = ByteSize(shape, dtype);
  if (!bytes.ok()) return bytes.status();
  if (offset > source.size() || *bytes > source.size() - offset) {
    return absl::DataLossError(absl::StrCat("truncated: ", DTypeName(dtype), " ", ToString(shape),
                                            " at offset ", offset, " takes ", *bytes,
                                            " bytes, the end is at ", source.size()));
  }
  Tensor tensor;
  try {
    tensor = Tensor::Empty(shape, dtype, kCpu);
  } catch (const Error& error) {  // no memory
    return absl::Status(error.code(), error.message());
  }
  absl::Status status = source.Read(offset, tensor.raw_data(), *bytes);
  if (!status.ok()) return status;
  if (dtype == kBool) {
    // A bool whose byte is neither 0 nor 1 must never be read as one.
    auto* begin = static_cast<unsigned char*>(tensor.raw_data());
    std::transform(begin, begin + *bytes, begin, [](unsigned char byte) { return byte != 0; });
  }
  return tensor;
}

void ReverseBytes(const Tensor& tensor) {
  const size_t width =
      IsComplex(tensor.dtype()) ? ItemSize(tensor.dtype()) / 2 : ItemSize(tensor.dtype());
  if (width == 1) return;
  char* bytes = static_cast<char*>(tensor.raw_data());
  char* const end = bytes + BytesOf(tensor).size();
  for (; bytes != end; bytes += width) std::reverse(bytes, bytes + width);
}

std::string_view BytesOf(const Tensor& tensor) {
  RequireDense("a file", tensor);
  return {static_cast<const char*>(tensor.raw_data()),
          static_cast<size_t>(tensor.numel()) * ItemSize(tensor.dtype())};
}

}  // namespace neura::internal
