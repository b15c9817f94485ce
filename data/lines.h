// The lines of a text, one after the other.
#ifndef NEURA_DATA_LINES_H_
#define NEURA_DATA_LINES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "neura/tensor/io/byte_source.h"

namespace neura::data {

// The lines of a text, without their ends ("\n" or "\r\n"). The source must stay valid.
class LineReader {
 public:
  explicit LineReader(const ByteSource& source) : source_(&source) {}
  // None at the end.
  absl::StatusOr<std::optional<std::string>> Next();

 private:
  const ByteSource* source_;
  uint64_t offset_ = 0;
  std::string buffer_;
  size_t at_ = 0;  // in the buffer
};

}  // namespace neura::data

#endif  // NEURA_DATA_LINES_H_
