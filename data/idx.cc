#include "neura/data/idx.h"

#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "neura/data/internal/inflate_reader.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/io/byte_source.h"
#include "neura/tensor/io/elements.h"

namespace neura::data {
namespace {

constexpr std::pair<uint8_t, DType> kTypes[] = {
    {0x08, kUInt8}, {0x09, kInt8},    {0x0b, kInt16},
    {0x0c, kInt32}, {0x0d, kFloat32}, {0x0e, kFloat64},
};

struct Header {
  DType dtype = kUInt8;
  Dims shape;
};

absl::StatusOr<Header> ReadHeader(internal::InflateReader& reader) {
  uint8_t magic[4];  // 0, 0, the type, the rank
  absl::Status status = reader.Read(magic, sizeof(magic));
  if (!status.ok()) return status;
  Header header;
  bool known = false;
  for (const auto& [code, dtype] : kTypes) {
    if (code != magic[2]) continue;
    header.dtype = dtype;
    known = true;
  }
  if (magic[0] != 0 || magic[1] != 0 || !known) {
    return absl::InvalidArgumentError(
        absl::StrCat("not an IDX file: it starts with 0x", absl::Hex(magic[0], absl::kZeroPad2),
                     absl::Hex(magic[1], absl::kZeroPad2), absl::Hex(magic[2], absl::kZeroPad2)));
  }
  if (magic[3] > neura::kMaxDims) {
    return absl::InvalidArgumentError(
        absl::StrCat(int{magic[3]}, " dimensions; tensors have at most ", neura::kMaxDims));
  }
  for (int i = 0; i < magic[3]; ++i) {
    uint8_t big_endian[4];
    status = reader.Read(big_endian, sizeof(big_endian));
    if (!status.ok()) return status;
    int64_t extent = 0;
    for (const uint8_t byte : big_endian) extent = extent << 8 | byte;
    header.shape.push_back(extent);
  }
  return header;
}

absl::Status Accept(DType, DimsView) { return absl::OkStatus(); }

absl::StatusOr<Tensor> ReadIdx(std::string_view compressed, IdxCheck check) {
  internal::InflateReader reader(compressed);
  absl::StatusOr<Header> header = ReadHeader(reader);
  if (!header.ok()) return header.status();
  absl::Status status = check(header->dtype, header->shape);
  if (!status.ok()) return status;
  const absl::StatusOr<uint64_t> bytes = neura::internal::ByteSize(header->shape, header->dtype);
  if (!bytes.ok()) return bytes.status();
  const std::string described =
      absl::StrCat(DTypeName(header->dtype), " ", ToString(header->shape));
  if (*bytes > reader.max_size()) {
    return absl::DataLossError(
        absl::StrCat("truncated: ", described, " cannot be in a file of this size"));
  }
  Tensor tensor;
  try {
    tensor = Tensor::Empty(header->shape, header->dtype, kCpu);
  } catch (const Error& error) {  // no memory
    return absl::Status(error.code(), error.message());
  }
  status = reader.Read(tensor.raw_data(), *bytes);
  if (status.ok()) status = reader.Finish();
  if (!status.ok()) return InFile(described, status);
  neura::internal::ReverseBytes(tensor);
  return tensor;
}

}  // namespace

absl::StatusOr<Tensor> LoadIdx(const std::string& path) { return LoadIdx(path, Accept); }

absl::StatusOr<Tensor> LoadIdx(const std::string& path, IdxCheck check) {
  return ReadFromFile(path, [check](const ByteSource& source) -> absl::StatusOr<Tensor> {
    const absl::StatusOr<std::string> bytes = ReadAll(source);
    if (!bytes.ok()) return bytes.status();
    return ReadIdx(*bytes, check);
  });
}

absl::StatusOr<Tensor> ParseIdx(std::string_view bytes) { return ReadIdx(bytes, Accept); }

}  // namespace neura::data
