#include "neura/tensor/io/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace neura {

absl::Status ByteSource::Read(uint64_t offset, void* out, uint64_t count) const {
  if (offset > size_ || count > size_ - offset) {
    return absl::DataLossError(absl::StrCat("truncated: ", count, " bytes expected at offset ",
                                            offset, ", the end is at ", size_));
  }
  return ReadInside(offset, static_cast<char*>(out), count);
}

absl::Status MemorySource::ReadInside(uint64_t offset, char* out, uint64_t count) const {
  if (count > 0) std::memcpy(out, bytes_.data() + offset, count);
  return absl::OkStatus();
}

absl::StatusOr<FileSource> FileSource::Open(const std::string& path) {
  // Without O_NONBLOCK, opening a pipe that nobody writes to would wait forever.
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return absl::ErrnoToStatus(errno, absl::StrCat("opening ", path));
  struct stat status;
  const bool known = fstat(descriptor, &status) == 0;
  if (!known || !S_ISREG(status.st_mode)) {
    const int error_number = errno;
    close(descriptor);
    if (!known) return absl::ErrnoToStatus(error_number, absl::StrCat("opening ", path));
    return absl::FailedPreconditionError(absl::StrCat(path, " is not a regular file"));
  }
  return FileSource(descriptor, static_cast<uint64_t>(status.st_size));
}

FileSource::FileSource(FileSource&& other) noexcept
    : ByteSource(other.size()), descriptor_(std::exchange(other.descriptor_, -1)) {}

FileSource::~FileSource() {
  if (descriptor_ >= 0) close(descriptor_);
}

absl::Status FileSource::ReadInside(uint64_t offset, char* out, uint64_t count) const {
  while (count > 0) {
    const ssize_t got = pread(descriptor_, out, count, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return absl::ErrnoToStatus(errno, "reading");
    if (got == 0) return absl::DataLossError("the file became shorter while it was read");
    out += got;
    offset += static_cast<uint64_t>(got);
    count -= static_cast<uint64_t>(got);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadAll(const ByteSource& source, uint64_t max_bytes) {
  if (source.size() > max_bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(source.size(), " bytes are more than the ", max_bytes, " that are read"));
  }
  std::string bytes(source.size(), '\0');
  const absl::Status status = source.Read(0, bytes.data(), bytes.size());
  if (!status.ok()) return status;
  return bytes;
}

namespace {

constexpr size_t kMaxText = 2000;

// The bytes of the character that `text` starts with, as UTF-8 has it; 0 where it has none such.
size_t CharacterLength(std::string_view text) {
  const auto byte = [text](size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x80) return byte(0) >= 0x20 && byte(0) != 0x7f ? 1 : 0;
  const size_t length = byte(0) >= 0xf0 ? 4 : byte(0) >= 0xe0 ? 3 : 2;
  if (byte(0) < 0xc2 || byte(0) > 0xf4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  // Forms that are too long, surrogates, and what lies beyond the last character.
  const bool is_valid =
      !(byte(0) == 0xe0 && byte(1) < 0xa0) && !(byte(0) == 0xed && byte(1) > 0x9f) &&
      !(byte(0) == 0xf0 && byte(1) < 0x90) && !(byte(0) == 0xf4 && byte(1) > 0x8f);
  return is_valid ? length : 0;
}

}  // namespace

std::string Printable(std::string_view text) {
  std::string printable;
  while (!text.empty()) {
    if (printable.size() > kMaxText) return printable + "...";
    const size_t length = CharacterLength(text);
    if (length == 0) {
      const auto byte = static_cast<unsigned char>(text[0]);
      absl::StrAppend(&printable, "\\x", absl::Hex(byte, absl::kZeroPad2));
      text.remove_prefix(1);
    } else {
      printable.append(text.substr(0, length));
      text.remove_prefix(length);
    }
  }
  return printable;
}

absl::Status InFile(const std::string& path, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(status.code(), Printable(absl::StrCat(path, ": ", status.message())));
}

}  // namespace neura
