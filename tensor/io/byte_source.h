// Bytes that readers take from memory or from a file, wherever they like.
#ifndef NEURA_TENSOR_IO_BYTE_SOURCE_H_
#define NEURA_TENSOR_IO_BYTE_SOURCE_H_

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace neura {

class ByteSource {
 public:
  virtual ~ByteSource() = default;

  uint64_t size() const { return size_; }

  // Copies `count` bytes from `offset` on to `out`. DataLoss when the source ends before.
  absl::Status Read(uint64_t offset, void* out, uint64_t count) const;

 protected:
  explicit ByteSource(uint64_t size) : size_(size) {}

 private:
  // `offset` + `count` is at most size().
  virtual absl::Status ReadInside(uint64_t offset, char* out, uint64_t count) const = 0;

  uint64_t size_;
};

// Bytes that stay valid while this is in use.
class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(std::string_view bytes) : ByteSource(bytes.size()), bytes_(bytes) {}

 private:
  absl::Status ReadInside(uint64_t offset, char* out, uint64_t count) const override;

  std::string_view bytes_;
};

// A regular file.
class FileSource final : public ByteSource {
 public:
  // Errors of Open name the file, those of Read do not.
  static absl::StatusOr<FileSource> Open(const std::string& path);
  ~FileSource() override;
  FileSource(FileSource&& other) noexcept;
  FileSource& operator=(FileSource&&) = delete;

  // Of the open file, which stays this object's.
  int descriptor() const { return descriptor_; }

 private:
  FileSource(int descriptor, uint64_t size) : ByteSource(size), descriptor_(descriptor) {}
  absl::Status ReadInside(uint64_t offset, char* out, uint64_t count) const override;

  int descriptor_;
};

// All bytes of a source. InvalidArgument when there are more than `max_bytes`.
absl::StatusOr<std::string> ReadAll(const ByteSource& source,
                                    uint64_t max_bytes = std::numeric_limits<int64_t>::max());

// Text that may quote a file's bytes, as one that can be shown: what is neither UTF-8 nor printable
// becomes \xNN, and beyond some 2,000 bytes "..." stands for the rest.
std::string Printable(std::string_view text);

// The same error, if it is one, with the file's name before the message, and printable.
absl::Status InFile(const std::string& path, const absl::Status& status);

// The result of `read`, which makes an absl::StatusOr of a const ByteSource&, on a file; its errors
// name the file.
template <typename Read>
std::invoke_result_t<Read, const ByteSource&> ReadFromFile(const std::string& path, Read read) {
  absl::StatusOr<FileSource> source = FileSource::Open(path);
  if (!source.ok()) return source.status();
  std::invoke_result_t<Read, const ByteSource&> result = read(*source);
  if (!result.ok()) return InFile(path, result.status());
  return result;
}

}  // namespace neura

#endif  // NEURA_TENSOR_IO_BYTE_SOURCE_H_
