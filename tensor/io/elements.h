// The elements of tensors as the bytes of files: what the formats have in common.
#ifndef NEURA_TENSOR_IO_ELEMENTS_H_
#define NEURA_TENSOR_IO_ELEMENTS_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/io/byte_source.h"

namespace neura::internal {

// Formats store little-endian numbers, and we read and write memory as it is.
static_assert(std::endian::native == std::endian::little);

// The bytes of a contiguous tensor. InvalidArgument when there are too many dimensions,
// an extent is negative, or 64 bits cannot count the bytes.
absl::StatusOr<uint64_t> ByteSize(DimsView shape, DType dtype);

// A contiguous CPU tensor of the bytes from `offset` on. Nothing is allocated before it is seen
// that the source has that many. Bytes of bool other than 0 count as true.
absl::StatusOr<Tensor> ReadElements(const ByteSource& source, uint64_t offset, DimsView shape,
                                    DType dtype);

// Reverses the bytes of each number of a contiguous tensor; complex elements are two numbers.
void ReverseBytes(const Tensor& tensor);

// The memory of a contiguous CPU tensor.
std::string_view BytesOf(const Tensor& tensor);

}  // namespace neura::internal

#endif  // NEURA_TENSOR_IO_ELEMENTS_H_
