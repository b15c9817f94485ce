// Files as memory, which the system reads where it is touched.
#ifndef NEURA_TENSOR_IO_MAPPED_FILE_H_
#define NEURA_TENSOR_IO_MAPPED_FILE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "neura/tensor/core/tensor.h"

namespace neura {

// A regular file that must not become shorter while it is mapped: the system ends programs that
// touch what is no longer there. Writing to the memory changes a copy of its page, never the file.
class MappedFile {
 public:
  // Errors name the file.
  static absl::StatusOr<std::shared_ptr<const MappedFile>> Open(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::string_view bytes() const { return {data_, size_}; }

 private:
  MappedFile(char* data, size_t size) : data_(data), size_(size) {}

  char* data_;
  size_t size_;
};

// A contiguous CPU tensor over the bytes from `offset` on, which keeps the file mapped; a copy of
// them where they are not aligned for the dtype, and of bools, which must be 0 or 1. DataLoss where
// the file ends before.
absl::StatusOr<Tensor> MappedElements(const std::shared_ptr<const MappedFile>& file,
                                      uint64_t offset, DimsView shape, DType dtype);

}  // namespace neura

#endif  // NEURA_TENSOR_IO_MAPPED_FILE_H_
