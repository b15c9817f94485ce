// The JSON header of a safetensors file.
#ifndef NEURA_TENSOR_IO_SAFETENSORS_HEADER_H_
#define NEURA_TENSOR_IO_SAFETENSORS_HEADER_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "neura/tensor/core/dtype.h"
#include "neura/tensor/core/shape.h"
#include "neura/tensor/io/byte_source.h"

namespace neura::internal {

struct SafetensorsEntry {
  std::string name;
  DType dtype = kFloat32;
  Dims shape;
  // Bytes [begin, end) after the header, or where said, of the file.
  uint64_t begin = 0;
  uint64_t end = 0;
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> entries;
  std::map<std::string, std::string> metadata;
};

// Checks the JSON's form, not that the places fit the shapes or each other.
absl::StatusOr<SafetensorsHeader> ParseSafetensorsHeader(std::string_view text);

// The header of a whole file, with places in the file. Every entry has the bytes that its shape
// takes, and together they cover what follows the header, each byte once.
absl::StatusOr<SafetensorsHeader> ReadSafetensorsHeader(const ByteSource& source);

// Throws Error when a name is "__metadata__" or not UTF-8, or the format lacks a dtype.
std::string FormatSafetensorsHeader(const SafetensorsHeader& header);

}  // namespace neura::internal

#endif  // NEURA_TENSOR_IO_SAFETENSORS_HEADER_H_
